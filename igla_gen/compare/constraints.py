"""Constraints and requirements: which values they accept that they refused before, and the reverse."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from itertools import product

from igla_gen.compare.changes import Kind
from igla_gen.compare.sides import Sides
from igla_gen.expressions import EvaluationError, Expression, evaluate, names, show
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.expressions.tree import Number, Text, walk

MOST_SAMPLES = 4000


def compare_statements(
    sides: Sides,
    subject: str,
    old: Sequence[Expression],
    new: Sequence[Expression],
    constants: dict[str, object],
    *,
    new_words: Collection[str] = (),
) -> None:
    """A list of statements that all must hold: one more refuses more, one less accepts more.

    What speaks of `new_words` alone, fields that were not there, refuses nothing that was accepted.
    """
    before, after = {sides.now(show(s)): s for s in old}, {show(s): s for s in new}
    gone = [s for text, s in before.items() if text not in after]
    come = [s for text, s in after.items() if text not in before]
    for statement in list(come):
        twin = next((s for s in gone if _words(s) == _words(statement)), None)
        if twin is not None:
            gone.remove(twin)
            come.remove(statement)
            _compare(sides, subject, twin, statement, constants)
    for statement in gone:
        message = f"{show(statement)} is no longer required"
        sides.add("api-addition", subject, message, statement.span, None)
    for statement in come:
        is_free = _words(statement) - set(constants) <= set(new_words)
        kind: Kind = "api-addition" if is_free else "api"
        sides.add(kind, subject, f"{show(statement)} is required now", None, statement.span)
    same = [text for text in before if text in after]
    if same != [text for text in after if text in before]:
        places = (old[0].span if old else None), (new[0].span if new else None)
        sides.add("docs", subject, "the constraints stand in another order", *places)


def _words(statement: Expression) -> set[str]:
    return {name.name for name in names(statement)} - VOCABULARY


def _compare(
    sides: Sides, subject: str, old: Expression, new: Expression, constants: dict[str, object]
) -> None:
    stricter, looser = _verdicts(old, new, constants)
    text = f"{show(new)} is required, it was {show(old)}"
    if stricter is None:
        kind, message = "api", f"{text}; whether it refuses more could not be computed"
    elif stricter:
        kind, message = "api", f"{text}: it refuses what was accepted"
    elif looser:
        kind, message = "api-addition", f"{text}: it accepts what was refused"
    else:
        kind, message = "docs", f"{text}: no value was found that tells them apart"
    sides.add(kind, subject, message, old.span, new.span)


def _verdicts(
    old: Expression, new: Expression, constants: dict[str, object]
) -> tuple[bool | None, bool | None]:
    """Whether the new one refuses a value that the old one accepts, and the reverse, on samples."""
    stricter = looser = False
    tried = 0
    for values in _samples(old, new, constants):
        try:
            before, after = evaluate(old, values), evaluate(new, values)
        except EvaluationError:
            continue
        tried += 1
        stricter |= bool(before) and not after
        looser |= bool(after) and not before
    return (stricter, looser) if tried else (None, None)


def _samples(
    old: Expression, new: Expression, constants: dict[str, object]
) -> Iterator[dict[str, object]]:
    """Every combination of values at and beside the numbers and words that the statements speak of."""
    parts = [*walk(old), *walk(new)]
    numbers = {part.value for part in parts if isinstance(part, Number)} | {0, 1, 2}
    numbers |= {v for v in constants.values() if isinstance(v, int | float)}
    values: list[object] = sorted({n + step for n in numbers for step in (-1, -0.001, 0, 0.001, 1)})
    values += [part.value for part in parts if isinstance(part, Text)]
    values += [True, False, "", [], ["x"]]
    words = sorted((_words(old) | _words(new)) - set(constants))
    if len(values) ** len(words) <= MOST_SAMPLES:
        combinations: Iterator[Sequence[object]] = product(values, repeat=len(words))
    else:
        draw = random.Random(0)  # the same report each time
        combinations = (draw.choices(values, k=len(words)) for _ in range(MOST_SAMPLES))
    for combination in combinations:
        yield constants | dict(zip(words, combination, strict=True))
