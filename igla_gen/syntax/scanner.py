"""The terminals of a `.vibee` document, with indentation turned into INDENT and DEDENT.

Lark's own Indenter counts tabs as spaces and gives dedent errors no position; this scanner
refuses tabs, knows the column of everything, and goes on after a fault so that one run shows all.
Whatever it reads, the terminals it hands out are balanced, and each key and dash of a block has
exactly one value: a slip costs its own line or value and never the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from igla_gen.diagnostics import Edit, Fix, Span
from igla_gen.syntax.cursor import (
    BLANK_OR_END,
    KEY_LINE,
    MARKER,
    MAX_DEPTH,
    NO_PLAIN,
    SPECIAL,
    TEXT,
    Level,
    Terminal,
)
from igla_gen.syntax.flow import FlowScanner
from igla_gen.syntax.quoted import closing_quote
from igla_gen.syntax.tree import Scalar

_AFTER_QUOTE = re.compile(r"[ \t]*+(?:\Z|#|:(?:[ \t]|\Z))")
_NOWHERE = Span("", 0, 0, 0, 0)
INDENT = Terminal("_INDENT", None, _NOWHERE)
DEDENT = Terminal("_DEDENT", None, _NOWHERE)


class Scanner(FlowScanner):
    """Turns one document into terminals; faults and comments are collected on the way."""

    def __init__(
        self, text: str, file: str, flow_is_sound: Callable[[list[Terminal]], bool]
    ) -> None:
        super().__init__(text, file, flow_is_sound)
        self._awaited: tuple[int, int] | None = None  # place after a key or dash without a value
        self._complex_key = False  # the line before was refused as one

    def units(self) -> Iterator[list[Terminal]]:
        """The terminals of the document, line by line, closed by the DEDENTs still open."""
        while self._next_line():
            self._line()
            yield self._out
            self._out = []
        self._no_value()
        self._out += [DEDENT] * (len(self._levels) - 1)
        yield self._out

    def _next_line(self) -> bool:
        """Moves to the first character of the next line that says something."""
        lines = self._lines
        for row in range(self._row, len(lines)):
            line = lines[row]
            rest = line.lstrip(" ")
            if not rest:
                continue
            column = len(line) - len(rest)
            if rest[0] == "\t":
                column = self._skip_blanks(line, column)
                if column == len(line):
                    continue
                if line[column] != "#":
                    column = len(line) - len(rest)
            self._row, self._column = row, column
            if line[column] == "#":
                self._comment(column)
            elif column or not self._refuse_marker(line):
                return True
        self._row = len(lines)
        return False

    def _refuse_marker(self, line: str) -> bool:
        """Whether the line is a marker or directive of YAML's; if so it is reported."""
        if line[0] == "%" and not self._levels:
            self._fault(
                "IG104", "unsupported-syntax", "a directive", 0, len(line),
                "a file says what it is by its keys alone; remove the line",
            )  # fmt: skip
            return True
        if MARKER.match(line) is None:
            return False
        fix = None
        if not self._levels and not line[3:].strip(" \t"):
            whole = Span(self.file, self._row + 1, 1, self._row + 2, 1)
            fix = Fix("remove the marker", (Edit(whole, ""),))
        self._fault(
            "IG104", "unsupported-syntax", "a document marker", 0, 3,
            "a file is one document and needs no marker; remove the line", fix=fix,
        )  # fmt: skip
        return True

    def _line(self) -> None:
        """One line, and what belongs to its value below it."""
        line, column = self._lines[self._row], self._column
        if line[column] == "\t":
            self._swallow_tabs()
            return
        start = self._skip_properties(line, column) if line[column] in "&!" else column
        if start == len(line):
            self._row += 1
            return
        is_dash = self._is_dash(line, start)
        if not self._levels and not self._begins(line, start, is_dash):
            return
        if self._awaited is None:
            self._close_levels(column, is_dash)
        elif self._is_value(line, column, start, is_dash):
            return
        self._content(line, start)

    def _begins(self, line: str, start: int, is_dash: bool) -> bool:
        """Opens the outermost level; lines before the first key are reported as one."""
        complex_key = line[start] == "?" and line[start + 1 : start + 2] in BLANK_OR_END
        if is_dash or complex_key or line[start] in "{[" or self._key_end(line, start) >= 0:
            self._levels.append(Level(self._column, is_dash, self._row))
            return True
        self._fault(
            "IG103", "unexpected-text", "a file begins with a key", start, len(line.rstrip()),
            "a spec is a mapping of keys and values; write 'name: ...' first",
        )  # fmt: skip
        lines = self._lines
        self._row += 1
        while self._row < len(lines) and not KEY_LINE.match(lines[self._row]):
            self._row += 1
        return False

    def _is_value(self, line: str, column: int, start: int, is_dash: bool) -> bool:
        """Reads the line if it is the value that a key or dash before it awaits.

        If it holds keys or items a level is opened for them, and they remain to be read.
        """
        top = self._levels[-1]
        indentless = is_dash and column == top.column and not top.is_sequence
        if column == top.column and line[start] in "|>":
            self._fault(
                "IG102", "bad-indentation", "a value at the column of its key", start, start + 1,
                "put it behind the key, or indent it",
            )  # fmt: skip
        elif column <= top.column and not indentless:
            self._no_value()
            self._close_levels(column, is_dash)
            return False
        self._awaited = None
        if is_dash or self._key_end(line, start) >= 0:
            self._open(column, is_dash)
            return False
        self._column = start
        self._value()
        return True

    def _close_levels(self, column: int, is_dash: bool) -> None:
        """Closes the levels that the column of this line ends."""
        levels, row = self._levels, -1
        while len(levels) > 1:
            top, below = levels[-1], levels[-2]
            if column == top.column and (is_dash or not top.is_sequence):
                break
            between = top.column > column > below.column
            near = between and top.column - column <= column - below.column
            if top.column < column or near:
                break
            row = levels.pop().row
            self._out.append(DEDENT)
        top = levels[-1]
        if column != top.column and column != top.also:
            known = sorted({level.column + 1 for level in levels})
            began, near = (top.row if row < 0 else row), self.row_left_of(self._row, column)
            around = f", the one around it on line {top.row + 1}" if column < top.column and top.row != began else ""
            nearest = f", and line {near + 1} is the nearest one further left" if near != began else ""
            self._fault(
                "IG102", "bad-indentation", "this line is at no open level of indentation",
                column, column + 1,
                f"open levels begin at column {', '.join(map(str, known))}; this is column {column + 1}; "
                f"the block above began on line {began + 1}{around}{nearest}",
            )  # fmt: skip
            top.also = column

    def row_left_of(self, row: int, column: int) -> int:
        """The last row above one whose text begins before a column; of a thousand, or the first of all."""
        for above in range(row - 1, max(0, row - 1000), -1):
            begin = self._lines[above].lstrip(" ")
            if begin and begin[0] != "#" and len(self._lines[above]) - len(begin) < column:
                return above
        return 0

    def text_between(self, start: Span, end: Span) -> str:
        """What stands on the line of both from the start of one to before the other."""
        return self._lines[start.line - 1][start.column - 1 : end.column - 1].rstrip(" \t")

    def _swallow_tabs(self) -> None:
        """Reports tabs; the lines from here to the next outermost one stand at no column."""
        lines = self._lines
        while self._row < len(lines):
            line = lines[self._row]
            begin = self._skip_blanks(line, 0)
            tab = line.find("\t", 0, begin)
            if begin == len(line) or line[begin] == "#":
                pass
            elif tab >= 0:
                self._fault(
                    "IG101", "tab-in-indentation", "a tab in the indentation", tab, tab + 1,
                    "indent with spaces; a tab has no fixed width",
                )  # fmt: skip
            elif begin == 0:
                return
            self._row += 1

    def _open(self, column: int, is_sequence: bool) -> None:
        self._levels.append(Level(column, is_sequence, self._row))
        self._out.append(INDENT)
        if len(self._levels) > MAX_DEPTH:
            self._too_deep(column)

    def _await_value(self, place: int, line: str, column: int) -> None:
        """The line ends after a key or dash: its value stands below, or there is none."""
        self._awaited = (self._row, place)
        if column < len(line):
            self._comment(column)
        self._row += 1

    def _no_value(self) -> None:
        """The key or dash before this has no value."""
        if self._awaited is not None:
            (row, column), self._awaited = self._awaited, None
            span = Span(self.file, row + 1, column + 1, row + 1, column + 1)
            self._out.append(Terminal("EMPTY", Scalar("", "empty", span), span))

    def _content(self, line: str, column: int) -> None:
        """Dashes, a key and a value: what a line of a block consists of."""
        while self._is_dash(line, column):
            self._column = column
            self._take("_DASH")
            dash, column = column, self._skip_blanks(line, column + 1)
            if column == len(line) or line[column] == "#":
                self._await_value(dash + 1, line, column)
                return
            if not self._is_dash(line, column) and self._key_end(line, column) < 0:
                self._column = column
                self._value()
                return
            self._refuse_tab(line, dash, column)
            self._open(column, self._is_dash(line, column))
        end = self._key_end(line, column)
        if end < 0:
            self._no_key(line, column)
            return
        self._key(line, column, end)
        self._column = self._skip_blanks(line, end + 1)
        if self._column == len(line) or line[self._column] == "#":
            self._await_value(end + 1, line, self._column)
        else:
            self._value()

    def _refuse_tab(self, line: str, start: int, end: int) -> None:
        tab = line.find("\t", start, end)
        if tab >= 0:
            self._fault(
                "IG101", "tab-in-indentation", "a tab before a nested block", tab, tab + 1,
                "put spaces after the dash; a tab has no fixed width",
            )  # fmt: skip

    def _key_end(self, line: str, column: int) -> int:
        """Index of the colon of the key that begins at `column`, or -1 if there is no key."""
        char = line[column]
        if char not in SPECIAL:
            end = TEXT.match(line, column).end()  # type: ignore[union-attr]
            return end if end < len(line) and line[end] == ":" else -1
        if char in "\"'":
            end = closing_quote(line, column + 1, char)
            if end < 0:
                return -1
            end = self._skip_blanks(line, end + 1)
        elif char in NO_PLAIN or line[column + 1 : column + 2] in BLANK_OR_END:
            return -1
        else:
            end = TEXT.match(line, column).end()  # type: ignore[union-attr]
        found = line[end : end + 1] == ":" and line[end + 1 : end + 2] in BLANK_OR_END
        return end if found else -1

    def _key(self, line: str, column: int, end: int) -> None:
        if line[column] in "\"'":
            self._column = column
            scalar = self._quoted(_AFTER_QUOTE)
        else:
            text = line[column:end].rstrip(" \t")
            scalar = self._scalar(text, "plain", column)
        self._unique(scalar, self._levels[-1].keys)
        self._out.append(Terminal("KEY", scalar, scalar.span))

    def _no_key(self, line: str, column: int) -> None:
        """A line that is neither key nor item; what is deeper below it goes with it."""
        char = line[column]
        if char in "{[" and not self._levels[-1].keys and len(self._levels) == 1:
            self._column = column
            self._flow()
            self._end_line()
            return
        end = len(line.rstrip(" \t"))
        complex_key, self._complex_key = self._complex_key, False
        if char == "?" and line[column + 1 : column + 2] in BLANK_OR_END:
            self._complex_key = True
            self._refuse_complex_key(column)
        elif char == "*":
            self._refuse_alias(line, column)
        elif not (complex_key and char == ":"):
            scalar = self._scalar(line[column:end], "plain", column)
            self._out.append(Terminal("SCALAR", scalar, scalar.span))
        self._skip_deeper(self._levels[-1].column)

    def _skip_deeper(self, column: int) -> None:
        """Moves to the next line that stands at `column` or before it."""
        lines = self._lines
        self._row += 1
        while self._row < len(lines):
            rest = lines[self._row].lstrip(" ")
            if rest and rest[0] != "#" and len(lines[self._row]) - len(rest) <= column:
                return
            self._row += 1

    def _value(self) -> None:
        """The value that begins here, and the rest of its line."""
        line, column = self._lines[self._row], self._column
        if line[column] in "&!":
            place, column = column, self._skip_properties(line, column)
            if column == len(line) or line[column] == "#":
                self._await_value(place, line, column)
                return
            self._column = column
        char = line[column]
        if char in "\"'":
            self._emit(self._quoted(_AFTER_QUOTE))
        elif char in "{[":
            self._flow()
        elif char in "|>":
            self._block()
            return
        else:
            self._plain(line, column)
        self._end_line()

    def _end_line(self) -> None:
        """Leaves a line whose value is read; text that is left over is a fault."""
        line = self._lines[self._row]
        column = self._skip_blanks(line, self._column)
        if column < len(line):
            if line[column] == "#":
                self._comment(column)
            else:
                self._fault(
                    "IG103", "unexpected-text", "text that does not belong to the value before it",
                    column, len(line.rstrip()), "quote the whole value, or begin a new line",
                )  # fmt: skip
        self._row += 1
