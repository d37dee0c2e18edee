"""What is opened is closed: brackets."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG108",
    name="unclosed-bracket",
    what="A `{` or `[` that is never closed.",
    why="All that follows would become part of the mapping or list.",
    bad=component(SOUND.replace('for: {x: "normal(2, 8)"}', 'for: {x: "normal(2, 8)"')),
    good=component(SOUND),
)
