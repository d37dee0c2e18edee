"""One way to write each document: the tree and every comment stay, layout follows from them.

Collections in brackets stand on one line where they fit and hold no comment, else they become lines of
their own. Values keep their spelling, but for single quotes that double quotes can replace. Blank lines
that group are kept, one at a time. Prose is not wrapped anew.
"""

from __future__ import annotations

import re
from collections import deque
from itertools import takewhile

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.frozen import frozen
from igla_gen.syntax.parser import parse_document
from igla_gen.syntax.quoting import double_quoted, may_stand_plain
from igla_gen.syntax.tree import Comment, Document, Entry, Mapping, Node, Scalar, Sequence

WIDTH = 100
_STEP = 2
_Place = tuple[int, int]
_END: _Place = (1 << 60, 0)
_AFTER_HEAD = re.compile(r"[\s:\[{]*")
_AFTER_VALUE = re.compile(r"[\s,\]}]*")
_AFTER_PIPE = re.compile(r"[\s+\-0-9]*")


@frozen
class Formatted:
    """The text as it should be, or None and the faults that keep it from being read."""

    text: str | None
    faults: tuple[Diagnostic, ...] = ()


def format_document(text: str, file: str) -> Formatted:
    """The document in its one layout; a text with faults is left alone."""
    document = parse_document(text, file)
    if document.faults or document.tree is None:
        return Formatted(None, document.faults)
    made = _Layout(document).text()
    again = parse_document(made, file)
    if again.faults or again.tree is None or not _says_the_same(document, again):
        return Formatted(None, (_own_fault(file),))
    return Formatted(made)


def _own_fault(file: str) -> Diagnostic:
    return Diagnostic(
        "IG115",
        "not-formatted",
        "the layout would change what the file says, so it is left alone",
        Span(file, 1, 1, 1, 1),
        "this is a fault of igla-gen; please report it with the file",
    )


def _says_the_same(before: Document, after: Document) -> bool:
    assert before.tree is not None and after.tree is not None
    comments = [[_comment_text(item) for item in doc.comments] for doc in (before, after)]
    return comments[0] == comments[1] and same_tree(before.tree, after.tree)


def same_tree(one: Node, other: Node) -> bool:
    """Whether two trees hold the same keys in the same order, and values of the same type and spelling."""
    match one, other:
        case Scalar(), Scalar():
            return one.text == other.text and type(one.value) is type(other.value)
        case Sequence(), Sequence():
            same_length = len(one.items) == len(other.items)
            return same_length and all(map(same_tree, one.items, other.items))
        case Mapping(), Mapping():
            keys = [[entry.key for entry in node.entries] for node in (one, other)]
            values = [[entry.value for entry in node.entries] for node in (one, other)]
            same_length = len(keys[0]) == len(keys[1])
            return same_length and all(map(same_tree, keys[0] + values[0], keys[1] + values[1]))
    return False


def _comment_text(comment: Comment) -> str:
    """The comment with a space after its `#` where a word follows."""
    return re.sub(r"^#(?=\w)", "# ", comment.text).rstrip()


@frozen
class _Level:
    """One open block: the column where its keys or dashes stood, and the indentation they get."""

    column: int
    indent: int


