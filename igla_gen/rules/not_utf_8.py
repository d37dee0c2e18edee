"""Files are UTF-8."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, SPEC, Example, component

RULE = Rule(
    code="IG111",
    name="not-utf-8",
    what="A spec file with bytes that are not UTF-8.",
    why=(
        "Read in another encoding its text would change from machine to machine, and with it the "
        "output."
    ),
    bad=Example(
        {SPEC: SOUND.replace("Norms", "Norm\xe9s").encode("latin-1")}, component(SOUND).aside
    ),
    good=Example(
        {SPEC: SOUND.replace("Norms", "Norm\xe9s").encode("utf-8")}, component(SOUND).aside
    ),
)
