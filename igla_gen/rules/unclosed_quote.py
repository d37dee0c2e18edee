"""What is opened is closed: quotes."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG106",
    name="unclosed-quote",
    what="A quoted value whose closing quote is missing.",
    why="All that follows would become part of the text.",
    bad=component(SOUND.replace("holds: rms_norm", 'holds: "rms_norm')),
    good=component(SOUND),
)
