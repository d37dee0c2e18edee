"""Every behaviour and formula carries a law or a check."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """A behaviour that is not pending, or a formula, has at least one law or check."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    hint = "add a law ('laws:') or bind a test of the template ('checks:')"
    for behavior in spec.built:
        if not behavior.laws and not behavior.checks:
            finder.report(
                f'"{behavior.name.text}" has neither a law nor a check', behavior.name.span, hint
            )
    for name, formula in spec.formulas.items():
        if not formula.laws and not formula.checks:
            finder.report(
                f'"{name}" has neither a law nor a check', spec.key_span("formulas", name), hint
            )


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
