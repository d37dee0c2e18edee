"""A call fits what it calls."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG216",
    name="wrong-argument",
    what="A call with too many arguments, without one that is needed, or with a keyword that there is not.",
    why=("The generated test would stop with a TypeError, and say nothing of the spec."),
    bad=component(SOUND.replace("ones(8), 1e-6", "ones(8), epsilon=1e-6")),
    good=component(SOUND.replace("ones(8), 1e-6", "ones(8), eps=1e-6")),
)
