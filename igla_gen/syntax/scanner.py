"""The terminals of a `.vibee` document, with indentation turned into INDENT and DEDENT.

Lark's own Indenter counts tabs as spaces and gives dedent errors no position; this scanner
refuses tabs, knows the column of everything, and goes on after a fault so that one run shows all.
Whatever it reads, the terminals it hands out are balanced, and each key and dash of a block has
exactly one value: a slip costs its own line or value and never the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span
from igla_gen.syntax.quoted import closing_quote, find_end, read_quoted
from igla_gen.syntax.tree import MAX_DIGITS, Comment, Run, Scalar, Style, is_too_long

MAX_DEPTH = 64
MAX_FAULTS = 200
# a plain scalar ends before ': ' and ' #'; inside brackets also before brackets and commas
_TEXT = re.compile(r"[^:#]*+(?:(?::(?![ \t]|\Z)|(?<![ \t])#)[^:#]*+)*+")
_FLOW_TEXT = re.compile(r"[^:#,\[\]{}]*+(?:(?::(?![ \t,\[\]{}]|\Z)|(?<![ \t])#)[^:#,\[\]{}]*+)*+")
_BLANKS = re.compile(r"[ \t]*+")
_FLOW_COLON = re.compile(r"[ \t]*+:")
_AFTER_QUOTE = re.compile(r"[ \t]*+(?:\Z|#|:(?:[ \t]|\Z))")
_AFTER_FLOW_QUOTE = re.compile(r"[ \t]*+(?:\Z|[#,:\]}])")
_BLOCK_HEADER = re.compile(r"[|>](?:([+-])([1-9])?|([1-9])([+-])?)?(?:[ \t]*\Z|[ \t]+(?=#))")
_PROPERTY = re.compile(r"[&!][^ \t,\[\]{}]*+[ \t]*+")
_KEY_LINE = re.compile(r"""(?:[\w.\-]+|"[^"]*"|'[^']*')[ \t]*:(?:[ \t]|\Z)|-(?:[ \t]|\Z)""")
_MARKER = re.compile(r"(?:---|\.\.\.)(?:[ \t]|\Z)")
_BRACKETS = {"{": "LBRACE", "}": "RBRACE", "[": "LBRACKET", "]": "RBRACKET"}
_CLOSING = {"{": "}", "[": "]"}
_BLANK_OR_END = frozenset(("", " ", "\t"))
_SPECIAL = frozenset("&*!|>%@`,]}{[\"'#?:-")  # plain text begins otherwise, or needs a second look
_NO_PLAIN = frozenset("&*!|>%@`,]}{[\"'#")
_NO_FLOW_PLAIN = _NO_PLAIN | {"?", ":"}


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


_NOWHERE = Span("", 0, 0, 0, 0)
INDENT = Terminal("_INDENT", None, _NOWHERE)
DEDENT = Terminal("_DEDENT", None, _NOWHERE)


@dataclass(slots=True)
class _Level:
    """One open block: the column of its keys or dashes, which of the two, and its keys so far."""

    column: int
    is_sequence: bool
    keys: dict[str, int] = field(default_factory=dict)
    also: int = -1  # a wrong column that was reported and is now taken for this one


@dataclass(slots=True)
class _Bracket:
    """One open bracket of a flow collection, and the keys in it so far."""

    char: str
    row: int
    column: int
    keys: dict[str, int] = field(default_factory=dict)


