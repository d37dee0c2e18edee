"""Finds, for each constraint of a type, the values just outside and just inside it.

The tests made from them fail when a constraint is dropped, loosened, tightened or negated.
"""

from __future__ import annotations

from collections.abc import Iterator

from igla_gen.emit.bounds import OUTSIDE
from igla_gen.emit.types import SUMS
from igla_gen.expressions import EvaluationError, Expression, evaluate, names
from igla_gen.expressions.tree import Number, walk
from igla_gen.frozen import frozen
from igla_gen.model.component import TypeSpec
from igla_gen.model.quantities import MEASURES
from igla_gen.model.records import Record, chains, constants_of
from igla_gen.model.types import MIXTURE_TOLERANCE, EnumType, GenericType, NamedType, Type


@frozen
class Boundary:
    """Changes to the example: those that this constraint is the first to refuse, and those that pass."""

    constraint: Expression
    refused: tuple[dict[str, object], ...]
    accepted: tuple[dict[str, object], ...]


def boundaries(
    spec: TypeSpec, example: dict[str, object], constants: dict[str, object]
) -> list[Boundary]:
    """For each constraint the nearest values on both sides of each of its bounds."""
    found = []
    read = [{name.name for name in names(constraint)} for constraint in spec.constraints]
    unchanged = [_holds(constraint, example, constants) for constraint in spec.constraints]
    for index, constraint in enumerate(spec.constraints):
        refused: list[dict[str, object]] = []
        accepted: list[dict[str, object]] = []
        for change in _changes(constraint, spec, example, constants):
            verdicts = [
                before if own.isdisjoint(change) else _holds(c, example | change, constants)
                for c, own, before in zip(spec.constraints, read, unchanged, strict=True)
            ]
            if all(verdicts):
                accepted.append(change)
            elif all(verdicts[:index]) and verdicts[index] is False:
                refused.append(change)
        found.append(Boundary(constraint, _nearest(refused, example), _nearest(accepted, example)))
    return found


def _holds(
    constraint: Expression, values: dict[str, object], constants: dict[str, object]
) -> bool | None:
    try:
        return bool(evaluate(constraint, constants | values))
    except EvaluationError:
        return None


def _changes(
    constraint: Expression, spec: TypeSpec, example: dict[str, object], constants: dict[str, object]
) -> Iterator[dict[str, object]]:
    numbers = [part.value for part in walk(constraint) if isinstance(part, Number)]
    read = [name.name for name in names(constraint)]
    numbers += [v for n in read if isinstance(v := (constants | example).get(n), int | float)]
    for field_name in dict.fromkeys(name for name in read if name in spec.fields):
        for value in _candidates(numbers, spec.fields[field_name].type):
            if value != example.get(field_name):
                yield {field_name: value}
    for chain in chains(constraint, spec.fields):
        record = example.get(chain[0])
        if isinstance(record, Record) and len(chain) == 2 and chain[1] in record.spec.fields:
            yield from ({chain[0]: inner} for inner in _inner_changes(numbers, record, chain[1]))


def _inner_changes(numbers: list[int | float], record: Record, field_name: str) -> Iterator[Record]:
    """The record with other values of one field, those that it takes itself."""
    known = [*numbers, *(v for v in (record.get(field_name),) if isinstance(v, int | float))]
    constants = constants_of(record.owner)
    for value in _candidates(known, record.spec.fields[field_name].type):
        inner = record.changed(field_name, value)
        if inner != record and all(_holds(c, inner, constants) for c in record.spec.constraints):
            yield inner


def _candidates(numbers: list[int | float], type_: Type) -> list[object]:
    """Values at, and one step to each side of, every number that the constraint speaks of."""
    if isinstance(type_, GenericType) and type_.name == "Option":
        return _candidates(numbers, type_.arguments[0])
    if isinstance(type_, EnumType):
        return list(type_.variants)
    if not isinstance(type_, NamedType):
        return [(), ("",)] if isinstance(type_, GenericType) and type_.name == "List" else []
    if type_.name == "Fraction":  # the config refuses others before it looks at constraints
        steps = {float(n) + step for n in (*numbers, 0, 1) for step in (-0.001, 0, 0.001)}
        return sorted(value for value in steps if 0 <= value <= 1)
    is_measure = type_.name in MEASURES
    if is_measure and MEASURES[type_.name].is_whole:
        whole = {int(n) for n in (*numbers, 0, 1) if abs(n) < 2**53 and n == int(n)}
        return sorted({n + step for n in whole for step in (-1, 0, 1)})
    if is_measure:
        return sorted(
            {float(n) + step for n in (*numbers, 0, 1) for step in (-1, -0.001, 0, 0.001)}
        )
    if type_.name == "Bool":
        return [False, True]
    return ["", "x"] if type_.name == "String" else []


def mixture_boundaries(
    field_name: str,
) -> tuple[list[tuple[dict[str, object], str]], list[dict[str, object]]]:
    """Mixtures just outside what a mixture may be, each with what is said of it, and just inside."""
    inside, outside = MIXTURE_TOLERANCE / 2, MIXTURE_TOLERANCE * 2
    refused = [{"a": 0.5, "b": 0.5 + outside}, {"a": 0.5, "b": 0.5 - outside}, {}]
    says = [(parts, f"{field_name} {SUMS}") for parts in refused]
    says += [({"a": 1.5, "b": -0.5}, OUTSIDE), ({"a": 1 + inside}, OUTSIDE)]
    accepted = [{"a": 1.0, "b": 0.0}, {"a": 0.5, "b": 0.5 + inside}, {"a": 0.5, "b": 0.5 - inside}]
    return [({field_name: p}, text) for p, text in says], [{field_name: p} for p in accepted]


def _nearest(
    changes: list[dict[str, object]], example: dict[str, object]
) -> tuple[dict[str, object], ...]:
    """For each field the lowest and the highest change, and the two nearest to the example."""
    kept: list[dict[str, object]] = []
    groups: dict[tuple[str, ...], list[tuple[object, dict[str, object]]]] = {}
    for change in changes:
        path, value = _coordinate(change, example)
        groups.setdefault(path, []).append((value, change))
    for path, own in groups.items():
        base: object = example
        for step in path:
            base = base.get(step) if isinstance(base, dict) else None
        if isinstance(base, int | float) and not isinstance(base, bool):
            below = [c for value, c in own if value < base]  # type: ignore[operator]
            above = [c for value, c in own if value > base]  # type: ignore[operator]
            picks = [*below[:1], *below[-1:], *above[:1], *above[-1:]]
        else:
            picks = [c for _, c in own[:2]]
        kept += [c for i, c in enumerate(picks) if c not in picks[:i]]
    return tuple(kept)


def _coordinate(
    change: dict[str, object], example: dict[str, object]
) -> tuple[tuple[str, ...], object]:
    """Which field a change is of, that of a record inside too, and its value there."""
    ((name, value),) = change.items()
    before = example.get(name)
    if isinstance(value, Record) and isinstance(before, Record):
        inner = next(n for n in value if value[n] != before.get(n))
        return (name, inner), value[inner]
    return (name,), value
