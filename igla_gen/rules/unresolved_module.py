"""Every module has a spec."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG211",
    name="unresolved-module",
    what="A module in `uses`, `blueprint` or `model` that no spec writes.",
    why="The generated code would import what does not exist.",
    bad=component(SOUND.replace("behaviors:", "uses: [igla.architecture.rotary]\nbehaviors:")),
    good=component(SOUND),
    fix="unsafe",
)
