"""A type can be read."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG201",
    name="bad-type",
    what=(
        "A type that does not follow the grammar of types: an unknown generic, arguments that are "
        "missing or too many, an `Enum` without variants or with one twice."
    ),
    why=(
        "The type becomes the annotation, the validation and the command-line option of what is "
        "generated."
    ),
    bad=component(SOUND.replace("eps: Float}", 'eps: "Option<Float, Int>"}')),
    good=component(SOUND),
)
