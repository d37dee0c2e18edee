"""A tolerance leaves the law able to fail."""

from __future__ import annotations

from itertools import pairwise

from igla_gen.expressions import Expression
from igla_gen.expressions.evaluate import TOLERANCE
from igla_gen.expressions.tree import Comparison, Name, walk
from igla_gen.model.component import ComponentSpec, Law
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.truths import form, inlined
from igla_gen.syntax.editing import remove_entry
from igla_gen.syntax.tree import plain_data

LARGEST = 0.5


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """0 <= tolerance < 0.5, only where `~=` uses it, and below the numbers that are expected."""
    if not isinstance(unit.spec, ComponentSpec):
        return
    for _, law in unit.spec.laws():
        if law.node.get("tolerance") is None or _check_value(finder, law):
            _check_expected(finder, law)


def _check_value(finder: Finder, law: Law) -> bool:
    span = law.span_of("tolerance")
    if not 0 <= law.tolerance < LARGEST:
        finder.report(
            f"a tolerance of {law.tolerance} proves nothing", span, f"use one below {LARGEST}"
        )
    elif law.tolerance == TOLERANCE:
        finder.report(
            f"{law.tolerance} is the tolerance of every law", span, "delete it",
            remove_entry(finder.library.sources[span.file], law.node, "tolerance"),
        )  # fmt: skip
    elif law.holds is None or not any(_is_close(part) for part in walk(law.holds)):
        finder.report(
            "nothing in this law uses the tolerance", span, "use ~= in holds, or delete it",
            remove_entry(finder.library.sources[span.file], law.node, "tolerance"),
        )  # fmt: skip
    else:
        return True
    return False


def _check_expected(finder: Finder, law: Law) -> None:
    """Of a number no larger than the tolerance, zero is close enough."""
    for part in walk(law.holds) if law.holds is not None else ():
        if not isinstance(part, Comparison) or "~=" not in part.operators:
            continue
        for sign, sides in zip(part.operators, pairwise(part.operands), strict=True):
            numbers = [n for side in sides for n in _expected(side, law)] if sign == "~=" else []
            small = next((n for n in numbers if 0 < abs(n) <= law.tolerance), None)
            if small is not None:
                finder.report(
                    f"a tolerance of {law.tolerance} lets 0 pass for {small}", part.span,
                    "use a smaller tolerance, or compare multiples of both sides",
                )  # fmt: skip


def _expected(side: Expression, law: Law) -> list[float]:
    """The number that a side is, or the numbers that the cases give it."""
    if isinstance(side, Name) and law.cases and side.name in law.cases[0]:
        values = [plain_data(case[side.name]) for case in law.cases if side.name in case]
        return [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    kind, *rest = form(side, inlined(law.for_))
    return [rest[0]] if kind == "number" else []


def _is_close(node: Expression) -> bool:
    return isinstance(node, Comparison) and "~=" in node.operators


RULE = Rule(
    code="IG412",
    name="useless-tolerance",
    what=(
        "A tolerance of 0.5 or more, a negative one, one in a law without `~=`, one that is not "
        "below the number that the law expects, or the one that every law has anyway (1e-9)."
    ),
    why=(
        "A tolerance of one accepts almost any result, and where 0.001 is expected one of 0.01 "
        "accepts zero. One that nothing uses suggests a comparison that is not made."
    ),
    bad=component(SOUND + "        tolerance: 2\n"),
    good=component(SOUND + "        tolerance: 1e-12\n"),
    fix="safe",
    suppressible=True,
    check=check,
)
