"""A type with defaults or constraints has an example."""

from __future__ import annotations

from igla_gen.diagnostics import Diagnostic, suggestion
from igla_gen.model.component import ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import Reader
from igla_gen.model.types import EnumType
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component
from igla_gen.syntax.tree import Mapping


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """`example` fills the fields without a default where there is more to test, with values that fit."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    for name, type_ in spec.types.items():
        is_tested = any(
            f.has_default or isinstance(f.type, EnumType) for f in type_.fields.values()
        )
        lacking = [
            f
            for f, field in type_.fields.items()
            if not field.has_default and f not in type_.example
        ]
        if lacking and (type_.constraints or type_.example or is_tested):
            key = type_.node.key("example")
            place = key.span if key is not None else spec.key_span("types", name)
            finder.report(
                f"the example of {name} lacks {', '.join(lacking)}", place,
                "example: {field: value}, a valid value for each field without a default",
            )  # fmt: skip
        _check_values(finder, library, unit, type_)


def _check_values(finder: Finder, library: Library, unit: Unit, type_: TypeSpec) -> None:
    faults: list[Diagnostic] = []
    example = type_.node.get("example")
    for entry in example.entries if isinstance(example, Mapping) else ():
        key, field = entry.key, type_.fields.get(entry.key.text)
        if field is None:
            finder.report(
                f'"{key.text}" is not a field', key.span, suggestion(key.text, type_.fields)
            )
        else:
            Reader(library, faults).value(unit, field.type, entry, key.text)
    for fault in faults:
        finder.report(fault.message, fault.span, fault.hint, fault.fix)


RULE = Rule(
    code="IG413",
    name="missing-example",
    what=(
        "A type with defaults, constraints or variants and no complete `example`, or an example "
        "with an unknown field or a value that does not fit."
    ),
    why=(
        "From the example the compiler writes the tests of defaults and constraints; without "
        "valid values it could write none."
    ),
    bad=component(HEADER + TYPES[: TYPES.index("    example:")] + READER),
    good=component(HEADER + TYPES + READER),
    check=check,
)
