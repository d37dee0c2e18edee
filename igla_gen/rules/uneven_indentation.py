"""Blocks are indented alike, and prose has an even edge."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG118",
    name="uneven-indentation",
    what=(
        "A block that is indented by another step than the other blocks of the file, and a line of "
        "a `|` block that is indented more than its first line: in prose any, in the expressions of "
        "a table (`where`, `constants`, `for`) by another step than two for each open bracket."
    ),
    why=(
        "Such a line can be read, but not as it was meant: a key that slipped belongs to another "
        "mapping, and the spaces in front of prose are seen by nobody."
    ),
    bad=component(
        SOUND.replace(
            "    then: Returns each vector with root mean square one, times the weight\n",
            "    then: |\n      Returns each vector with root mean square one,\n        times the weight\n",
        )
    ),
    good=component(SOUND),
    severity="warning",
)
