"""Numbers have a bound."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG117",
    name="number-too-long",
    what="A whole number of more than 1000 digits.",
    why=(
        "No quantity needs them, and Python refuses to read or print numbers of some thousands: it "
        "would be a number for one reader and a failure for the next."
    ),
    bad=component(SOUND.replace("Norms of hidden states.", "9" * 1001)),
    good=component(SOUND.replace("Norms of hidden states.", "'" + "9" * 1001 + "'")),
)
