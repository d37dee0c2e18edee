"""A tolerance leaves the law able to fail."""

from __future__ import annotations

from igla_gen.expressions import Expression
from igla_gen.expressions.tree import Comparison, walk
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.syntax.editing import remove_entry

LARGEST = 0.5


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """0 <= tolerance < 0.5, and only where `~=` uses it."""
    if not isinstance(unit.spec, ComponentSpec):
        return
    for _, law in unit.spec.laws():
        if law.node.get("tolerance") is None:
            continue
        span = law.span_of("tolerance")
        if not 0 <= law.tolerance < LARGEST:
            finder.report(
                f"a tolerance of {law.tolerance} proves nothing", span, f"use one below {LARGEST}"
            )
        elif law.holds is None or not any(_is_close(part) for part in walk(law.holds)):
            finder.report(
                "nothing in this law uses the tolerance", span, "use ~= in holds, or delete it",
                remove_entry(finder.library.sources[span.file], law.node, "tolerance"),
            )  # fmt: skip


def _is_close(node: Expression) -> bool:
    return isinstance(node, Comparison) and "~=" in node.operators


RULE = Rule(
    code="IG412",
    name="useless-tolerance",
    what="A tolerance of 0.5 or more, a negative one, or one in a law without `~=`.",
    why=(
        "A tolerance of one accepts almost any result; one that nothing uses suggests a "
        "comparison that is not made."
    ),
    bad=component(SOUND + "        tolerance: 2\n"),
    good=component(SOUND + "        tolerance: 1e-9\n"),
    fix="safe",
    suppressible=True,
    check=check,
)
