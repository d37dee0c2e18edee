"""Quoted scalars: where they end, what they say, and where each character stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from igla_gen.frozen import frozen
from igla_gen.syntax.tree import Run

_SINGLE = re.compile(r"[^']*+(?:''[^']*+)*+")
_DOUBLE = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+')
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t]|\Z)")


def closing_quote(line: str, column: int, quote: str) -> int:
    """Index of the quote that closes on this line a scalar whose text goes on at `column`, or -1."""
    match = (_SINGLE if quote == "'" else _DOUBLE).match(line, column)
    assert match is not None
    end = match.end()
    return end if line[end : end + 1] == quote else -1


def find_end(lines: list[str], row: int, column: int) -> tuple[int, int] | None:
    """Row and index of the quote that closes the scalar opened at `row` and `column`."""
    quote = lines[row][column]
    start = column + 1
    for here in range(row, len(lines)):
        if here > row and _MARKER.match(lines[here]):
            return None
        end = closing_quote(lines[here], start, quote)
        if end >= 0:
            return here, end
        start = 0
    return None


@frozen
class BadEscape:
    """An escape that is none, and why."""

    row: int
    column: int
    text: str
    reason: Literal["unknown", "surrogate"]


@dataclass(slots=True)
class Text:
    """The text of a quoted scalar, put together piece by piece."""

    quote: str
    runs: list[Run] = field(default_factory=list)
    bad: list[BadEscape] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0

    def __str__(self) -> str:
        return "".join(self._pieces)

    def join(self, text: str) -> None:
        """Appends what stands nowhere: what a line break becomes."""
        self._pieces.append(text)
        self._length += len(text)

    def add(self, row: int, column: int, raw: str) -> None:
        """Appends what stands at this place, with its escapes resolved."""
        self._run(row, column)
        if self.quote == "'":
            self._add_single(row, column, raw)
        elif "\\" in raw:
            self._add_double(row, column, raw)
        else:
            self.join(raw)

    def _run(self, row: int, column: int) -> None:
        self.runs.append((self._length, row + 1, column + 1))

    def _add_single(self, row: int, column: int, raw: str) -> None:
        first, *others = raw.split("''")
        self.join(first)
        column += len(first)
        for piece in others:
            self.join("'")
            column += 2
            self._run(row, column)
            self.join(piece)
            column += len(piece)

    def _add_double(self, row: int, column: int, raw: str) -> None:
        done = 0
        for match in _ESCAPE.finditer(raw):
            self.join(raw[done : match.start()])
            self._run(row, column + match.start())
            self.join(self._escaped(match, row, column))
            done = match.end()
            self._run(row, column + done)
        self.join(raw[done:])

    def _escaped(self, match: re.Match[str], row: int, column: int) -> str:
        digits = match[1] or match[2] or match[3]
        place = column + match.start()
        if digits is None:
            char = _ESCAPES.get(match[4])
            if char is None:
                self.bad.append(BadEscape(row, place, match[0], "unknown"))
                return match[4]
            return char
        code = int(digits, 16)
        if 0xD800 <= code < 0xE000:
            self.bad.append(BadEscape(row, place, match[0], "surrogate"))
            return "\ufffd"
        if code > 0x10FFFF:
            self.bad.append(BadEscape(row, place, match[0], "unknown"))
            return "\ufffd"
        return chr(code)


def read_quoted(lines: list[str], row: int, column: int, end_row: int, end: int) -> Text:
    """What a quoted scalar says that opens at `row`, `column` and whose text ends before `end`.

    Line breaks fold: one becomes a space, further ones stay, and blanks around them go. A
    backslash at the end of a line joins it to the next one.
    """
    quote = lines[row][column]
    text = Text(quote)
    joint, breaks = "", 0
    for here in range(row, end_row + 1):
        start = column + 1 if here == row else 0
        raw = lines[here][start : end if here == end_row else None]
        if here > row:
            stripped = raw.lstrip(" \t")
            start += len(raw) - len(stripped)
            raw = stripped
        if here < end_row:
            raw, joined = _line_part(raw, quote)
            if not raw and not joined and here > row:
                breaks += 1
                continue
        if here > row:
            text.join("\n" * breaks or joint)
            breaks = 0
        text.add(here, start, raw)
        if here < end_row:
            joint = "" if joined else " "
    return text


def _line_part(raw: str, quote: str) -> tuple[str, bool]:
    """The part of a line before its break, and whether a backslash hides the break."""
    kept = raw.rstrip(" \t")
    if quote == "'":
        return kept, False
    backslashes = len(kept) - len(kept.rstrip("\\"))
    if backslashes % 2 == 0:
        return kept, False
    if len(kept) == len(raw):
        return kept[:-1], True
    return kept + raw[len(kept)], False  # an escaped blank