class _Source:
    """Places in the text that was read, where the tree alone does not tell them."""

    def __init__(self, document: Document) -> None:
        text = document.text.removeprefix("\ufeff")
        self.lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._comment_columns = {item.span.line: item.span.column for item in document.comments}

    def is_blank(self, line: int) -> bool:
        """Whether the line exists and says nothing."""
        return 0 < line <= len(self.lines) and not self.lines[line - 1].strip(" \t")

    def after(self, place: _Place) -> str:
        """The rest of the line from a place on."""
        return self.lines[place[0] - 1][place[1] - 1 :]

    def start(self, node: Node, in_flow: bool) -> _Place:
        """Where a node begins; a block sequence begins at its first dash."""
        if isinstance(node, Sequence) and not in_flow and not is_flow(node):
            return self.dash(node.items[0])
        return node.span.line, node.span.column

    def dash(self, item: Node) -> _Place:
        """Where the dash of an item of a block sequence stands."""
        line, column = self.start(item, False)
        text = self.lines[line - 1][: column - 1]
        while not (text := self._without_comment(line, text).rstrip(" \t")).endswith("-"):
            line -= 1
            text = self.lines[line - 1]
        return line, len(text)

    def _without_comment(self, line: int, text: str) -> str:
        return text[: self._comment_columns.get(line, len(text) + 1) - 1]

    def hangs(self, span: Span) -> bool:
        """Whether each further line stands deeper than the first."""
        lines = [line for line in self.lines[span.line : span.end_line] if line.strip(" \t")]
        return all(len(line) - len(line.lstrip(" \t")) >= span.column for line in lines)

    def pieces(self, scalar: Scalar) -> list[str]:
        """The lines of a scalar as they are written, without the spaces around them."""
        span = scalar.span
        lines = self.lines[span.line - 1 : span.end_line]
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return [_without_spaces(line, scalar.style) for line in lines]


def _without_spaces(line: str, style: str) -> str:
    text = line.strip(" \t")
    escapes = len(text) - len(text.rstrip("\\"))
    if style == "double" and escapes % 2 and line.rstrip("\n").endswith((" ", "\t")):
        return line.lstrip(" \t")[: len(text) + 1]  # the space is escaped
    return text


def is_flow(node: Node) -> bool:
    """Whether a collection that is no part of a bracket is written in brackets itself."""
    match node:
        case Mapping():
            return not node.entries or not _starts_with(node.span, node.entries[0].key.span)
        case Sequence():
            return not node.items or not _starts_with(node.span, node.items[0].span)
    return False


def _starts_with(span: Span, first: Span) -> bool:
    return (span.line, span.column) == (first.line, first.column)


def _end(span: Span) -> _Place:
    return span.end_line, span.end_column


