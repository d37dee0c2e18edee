"""The formatter never changes what a file says."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import NO_EXAMPLE

RULE = Rule(
    code="IG115",
    name="not-formatted",
    what=(
        "A file that `igla-gen fmt` leaves alone, because in its new layout it would be read "
        "differently."
    ),
    why=(
        "This is a fault of igla-gen, which reads each file again before it writes it; please "
        "report it with the file. No file is known that shows it."
    ),
    bad=NO_EXAMPLE,
    good=NO_EXAMPLE,
)
