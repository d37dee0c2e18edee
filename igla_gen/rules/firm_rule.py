"""What must hold cannot be suppressed."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

ALLOWED = SOUND.replace(
    "x / sqrt(mean(x^2, -1) + 1e-6)",
    "rms_norm(x, ones(8), 1e-6)  # igla: allow trivial-law -- the same twice, as an example",
)

RULE = Rule(
    code="IG504",
    name="firm-rule",
    what="A suppression of a rule without which no right output can be written.",
    why=(
        "A comment may say that a finding is known and does no harm. It cannot make a missing "
        "template appear, or a constraint hold."
    ),
    bad=component(ALLOWED.replace("allow trivial-law", "allow trivial-law, unknown-name")),
    good=component(ALLOWED),
)
