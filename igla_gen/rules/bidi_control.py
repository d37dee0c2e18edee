"""What a reader sees is what is there."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG116",
    name="bidi-control",
    what="A character that turns the direction of text (U+202A to U+202E, U+2066 to U+2069), as it is.",
    why=(
        "With it a line is shown otherwise than it is read, so that a reviewer approves of what is "
        "not there. Letters of languages written from right to left need none of them."
    ),
    bad=component(SOUND.replace("Norms of hidden states.", "Norms \u202eof hidden states.")),
    good=component(SOUND.replace("Norms of hidden states.", "Norms \u05d0\u05d1.")),
)
