"""Characters that no editor shows stand in escapes."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG114",
    name="control-character",
    what="A control character other than tab and line break, or half a character, as it is.",
    why=(
        "No reviewer sees it, and programs differ in what they make of it. Where it is meant, its "
        "escape in double quotes shows it: `\\x1b`."
    ),
    bad=component(SOUND.replace("Norms of hidden states.", '"Norms \x1b."')),
    good=component(SOUND.replace("Norms of hidden states.", '"Norms \\x1b."')),
)
