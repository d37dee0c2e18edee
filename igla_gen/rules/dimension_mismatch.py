"""Sizes in a law go together."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG215",
    name="dimension-mismatch",
    what=(
        "A tensor whose dimensions are not those of the signature, or do not go together, or one "
        "without elements that is compared."
    ),
    why=(
        "The sizes can be read from the spec; a law with wrong ones would fail when its test runs, "
        "or hold for the wrong reason."
    ),
    bad=component(SOUND.replace("ones(8)", "ones(4)")),
    good=component(SOUND),
)
