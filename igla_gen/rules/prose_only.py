"""Prose tests nothing."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import BEHAVIOR_OF_OLD, OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG512",
    name="prose-only",
    what=(
        "Behaviours of a spec in the form of the ancestor: `given`, `when` and `then`, and "
        "nothing that could be run. Reported once for each file."
    ),
    why=(
        "Tests made from prose alone are comments. The import marks each such behaviour as "
        "pending; a law or a check makes it a promise."
    ),
    bad=old(OLD_SPEC + BEHAVIOR_OF_OLD),
    good=component(SOUND),
    severity="warning",
)
