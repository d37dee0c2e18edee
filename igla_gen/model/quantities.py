"""Quantities: numbers with units, read exactly and held to the unit that a type takes."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from igla_gen.diagnostics import articled, suggestion
from igla_gen.frozen import frozen
from igla_gen.syntax.lalr import Tables, Token, UnexpectedError

MAX_LENGTH = 100  # characters; a longer text is no quantity of any spec
MAX_EXPONENT = 300  # of ten; a larger one does not fit a float
HOUR = 3600

SCALES = {"K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
BYTES = {"bytes": 1} | {
    f"{letter}{end}": base**power
    for base, end in ((1000, "B"), (1024, "iB"))
    for power, letter in enumerate("KMGTP", 1)
}
DURATIONS = {
    "ms": Fraction(1, 1000), "s": 1, "min": 60, "h": HOUR,
    "day": 24 * HOUR, "days": 24 * HOUR, "week": 168 * HOUR, "weeks": 168 * HOUR,
}  # fmt: skip
UNITS: dict[str, tuple[str, Fraction]] = {
    **{word: ("a count", Fraction(size)) for word, size in SCALES.items()},
    **{word: ("an amount of memory", Fraction(size)) for word, size in BYTES.items()},
    **{word: ("a duration", Fraction(size)) for word, size in DURATIONS.items()},
    "%": ("a percentage", Fraction(1, 100)),
}


@frozen
class Measure:
    """What a type takes: kinds of quantities, an example of each spelling, the unit of its values."""

    kinds: tuple[str, ...]
    accepted: str
    unit: str = ""
    is_whole: bool = False


MEASURES: dict[str, Measure] = {
    "Int": Measure(("a number", "a count"), "4_000, 14.7K, 4M tokens, 140B", is_whole=True),
    "Float": Measure(("a number", "a count"), "0.5, 1e-6, 14.7K, 4M tokens"),
    "Bytes": Measure(("an amount of memory",), f"80GB; units: {', '.join(BYTES)}", "bytes", True),
    "Duration": Measure(("a duration",), f"90 min; units: {', '.join(DURATIONS)}", "seconds"),
    "Dollars": Measure(("money",), "$5, $2.50, $3M", "US dollars"),
    "DollarsPerHour": Measure(
        ("money per time",), "$2.50/h; also per s, min, day, week", "US dollars per hour"
    ),
    "Fraction": Measure(
        ("a number", "a percentage"), "1.5%, or a number from 0 to 1", "from 0 to 1"
    ),
}


class QuantityError(ValueError):
    """A text that is no quantity, or not one of the type; `start` and `end` say where in the text.

    `in_field` is the same place in the whole text of a field, for a default.
    """

    in_field: tuple[int, int] | None = None

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.start, self.end, self.hint = start, end, hint


@frozen
class Quantity:
    """An amount, or a range of them, in the base unit of its kind: bytes, seconds, dollars (per hour)."""

    text: str
    kind: str
    low: Fraction
    high: Fraction | None = None
    unit_span: tuple[int, int] = (0, 0)


def parse_quantity(text: str) -> Quantity:
    """Reads `4M tokens`, `80GB`, `4-6 weeks`, `$5/h`, `1.5%`.

    Raises:
        QuantityError: the text is no quantity; it says where.
    """
    if len(text) > MAX_LENGTH:
        raise QuantityError(f'"{text[:20]}..." is too long for a quantity', 0, len(text))
    try:
        minus, dollar, first, _, second, *rest = _parser().parse(text)
    except UnexpectedError as error:
        place = error.offset
        raise QuantityError(f'"{text}" is not a quantity', place, place + 1) from None
    *units, per = rest
    words = [unit for unit in units if unit is not None]
    kind, factor = _money(text, words, per) if dollar else _measured(text, words, per)
    if minus and kind not in ("a number", "a count"):
        raise QuantityError(f"{kind} is not negative", 0, 1)
    low = _exact(first) * factor * (-1 if minus else 1)
    high = None if second is None else _exact(second) * factor
    if high is not None and low > high:
        end = second.end_pos
        raise QuantityError(f"{text} goes from high to low", first.start_pos, end, "low-high UNIT")
    start = words[0].start_pos if words else (dollar or first).start_pos
    return Quantity(text, kind, low, high, (start, len(text.rstrip())))


class _Builder:
    """A quantity is the list of its parts, None where one is left out."""

    def quantity(self, parts: list[Token | None]) -> list[Token | None]:
        return parts


@cache
def _parser() -> Tables:
    return Tables("quantities", "quantity", _Builder())


def _exact(token: Token) -> Fraction:
    text = token.replace("_", "")
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        raise QuantityError(f"{token} is too large or too small", token.start_pos, token.end_pos)
    return Fraction(text)


def _measured(text: str, words: list[Token], per: Token | None) -> tuple[str, Fraction]:
    """The kind and the size of the unit of a quantity that is no money."""
    if per is not None:
        raise _bad(per, f"{text} is a rate, but only money is given per time", "$5/h")
    if not words:
        return "a number", Fraction(1)
    unit, *nouns = words
    if unit in UNITS:
        kind, factor = UNITS[unit]
        if nouns:
            if kind != "a count":
                raise _bad(nouns[0], f"{nouns[0]} stands after the unit {unit}", None)
            _check_noun(text, nouns[0])
        return kind, factor
    _check_noun(text, unit)
    if nouns:
        raise _bad(nouns[0], f'"{text}" has two words after its number', "a noun is one word")
    return "a count", Fraction(1)


def _check_noun(text: str, noun: Token) -> None:
    """A noun is a word on its own, and not a unit that somebody misspelt."""
    meant = next((unit for unit in UNITS if unit.lower() == noun.lower()), None)
    hint = f"did you mean {meant}?" if meant else suggestion(str(noun), UNITS)
    stands_alone = text[noun.start_pos - 1].isspace()
    if meant or not stands_alone or len(noun) < 2:
        raise _bad(noun, f"{noun} is not a unit", hint or f"units: {', '.join(UNITS)}")


def _money(text: str, words: list[Token], per: Token | None) -> tuple[str, Fraction]:
    factor = Fraction(1)
    if words:
        unit, *more = words
        if unit not in SCALES or more:
            raise _bad(
                more[0] if more else unit, f"{text} mixes dollars and a unit", "$5, $3M, $5/h"
            )
        factor = Fraction(SCALES[unit])
    if per is None:
        return "money", factor
    if per not in DURATIONS:
        raise _bad(per, f"{per} is not a unit of time", f"one of {', '.join(DURATIONS)}")
    return "money per time", factor * HOUR / DURATIONS[per]


def _bad(token: Token, message: str, hint: str | None) -> QuantityError:
    return QuantityError(message, token.start_pos, token.end_pos, hint)


def fit_quantity(value: str | int | float, name: str) -> int | float:
    """The value of a type of MEASURES that a text or a bare number gives.

    Raises:
        QuantityError: it is of another kind, a range, not whole, or too large.
    """
    quantity = _read(value)
    if quantity.high is not None:
        raise _misfit(quantity, name, "a range")
    return _value(quantity, quantity.low, name)


def fit_range(value: str, name: str) -> list[int | float]:
    """Both ends of a range of a type of MEASURES.

    Raises:
        QuantityError: it is no range, or its ends do not fit the type.
    """
    quantity = _read(value)
    if quantity.high is None:
        hint = (
            f"write low-high and the unit, or [low, high]; {name} takes {MEASURES[name].accepted}"
        )
        raise QuantityError(f"{value} is not a range", 0, len(value), hint)
    return [_value(quantity, end, name) for end in (quantity.low, quantity.high)]


def _read(value: str | int | float) -> Quantity:
    if isinstance(value, str):
        return parse_quantity(value)
    text = str(value)
    if isinstance(value, float) and value - value != 0:
        raise QuantityError(f"{text} is not a finite number", 0, len(text))
    return Quantity(text, "a number", Fraction(text), None, (0, len(text)))


def _value(quantity: Quantity, amount: Fraction, name: str) -> int | float:
    measure = MEASURES[name]
    if quantity.kind not in measure.kinds:
        what = "a number without a unit" if quantity.kind == "a number" else quantity.kind
        raise _misfit(quantity, name, what)
    if measure.is_whole:
        if amount.denominator != 1:
            raise QuantityError(
                f"{quantity.text} is not a whole number ({name})", 0, len(quantity.text)
            )
        return amount.numerator
    if name == "Fraction" and not 0 <= amount <= 1:
        raise QuantityError(f"{quantity.text} is not from 0 to 1 (Fraction)", 0, len(quantity.text))
    try:
        return float(amount)
    except OverflowError:
        raise QuantityError(f"{quantity.text} is too large", 0, len(quantity.text)) from None


def _misfit(quantity: Quantity, name: str, found: str) -> QuantityError:
    measure = MEASURES[name]
    return QuantityError(
        f"{quantity.text} is {found}, not {articled(name)}", *quantity.unit_span,
        f"{name} takes {measure.accepted}",
    )  # fmt: skip
