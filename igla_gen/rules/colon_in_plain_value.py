"""A plain value holds no colon with a space after it."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG105",
    name="colon-in-plain-value",
    what="An unquoted value that contains `: `.",
    why=(
        "It reads like a second key on the same line. Either the value wants quotes, or two lines "
        "have run together."
    ),
    bad=component(SOUND.replace("Norms of hidden states.", "Norms of hidden states: RMSNorm.")),
    good=component(SOUND.replace("Norms of hidden states.", '"Norms of hidden states: RMSNorm."')),
    fix="safe",
)
