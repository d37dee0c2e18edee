"""Nesting has a bound."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG113",
    name="nested-too-deep",
    what="More than 64 levels of mappings and lists inside each other.",
    why=(
        "No spec needs them. A file that has them is broken, or made to exhaust whoever reads it."
    ),
    bad=component(SOUND + "    checks: " + "[" * 70 + "]" * 70 + "\n"),
    good=component(SOUND),
)
