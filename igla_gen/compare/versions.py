"""Version numbers: which bump was made, and whether it is enough."""

from __future__ import annotations

import re

from igla_gen.compare.changes import BUMPS, Bump

_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")


def bump_made(old: str, new: str) -> Bump | None:
    """The bump from one version to the next; None when they are no versions or it went back."""
    before, after = _VERSION.fullmatch(old), _VERSION.fullmatch(new)
    if before is None or after is None:
        return "none" if old == new else None
    pairs = list(zip(map(int, before.groups()), map(int, after.groups()), strict=True))
    for bump, (a, b) in zip(("major", "minor", "patch"), pairs, strict=True):
        if a != b:
            return bump if b > a else None
    return "none"


def is_enough(asked: Bump, old: str, new: str) -> bool:
    """Whether the version went up by what the changes ask for.

    Before 1.0.0 nothing is promised to stay, so there a minor step is enough for a break.
    """
    made = bump_made(old, new)
    if made is None:
        return asked == "none"
    if asked == "major" and old.startswith("0."):
        asked = "minor"
    return BUMPS.index(made) >= BUMPS.index(asked)
