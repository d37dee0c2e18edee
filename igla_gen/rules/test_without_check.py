"""Every test of a template is bound by the spec."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import CHECK, NORM_TESTS, SOUND, component
from igla_gen.rules.templates import blocks, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Each `#% check` block is named by a behaviour or formula."""
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    bound = {name.text for _, name in unit.spec.checks()}
    for block in blocks(names[1]):
        if block.kind == "check" and block.name not in bound:
            finder.report(
                f"no behaviour of {unit.source.shown} has the check {block.name}", block.span,
                "bind it in 'checks:', or delete the block",
            )  # fmt: skip


RULE = Rule(
    code="IG403",
    name="test-without-check",
    what="A `#% check` block of the test template that no behaviour or formula names.",
    why=(
        "The test would never be generated and never run: a check that everybody believes in and "
        "nobody makes."
    ),
    bad=component(SOUND, tests=NORM_TESTS + CHECK),
    good=component(SOUND + "    checks: [gradient_is_exact]\n", tests=NORM_TESTS + CHECK),
    check=check,
)
