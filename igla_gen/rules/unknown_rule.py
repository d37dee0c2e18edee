"""A suppression names a rule."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

ALLOWED = SOUND.replace(
    "x / sqrt(mean(x^2, -1) + 1e-6)",
    "rms_norm(x, ones(8), 1e-6)  # igla: allow trivial-law -- the same twice, as an example",
)

RULE = Rule(
    code="IG503",
    name="unknown-rule",
    what="A word of a suppression that is neither the name nor the code of a rule.",
    why="Nothing is suppressed by it, though it looks as if something were.",
    bad=component(ALLOWED.replace("allow trivial-law", "allow trivial-law, trivail-law")),
    good=component(ALLOWED),
    fix="unsafe",
)
