"""Defaults satisfy their constraints, alone and together with the example."""

from __future__ import annotations

from igla_gen.emit.laws import example_values
from igla_gen.expressions import EvaluationError, Expression, evaluate, names, show
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.model.component import ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import Record, check_constraints, records_in, shown_values
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component
from igla_gen.syntax.tree import Mapping


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Every constraint holds for the defaults alone, and together with the example."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    try:
        constants = spec.constant_values
    except EvaluationError as error:
        finder.report(str(error), error.span)
        return
    for name, type_ in spec.types.items():
        try:
            example = example_values(library, unit, name, type_)
        except ValueError:
            continue  # missing-example reports it
        for inner in (i for value in example.values() for i in records_in(value)):
            check_constraints(inner, library.findings)
        if all(field in example for field in type_.fields):
            whole = dict(enumerate(type_.constraints))
            _check_type(finder, type_, whole, constants | example, is_hidden=False)
        place = type_.node.span
        defaults = Record(name, (unit, type_), Mapping((), place), place, {})
        hidden = {}
        for index, constraint in enumerate(type_.constraints):
            read = {n.name for n in names(constraint) if n.name in type_.fields}
            if read & set(type_.example) and read <= set(defaults):
                hidden[index] = constraint
        _check_type(finder, type_, hidden, constants | defaults, is_hidden=True)


def _check_type(
    finder: Finder,
    type_: TypeSpec,
    constraints: dict[int, Expression],
    values: dict[str, object],
    *,
    is_hidden: bool,
) -> None:
    """The constraints hold for the defaults with the example, or for those that it hides."""
    whose = "the defaults, which the example hides" if is_hidden else "the defaults and the example"
    said = {} if is_hidden else type_.example
    for index, constraint in constraints.items():
        if unknown_names(constraint, values):
            continue  # unknown-name reports it
        place = type_.span_of("constraints", index)
        shown = f"{shown_values(constraint, values, values)}{_lines(type_, constraint, set(said))}"
        try:
            if not evaluate(constraint, values):
                finder.report(
                    f"{show(constraint)} does not hold for {whose}", place, f"here {shown}"
                )
        except EvaluationError as error:
            finder.report(f"{show(constraint)}: {error}", place, f"here {shown}")


def _lines(type_: TypeSpec, constraint: Expression, said: set[str]) -> str:
    """Where the values stand that a constraint reads; those of the fields in `said` in the example."""
    tables = {f: "example" if f in said else "fields" for f in type_.fields}
    read = dict.fromkeys(n.name for n in names(constraint) if n.name in tables)
    lines = dict.fromkeys(type_.key_span(tables[word], word).line for word in read)
    return f" ({', '.join(f'line {line}' for line in lines)})" if lines else ""


def unknown_names(constraint: Expression, values: dict[str, object]) -> bool:
    """Whether the constraint reads a name that has no value here."""
    return any(n.name not in values and n.name not in VOCABULARY for n in names(constraint))


RULE = Rule(
    code="IG301",
    name="constraint-violated",
    what=(
        "A constraint that does not hold for a type's own defaults, alone or with the example, or "
        "for the values of a section of a model or recipe."
    ),
    why=(
        "A config that refuses its own defaults cannot be built, and a model outside its "
        "constraints would fail only when the run starts."
    ),
    bad=component(HEADER + TYPES.replace("1e-6", "0.0") + READER),
    good=component(HEADER + TYPES + READER),
    check=check,
)
