"""The located tree: every node knows its file, line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from igla_gen.diagnostics import Diagnostic, Span

Style = Literal["plain", "single", "double", "block", "empty"]
Plain = str | int | float | bool | None

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
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf: its text, the way it was written, and where.

    `places` gives the (line, column) of each character where that is not simply
    column after column on one line (escapes, several lines).
    """

    text: str
    style: Style
    span: Span
    places: tuple[tuple[int, int], ...] | None = None

    @property
    def value(self) -> Plain:
        if self.style in ("plain", "empty"):
            return resolve_plain(self.text)
        return self.text

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset` of the text."""
        if self.places is None:
            return self.span.line, self.span.column + offset
        if offset < len(self.places):
            return self.places[offset]
        line, column = self.places[-1] if self.places else (self.span.line, self.span.column)
        return line, column + 1

    def part(self, start: int, end: int) -> Span:
        """Span of the characters from `start` to before `end`."""
        line, column = self.place(start)
        end_line, end_column = self.place(max(start, end - 1))
        return Span(self.span.file, line, column, end_line, end_column + 1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key and its value."""

    key: Scalar
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values, in the order of the file; keys are unique."""

    entries: tuple[Entry, ...]
    span: Span

    def get(self, key: str) -> Node | None:
        return next((entry.value for entry in self.entries if entry.key.text == key), None)

    def key(self, key: str) -> Scalar | None:
        return next((entry.key for entry in self.entries if entry.key.text == key), None)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items, in the order of the file."""

    items: tuple[Node, ...]
    span: Span


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment, from its `#` to the end of the line; `alone` when nothing stands before it."""

    text: str
    span: Span
    alone: bool


@dataclass(frozen=True, slots=True)
class Document:
    """What was read of one file: the tree (None when there is none to speak of), and what is wrong."""

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
