"""A suppression suppresses something."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG502",
    name="unused-suppression",
    what="A suppression on whose line nothing of its rule is found.",
    why=(
        "The fault that it excused is gone, or the line has moved away from it; left standing, it "
        "would hide the next one."
    ),
    bad=component(SOUND.replace("1e-6)\n", "1e-6)  # igla: allow trivial-law -- to be mended\n")),
    good=component(SOUND),
    fix="safe",
    severity="warning",
)
