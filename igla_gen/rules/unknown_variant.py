"""A word that an Enum is compared with is one of its variants."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import HEADER, component

_ENUM = """\
types:
  NormConfig:
    description: Which norm, over how many channels.
    fields:
      norm_type: Enum<rms, layer> = rms -- which norm
formulas:
  num_vectors:
    description: Returns the number of learned vectors.
    params: {config: NormConfig}
    returns: Int
    is: 2 if config.norm_type == "layer" else 1 if config.norm_type == "rms" else 0
    laws:
      - name: default
        holds: num_vectors(NormConfig()) == 1
"""

RULE = Rule(
    code="IG219",
    name="unknown-variant",
    what="A comparison of an Enum with a word that is no variant of it, or such a word as an argument.",
    why=("The comparison is false for all values: the branch that depends on it is never taken."),
    bad=component(HEADER + _ENUM.replace('== "rms"', '== "rsm"')),
    good=component(HEADER + _ENUM),
)
