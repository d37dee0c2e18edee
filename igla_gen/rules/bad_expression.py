"""An expression can be read."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG202",
    name="bad-expression",
    what=(
        "A law, constraint, formula or constant that does not follow the grammar of expressions."
    ),
    why=(
        "Expressions are evaluated by the compiler and become code; what cannot be read in full "
        "would be neither."
    ),
    bad=component(SOUND.replace(" + 1e-6)\n", " + 1e-6\n")),
    good=component(SOUND),
)
