"""A line stands at an open level of indentation."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG102",
    name="bad-indentation",
    what="A line whose indentation belongs to no mapping or list that is open there.",
    why=(
        "Indentation is the structure of a spec; a line that is one space off could belong to "
        "either of two places, and guessing would change the meaning in silence."
    ),
    bad=component(SOUND.replace("    given: ", "   given: ")),
    good=component(SOUND),
)
