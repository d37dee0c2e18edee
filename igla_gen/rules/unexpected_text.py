"""Each piece of text has its place."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG103",
    name="unexpected-text",
    what=(
        "Text that cannot stand where it stands: after the end of a value, before the first key, "
        "or a word where a key or the end of the line is expected."
    ),
    why=(
        "What the parser cannot place it would have to leave out, and a line of a spec is never "
        "left out."
    ),
    bad=component(SOUND.replace('{x: "normal(2, 8)"}', '{x: "normal(2, 8)"} seed 3')),
    good=component(SOUND),
    fix="safe",
)
