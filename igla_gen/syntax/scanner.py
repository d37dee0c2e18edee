"""The terminals of a `.vibee` document, with indentation turned into INDENT and DEDENT.

Lark's own Indenter counts tabs as spaces and gives dedent errors no position; this scanner
refuses tabs, knows the column of everything, and goes on after a fault so that one run shows all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.syntax.tree import Comment, Scalar

_PLAIN_END = re.compile(r":(?=[ \t]|$)|[ \t]#|$", re.MULTILINE)
_FLOW_END = re.compile(r":(?=[ \t,\[\]{}]|$)|[ \t]#|[,\[\]{}]|$", re.MULTILINE)
MAX_DEPTH = 64
_INDICATORS = "&*!|>%@`"
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}
_BRACKETS = {"{": "LBRACE", "}": "RBRACE", "[": "LBRACKET", "]": "RBRACKET", ",": "COMMA"}


class TooDeepError(ValueError):
    """The document is nested deeper than any spec; the fault is recorded."""


class NodeToken(Token):
    """A Lark token that carries the scalar it was read from."""

    node: Scalar


@dataclass(slots=True)
class _Level:
    """One open block: the column of its keys or dashes, and which of the two."""

    column: int
    is_sequence: bool


class Scanner:
    """Turns one document into tokens; faults and comments are collected on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.faults: list[Diagnostic] = []
        self.comments: list[Comment] = []
        self._position = 0
        self._line = 1
        self._line_start = 0
        self._levels: list[_Level] = []
        self._after_key = False  # the last line ended with `key:` and no value
        self._tab_refused = False  # one fault a line: a tab also puts its line at no level

    def tokens(self) -> Iterator[Token]:
        """All tokens of the document, closed by the DEDENTs that are still open."""
        while self._next_line():
            yield from self._indentation()
            yield from self._line_content()
        while len(self._levels) > 1:
            self._levels.pop()
            yield self._token("DEDENT", "")

    # -- lines and indentation ------------------------------------------------------------

    def _next_line(self) -> bool:
        """Moves to the first character of the next line that says something."""
        while self._position < len(self.text):
            self._refuse_tab()
            self._skip_spaces()
            char = self._peek()
            if char == "#":
                self._skip_comment()
            if self._peek() not in ("\n", ""):
                if not self._is_marker():
                    return True
                self._fault_here("a document marker", "one document a file; remove the marker", 3)
                self._position = self._end_of_line()
            self._newline()
        return False

    def _is_marker(self) -> bool:
        at_start = self._position == self._line_start
        return at_start and re.match(r"(---|\.\.\.)\s*$", self._rest_of_line()) is not None

    def _refuse_tab(self) -> None:
        match = re.compile(r" *\t[ \t]*").match(self.text, self._position)
        if match is None:
            return
        following = self.text[match.end() : match.end() + 1]
        if following not in ("\n", "", "#"):
            self._tab_refused = True
            tab = self.text.index("\t", self._position)
            self._fault(
                "IG101", "tab-in-indentation", "a tab in the indentation",
                tab, tab + 1, "indent with spaces; a tab has no fixed width",
            )  # fmt: skip
        self._position = match.end()

    def _indentation(self) -> Iterator[Token]:
        column = self._column()
        is_dash = self._at_dash()
        after_key, self._after_key = self._after_key, False
        if not self._levels:
            self._levels.append(_Level(column, is_dash))
            return
        top = self._levels[-1]
        indentless = is_dash and column == top.column and not top.is_sequence
        if after_key and (column > top.column or indentless):
            self._open(_Level(column, is_dash))
            yield self._token("INDENT", "")
            return
        yield from self._close_levels(column, is_dash)

    def _close_levels(self, column: int, is_dash: bool) -> Iterator[Token]:
        def deeper(level: _Level) -> bool:
            ends_indentless = level.column == column and level.is_sequence and not is_dash
            return level.column > column or ends_indentless

        while len(self._levels) > 1 and deeper(self._levels[-1]):
            self._levels.pop()
            yield self._token("DEDENT", "")
        tab_refused, self._tab_refused = self._tab_refused, False
        if self._levels[-1].column != column and not tab_refused:
            known = sorted({level.column for level in self._levels})
            self._fault(
                "IG102", "bad-indentation", "this line is at no open level of indentation",
                self._position, self._position + 1,
                f"open levels begin at column {', '.join(map(str, known))}; this is column {column}",
            )  # fmt: skip

    def _open(self, level: _Level) -> None:
        self._levels.append(level)
        self._refuse_depth(len(self._levels))

    def _refuse_depth(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            start = self._position
            self._fault(
                "IG113", "nested-too-deep", f"more than {MAX_DEPTH} levels inside each other",
                start, start + 1, "a spec needs a handful; is a bracket or an indentation wrong?",
            )  # fmt: skip
            raise TooDeepError

    # -- one line -------------------------------------------------------------------------

    def _line_content(self) -> Iterator[Token]:
        while self._at_dash():
            yield self._take("DASH", 1)
            self._skip_spaces()
            if self._at_line_end():
                self._after_key = True
                yield self._end_line()
                return
            if self._at_dash() or self._key_ahead() is not None:
                self._open(_Level(self._column(), self._at_dash()))
                yield self._token("INDENT", "")
        key = self._key_ahead()
        if key is not None:
            yield self._key(*key)
            yield self._take("COLON", 1)
            self._skip_spaces()
        if self._at_line_end():
            self._after_key = True
            yield self._end_line()
            return
        yield from self._value()

    def _value(self) -> Iterator[Token]:
        if self._peek() == "|":
            yield self._block_scalar()
            return
        if self._peek() in "{[":
            yield from self._flow()
        else:
            yield self._scalar_token("SCALAR", self._inline_scalar())
        self._skip_spaces()
        if not self._at_line_end():
            start = self._position
            self._fault(
                "IG103", "unexpected-text", "text that does not belong to the value before it",
                start, self._end_of_line(), "quote the whole value, or begin a new line",
            )  # fmt: skip
            self._position = self._end_of_line()
        yield self._end_line()

    def _end_line(self) -> Token:
        self._skip_comment()
        token = self._token("NEWLINE", "\n")
        self._newline()
        return token

    def _key_ahead(self) -> tuple[Scalar, int] | None:
        """The key at this place and the offset of its colon, or None if there is no key."""
        start, char = self._position, self._peek()
        if char in "\"'":
            saved = (self._position, self._line, self._line_start, list(self.faults))
            scalar = self._quoted(char, multiline=False)
            after = self._position
            self._position, self._line, self._line_start, self.faults = saved
            match = re.compile(r" *:(?=\s|$)", re.MULTILINE).match(self.text, after)
            return (scalar, match.end() - 1) if match else None
        if char in "{[#|>&*!%@`,]}" or self._at_dash():
            return None
        match = _PLAIN_END.search(self.text, start)
        if match is None or not match.group().startswith(":"):
            return None
        return self._plain(start, match.start()), match.start()

    def _key(self, scalar: Scalar, colon: int) -> Token:
        token = self._scalar_token("KEY", scalar)
        self._position = colon
        return token

    # -- scalars --------------------------------------------------------------------------

    def _inline_scalar(self) -> Scalar:
        char = self._peek()
        if char in "\"'":
            return self._quoted(char, multiline=True)
        if char in _INDICATORS:
            self._fault(
                "IG104", "unsupported-syntax", f"a value cannot begin with {char!r}",
                self._position, self._position + 1,
                "put the value in quotes; anchors, tags and folded blocks are not part of the language",
            )  # fmt: skip
        return self._plain_lines()

    def _plain_lines(self) -> Scalar:
        """A plain scalar, with the more indented lines that go on with it."""
        parent = self._levels[-1].column if self._levels else 0
        pieces = [self._plain_piece()]
        breaks: list[int] = []
        while True:
            saved = (self._position, self._line, self._line_start)
            blank = self._skip_to_continuation(parent)
            if blank is None:
                self._position, self._line, self._line_start = saved
                break
            breaks.append(blank)
            pieces.append(self._plain_piece())
        return self._fold(pieces, breaks)

    def _skip_to_continuation(self, parent: int) -> int | None:
        """Moves to a line that goes on with a plain scalar; returns the blank lines passed."""
        self._skip_spaces()
        blank = -1
        while self._peek() == "\n":
            self._newline()
            self._skip_spaces()
            blank += 1
        goes_on = blank >= 0 and self._column() > parent and self._peek() not in ("", "#", "\t")
        return blank if goes_on else None

    def _plain_piece(self) -> Scalar:
        start = self._position
        match = _PLAIN_END.search(self.text, start)
        assert match is not None
        end = match.start()
        if match.group().startswith(":"):
            self._fault(
                "IG105", "colon-in-plain-value", "a plain value cannot contain ': '",
                end, end + 1, "put the value in quotes, or indent this key to the level of its mapping",
            )  # fmt: skip
            end = self._end_of_line()
        self._position = end
        return self._plain(start, end)

    def _plain(self, start: int, end: int) -> Scalar:
        text = self.text[start:end].rstrip(" \t")
        return Scalar(text, "plain", self._span(start, start + len(text)))

    def _fold(self, pieces: list[Scalar], breaks: list[int]) -> Scalar:
        if len(pieces) == 1:
            return pieces[0]
        text, places = "", []
        for index, piece in enumerate(pieces):
            if index:
                joint = "\n" * breaks[index - 1] or " "
                text += joint
                places += [places[-1]] * len(joint)
            text += piece.text
            places += [piece.place(offset) for offset in range(len(piece.text))]
        return Scalar(text, "plain", pieces[0].span.to(pieces[-1].span), tuple(places))

    def _quoted(self, quote: str, *, multiline: bool) -> Scalar:
        start = self._position
        begin = self._here()
        self._position += 1
        chars: list[str] = []
        places: list[tuple[int, int]] = []
        while True:
            char = self._peek()
            if char == "" or (char == "\n" and not multiline):
                self._fault(
                    "IG106", "unclosed-quote", f"the {quote} that opens here is never closed",
                    start, start + 1, f"close it with {quote} before the value ends",
                    at=begin,
                )  # fmt: skip
                break
            if char == quote and not (quote == "'" and self._peek(1) == "'"):
                self._position += 1
                break
            here = (self._line, self._column())
            piece = self._quoted_piece(quote, char, chars)
            chars += piece
            places += [here] * len(piece)
        style = "single" if quote == "'" else "double"
        span = Span(self.file, *begin, self._line, self._column())
        return Scalar("".join(chars), style, span, tuple(places))

    def _quoted_piece(self, quote: str, char: str, chars: list[str]) -> list[str]:
        """The characters that stand at this place of a quoted scalar, moving past them."""
        if char == "\n":
            while chars and chars[-1] in " \t":  # spaces around a line break do not count
                chars[-1] = ""
                chars.remove("")
            return ["\n"] * self._skip_line_breaks() or [" "]
        if quote == "'" and char == "'":
            self._position += 2
            return ["'"]
        if quote == '"' and char == "\\":
            return self._escape()
        self._position += 1
        return [char]

    def _skip_line_breaks(self) -> int:
        """Moves past line breaks and indentation; returns the blank lines between."""
        blank = -1
        while self._peek() == "\n":
            self._newline()
            while self._peek() in (" ", "\t"):
                self._position += 1
            blank += 1
        return blank

    def _escape(self) -> list[str]:
        start, char = self._position, self._peek(1)
        if char == "\n":
            self._position += 1
            self._skip_line_breaks()
            return []
        if char in _ESCAPES:
            self._position += 2
            return [_ESCAPES[char]]
        width = _HEX_ESCAPES.get(char, 0)
        digits = self.text[start + 2 : start + 2 + width]
        if width and re.fullmatch(f"[0-9a-fA-F]{{{width}}}", digits) and int(digits, 16) < 0x110000:
            self._position += 2 + width
            return [chr(int(digits, 16))]
        self._fault(
            "IG107", "bad-escape", f"\\{char} is not an escape",
            start, start + 2, "write \\\\ for a backslash, or use single quotes",
        )  # fmt: skip
        self._position += 2 if char else 1
        return [char]

    def _block_scalar(self) -> Token:
        start, begin = self._position, self._here()
        header = re.compile(r"\|([+-]?)([1-9]?)([+-]?)[ ]*(#.*)?$", re.MULTILINE)
        match = header.match(self.text, start)
        if match is None:
            self._fault(
                "IG104", "unsupported-syntax", "text after '|'",
                start, self._end_of_line(), "the block begins on the next line; quote a value that begins with '|'",
            )  # fmt: skip
        chomp = (match.group(1) or match.group(3)) if match else ""
        parent = self._levels[-1].column if self._levels else 0
        indent = parent - 1 + int(match.group(2)) if match and match.group(2) else None
        if match is not None and match.group(4):
            self._position = match.start(4)
            self._skip_comment()
        self._position = self._end_of_line()
        self._newline()
        scalar = self._block_lines(begin, parent, indent, chomp)
        return self._scalar_token("BLOCK", scalar)

    def _block_lines(
        self, begin: tuple[int, int], parent: int, indent: int | None, chomp: str
    ) -> Scalar:
        parts: list[str] = []
        places: list[tuple[int, int]] = []
        while self._position < len(self.text):
            line = self._rest_of_line()
            spaces = len(line) - len(line.lstrip(" "))
            if line.strip(" "):
                indent = spaces if indent is None else indent
                if spaces < indent or spaces < parent:
                    break
            body = line[indent:] if indent is not None else ""
            parts.append(body)
            places += [(self._line, (indent or 0) + 1 + i) for i in range(len(body) + 1)]
            self._position = self._end_of_line()
            self._newline()
        last = "\n" if self._position == self._line_start else ""
        text = "\n".join(parts) + last if parts else ""
        if chomp != "+":
            closed = chomp == "" and text.endswith("\n") and text.strip("\n")
            text = text.rstrip("\n") + ("\n" if closed else "")
        return Scalar(text, "block", Span(self.file, *begin, begin[0], begin[1] + 1), tuple(places))

    # -- flow collections -----------------------------------------------------------------

    def _flow(self) -> Iterator[Token]:
        open_brackets: list[tuple[str, int, tuple[int, int]]] = []
        parent = self._levels[-1].column if self._levels else 0
        while True:
            if not self._skip_flow_space(parent):
                bracket, offset, place = open_brackets[-1]
                closing = "}" if bracket == "{" else "]"
                self._fault(
                    "IG108", "unclosed-bracket", f"the {bracket} that opens here is never closed",
                    offset, offset + 1, f"close it with {closing}",
                    at=place,
                )  # fmt: skip
                for bracket, _, _ in reversed(open_brackets):
                    yield self._token("RBRACE" if bracket == "{" else "RBRACKET", "")
                return
            char = self._peek()
            if char in "{[":
                open_brackets.append((char, self._position, self._here()))
                self._refuse_depth(len(self._levels) + len(open_brackets))
                yield self._take(_BRACKETS[char], 1)
            elif char in "}]":
                open_brackets.pop()
                yield self._take(_BRACKETS[char], 1)
                if not open_brackets:
                    return
            elif char == ",":
                yield self._take("COMMA", 1)
            else:
                yield from self._flow_scalar()

    def _skip_flow_space(self, parent: int) -> bool:
        """Moves to the next character inside brackets; False when the brackets never close."""
        while True:
            self._skip_spaces()
            if self._peek() == "#":
                self._skip_comment()
            if self._peek() != "\n":
                return self._peek() != ""
            saved = (self._position, self._line, self._line_start)
            self._newline()
            self._skip_spaces()
            looks_like_key = re.match(r"[\w.\-]+:(\s|$)", self._rest_of_line()) is not None
            if self._column() <= parent and looks_like_key:
                self._position, self._line, self._line_start = saved
                return False

    def _flow_scalar(self) -> Iterator[Token]:
        char = self._peek()
        if char in "\"'":
            scalar = self._quoted(char, multiline=True)
            colon = re.compile(r"\s*:").match(self.text, self._position)
        else:
            start = self._position
            match = _FLOW_END.search(self.text, start)
            assert match is not None
            if match.start() == start:
                self._fault(
                    "IG103", "unexpected-text", f"{char!r} cannot stand here",
                    start, start + 1, "a key comes before ':'; quote a value that begins with it",
                )  # fmt: skip
                self._position += 1
                return
            scalar = self._flow_plain(start, match.start())
            colon = re.compile(r":").match(self.text, self._position)
        yield self._scalar_token("KEY" if colon else "SCALAR", scalar)
        if colon:
            self._position = colon.end() - 1
            yield self._take("COLON", 1)

    def _flow_plain(self, start: int, end: int) -> Scalar:
        """A plain scalar inside brackets, with the more indented lines that go on with it."""
        parent = self._levels[-1].column if self._levels else 0
        pieces, breaks = [self._plain(start, end)], []
        self._position = end
        while True:
            saved = (self._position, self._line, self._line_start)
            blank = self._skip_to_continuation(parent)
            if blank is None or self._peek() in ",[]{}:":
                self._position, self._line, self._line_start = saved
                return self._fold(pieces, breaks)
            match = _FLOW_END.search(self.text, self._position)
            assert match is not None
            breaks.append(blank)
            pieces.append(self._plain(self._position, match.start()))
            self._position = match.start()

    # -- small steps ----------------------------------------------------------------------

    def _peek(self, ahead: int = 0) -> str:
        return self.text[self._position + ahead : self._position + ahead + 1]

    def _column(self) -> int:
        return self._position - self._line_start + 1

    def _here(self) -> tuple[int, int]:
        return self._line, self._column()

    def _end_of_line(self) -> int:
        end = self.text.find("\n", self._position)
        return len(self.text) if end < 0 else end

    def _rest_of_line(self) -> str:
        return self.text[self._position : self._end_of_line()]

    def _skip_spaces(self) -> None:
        while self._peek() == " ":
            self._position += 1

    def _skip_comment(self) -> None:
        if self._peek() == "#":
            start, self._position = self._position, self._end_of_line()
            text = self.text[start : self._position].rstrip(" \t")
            alone = not self.text[self._line_start : start].strip(" \t")
            self.comments.append(Comment(text, self._span(start, start + len(text)), alone))

    def _newline(self) -> None:
        if self._peek() == "\n":
            self._position += 1
            self._line += 1
            self._line_start = self._position

    def _at_line_end(self) -> bool:
        return self._peek() in ("\n", "", "#")

    def _at_dash(self) -> bool:
        return self._peek() == "-" and self._peek(1) in (" ", "\n", "")

    def _span(self, start: int, end: int) -> Span:
        column = start - self._line_start + 1
        return Span(self.file, self._line, column, self._line, column + end - start)

    def _token(self, kind: str, text: str) -> Token:
        line, column = self._here()
        return Token(kind, text, self._position, line, column, line, column + len(text))

    def _take(self, kind: str, width: int) -> Token:
        token = self._token(kind, self.text[self._position : self._position + width])
        self._position += width
        return token

    def _scalar_token(self, kind: str, scalar: Scalar) -> NodeToken:
        span = scalar.span
        token = NodeToken(
            kind,
            scalar.text,
            self._position,
            span.line,
            span.column,
            span.end_line,
            span.end_column,
        )
        token.node = scalar
        return token

    def _fault_here(self, what: str, hint: str, width: int) -> None:
        start = self._position
        self._fault("IG104", "unsupported-syntax", what, start, start + width, hint)

    def _fault(
        self,
        code: str,
        name: str,
        message: str,
        start: int,
        end: int,
        hint: str,
        at: tuple[int, int] | None = None,
    ) -> None:
        span = self._span(start, end)
        if at is not None:
            span = Span(self.file, *at, at[0], at[1] + end - start)
        self.faults.append(Diagnostic(code, name, message, span, hint))
