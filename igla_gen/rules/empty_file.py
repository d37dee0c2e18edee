"""A file says something."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG110",
    name="empty-file",
    what="A spec file that is empty, or holds comments alone.",
    why=("A module that should be generated from it would be missing, and nothing would say why."),
    bad=component("# to be written\n"),
    good=component(SOUND),
)