class _Layout:
    """Writes the lines of one document, in the order of the file, comments where they were."""

    def __init__(self, document: Document) -> None:
        self._source = _Source(document)
        self._tree = document.tree
        self._comments = deque(document.comments)  # those that are not yet written
        self._levels: list[_Level] = []  # the blocks that the last line stands in, outermost first
        self._out: list[str] = []
        self._in_value = False  # after a `|+` block a blank line would be part of the value

    def text(self) -> str:
        """The whole document."""
        assert self._tree is not None
        if isinstance(self._tree, Scalar) or is_flow(self._tree):
            self._before(self._source.start(self._tree, False), 1, 0)
            self._value(self._tree, "", 0, (self._tree.span.line, 1))
        else:
            self._parts(self._tree, 0, None, in_flow=False)
        self._flush(_END, 0, 0)
        return "\n".join(self._out) + "\n"

    # -- collections ------------------------------------------------------------------------

    def _parts(self, node: Node, indent: int, head: str | None, *, in_flow: bool) -> None:
        """Each entry or item on lines of its own; the first goes on with the line `head`, if given."""
        assert isinstance(node, Mapping | Sequence)
        in_flow = in_flow or is_flow(node)
        for part in node.entries if isinstance(node, Mapping) else node.items:
            start = self._part_start(part, in_flow)
            if head is None and in_flow:
                self._flush_at(start, indent)
            elif head is None:
                self._before(start, start[1], indent)
            elif not in_flow:
                self._enter(start[1], indent)
            self._part(part, " " * indent if head is None else head, indent, start, in_flow)
            head = None
        if in_flow:
            self._flush_at(_end(node.span), indent)

    def _part_start(self, part: Entry | Node, in_flow: bool) -> _Place:
        if isinstance(part, Entry):
            return part.key.span.line, part.key.span.column
        return self._source.start(part, in_flow) if in_flow else self._source.dash(part)

    def _part(
        self, part: Entry | Node, head: str, indent: int, start: _Place, in_flow: bool
    ) -> None:
        if isinstance(part, Entry):
            key = self._inline(part.key, from_flow=in_flow, into_flow=False)
            self._value(part.value, f"{head}{key}:", indent, _end(part.key.span), in_flow)
        else:
            place = start if in_flow else (start[0], start[1] + 1)
            self._value(part, f"{head}-", indent, place, in_flow)

    # -- values -----------------------------------------------------------------------------

    def _value(
        self, node: Node, head: str, indent: int, place: _Place, in_flow: bool = False
    ) -> None:
        """A value after the key or the dash that ends at `place`."""
        if isinstance(node, Scalar) and node.style == "block":
            self._block(node, head, indent)
            return
        if isinstance(node, Scalar) and node.style == "empty":
            self._write(head, place, _AFTER_HEAD)
        elif isinstance(node, Scalar) and not in_flow and node.span.line != node.span.end_line:
            self._leaf(node, self._source.pieces(node), head, indent, place)
        elif (text := self._one_line(node, head, indent, in_flow)) is not None:
            self._leaf(node, [text], head, indent, place)
        else:
            self._below(node, head, indent, place, in_flow)
            return
        if not in_flow and self._levels:
            self._enter(self._levels[-1].column + 1, indent + _STEP)

    def _one_line(self, node: Node, head: str, indent: int, in_flow: bool) -> str | None:
        """The value on one line, or None where it takes more: blocks, and brackets that do not fit."""
        if isinstance(node, Scalar):
            return self._inline(node, from_flow=in_flow, into_flow=False)
        if not in_flow and not is_flow(node):
            return None
        start = self._source.start(node, in_flow)
        comment = self._place_of_next()
        before_end = takewhile(lambda item: _start(item) < _end(node.span), self._comments)
        inside = any(_start(item) > start for item in before_end)
        text = self._inline(node, from_flow=True, into_flow=True)
        room = WIDTH - (indent + _STEP if comment < start else len(head) + 1)
        empty = text in ("[]", "{}")
        return text if empty or (not inside and len(text) <= room) else None

    def _leaf(self, node: Node, lines: list[str], head: str, indent: int, place: _Place) -> None:
        """What needs no lines of keys or dashes: on the line of its head, or on the next one."""
        start = (node.span.line, node.span.column)
        below = hanging = " " * (indent + _STEP)
        joined = f"{head} {lines[0]}" if head else lines[0]
        on_one_line = len(lines) == 1 and len(joined) <= WIDTH
        if self._place_of_next() < start or (start[0] > place[0] and not on_one_line):
            self._write(head, place, _AFTER_HEAD)
            self._flush_at(start, indent + _STEP)
            joined = below + lines[0]
            hanging += " " * _STEP * self._source.hangs(node.span)
        rest = [hanging + line if line else "" for line in lines[1:]]
        self._out += [joined, *rest][:-1]
        self._write([joined, *rest][-1], _end(node.span), _AFTER_VALUE)

    def _below(self, node: Node, head: str, indent: int, place: _Place, in_flow: bool) -> None:
        """A collection as lines of keys or dashes, which begin beside a dash where nothing is between."""
        broken = in_flow or is_flow(node)
        parts = node.entries if isinstance(node, Mapping) else node.items  # type: ignore[union-attr]
        first = self._part_start(parts[0], broken)
        if broken and self._place_of_next() > _end(node.span):
            place = _end(node.span)  # what is said after the bracket is said of all of it
            trailing = self._trailing(place, _AFTER_VALUE) is not None
        else:
            trailing = self._place_of_next() < first
        if head.endswith("-") and not trailing:
            self._parts(node, indent + _STEP, f"{head} ", in_flow=in_flow)
            return
        if head:
            self._write(head, place, _AFTER_VALUE if broken and trailing else _AFTER_HEAD)
        self._parts(node, indent + _STEP if head else 0, None, in_flow=in_flow)

    def _block(self, node: Scalar, head: str, indent: int) -> None:
        """A `|` block, byte for byte; its header follows from what it holds."""
        text = node.text
        lines = text.removesuffix("\n").split("\n") if text else []
        first = next((line for line in lines if line), "")
        header = "|" + (str(_STEP) if first.startswith(" ") else "")
        if text.endswith("\n\n") or (text and not text.strip("\n")):
            header += "+"
        elif text and not text.endswith("\n"):
            header += "-"
        joined = f"{head} {header}" if head else header
        self._write(joined, _end(node.span), _AFTER_PIPE)
        self._out += [" " * (indent + _STEP) + line if line else "" for line in lines]
        self._in_value = header.endswith("+")

    def _inline(self, node: Node, *, from_flow: bool, into_flow: bool) -> str:
        """A node on one line: as it was written, or quoted where it cannot stand there so."""
        match node:
            case Sequence():
                items = (self._inline(item, from_flow=True, into_flow=True) for item in node.items)
                return f"[{', '.join(items)}]"
            case Mapping():
                return f"{{{', '.join(map(self._inline_entry, node.entries))}}}"
        text, several = node.text, node.span.line != node.span.end_line
        if node.style == "single" and not several and not set('"\\') & set(text):
            return f'"{text}"'
        if node.style in ("single", "double"):
            return double_quoted(text) if several else self._source.pieces(node)[0]
        if from_flow and text and not may_stand_plain(text, in_flow=into_flow):
            return double_quoted(text)
        return text

    def _inline_entry(self, entry: Entry) -> str:
        key = self._inline(entry.key, from_flow=True, into_flow=True)
        if isinstance(entry.value, Scalar) and entry.value.style == "empty":
            return key
        return f"{key}: {self._inline(entry.value, from_flow=True, into_flow=True)}"

    # -- lines and comments -----------------------------------------------------------------

    def _write(self, line: str, place: _Place, between: re.Pattern[str]) -> None:
        """One line, with the comment that followed what ends at `place`."""
        comment = self._trailing(place, between)
        if comment is not None:
            self._comments.popleft()
            line = f"{line} {_comment_text(comment)}"
        self._out.append(line)
        self._in_value = False

    def _trailing(self, place: _Place, between: re.Pattern[str]) -> Comment | None:
        """The next comment, where nothing but `between` parts it from `place` on its line."""
        comment = self._comments[0] if self._comments else None
        if comment is None or comment.alone or comment.span.line != place[0]:
            return None
        width = comment.span.column - place[1]
        return comment if between.fullmatch(self._source.after(place)[: max(0, width)]) else None

    def _place_of_next(self) -> _Place:
        return _start(self._comments[0]) if self._comments else _END

    def _before(self, place: _Place, column: int, indent: int) -> None:
        """What stands before a key or dash at `place`: comments, and one blank line of several."""
        self._flush(place, column, indent)
        self._blank_line(place[0])
        self._enter(column, indent)

    def _enter(self, column: int, indent: int) -> None:
        outer = [level for level in self._levels if level.indent < indent]
        self._levels = [*outer, _Level(column, indent)]

    def _flush(self, place: _Place, column: int, indent: int) -> None:
        """Comments before `place`: of the block they were indented to, else of what comes next."""
        deepest = _END[0]
        while self._place_of_next() < place:
            comment = self._comments.popleft()
            own = comment.span.column if comment.alone else _END[0]
            levels = [indent] + [
                level.indent
                for level in self._levels
                if column < own and level.column <= own and indent <= level.indent <= deepest
            ]
            deepest = levels[-1]
            self._blank_line(comment.span.line if comment.alone else 0)
            self._comment_line(comment, deepest)

    def _flush_at(self, place: _Place, indent: int) -> None:
        """Comments before `place`, at a known indentation."""
        while self._place_of_next() < place:
            self._comment_line(self._comments.popleft(), indent)

    def _comment_line(self, comment: Comment, indent: int) -> None:
        self._out.append(" " * indent + _comment_text(comment))
        self._in_value = False

    def _blank_line(self, line: int) -> None:
        if self._out and self._source.is_blank(line - 1) and not self._in_value:
            self._out.append("")


def _start(comment: Comment) -> _Place:
    return comment.span.line, comment.span.column
