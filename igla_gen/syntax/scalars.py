"""Scalars: plain ones, quoted ones and `|` blocks, with the lines that go on with them."""

from __future__ import annotations

import re

from igla_gen.syntax.cursor import BLANK_OR_END, KEY_LINE, SPECIAL, TEXT, Cursor, Terminal
from igla_gen.syntax.quoted import closing_quote, find_end, read_quoted
from igla_gen.syntax.tree import Run, Scalar, Style

_BLOCK_HEADER = re.compile(r"[|>](?:([+-])([1-9])?|([1-9])([+-])?)?(?:[ \t]*\Z|[ \t]+(?=#))")
_PROPERTY = re.compile(r"[&!][^ \t,\[\]{}]*+[ \t]*+")


class ScalarScanner(Cursor):
    """Reads the scalar that begins where the cursor stands."""

    def _plain(self, line: str, column: int) -> None:
        """A plain scalar, with the deeper lines that go on with it."""
        if line[column] in SPECIAL:
            self._refuse_start(line, column)
        end = self._plain_end(line, column)
        text = line[column:end].rstrip(" \t")
        row = self._row
        below = self._goes_on(row, row) if end == len(line) else -1
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
            end = self._plain_end(line, start, row + 1)
            text = line[start:end].rstrip(" \t")
            length += len(joint)
            runs.append((length, below + 1, start + 1))
            parts += (joint, text)
            length += len(text)
            below = self._goes_on(below, row) if end == len(line) else -1
        self._column = end
        span = self._span(row, column, self._row, start + len(text))
        self._emit(Scalar("".join(parts), "plain", span, tuple(runs)))

    def _plain_end(self, line: str, column: int, began: int | None = None) -> int:
        """Where a plain scalar ends on this line; `began` is the line of its first one, if it is not this."""
        end = TEXT.match(line, column).end()  # type: ignore[union-attr]
        if end < len(line) and line[end] == ":":
            hint = "put the value in quotes, or indent this key to the level of its mapping"
            if began is not None:
                first, last = began + 1, self._row
                above = f", as do line {first} and line {last}" if last > first else ""
                above = f", as does line {first}" if last == first else above
                hint = f"this goes on with the value of line {began}{above}: {hint}"
            self._fault(
                "IG105", "colon-in-plain-value", "a plain value cannot contain ': '",
                end, end + 1, hint,
            )  # fmt: skip
            return len(line)
        return end

    def _goes_on(self, row: int, began: int) -> int:
        """Row of the line that goes on with the plain scalar of this row, which began on another; or -1."""
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
                if KEY_LINE.match(begin) and begin[0] != "-":
                    self._too_deep_key(row, len(line) - len(begin), began)
                    return -1
                return row
            row += 1
        return -1

    def _too_deep_key(self, row: int, column: int, began: int) -> None:
        """A key that is deeper than its mapping, under a value that is complete."""
        self._report(
            "IG102", "bad-indentation", "this key is indented deeper than the keys of its mapping",
            self._span(row, column, row, column + 1),
            f"indent it as they are; or quote the value {self._owner(began)}, if this line belongs to it",
        )  # fmt: skip
        self._levels[-1].also = column

    def _owner(self, began: int) -> str:
        """The line whose value began on this row: the row itself, or that of the key which stands above it."""
        lines = self._lines
        indent = len(lines[began]) - len(lines[began].lstrip(" "))
        if indent <= self._levels[-1].column:
            return f"of line {began + 1}"
        row = began - 1
        while row > 0 and lines[row].lstrip()[:1] in ("", "#"):
            row -= 1
        return f"under line {row + 1} (it begins on line {began + 1})"

    def _refuse_start(self, line: str, column: int) -> None:
        """Reports a value that begins as no plain scalar can."""
        char = line[column]
        if char in "?:-":
            if line[column + 1 : column + 2] not in BLANK_OR_END:
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
        return indent <= self._levels[-1].column and KEY_LINE.match(line, indent) is not None

    def _followed(self, place: tuple[int, int], follow: re.Pattern[str]) -> bool:
        return follow.match(self._lines[place[0]], place[1] + 1) is not None

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
