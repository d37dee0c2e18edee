"""Every behaviour has a block in the template."""

from __future__ import annotations

from igla_gen.diagnostics import suggestion
from igla_gen.emit.templates import template_texts
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import NORM_TEMPLATE, PLAIN_TEMPLATE, SOUND, component
from igla_gen.rules.templates import block_names, class_names, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """`#% behavior NAME` exists for each behaviour; a type that is handwritten has its class."""
    names = templates_of(library, unit)
    if (
        names is None
        or not isinstance(unit.spec, ComponentSpec)
        or names[0] not in template_texts()
    ):
        return
    known = block_names(names[0], "behavior")
    for name, type_ in unit.spec.types.items():
        if type_.is_handwritten and name not in class_names(names[0]):
            finder.report(
                f"templates/{names[0]} has no class {name}",
                unit.spec.key_span("types", name),
                "write it, or give the type fields",
            )
    for behavior in unit.spec.built:
        if behavior.name.text not in known:
            finder.report(
                f'templates/{names[0]} has no block "#% behavior {behavior.name.text}"',
                behavior.name.span,
                suggestion(behavior.name.text, known),
            )


RULE = Rule(
    code="IG404",
    name="behavior-without-block",
    what=(
        "A behaviour, or a type with `class: handwritten`, that the module template does not "
        "build."
    ),
    why=(
        "Prose about a function that nobody wrote would be skipped in silence. Each behaviour "
        "stands in a `#% behavior NAME` block, each handwritten type is a class of the template."
    ),
    bad=component(SOUND, template=PLAIN_TEMPLATE),
    good=component(SOUND, template=NORM_TEMPLATE),
    check=check,
)
