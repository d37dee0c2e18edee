"""How a blueprint counts parameters, and which other sizes would give another count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from igla_gen.expressions import EvaluationError, Expression
from igla_gen.expressions.tree import Attribute, Call, Comparison, Name, names, walk
from igla_gen.frozen import frozen
from igla_gen.model.component import BlueprintSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import Record, RecordType, broken, constants_of, record_type
from igla_gen.model.sections import formula_functions
from igla_gen.model.types import NamedType

_COUNTS = re.compile(r"(^|_)num_(\w+_)?params$")
_WIDTH = 256  # what widths are kept multiples of, where they are
_FARTHEST = 2  # times the value, beyond which a change makes another model of it
_NEAR_ENOUGH = 4  # key/value heads and the like may go further, they have few values
STEPS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "K"))


def counts_parameters(name: str) -> bool:
    """Whether a formula of this name gives a number of parameters."""
    return _COUNTS.search(name) is not None


@frozen
class Counter:
    """The formula that a blueprint holds one of its sections to, as in `F(section) == promised`."""

    blueprint: Unit
    section: str
    formula: str
    promised: tuple[str, ...]  # section and fields of the number that is promised
    type_name: str
    declared: RecordType
    functions: dict[str, object]  # all that expressions of the blueprint may call

    def count(self, record: Record) -> int | None:
        """Parameters of these sizes; None where the formula has no value for them."""
        function: Callable[[Record], object] = self.functions[self.formula]  # type: ignore[assignment]
        try:
            value = function(record)
        except EvaluationError:
            return None
        return value if isinstance(value, int) else None

    def is_legal(self, record: Record, constraints: Iterable[Expression] | None = None) -> bool:
        """Whether the constraints of the type hold, or some of them."""
        values = constants_of(record.owner) | record
        asked = record.spec.constraints if constraints is None else constraints
        return all(broken(constraint, values) is None for constraint in asked)


def counter_of(library: Library, blueprint: Unit) -> Counter | None:
    """How the blueprint counts parameters, if one of its requirements says so."""
    spec = blueprint.spec
    if not isinstance(spec, BlueprintSpec):
        return None
    for statement in spec.requires:
        match statement:
            case Comparison((Call(Name(formula), (Name(section),)), promised), ("==",)):
                found = (
                    record_type(library, blueprint, spec.sections[section])
                    if section in spec.sections
                    else None
                )
                chain = _chain(promised)
                if found is not None and chain is not None and counts_parameters(formula):
                    functions = formula_functions(library, blueprint)
                    return Counter(blueprint, section, formula, chain, *found, functions)
    return None


def _chain(node: Expression) -> tuple[str, ...] | None:
    match node:
        case Name(name):
            return (name,)
        case Attribute(owner, name):
            before = _chain(owner)
            return (*before, name) if before is not None else None
    return None


@frozen
class Change:
    """Another value of one field, and the count that it gives."""

    field: str
    value: int
    parameters: int


def changes_towards(counter: Counter, record: Record, low: float, high: float) -> list[Change]:
    """For each whole number that may change by itself the value whose count is nearest to the middle of
    [low, high), and in it.

    Those that change least come first.
    """
    before = counter.count(record)
    if before is None:
        return []
    found = []
    for field in _free_fields(counter, record):
        change = _nearest(counter, record, field, before, (low, high))
        if change is not None:
            found.append(change)
    return sorted(found, key=lambda change: abs(change.value / int(record[change.field]) - 1))  # type: ignore[call-overload]


def _free_fields(counter: Counter, record: Record) -> Iterator[str]:
    """Whole numbers of the section that no other requirement ties to something."""
    spec = counter.blueprint.spec
    assert isinstance(spec, BlueprintSpec)
    tied = {
        part.name
        for statement in spec.requires
        for part in walk(statement)
        if isinstance(part, Attribute) and part.owner == Name(counter.section, part.owner.span)
    }
    for name, field in record.spec.fields.items():
        is_whole = isinstance(field.type, NamedType) and field.type.name == "Int"
        if is_whole and name not in tied and isinstance(record.get(name), int):
            yield name


def _nearest(
    counter: Counter, record: Record, field: str, before: int, wanted: tuple[float, float]
) -> Change | None:
    """The value nearest to that of the record, among the legal ones, whose count is wanted.

    The record is legal, so that only what speaks of the field can break.
    """
    value, (low, high) = record[field], wanted
    assert isinstance(value, int)
    step = _step(field, value)
    way = 1 if before < low else -1
    asked = [c for c in record.spec.constraints if any(name.name == field for name in names(c))]
    last, best = before, None
    for other in range(value + way * step, _limit(value, way), way * step):
        changed = record.changed(field, other)
        if other < 1 or not counter.is_legal(changed, asked):
            continue
        count = counter.count(changed)
        if count is None:
            continue
        if low <= count < high and (
            best is None or _off(count, wanted) < _off(best.parameters, wanted)
        ):
            best = Change(field, other, count)
        if count == last or (count >= high if way > 0 else count < low):
            break
        last = count
    return best


def _off(count: int, wanted: tuple[float, float]) -> float:
    return abs(count - sum(wanted) / 2)


def _step(field: str, value: int) -> int:
    """Widths stay multiples of the power of two that they are multiples of."""
    return min(value & -value, _WIDTH) if field.endswith(("_size", "_dim")) else 1


def _limit(value: int, way: int) -> int:
    farthest = _NEAR_ENOUGH if value < 16 else _FARTHEST
    return value * farthest + 1 if way > 0 else value // farthest - 1


def short(count: int) -> str:
    """`5.933B`: a count with four digits and a letter."""
    for size, letter in STEPS:
        if count >= size:
            return f"{count / size:.4g}{letter}"
    return str(count)


_LABEL = re.compile(r"(?P<whole>\d+)(?:\.(?P<part>\d+))?(?P<letter>[KMBT])")


def label_range(label: str) -> tuple[float, float] | None:
    """The counts that a label such as `7B` or `1.5B` rounds; None where it is no count."""
    match = _LABEL.fullmatch(label.strip())
    if match is None:
        return None
    size = {letter: size for size, letter in STEPS}[match["letter"]]
    value = float(f"{match['whole']}.{match['part'] or 0}")
    half = 0.5 / 10 ** len(match["part"] or "")
    return (value - half) * size, (value + half) * size
