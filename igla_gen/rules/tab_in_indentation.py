"""Indentation is made of spaces."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG101",
    name="tab-in-indentation",
    what="A tab in the indentation of a line.",
    why=("A tab has no fixed width: the same file would have another structure in another editor."),
    bad=component(SOUND.replace("    given: ", "\tgiven: ")),
    good=component(SOUND),
    fix="safe",
)
