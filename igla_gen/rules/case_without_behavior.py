"""A test case is of a behaviour."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG516",
    name="case-without-behavior",
    what=("A test case of the ancestor that names a behaviour which the spec does not have."),
    why=("It would test nothing."),
    bad=old(OLD_SPEC + "test_cases:\n  - {name: hit, behavior: lookup, input: {key: a}}\n"),
    good=component(SOUND),
    severity="error",
)
