"""The language is a small part of YAML."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG104",
    name="unsupported-syntax",
    what=(
        "A construct of YAML that the language leaves out: anchors and aliases, tags, folded `>` "
        "blocks, complex keys, several documents in one file."
    ),
    why=(
        "Each of them is a second way to say a thing, or one that readers have to look up. Specs "
        "do without, and a value that begins with such a character says so with quotes."
    ),
    bad=component(SOUND.replace("Hidden states of any leading shape", "&input Hidden states")),
    good=component(SOUND),
    fix="safe",
)
