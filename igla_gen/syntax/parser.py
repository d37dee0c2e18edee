"""Terminals to tree: an LALR parser that goes on after a fault."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from functools import cache

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.syntax.cursor import MAX_FAULTS, Terminal, TooDeepError, TooManyFaultsError
from igla_gen.syntax.lalr import Run, Tables, UnexpectedError
from igla_gen.syntax.quoting import double_quoted
from igla_gen.syntax.repairs import repaired
from igla_gen.syntax.scanner import Scanner
from igla_gen.syntax.tree import Document, Entry, Mapping, Node, Scalar, Sequence

MAX_SIZE = 16 * 1024 * 1024  # characters; a spec has some thousands
_OPENING = ("_INDENT", "LBRACE", "LBRACKET")
_CLOSING = ("_DEDENT", "RBRACE", "RBRACKET")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN = (
    (
        _CONTROLS,
        "IG114",
        "control-character",
        "a control character",
        "remove it, or write its escape in double quotes",
    ),
    (
        _BIDI,
        "IG116",
        "bidi-control",
        "a character that turns the direction of text",
        "remove it; with it a line reads otherwise than it is",
    ),
)
_BLOCK_FAULTS = {
    "SCALAR": (
        "text that is neither 'key: value' nor part of the value above",
        "write 'key: value', or indent it under the key that it belongs to",
    ),
    "KEY": ("a key among the items of a list", "indent it under the item that it belongs to"),
    "_DASH": ("a list item among the keys of a mapping", "a list stands under a key of its own"),
}
_FLOW_FAULTS = {
    "_COMMA": ("nothing stands before this comma", "remove the comma, or write the value"),
    "KEY": ("a key cannot stand here", "is a comma missing before it?"),
    "SCALAR": ("a value cannot stand here", "is a comma missing before it?"),
}
_SUBSCRIPTED = re.compile(r"\b[A-Za-z_]\w*\Z")  # before the [ of dimensions, or of an index
_FLOW_FAULT = ("a bracket cannot stand here", "is a comma or a key missing before it?")


class _Builder:
    """Builds located nodes, each from what its grammar rule holds."""

    def start(self, children: list[Node]) -> Node | None:
        return children[0] if children else None

    flow = start

    def mapping(self, children: list[Terminal | Node]) -> Mapping:
        keys: list[Scalar] = [key.node for key in children[::2]]  # type: ignore[union-attr,misc]
        entries = map(Entry, keys, map(_node, children[1::2]))
        unique = {entry.key.text: entry for entry in entries}  # the last one, as YAML loaders do
        last = _node(children[-1])
        return Mapping(tuple(unique.values()), keys[0].span.to(last.span))

    def sequence(self, children: list[Terminal | Node]) -> Sequence:
        items = tuple(map(_node, children))
        return Sequence(items, items[0].span.to(items[-1].span))

    def flow_entry(self, children: list[Terminal | Node | None]) -> Entry:
        key = children[0]
        assert isinstance(key, Terminal) and key.node is not None
        value = children[1] if len(children) > 1 else None
        return Entry(key.node, _node(value) if value is not None else _empty_after(key))

    def flow_pair(self, children: list[Terminal | Node | None]) -> Mapping:
        entry = self.flow_entry(children)
        return Mapping((entry,), entry.key.span.to(entry.value.span))

    def flow_mapping(self, children: list[Terminal | Entry | None]) -> Mapping:
        entries = {child.key.text: child for child in children if isinstance(child, Entry)}
        return Mapping(tuple(entries.values()), _between(children))

    def flow_sequence(self, children: list[Terminal | Node | None]) -> Sequence:
        items = tuple(_node(child) for child in children[1:-1] if child is not None)
        return Sequence(items, _between(children))


def _node(child: Terminal | Node | object) -> Node:
    return child.node if isinstance(child, Terminal) else child  # type: ignore[return-value]


def _empty_after(key: Terminal) -> Scalar:
    span = key.node.span  # type: ignore[union-attr]
    place = span.end_column + (key.type == "KEY")
    return Scalar("", "empty", Span(span.file, span.end_line, place, span.end_line, place))


def _between(children: list[object]) -> Span:
    first, last = children[0], children[-1]
    assert isinstance(first, Terminal) and isinstance(last, Terminal)
    return first.span.to(last.span)


@cache
def _tables(start: str) -> Tables:
    return Tables("document", start, _Builder())


def _is_sound(terminals: list[Terminal]) -> bool:
    """Whether the terminals are one flow collection."""
    run = Run(_tables("flow"))
    try:
        for terminal in terminals:
            run.feed_token(terminal)
    except UnexpectedError:
        return False
    return True


class _Reader:
    """Feeds the terminals of one document to the grammar, and drops what fits nowhere."""

    def __init__(self, text: str, file: str) -> None:
        self.scanner = Scanner(text, file, _is_sound)
        self._run = Run(_tables("start"))
        self._depth = -1  # of what is being dropped; below zero when nothing is
        self._quiet = False  # the last terminal that came to a line's start was dropped too

    def read(self) -> Node | None:
        """The tree of the document, without what was dropped."""
        for unit in self.scanner.units():
            if self._depth < 0:
                self._feed(unit)
            else:
                self._drop(unit)
        tree: Node | None = self._run.end()
        return tree

    def _recover(self, unit: list[Terminal], index: int) -> None:
        """Reports the terminal at `index` and goes on behind what it begins."""
        opening = self._open_bracket(unit, index)
        if opening is not None:
            message, hint = _FLOW_FAULTS.get(unit[index].type, _FLOW_FAULT)
            if (value := self._cut_value(unit, index)) is not None:
                what = "type" if "Tensor[" in value else "value"
                hint = f"quote the {what}: {double_quoted(value)}"
                self._forget(unit[index].span, value)
            self._report(unit[index], message, hint)
            self._unwind(unit[opening])
            depth = 1 - sum(1 for t in unit[opening:index] if t.type in _CLOSING)
            depth += sum(1 for t in unit[opening + 1 : index] if t.type in _OPENING)
            self._depth = depth
            self._drop(unit[index:])
            return
        kind = unit[index].type
        if not self._quiet:
            message, hint = _BLOCK_FAULTS.get(kind, _BLOCK_FAULTS["SCALAR"])
            span = unit[index].span
            if kind == "SCALAR":
                row = self.scanner.row_left_of(span.line - 1, span.column - 1)
                hint += f"; line {row + 1} is the last one further left" if span.column > 1 else ""
            if kind == "_DASH":
                row = self.scanner.row_left_of(span.line - 1, span.column)
                hint += f"; line {row + 1} is the last before it that stands no further right"
            self._report(unit[index], message, hint)
        self._quiet = True
        self._depth = 0
        self._drop(unit[index + 1 :] if kind in ("KEY", "_DASH") else unit[index:])

    def _cut_value(self, unit: list[Terminal], index: int) -> str | None:
        """The value that the bracket at `index` cuts, as in {x: Tensor[B, D]}: `Tensor[B, D]`."""
        before = unit[index - 1]
        if unit[index].type != "LBRACKET" or before.span.end_column != unit[index].span.column:
            return None
        if before.node is None or not _SUBSCRIPTED.search(before.node.text):  # type: ignore[union-attr]
            return None
        start = index - 1
        while unit[start - 1].type in ("SCALAR", "_COMMA"):
            start -= 1
        if unit[start - 1].type != "KEY":  # of a list, where nothing tells how far it goes back
            start = index - 1
        place, depth = unit[start].span, 0
        for terminal in unit[index:]:
            if terminal.span.line != place.line:
                return None
            text = self.scanner.text_between(place, terminal.span)
            is_end = depth == 0 and terminal.type in ("_COMMA", *_CLOSING)
            if is_end and (terminal.type != "_COMMA" or text.count("<") <= text.count(">")):
                return text
            depth += (terminal.type in _OPENING) - (terminal.type in _CLOSING)
        return None

    def _forget(self, bracket: Span, value: str) -> None:
        """Takes back what was said of the rest of a value that is to be quoted as a whole."""
        end = bracket.column - value.index("[") + len(value)
        faults = self.scanner.faults
        faults[:] = [
            fault
            for fault in faults
            if fault.span.line != bracket.line or not bracket.column <= fault.span.column < end
        ]

    def _drop(self, unit: list[Terminal]) -> None:
        """Passes over one value; what stands after it in the unit is fed."""
        for index, terminal in enumerate(unit):
            if terminal.type in _OPENING:
                self._depth += 1
            elif terminal.type in _CLOSING:
                self._depth -= 1
            if self._depth <= 0:
                self._depth = -1
                self._feed(unit[index + 1 :])
                return

    def _feed(self, unit: list[Terminal]) -> None:
        feed, done = self._run.feed_token, 0
        try:
            for terminal in unit:
                feed(terminal)
                done += 1
            self._quiet = self._quiet and not unit
        except UnexpectedError:
            self._recover(unit, done)

    @staticmethod
    def _open_bracket(unit: list[Terminal], index: int) -> int | None:
        """Index of the outermost bracket that is open at `index`, or None."""
        depth, opening = 0, None
        for place, terminal in enumerate(unit[:index]):
            if terminal.type in ("LBRACE", "LBRACKET"):
                opening = place if depth == 0 else opening
                depth += 1
            elif terminal.type in ("RBRACE", "RBRACKET"):
                depth -= 1
        return opening if depth > 0 else None

    def _unwind(self, opening: Terminal) -> None:
        """Puts an empty value in place of the flow collection that `opening` began."""
        values, states = self._run.value_stack, self._run.state_stack
        place = next(i for i in range(len(values) - 1, -1, -1) if values[i] is opening)
        del values[place:], states[place + 1 :]
        placeholder = Terminal("EMPTY", Scalar("", "empty", opening.span), opening.span)
        with suppress(UnexpectedError):  # where the file itself is the collection
            self._run.feed_token(placeholder)

    def _report(self, terminal: Terminal, message: str, hint: str) -> None:
        faults = self.scanner.faults
        faults.append(Diagnostic("IG103", "unexpected-text", message, terminal.span, hint))
        if len(faults) >= MAX_FAULTS:
            raise TooManyFaultsError


def parse_document(text: str, file: str) -> Document:
    """Reads one document; every fault that was found is in it."""
    plain = text.removeprefix("\ufeff")
    if "\r" in plain:
        plain = plain.replace("\r\n", "\n").replace("\r", "\n")
    if len(plain) > MAX_SIZE:
        return Document(file, text, None, (too_large(file),))
    reader = _Reader(plain, file)
    faults = reader.scanner.faults
    tree = None
    try:
        _refuse_characters(plain, file, faults)
        tree = reader.read()
    except TooDeepError:
        pass
    except TooManyFaultsError:
        faults[-1] = _last(faults[-1])
    if tree is None and not faults:
        faults.append(_says_nothing(file))
    found = repaired(faults, plain.split("\n")) if faults else ()
    return Document(file, text, tree, found, tuple(reader.scanner.comments))


def too_large(file: str) -> Diagnostic:
    """What is said of a file that is no spec by its size alone."""
    message = f"more than {MAX_SIZE // 1024 // 1024} million characters"
    hint = "a spec has some thousands; is this the right file?"
    return Diagnostic("IG112", "unreadable-file", message, Span(file, 1, 1, 1, 1), hint)


def _last(fault: Diagnostic) -> Diagnostic:
    hint = f"{fault.hint}; after {MAX_FAULTS} faults the rest of the file is not read"
    return replace(fault, hint=hint)


def _says_nothing(file: str) -> Diagnostic:
    span, hint = Span(file, 1, 1, 1, 1), "a spec begins with 'name:'"
    return Diagnostic("IG110", "empty-file", "the file says nothing", span, hint)


def _refuse_characters(text: str, file: str, faults: list[Diagnostic]) -> None:
    """Reports characters that a reviewer cannot see, the first of each line."""
    if text.replace("\n", " ").isprintable():  # which none of them is
        return
    for pattern, code, name, what, hint in _UNSEEN:
        if pattern.search(text) is None:
            continue
        for row, line in enumerate(text.split("\n"), 1):
            match = pattern.search(line)
            if match is not None:
                column = match.start() + 1
                span = Span(file, row, column, row, column + 1)
                message = f"{what}, U+{ord(match[0]):04X}"
                faults.append(Diagnostic(code, name, message, span, hint))
                if len(faults) >= MAX_FAULTS:
                    raise TooManyFaultsError
