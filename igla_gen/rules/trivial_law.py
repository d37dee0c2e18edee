"""A law can fail."""

from __future__ import annotations

from itertools import pairwise

from igla_gen.expressions import Expression, names, show
from igla_gen.expressions.tree import Comparison, walk
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """A law compares different things and calls something that the spec declares."""
    if not isinstance(unit.spec, ComponentSpec):
        return
    declared = set(library.scope(unit))
    for subject, law in unit.spec.laws():
        statement = law.holds if law.holds is not None else law.refuses
        if statement is None or (law.holds is not None and law.refuses is not None):
            continue  # law-shape reports it
        if any(_same_sides(part) for part in walk(statement)):
            finder.report(
                "both sides are the same",
                law.span_of("holds"),
                "compare with an independent result",
            )
        read = {n.name for e in (statement, *law.for_.values()) for n in names(e)}
        if not read & declared:
            finder.report(
                f'the law never uses "{subject}"', law.name.span, "call what the law is about"
            )


def _same_sides(node: Expression) -> bool:
    if not isinstance(node, Comparison):
        return False
    shown = [show(operand) for operand in node.operands]
    return any(a == b and not _may_differ(node) for a, b in pairwise(shown))


def _may_differ(node: Comparison) -> bool:
    """Calling twice and comparing bit for bit is a law: the result is deterministic."""
    return (
        node.operators == ("==",)
        and "(" in show(node.operands[0])
        and not show(node.operands[0]).startswith("shape(")
    )


RULE = Rule(
    code="IG411",
    name="trivial-law",
    what="A law that holds whatever the code does.",
    why=(
        "It can never turn red, and so it proves nothing; whoever reads the spec believes that it "
        "does."
    ),
    bad=component(SOUND.replace("x / sqrt(mean(x^2, -1) + 1e-6)", "rms_norm(x, ones(8), 1e-6)")),
    good=component(SOUND),
    suppressible=True,
    check=check,
)
