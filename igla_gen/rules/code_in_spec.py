"""Code lives in templates."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG517",
    name="code-in-spec",
    what=(
        "A key of the ancestor that holds code, such as `implementation`. Reported once for "
        "each file."
    ),
    why=(
        "A spec says what is wanted, and a string in it never becomes code: the code is written "
        "in the template, where tools can read it."
    ),
    bad=old(OLD_SPEC + "implementation: pub fn get() void {}\n"),
    good=component(SOUND),
    severity="warning",
)
