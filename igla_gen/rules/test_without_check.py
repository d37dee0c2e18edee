"""Every test of a template is bound by the spec."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import CHECK, NORM_TESTS, SOUND, component
from igla_gen.rules.templates import TemplateBlock, blocks, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Each `#% check` block is named by a behaviour or formula."""
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    bound = {name.text: name.span.line for _, name in unit.spec.checks()}
    checks = [block for block in blocks(names[1]) if block.kind == "check"]
    for index, block in enumerate(checks):
        if block.name not in bound:
            finder.report(
                f"no behaviour of {unit.source.shown} has the check {block.name}", block.span,
                f"bind it in 'checks:'{_place(checks, index, bound, unit)}, or delete the block",
            )  # fmt: skip


def _place(checks: list[TemplateBlock], index: int, bound: dict[str, int], unit: Unit) -> str:
    """Between which checks of the spec it would stand, since they have the order of the template."""
    before = next((b.name for b in reversed(checks[:index]) if b.name in bound), None)
    after = next((b.name for b in checks[index + 1 :] if b.name in bound), None)
    parts = [
        f"{word} {name}, {unit.source.shown}:{bound[name]}"
        for word, name in (("after", before), ("before", after))
        if name is not None
    ]
    return f" ({'; '.join(parts)})" if parts else ""


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
