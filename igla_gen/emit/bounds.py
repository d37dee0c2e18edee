"""What fractions and ranges ask of a value: the checks of a config, and values on both sides of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from igla_gen.frozen import frozen
from igla_gen.model.quantities import MEASURES
from igla_gen.model.types import GenericType, NamedType, Type

OUTSIDE = "has a part that is not from 0 to 1; 1.5% is 0.015"
NO_FRACTION = "is not from 0 to 1; 1.5% is 0.015"
REVERSED = "goes from high to low; swap its ends"
_STEP = 0.001  # how far outside the values are that a fraction refuses


@frozen
class Sides:
    """Values just outside what the type allows, each with what is said of it, and just inside."""

    refused: tuple[tuple[object, str], ...] = ()
    accepted: tuple[object, ...] = ()


def checks_of(type_: Type, it: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Python conditions on the value that `it` names, each with what is said where it fails."""
    part = f"part{depth or ''}"
    match type_:
        case NamedType("Fraction"):
            yield f"0 <= {it} <= 1", NO_FRACTION
        case GenericType("Range", (item,)):
            for condition, _ in checks_of(item, part, depth + 1):
                yield f"all({condition} for {part} in {it})", OUTSIDE
            yield f"{it}[0] <= {it}[1]", REVERSED
        case GenericType("Option", (item,)):
            for condition, said in checks_of(item, it, depth):
                yield f"{it} is None or {condition}", said
        case GenericType("List" | "Sequence" | "Map", (*_, item)):
            parts = f"{it}.values()" if type_.name == "Map" else it
            for condition, said in checks_of(item, part, depth + 1):
                yield f"all({condition} for {part} in {parts})", _of_parts(said)


def _of_parts(said: str) -> str:
    return f"has a range that {REVERSED}" if said == REVERSED else OUTSIDE


def sides_of(type_: Type) -> Sides:
    """Values at the bounds that the type itself sets."""
    match type_:
        case NamedType("Fraction"):
            outside = (0 - _STEP, 1 + _STEP, float("nan"))
            return Sides(tuple((value, NO_FRACTION) for value in outside), (0.0, 1.0))
        case GenericType("Range", (NamedType(name),)):
            low, high = (0, 1) if MEASURES[name].is_whole else (0.0, 1.0)
            refused: list[tuple[object, str]] = [((high, low), REVERSED)]
            if name == "Fraction":
                refused += [((0 - _STEP, high), OUTSIDE), ((low, 1 + _STEP), OUTSIDE)]
            return Sides(tuple(refused), ((low, high), (high, high)))
        case GenericType("Option", (item,)):
            return sides_of(item)
        case GenericType("List" | "Sequence", (item,)):
            return _within(sides_of(item), lambda value: (value,))
        case GenericType("Map", (_, item)):
            return _within(sides_of(item), lambda value: {"a": value})
    return Sides()


def _within(inner: Sides, wrap: Callable[[object], object]) -> Sides:
    """The same for what holds such values."""
    refused = tuple((wrap(value), _of_parts(said)) for value, said in inner.refused)
    return Sides(refused, tuple(map(wrap, inner.accepted)))
