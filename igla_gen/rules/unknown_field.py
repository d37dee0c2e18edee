"""A field that is read is declared."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component

RULE = Rule(
    code="IG218",
    name="unknown-field",
    what="An attribute that the type of the value does not declare.",
    why=(
        "The compiler cannot evaluate it, and the generated code would stop with an AttributeError."
    ),
    bad=component(HEADER + TYPES + READER.replace("config.eps", "config.eps * config.scale")),
    good=component(HEADER + TYPES + READER),
)
