"""A curve as lines of text: one column for each value, in eighths of a line."""

from __future__ import annotations

from collections.abc import Sequence

ROWS = 8
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_PLAIN = "    #####"  # where the terminal has no block elements


def draw_curve(values: Sequence[float], *, plain: bool = False) -> list[str]:
    """The values as columns between zero and the largest one; nothing is drawn where none is above zero."""
    top = max(values)
    if not 0 < top < float("inf"):
        return []
    heights = [round(8 * ROWS * max(0.0, value) / top) for value in values]
    labels = [f"{top:g}", *[""] * (ROWS - 2), "0"]
    width = max(map(len, labels))
    eighths = _PLAIN if plain else _EIGHTHS
    lines = []
    for index, label in enumerate(labels):
        below = 8 * (ROWS - 1 - index)
        blocks = "".join(eighths[min(8, max(0, height - below))] for height in heights)
        lines.append(f"    {label:>{width}} |{blocks}".rstrip())
    axis = f"{'0 %':<{len(values) // 2}}50 %".ljust(len(values) - 5) + "100 %"
    return [*lines, f"    {'':>{width}}  {axis}"]
