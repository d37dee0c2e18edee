"""A module has one spec."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, SPEC, Example, component

RULE = Rule(
    code="IG207",
    name="duplicate-module",
    what="Two specs with the same `module`.",
    why="Both would be written to the same file, and the last one would win.",
    bad=Example({SPEC: SOUND, "specs/architecture/other.vibee": SOUND}, component(SOUND).aside),
    good=component(SOUND),
)
