"""Flow collections: what stands in brackets, over as many lines as it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from igla_gen.syntax.cursor import BLANK_OR_END, MARKER, MAX_DEPTH, SPECIAL, Terminal
from igla_gen.syntax.scalars import ScalarScanner
from igla_gen.syntax.tree import Scalar

# a plain scalar ends as elsewhere, and before brackets and commas
_FLOW_TEXT = re.compile(r"[^:#,\[\]{}]*+(?:(?::(?![ \t,\[\]{}]|\Z)|(?<![ \t])#)[^:#,\[\]{}]*+)*+")
_FLOW_COLON = re.compile(r"[ \t]*+:")
_AFTER_FLOW_QUOTE = re.compile(r"[ \t]*+(?:\Z|[#,:\]}])")
_BRACKETS = {"{": "LBRACE", "}": "RBRACE", "[": "LBRACKET", "]": "RBRACKET"}
_CLOSING = {"{": "}", "[": "]"}


@dataclass(slots=True)
class _Bracket:
    """One open bracket of a flow collection, and the keys in it so far."""

    char: str
    row: int
    column: int
    keys: dict[str, int] = field(default_factory=dict)


class FlowScanner(ScalarScanner):
    """Reads the flow collection that begins where the cursor stands.

    `flow_is_sound` says whether its terminals follow the grammar; it is asked only where a
    bracket may have swallowed the keys that follow it.
    """

    def __init__(
        self, text: str, file: str, flow_is_sound: Callable[[list[Terminal]], bool]
    ) -> None:
        super().__init__(text, file)
        self._flow_is_sound = flow_is_sound
        self._brackets_close = True  # until one is known not to
        self._doubtful = False  # a collection went past what looks like a key of a block

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
        if MARKER.match(self._lines[row]):
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
            if line[column] in SPECIAL:
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
        if char in "-?" and after not in BLANK_OR_END and (char == "-" or after not in ",[]{}"):
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
                ends = rest[0] in ",[]{}#" or (rest[0] == ":" and rest[1:2] in BLANK_OR_END)
                return -1 if ends else row
        return -1

    def _unique(self, key: Scalar, keys: dict[str, int]) -> None:
        if key.text not in keys:
            keys[key.text] = key.span.line
            return
        text = key.text if len(key.text) <= 60 else key.text[:60] + "..."
        self._report(
            "IG109", "duplicate-key", f"the key {text!r} stands twice in one mapping",
            key.span, f"it is already on line {keys[key.text]}; keep one of them",
        )  # fmt: skip

    def _refuse_complex_key(self, column: int) -> None:
        self._fault(
            "IG104", "unsupported-syntax", "a complex key", column, column + 1,
            "a key is one scalar; write 'key: value', and quotes around what begins with '?'",
        )  # fmt: skip
