"""A key stands once in its mapping."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG109",
    name="duplicate-key",
    what="The same key twice in one mapping.",
    why=(
        "YAML loaders keep the last value and drop the first in silence. Here each line counts, "
        "and so one of the two has to go."
    ),
    bad=component(SOUND.replace("    when: ", "    given: A weight\n    when: ")),
    good=component(SOUND),
)
