"""A field that is read is declared."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import HEADER, TYPES, component

_FORMULA = TYPES + """\
formulas:
  variance_floor:
    description: Returns the least variance that the norm divides by.
    params: {config: NormConfig}
    returns: Float
    is: config.eps * 1.0
    laws:
      - name: default
        holds: variance_floor(NormConfig(hidden_size=8)) == 1e-6
"""

RULE = Rule(
    code="IG218",
    name="unknown-field",
    what="An attribute that the type of the value does not declare.",
    why=(
        "The compiler cannot evaluate it, and the generated code would stop with an AttributeError."
    ),
    bad=component(HEADER + _FORMULA.replace("config.eps", "config.epsilon")),
    good=component(HEADER + _FORMULA),
)
