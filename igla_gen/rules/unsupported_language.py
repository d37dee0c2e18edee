"""The output is Python."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG210",
    name="unsupported-language",
    what="A `language` other than python.",
    why=(
        "Specs of the ancestor name other languages; igla-gen writes Python, and a spec that asks "
        "for something else must not be answered with it in silence."
    ),
    bad=component(SOUND.replace("language: python", "language: zig")),
    good=component(SOUND),
)
