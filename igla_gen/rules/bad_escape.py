"""Escapes are those of YAML."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG107",
    name="bad-escape",
    what="A backslash in a double-quoted value with a character after it that is no escape.",
    why=(
        "Double quotes read `\\n` as a line break, so that a backslash of a path or a formula "
        "must be written twice, or the value put in single quotes. An escape that is one and names "
        "no character (`\\ud800`, `\\U00110000`) may have been meant as one: to write its backslash "
        "twice is an unsafe fix."
    ),
    bad=component(SOUND.replace("Norms of hidden states.", '"Norms \\q"')),
    good=component(SOUND.replace("Norms of hidden states.", "'Norms \\q'")),
    fix="safe",
)
