"""A suppression says why."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

ALLOWED = SOUND.replace(
    "x / sqrt(mean(x^2, -1) + 1e-6)",
    "rms_norm(x, ones(8), 1e-6)  # igla: allow trivial-law -- the same twice, as an example",
)

RULE = Rule(
    code="IG501",
    name="suppression-without-reason",
    what="A suppression without `-- reason` behind its rules.",
    why="Whoever meets it a year later cannot tell a decision from a convenience.",
    bad=component(ALLOWED.replace(" -- the same twice, as an example", "")),
    good=component(ALLOWED),
)
