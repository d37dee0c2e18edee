"""Text of a spec on a terminal: what would play with it is spelled out, and widths are counted in cells."""

from __future__ import annotations

import unicodedata

TAB = 4
# controls, formats (bidi marks among them), surrogates, unassigned and private ones, line and paragraph ends
_SPELLED_OUT = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))
_COMBINING = frozenset(("Mn", "Me"))
CUT = "..."


def visible(text: str) -> str:
    """The text with every character that a terminal would obey, or not show, as an escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _SPELLED_OUT:
        return char
    short = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}.get(char)
    if short is not None:
        return short
    code = ord(char)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def cells(text: str) -> int:
    """How many columns of a terminal the text fills."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def clusters(line: str) -> list[str]:
    """The line as it is shown, in pieces that stand for one character with what combines with it.

    As many pieces as characters: what combines with a character before it is in that one's piece,
    and its own is empty. Tabs are spaces up to the next stop.
    """
    pieces: list[str] = []
    last, at = 0, 0
    for index, char in enumerate(line):
        if unicodedata.category(char) in _COMBINING and index:
            pieces[last] += char
            pieces.append("")
            continue
        shown = " " * (TAB - at % TAB) if char == "\t" else _visible(char)
        pieces.append(shown)
        last, at = index, at + cells(shown)
    return pieces


def excerpt(line: str, start: int, end: int, width: int) -> tuple[str, str]:
    """The line, cut to `width` cells around what is marked, and the carets below it.

    `start` and `end` are offsets; an empty stretch, and one behind the line, has one caret.
    """
    pieces = clusters(line)
    start = min(start, len(pieces))
    end = max(start + 1, min(end, len(pieces)))
    while 0 < start < len(pieces) and not pieces[start]:
        start -= 1
    while end < len(pieces) and not pieces[end]:
        end += 1
    left, right = _window([cells(piece) for piece in pieces], start, end, width)
    before, marked = "".join(pieces[left:start]), "".join(pieces[start : min(end, right)])
    text = before + marked + "".join(pieces[max(start, min(end, right)) : right])
    head, tail = CUT if left else "", CUT if right < len(pieces) else ""
    carets = " " * cells(head + before) + "^" * max(1, cells(marked))
    return head + text + tail, carets


def _window(sizes: list[int], start: int, end: int, width: int) -> tuple[int, int]:
    """First and last piece (exclusive) that are shown, so that the marked ones are among them."""
    if sum(sizes) <= width:
        return 0, len(sizes)
    room = max(width - 2 * len(CUT), 8)
    right, left = start, start
    used = 0
    while right < min(end, len(sizes)) and used + sizes[right] <= room:
        used += sizes[right]
        right += 1
    before = max(
        (room - used) // 2, room - used - sum(sizes[right:])
    )  # all of it at the line's end
    while left > 0 and sizes[left - 1] <= before:
        left -= 1
        before -= sizes[left]
        used += sizes[left]
    while right < len(sizes) and used + sizes[right] <= room:
        used += sizes[right]
        right += 1
    return left, right
