"""Values fit their types."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component

RULE = Rule(
    code="IG206",
    name="wrong-type",
    what=(
        "A default, or a value in a section of a model or recipe, that is not of the type of its "
        "field."
    ),
    why=(
        "A learning rate that is text, or a fractional number of layers, would fail when the run "
        "starts, or worse, would not."
    ),
    bad=component(HEADER + TYPES.replace("1e-6", "tiny") + READER),
    good=component(HEADER + TYPES + READER),
)
