"""A spec is of a known kind."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG208",
    name="unknown-kind",
    what="A `kind` other than component, blueprint, model and recipe.",
    why="The kind decides which keys a spec has and what it becomes.",
    bad=component(SOUND.replace("language: python", "kind: modle\nlanguage: python")),
    good=component(SOUND.replace("version: ", "kind: component\nversion: ")),
    fix="unsafe",
)
