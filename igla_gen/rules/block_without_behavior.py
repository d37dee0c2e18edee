"""Every block of a template is reached by a spec."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, NORM_TEMPLATE, SOUND, component
from igla_gen.rules.templates import blocks, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Each `#% behavior` and `#% type` block of the module template is named by the spec.

    Only the spec that stands at the template's own path is asked: it has all that its template has.
    """
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    declared = {
        "behavior": {b.name.text for b in unit.spec.behaviors},
        "type": set(unit.spec.types),
    }
    for block in blocks(names[0]):
        if block.kind in declared and block.name not in declared[block.kind]:
            finder.report(
                f"{unit.source.shown} declares no {block.kind} {block.name}",
                block.span,
                "add it, or delete the block",
            )


RULE = Rule(
    code="IG405",
    name="block-without-behavior",
    what=("A `#% behavior` or `#% type` block of the template that its spec does not declare."),
    why=("The block would never be generated and never be tested: dead code that looks alive."),
    bad=component(HEADER, template=NORM_TEMPLATE),
    good=component(SOUND, template=NORM_TEMPLATE),
    check=check,
)
