"""Every key means something."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG203",
    name="unknown-key",
    what=("A key that has no meaning where it stands. The nearest key that has one is suggested."),
    why="A misspelt key would be dropped and its default taken in silence.",
    bad=component(SOUND.replace("    laws:", "    law:")),
    good=component(SOUND),
    fix="unsafe",
)
