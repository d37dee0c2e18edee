"""Unified differences, cut to what a reader takes in at a glance."""

from __future__ import annotations

import difflib

FIRST_LINES = 10


def unified(name: str, found: str, expected: str) -> str:
    """From what stands on disk to what the specs make."""
    lines = difflib.unified_diff(
        found.splitlines(),
        expected.splitlines(),
        name,
        f"{name} (as the specs make it)",
        lineterm="",
    )
    return "\n".join(lines)


def first_lines(diff: str, count: int = FIRST_LINES) -> str:
    """The first lines after the two of the head, and how many are left out."""
    lines = diff.splitlines()[2:]
    more = len(lines) - count
    rest = [f"... {more} more line{'s' * (more > 1)}: --diff"] if more > 0 else []
    return "\n".join([*lines[:count], *rest])


def indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
