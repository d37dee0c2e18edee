"""Text, lists and mappings stand where they belong."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG205",
    name="wrong-shape",
    what="A mapping, list, text or number where another of them is expected.",
    why="The line cannot be read as what it is meant to be.",
    bad=component(SOUND.replace('for: {x: "normal(2, 8)"}', "for: normal(2, 8)")),
    good=component(SOUND),
)
