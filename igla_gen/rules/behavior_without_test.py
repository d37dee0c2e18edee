"""Every behaviour and formula carries a law or a check."""

from __future__ import annotations

from igla_gen.diagnostics import Span
from igla_gen.model.base import line_astray
from igla_gen.model.component import Behavior, ComponentSpec, Formula
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """A behaviour that is not pending, or a formula, has at least one law or check."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    for behavior in spec.built:
        _check(finder, behavior, behavior.name.text, behavior.name.span)
    for name, formula in spec.formulas.items():
        _check(finder, formula, name, spec.key_span("formulas", name))


def _check(finder: Finder, declared: Behavior | Formula, name: str, place: Span) -> None:
    if declared.laws or declared.checks:
        return
    hint = "add a law ('laws:') or bind a test of the template ('checks:')"
    for key in ("laws", "checks"):
        astray = None if declared.node.get(key) else line_astray(declared.node, key)
        hint += f"; line {astray} of the text reads '{key}:'" if astray else ""
    finder.report(f'"{name}" has neither a law nor a check', place, hint)


RULE = Rule(
    code="IG401",
    name="behavior-without-test",
    what="A behaviour or formula with neither a law nor a check.",
    why=(
        "What nothing tests is a promise that nobody keeps: the code could return anything and "
        "the generated tests would stay green."
    ),
    bad=component(SOUND[: SOUND.index("    laws:")]),
    good=component(SOUND),
    check=check,
)
