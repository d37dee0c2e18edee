"""Keys that nobody reads."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG514",
    name="ancestor-key",
    what=(
        "Keys of a spec in the form of the ancestor that have no meaning here, such as "
        "`pas_analysis`. Reported once for each file, by name."
    ),
    why=(
        "A line that changes nothing misleads whoever reads the spec. The import keeps such "
        "keys below `notes`, which stand in the docstring of the module."
    ),
    bad=old(OLD_SPEC + "pas_analysis: {pattern: D&C}\n"),
    good=component(SOUND),
    severity="warning",
)
