"""Where the scanner stands in a text, and what it collects: terminals, comments and faults."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from igla_gen.diagnostics import Diagnostic, Fix, Span
from igla_gen.syntax.tree import MAX_DIGITS, Comment, Scalar, Style, is_too_long

MAX_DEPTH = 64
MAX_FAULTS = 200
# a plain scalar ends before ': ' and ' #'
TEXT = re.compile(r"[^:#]*+(?:(?::(?![ \t]|\Z)|(?<![ \t])#)[^:#]*+)*+")
KEY_LINE = re.compile(r"""(?:[\w.\-]+|"[^"]*"|'[^']*')[ \t]*:(?:[ \t]|\Z)|-(?:[ \t]|\Z)""")
MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t]|\Z)")
_BLANKS = re.compile(r"[ \t]*+")
BLANK_OR_END = frozenset(("", " ", "\t"))
SPECIAL = frozenset("&*!|>%@`,]}{[\"'#?:-")  # plain text begins otherwise, or needs a second look
NO_PLAIN = frozenset("&*!|>%@`,]}{[\"'#")


class TooDeepError(ValueError):
    """The document is nested deeper than any spec; the fault is recorded."""


class TooManyFaultsError(ValueError):
    """The document is hardly a spec; the faults found so far are recorded."""


class Terminal:
    """A token for the grammar: its kind, its scalar if it has one, and where it stands."""

    __slots__ = ("node", "span", "type")

    def __init__(self, kind: str, node: Scalar | None, span: Span) -> None:
        self.type = kind  # Lark reads this name
        self.node = node
        self.span = span


@dataclass(slots=True)
class Level:
    """One open block: the column of its keys or dashes, which of the two, and its keys so far."""

    column: int
    is_sequence: bool
    row: int
    keys: dict[str, int] = field(default_factory=dict)
    also: int = -1  # a wrong column that was reported and is now taken for this one


class Cursor:
    """A place in the lines of a document; rows and columns count from zero in here."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.faults: list[Diagnostic] = []
        self.comments: list[Comment] = []
        self._lines = text.split("\n")
        self._row = 0
        self._column = 0
        self._levels: list[Level] = []
        self._out: list[Terminal] = []  # of the line that is being read

    @staticmethod
    def _is_dash(line: str, column: int) -> bool:
        return line[column] == "-" and line[column + 1 : column + 2] in BLANK_OR_END

    @staticmethod
    def _skip_blanks(line: str, column: int) -> int:
        return _BLANKS.match(line, column).end()  # type: ignore[union-attr]

    def _span(self, row: int, column: int, end_row: int, end: int) -> Span:
        return Span(self.file, row + 1, column + 1, end_row + 1, end + 1)

    def _scalar(self, text: str, style: Style, column: int) -> Scalar:
        line = self._row + 1
        return Scalar(text, style, Span(self.file, line, column + 1, line, column + len(text) + 1))

    def _emit(self, scalar: Scalar, kind: str = "SCALAR") -> None:
        span = scalar.span
        if scalar.style == "plain" and len(scalar.text) > MAX_DIGITS and is_too_long(scalar.text):
            self._report(
                "IG117", "number-too-long", f"a number of more than {MAX_DIGITS} digits",
                span, "no quantity needs them; put it in quotes if it is text",
            )  # fmt: skip
        self._out.append(Terminal(kind, scalar, span))

    def _take(self, kind: str) -> None:
        span = self._span(self._row, self._column, self._row, self._column + 1)
        self._out.append(Terminal(kind, None, span))
        self._column += 1

    def _comment(self, column: int) -> None:
        line = self._lines[self._row]
        text = line[column:].rstrip(" \t")
        span = self._span(self._row, column, self._row, column + len(text))
        self.comments.append(Comment(text, span, alone=not line[:column].strip(" \t")))

    def _fault(
        self, code: str, name: str, message: str, start: int, end: int, hint: str,
        fix: Fix | None = None,
    ) -> None:  # fmt: skip
        """Reports the columns from `start` to before `end` of the line that is being read."""
        self._report(code, name, message, self._span(self._row, start, self._row, end), hint, fix)

    def _report(
        self, code: str, name: str, message: str, span: Span, hint: str, fix: Fix | None = None
    ) -> None:
        self.faults.append(Diagnostic(code, name, message, span, hint, fix=fix))
        if len(self.faults) >= MAX_FAULTS:
            raise TooManyFaultsError

    def _too_deep(self, column: int) -> None:
        self._fault(
            "IG113", "nested-too-deep", f"more than {MAX_DEPTH} levels inside each other",
            column, column + 1, "a spec needs a handful; is a bracket or an indentation wrong?",
        )  # fmt: skip
        raise TooDeepError
