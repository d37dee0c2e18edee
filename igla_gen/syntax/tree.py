"""The located tree: every node knows its file, line and column."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Literal

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.frozen import frozen

Style = Literal["plain", "single", "double", "block", "empty"]
Plain = str | int | float | bool | None
Run = tuple[
    int, int, int
]  # from this offset of the text on: line and column, character after character

# longer ones are no quantity of any spec, and Python refuses to print them
MAX_DIGITS = 1000
_NUMBER_START = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Plain] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def resolve_plain(text: str) -> Plain:
    """Value of a plain scalar under the YAML 1.2 core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START or is_too_long(text):
        return text
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def is_too_long(text: str) -> bool:
    """Whether a plain scalar is a whole number of more digits than a spec may hold."""
    return len(text) > MAX_DIGITS and _INT.fullmatch(text) is not None


@frozen
class Scalar:
    """A leaf: its text, the way it was written, and where.

    `runs` says where the characters stand when they are not simply one after the other on
    one line (escapes, several lines).
    """

    text: str
    style: Style
    span: Span
    runs: tuple[Run, ...] | None = None

    @property
    def value(self) -> Plain:
        if self.style in ("plain", "empty"):
            return resolve_plain(self.text)
        return self.text

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` of the text."""
        if self.runs is None:
            quote = self.style in ("single", "double")
            return self.span.line, self.span.column + quote + offset
        index = bisect_right(self.runs, offset, key=lambda run: run[0]) - 1
        start, line, column = self.runs[max(0, index)]
        return line, column + offset - start

    def part(self, start: int, end: int) -> Span:
        """Span of the characters from `start` to before `end`."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(start, end - 1))
        return Span(self.span.file, line, column, end_line, end_column + 1)


@frozen
class Entry:
    """One key and its value."""

    key: Scalar
    value: Node


@frozen
class Mapping:
    """Keys and values, in the order of the file; keys are unique."""

    entries: tuple[Entry, ...]
    span: Span

    def get(self, key: str) -> Node | None:
        return next((entry.value for entry in self.entries if entry.key.text == key), None)

    def key(self, key: str) -> Scalar | None:
        return next((entry.key for entry in self.entries if entry.key.text == key), None)


@frozen
class Sequence:
    """Items, in the order of the file."""

    items: tuple[Node, ...]
    span: Span


Node = Scalar | Mapping | Sequence


@frozen
class Comment:
    """One comment, from its `#` to the end of the line; `alone` when nothing stands before it."""

    text: str
    span: Span
    alone: bool


@frozen
class Document:
    """What was read of one file, and what is wrong with it.

    `tree` is None when there is none to speak of. After a fault it holds what could be read
    all the same; a line that belongs nowhere is left out of it.
    """

    file: str
    text: str
    tree: Node | None
    faults: tuple[Diagnostic, ...]
    comments: tuple[Comment, ...] = ()


def plain_data(node: Node) -> object:
    """The tree as dicts, lists and scalars, as a YAML loader would give it."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain_data(item) for item in node.items]
        case Mapping():
            return {entry.key.value: plain_data(entry.value) for entry in node.entries}


def lookup(node: Node, path: tuple[str | int, ...]) -> Span:
    """Span of the node at `path`, or of its nearest ancestor that exists.

    A mapping entry is shown by its key when it holds more than a scalar, because a
    caret under a whole block says nothing.
    """
    span = node.span
    for step in path:
        match node:
            case Mapping() if isinstance(step, str) and (child := node.get(step)) is not None:
                key = node.key(step)
                assert key is not None
                span = child.span if isinstance(child, Scalar) and child.text else key.span
                node = child
            case Sequence() if isinstance(step, int) and step < len(node.items):
                node = node.items[step]
                span = _head(node)
            case _:
                continue  # pydantic puts words of its own into paths
    return span


def _head(node: Node) -> Span:
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0].key.span
    return node.span
