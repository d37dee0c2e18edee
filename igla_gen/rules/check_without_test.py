"""Every check is a test of the template."""

from __future__ import annotations

from igla_gen.diagnostics import suggestion
from igla_gen.emit.templates import template_texts
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import CHECK, NORM_TESTS, SOUND, component
from igla_gen.rules.templates import blocks, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """`#% check NAME` exists in the test template and defines test_NAME."""
    names = templates_of(library, unit)
    if (
        names is None
        or not isinstance(unit.spec, ComponentSpec)
        or names[1] not in template_texts()
    ):
        return
    found = {block.name: block for block in blocks(names[1]) if block.kind == "check"}
    for _, name in unit.spec.checks():
        block = found.get(name.text)
        if block is None:
            message = f'templates/{names[1]} has no block "#% check {name.text}"'
            finder.report(message, name.span, suggestion(name.text, found))
        elif f"\ndef test_{name.text}" not in block.text:
            finder.report(
                f"its block in templates/{names[1]} defines no test_{name.text}", name.span
            )


CHECKED = SOUND + "    checks: [gradient_is_exact]\n"

RULE = Rule(
    code="IG402",
    name="check-without-test",
    what=(
        "A check that the test template does not carry out: there is no `#% check NAME` block, or "
        "it defines no `test_NAME`."
    ),
    why="A check that no test carries out is a comment.",
    bad=component(CHECKED, tests=NORM_TESTS),
    good=component(CHECKED, tests=NORM_TESTS + CHECK),
    check=check,
)
