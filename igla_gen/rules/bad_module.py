"""A module path can be imported."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG209",
    name="bad-module",
    what="A `module` that is not `igla.FOLDER.NAME`, with names that Python can import.",
    why=(
        "The module path becomes the path of the generated file and of its templates; a name that "
        "is no identifier cannot be imported, and one with dots or slashes of its own would lead "
        "out of the output folder."
    ),
    bad=component(SOUND.replace("igla.architecture.normalization", "igla.architecture.class")),
    good=component(SOUND),
)
