"""Keys are in small letters."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import BEHAVIOR_OF_OLD, OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG513",
    name="capital-key",
    what=("`Given`, `When` or `Then` with a capital, in a spec in the form of the ancestor."),
    why=("The ancestor took both spellings; here a key has one."),
    bad=old(OLD_SPEC + BEHAVIOR_OF_OLD.replace("when", "When")),
    good=component(SOUND),
    fix="safe",
    severity="warning",
)
