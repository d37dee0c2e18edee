"""What is needed is there."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG204",
    name="missing-key",
    what=(
        "A key that must be there: of the header, of a behaviour, law or type, or of a section of "
        "a model or recipe."
    ),
    why="The compiler guesses nothing; what it needs to know stands in the spec.",
    bad=component(SOUND.replace("    when: RMSNorm is applied\n", "")),
    good=component(SOUND),
)
