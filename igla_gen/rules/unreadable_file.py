"""Files can be read."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, SPEC, Example, component

RULE = Rule(
    code="IG112",
    name="unreadable-file",
    what=(
        "A path with the ending `.vibee` that cannot be read: a folder of that name, a link to "
        "nothing, a file without permission, or one of more than 16 million characters."
    ),
    why="The spec that is meant would be left out in silence.",
    bad=Example({f"{SPEC}/notes.txt": "A folder has the name of a spec.\n"}),
    good=component(SOUND),
)
