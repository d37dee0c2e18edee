"""A test case gives arguments."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG515",
    name="prose-test-case",
    what=(
        "A test case of the ancestor whose `input` is no mapping of arguments. Reported once "
        "for each file."
    ),
    why=("Only arguments by name can be passed to a function; a sentence cannot."),
    bad=old(OLD_SPEC + "test_cases:\n  - {name: hit, input: a key, expected: 1}\n"),
    good=component(SOUND),
    severity="warning",
)
