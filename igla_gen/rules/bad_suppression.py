"""A comment for igla-gen is one that it can read."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import SOUND, component

RULE = Rule(
    code="IG505",
    name="bad-suppression",
    what=(
        "A comment that begins with `# igla:` and is not of the form `# igla: allow NAME-OR-CODE, "
        "... -- reason`."
    ),
    why="It was written to have an effect and has none.",
    bad=component(SOUND.replace("1e-6)\n", "1e-6)  # igla: ignore trivial-law\n")),
    good=component(SOUND),
)