class Scanner:
    """Turns one document into terminals; faults and comments are collected on the way.

    `flow_is_sound` says whether the terminals of a flow collection follow the grammar; it is
    asked only where a bracket may have swallowed the keys that follow it. Rows and columns
    count from zero in here.
    """

    def __init__(
        self, text: str, file: str, flow_is_sound: Callable[[list[Terminal]], bool]
    ) -> None:
        self.file = file
        self.faults: list[Diagnostic] = []
        self.comments: list[Comment] = []
        self._flow_is_sound = flow_is_sound
        self._lines = text.split("\n")
        self._row = 0
        self._column = 0
        self._levels: list[_Level] = []
        self._awaited: tuple[int, int] | None = None  # place after a key or dash without a value
        self._out: list[Terminal] = []
        self._brackets_close = True  # until one is known not to
        self._doubtful = False  # a flow collection went past what looks like a key of a block
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

    # -- lines and indentation ------------------------------------------------------------

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
        if _MARKER.match(line) is None:
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
        complex_key = line[start] == "?" and line[start + 1 : start + 2] in _BLANK_OR_END
        if is_dash or complex_key or line[start] in "{[" or self._key_end(line, start) >= 0:
            self._levels.append(_Level(self._column, is_dash))
            return True
        self._fault(
            "IG103", "unexpected-text", "a file begins with a key", start, len(line.rstrip()),
            "a spec is a mapping of keys and values; write 'name: ...' first",
        )  # fmt: skip
        lines = self._lines
        self._row += 1
        while self._row < len(lines) and not _KEY_LINE.match(lines[self._row]):
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
        levels = self._levels
        while len(levels) > 1:
            top, below = levels[-1], levels[-2]
            if column == top.column and (is_dash or not top.is_sequence):
                break
            between = top.column > column > below.column
            near = between and top.column - column <= column - below.column
            if top.column < column or column == top.also or near:
                break
            levels.pop()
            self._out.append(DEDENT)
        top = levels[-1]
        if column != top.column and column != top.also:
            known = sorted({level.column + 1 for level in levels})
            self._fault(
                "IG102", "bad-indentation", "this line is at no open level of indentation",
                column, column + 1,
                f"open levels begin at column {', '.join(map(str, known))}; this is column {column + 1}",
            )  # fmt: skip
            top.also = column

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
        self._levels.append(_Level(column, is_sequence))
        self._out.append(INDENT)
        if len(self._levels) > MAX_DEPTH:
            self._too_deep(column)

    def _too_deep(self, column: int) -> None:
        self._fault(
            "IG113", "nested-too-deep", f"more than {MAX_DEPTH} levels inside each other",
            column, column + 1, "a spec needs a handful; is a bracket or an indentation wrong?",
        )  # fmt: skip
        raise TooDeepError

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

    # -- one line -------------------------------------------------------------------------

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
        if char not in _SPECIAL:
            end = _TEXT.match(line, column).end()  # type: ignore[union-attr]
            return end if end < len(line) and line[end] == ":" else -1
        if char in "\"'":
            end = closing_quote(line, column + 1, char)
            if end < 0:
                return -1
            end = self._skip_blanks(line, end + 1)
        elif char in _NO_PLAIN or line[column + 1 : column + 2] in _BLANK_OR_END:
            return -1
        else:
            end = _TEXT.match(line, column).end()  # type: ignore[union-attr]
        found = line[end : end + 1] == ":" and line[end + 1 : end + 2] in _BLANK_OR_END
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

    def _unique(self, key: Scalar, keys: dict[str, int]) -> None:
        if key.text not in keys:
            keys[key.text] = key.span.line
            return
        text = key.text if len(key.text) <= 60 else key.text[:60] + "..."
        self._report(
            "IG109", "duplicate-key", f"the key {text!r} stands twice in one mapping",
            key.span, f"it is already on line {keys[key.text]}; keep one of them",
        )  # fmt: skip

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
        if char == "?" and line[column + 1 : column + 2] in _BLANK_OR_END:
            self._complex_key = True
            self._refuse_complex_key(column)
        elif char == "*":
            self._refuse_alias(line, column)
        elif not (complex_key and char == ":"):
            scalar = self._scalar(line[column:end], "plain", column)
            self._out.append(Terminal("SCALAR", scalar, scalar.span))
        self._skip_deeper(self._levels[-1].column)

    def _refuse_complex_key(self, column: int) -> None:
        self._fault(
            "IG104", "unsupported-syntax", "a complex key", column, column + 1,
            "a key is one scalar; write 'key: value', and quotes around what begins with '?'",
        )  # fmt: skip

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

    def _skip_properties(self, line: str, column: int) -> int:
        """Reports anchors and tags; returns where the node itself begins."""
        while (match := _PROPERTY.match(line, column)) is not None:
            what = "an anchor" if line[column] == "&" else "a tag"
            self._fault(
                "IG104", "unsupported-syntax", f"{what} is not part of the language",
                column, column + len(match[0].rstrip(" \t")),
                "remove it, or put the value in quotes if it begins with it",
            )  # fmt: skip
            column = match.end()
        return column

    def _refuse_alias(self, line: str, column: int) -> None:
        end = column + len(re.match(r"[^ \t,\[\]{}]*", line[column : column + 80])[0])  # type: ignore[index]
        self._fault(
            "IG104", "unsupported-syntax", "an alias is not part of the language", column, end,
            "write the value out, or put it in quotes if it begins with '*'",
        )  # fmt: skip

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

    # -- plain scalars --------------------------------------------------------------------

    def _plain(self, line: str, column: int) -> None:
        """A plain scalar, with the deeper lines that go on with it."""
        if line[column] in _SPECIAL:
            self._refuse_start(line, column)
        end = self._plain_end(line, column)
        text = line[column:end].rstrip(" \t")
        row = self._row
        below = self._goes_on(row) if end == len(line) else -1
        if below < 0:
            self._column = end
            self._emit(self._scalar(text, "plain", column))
            return
        runs: list[Run] = [(0, row + 1, column + 1)]
        parts, length = [text], len(text)
        while below >= 0:
            joint = "\n" * (below - self._row - 1) or " "
            line, self._row = self._lines[below], below
            start = self._skip_blanks(line, 0)
            end = self._plain_end(line, start)
            text = line[start:end].rstrip(" \t")
            length += len(joint)
            runs.append((length, below + 1, start + 1))
            parts += (joint, text)
            length += len(text)
            below = self._goes_on(below) if end == len(line) else -1
        self._column = end
        span = self._span(row, column, self._row, start + len(text))
        self._emit(Scalar("".join(parts), "plain", span, tuple(runs)))

    def _plain_end(self, line: str, column: int) -> int:
        end = _TEXT.match(line, column).end()  # type: ignore[union-attr]
        if end < len(line) and line[end] == ":":
            self._fault(
                "IG105", "colon-in-plain-value", "a plain value cannot contain ': '",
                end, end + 1, "put the value in quotes, or indent this key to the level of its mapping",
            )  # fmt: skip
            return len(line)
        return end

    def _goes_on(self, row: int) -> int:
        """Row of the line that goes on with the plain scalar of this row, or -1."""
        lines, parent = self._lines, self._levels[-1].column
        row += 1
        while row < len(lines):
            line = lines[row]
            rest = line.lstrip(" ")
            indent = len(line) - len(rest)
            if rest and rest.lstrip("\t "):
                begin = rest.lstrip("\t ")
                if indent <= parent or begin[0] == "#":
                    return -1
                if _KEY_LINE.match(begin) and begin[0] != "-":
                    self._too_deep_key(row, len(line) - len(begin))
                    return -1
                return row
            row += 1
        return -1

    def _too_deep_key(self, row: int, column: int) -> None:
        """A key that is deeper than its mapping, under a value that is complete."""
        self._report(
            "IG102", "bad-indentation", "this key is indented deeper than the keys of its mapping",
            self._span(row, column, row, column + 1),
            "indent it as they are; or quote the value above, if this line belongs to it",
        )  # fmt: skip
        self._levels[-1].also = column

    def _refuse_start(self, line: str, column: int) -> None:
        """Reports a value that begins as no plain scalar can."""
        char = line[column]
        if char in "?:-":
            if line[column + 1 : column + 2] not in _BLANK_OR_END:
                return
            if char == "-":
                what, hint = (
                    "a list item cannot stand behind its key",
                    "begin the list on the next line",
                )
            else:
                what, hint = f"a value cannot begin with '{char} '", "put the value in quotes"
        elif char == "*":
            self._refuse_alias(line, column)
            return
        else:
            what, hint = f"a value cannot begin with {char!r}", "put the value in quotes"
        self._fault("IG104", "unsupported-syntax", what, column, column + 1, hint)

    # -- quoted scalars -------------------------------------------------------------------

    def _quoted(self, follow: re.Pattern[str]) -> Scalar:
        """The quoted scalar that begins here; `follow` matches what may stand after it."""
        row, column = self._row, self._column
        line = self._lines[row]
        style: Style = "single" if line[column] == "'" else "double"
        end = closing_quote(line, column + 1, line[column])
        if end >= 0:
            text = line[column + 1 : end]
            self._column = end + 1
            if ("'" if style == "single" else "\\") not in text:
                return Scalar(text, style, self._span(row, column, row, end + 1))
            return self._folded_quoted(style, row, column, row, end)
        place = find_end(self._lines, row, column)
        if place is None or (
            self._swallows_keys(row, place[0]) and not self._followed(place, follow)
        ):
            self._fault(
                "IG106", "unclosed-quote", f"the {line[column]} that opens here is never closed",
                column, column + 1, f"close it with {line[column]} before the value ends",
            )  # fmt: skip
            self._column = len(line)
            return self._scalar(line[column + 1 :].rstrip(" \t"), style, column)
        self._row, self._column = place[0], place[1] + 1
        return self._folded_quoted(style, row, column, *place)

    def _folded_quoted(self, style: Style, row: int, column: int, end_row: int, end: int) -> Scalar:
        read = read_quoted(self._lines, row, column, end_row, end)
        for bad in read.bad:
            hint = "write \\\\ for a backslash, or use single quotes"
            what = f"{bad.text[:2]} is not an escape"
            if bad.reason == "surrogate":
                what, hint = (
                    f"{bad.text} is half a character",
                    "write the character itself, or \\U and its eight digits",
                )
            elif len(bad.text) > 2:
                what = f"{bad.text} is no character"
            span = self._span(bad.row, bad.column, bad.row, bad.column + len(bad.text))
            self._report("IG107", "bad-escape", what, span, hint)
        return Scalar(str(read), style, self._span(row, column, end_row, end + 1), tuple(read.runs))

    def _swallows_keys(self, row: int, end_row: int) -> bool:
        """Whether what looks like a key of a block stands after `row` and no later than `end_row`."""
        return any(self._is_doubtful(here) for here in range(row + 1, end_row + 1))

    def _is_doubtful(self, row: int) -> bool:
        line = self._lines[row]
        indent = len(line) - len(line.lstrip(" "))
        return indent <= self._levels[-1].column and _KEY_LINE.match(line, indent) is not None

    def _followed(self, place: tuple[int, int], follow: re.Pattern[str]) -> bool:
        return follow.match(self._lines[place[0]], place[1] + 1) is not None

    # -- block scalars --------------------------------------------------------------------

    def _block(self) -> None:
        """A `|` block: its header, and the lines below that are deeper than its parent."""
        row, column = self._row, self._column
        line = self._lines[row]
        header = _BLOCK_HEADER.match(line, column)
        if line[column] == ">":
            self._fault(
                "IG104", "unsupported-syntax", "a folded block is not part of the language",
                column, column + 1, "write | to keep the lines, or one line in quotes",
            )  # fmt: skip
        elif header is None:
            self._fault(
                "IG104", "unsupported-syntax", "text after '|'", column, len(line.rstrip()),
                "the block begins on the next line; quote a value that begins with '|'",
            )  # fmt: skip
        chomp = (header[1] or header[4] or "") if header else ""
        digit = (header[2] or header[3]) if header else None
        if header and header.end() < len(line):
            self._comment(header.end())
        parent = self._levels[-1].column
        self._row += 1
        text, runs = self._block_text(parent, parent + int(digit) if digit else None, chomp)
        span = self._span(row, column, row, column + 1)
        scalar = Scalar(text, "block", span, runs)
        self._out.append(Terminal("BLOCK", scalar, span))

    def _block_text(
        self, parent: int, indent: int | None, chomp: str
    ) -> tuple[str, tuple[Run, ...]]:
        lines, first = self._lines, self._row
        last = len(lines) if lines[-1] else len(lines) - 1
        row, deepest = first, (0, 0)
        while row < last:
            line = lines[row]
            spaces = len(line) - len(line.lstrip(" "))
            if spaces < len(line):
                if indent is None:
                    indent = spaces
                    if deepest[0] > spaces > parent:
                        self._report(
                            "IG102", "bad-indentation", "a blank line deeper than the block it begins",
                            self._span(deepest[1], spaces, deepest[1], deepest[0]), "remove its spaces",
                        )  # fmt: skip
                if spaces < indent or spaces <= parent:
                    break
            elif spaces > deepest[0]:
                deepest = (spaces, row)
            row += 1
        self._row = row
        cut = indent or 0 if indent is not None else max(parent + 1, deepest[0])
        parts = [line[cut:] for line in lines[first:row]]
        runs, offset = [], 0
        for index, part in enumerate(parts):
            runs.append((offset, first + index + 1, cut + 1))
            offset += len(part) + 1
        text = "\n".join(parts) + ("\n" if parts and row < len(lines) else "")
        if chomp != "+":
            closed = not chomp and text.endswith("\n") and text.strip("\n")
            text = text.rstrip("\n") + ("\n" if closed else "")
        return text, tuple(runs) or ((0, first, 1),)

    # -- flow collections -----------------------------------------------------------------

    def _flow(self) -> None:
        """The terminals of the flow collection that begins here.

        A bracket that is not closed must not swallow the keys below it; but a flow collection
        may go on at any column. So it is read to its end first, and if it went past what looks
        like a key and is not sound, again and only up to there.
        """
        row, column = self._row, self._column
        mark, faults, comments = len(self._out), len(self.faults), len(self.comments)
        self._doubtful = False
        closed = self._flow_terminals(strict=not self._brackets_close)
        if not self._doubtful:
            return
        if closed and len(self.faults) == faults and self._flow_is_sound(self._out[mark:]):
            return
        self._brackets_close = self._brackets_close and closed
        self._row, self._column = row, column
        del self._out[mark:], self.faults[faults:], self.comments[comments:]
        self._flow_terminals(strict=True)

    def _flow_terminals(self, *, strict: bool) -> bool:
        """Reads to the closing bracket; False if there is none."""
        stack: list[_Bracket] = []
        faults = len(self.faults)
        while True:
            if not self._skip_flow_space(strict):
                if len(self.faults) == faults:
                    self._unclosed(stack[-1])
                self._close_brackets(stack, 0)
                return False
            char = self._lines[self._row][self._column]
            if char in "{[":
                stack.append(_Bracket(char, self._row, self._column))
                if len(self._levels) + len(stack) > MAX_DEPTH:
                    self._too_deep(self._column)
                self._take(_BRACKETS[char])
            elif char in "}]":
                self._close_bracket(stack, char)
                if not stack:
                    return True
            elif char == ",":
                self._take("_COMMA")
            else:
                self._flow_scalar(stack[-1], strict)

    def _close_bracket(self, stack: list[_Bracket], char: str) -> None:
        """Closes the bracket that `char` closes; those inside it were left open."""
        matching = [i for i, bracket in enumerate(stack) if _CLOSING[bracket.char] == char]
        if not matching:
            self._fault(
                "IG103", "unexpected-text", f"{char!r} closes nothing", self._column, self._column + 1,
                f"the open bracket is {stack[-1].char!r}; close it with {_CLOSING[stack[-1].char]!r}",
            )  # fmt: skip
            self._column += 1
            return
        if matching[-1] < len(stack) - 1:
            self._unclosed(stack[-1])
            self._close_brackets(stack, matching[-1] + 1)
        stack.pop()
        self._take(_BRACKETS[char])

    def _close_brackets(self, stack: list[_Bracket], depth: int) -> None:
        while len(stack) > depth:
            kind = _BRACKETS[_CLOSING[stack.pop().char]]
            span = self._span(self._row, self._column, self._row, self._column)
            self._out.append(Terminal(kind, None, span))

    def _unclosed(self, bracket: _Bracket) -> None:
        self._report(
            "IG108", "unclosed-bracket", f"the {bracket.char} that opens here is never closed",
            self._span(bracket.row, bracket.column, bracket.row, bracket.column + 1),
            f"close it with {_CLOSING[bracket.char]}",
        )  # fmt: skip

    def _skip_flow_space(self, strict: bool) -> bool:
        """Moves to the next character inside brackets; False when the brackets never close."""
        while True:
            line = self._lines[self._row]
            self._column = self._skip_blanks(line, self._column)
            if self._column < len(line):
                if line[self._column] != "#":
                    return True
                self._comment(self._column)
            if self._row + 1 == len(self._lines) or not self._may_enter(self._row + 1, strict):
                self._column = len(line)
                return False
            self._row, self._column = self._row + 1, 0

    def _may_enter(self, row: int, strict: bool) -> bool:
        """Whether a flow collection may go on in this row."""
        if _MARKER.match(self._lines[row]):
            return False
        if self._is_doubtful(row):
            self._doubtful = True
            return not strict
        return True

    def _flow_scalar(self, bracket: _Bracket, strict: bool) -> None:
        line, row, column = self._lines[self._row], self._row, self._column
        if line[column] in "\"'":
            scalar = self._quoted(_AFTER_FLOW_QUOTE)
            colon = _FLOW_COLON.match(self._lines[self._row], self._column)
            end = colon.end() if colon else -1
        else:
            if line[column] in _SPECIAL:
                column = self._flow_start(line, column)
                if column < 0:
                    return
            scalar = self._flow_plain(line, column, strict)
            line = self._lines[self._row]
            end = self._column + 1 if line[self._column : self._column + 1] == ":" else -1
        begins = self._out[-1].type in ("LBRACE", "_COMMA")
        if bracket.char == "{" and begins:
            self._unique(scalar, bracket.keys)
        self._emit(scalar, "SCALAR" if end < 0 else "KEY")
        if end >= 0:
            if self._row != row:
                self._report(
                    "IG103", "unexpected-text", "a key stands on one line", scalar.span,
                    "write it on the line of its ':'; is a comma missing above?",
                )  # fmt: skip
            self._column = end

    def _flow_start(self, line: str, column: int) -> int:
        """Where the text of a plain scalar inside brackets begins; -1 if there is none here."""
        char, after = line[column], line[column + 1 : column + 2]
        if char in "&!":
            self._column = self._skip_properties(line, column)
            return -1
        if char == "-" and after not in _BLANK_OR_END:
            return column
        if char == "*":
            self._refuse_alias(line, column)
            return column
        if char == "?":
            self._refuse_complex_key(column)
            self._column = column + 1
            return -1
        what = f"{char!r} cannot stand here"
        hint = "a key comes before ':'; quote a value that begins with it"
        self._fault("IG103", "unexpected-text", what, column, column + 1, hint)
        self._column = column + 1
        return -1

    def _flow_plain(self, line: str, column: int, strict: bool) -> Scalar:
        """A plain scalar inside brackets, with the lines that go on with it."""
        row, runs = self._row, [(0, self._row + 1, column + 1)]
        end = _FLOW_TEXT.match(line, column).end()  # type: ignore[union-attr]
        text = line[column:end].rstrip(" \t")
        parts, length, start = [text], len(text), column
        while end == len(line) and (below := self._flow_goes_on(strict)) >= 0:
            joint = "\n" * (below - self._row - 1) or " "
            line, self._row = self._lines[below], below
            start = self._skip_blanks(line, 0)
            end = _FLOW_TEXT.match(line, start).end()  # type: ignore[union-attr]
            text = line[start:end].rstrip(" \t")
            length += len(joint)
            runs.append((length, below + 1, start + 1))
            parts += (joint, text)
            length += len(text)
        self._column = end
        if len(parts) == 1:
            return self._scalar(text, "plain", column)
        span = self._span(row, column, self._row, start + len(text))
        return Scalar("".join(parts), "plain", span, tuple(runs))

    def _flow_goes_on(self, strict: bool) -> int:
        """Row of the line that goes on with a plain scalar inside brackets, or -1."""
        for row in range(self._row + 1, len(self._lines)):
            if not self._may_enter(row, strict):
                return -1
            rest = self._lines[row].lstrip(" \t")
            if rest:
                ends = rest[0] in ",[]{}#" or (rest[0] == ":" and rest[1:2] in _BLANK_OR_END)
                return -1 if ends else row
        return -1

    # -- small steps ----------------------------------------------------------------------

    @staticmethod
    def _is_dash(line: str, column: int) -> bool:
        return line[column] == "-" and line[column + 1 : column + 2] in _BLANK_OR_END

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
