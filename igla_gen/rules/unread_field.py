"""Each field of a config is read."""

from __future__ import annotations

from igla_gen.emit.templates import is_unbuilt
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component
from igla_gen.rules.usage import is_field_read


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """A template names every field, or an expression reads it as an attribute."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec) or is_unbuilt(unit):
        return
    for name, type_ in spec.types.items():
        for field in type_.fields if type_.class_ is None else ():
            if not is_field_read(library, unit, field):
                finder.report(
                    f"nothing reads {name}.{field}", type_.key_span("fields", field),
                    "read it in the template or a formula, or delete it",
                )  # fmt: skip


RULE = Rule(
    code="IG424",
    name="unread-field",
    what=(
        "A field of a type that no template names and no formula, law or requirement reads; its "
        "own constraints do not count."
    ),
    why=(
        "Whoever sets it believes that it has an effect. A setting that is accepted and ignored is "
        "the fault that specs are there to rule out."
    ),
    bad=component(
        HEADER
        + TYPES
        + READER.replace("config.hidden_size * sqrt(config.eps)", "sqrt(config.hidden_size)")
    ),
    good=component(HEADER + TYPES + READER),
    suppressible=True,
    severity="warning",
    check=check,
)
