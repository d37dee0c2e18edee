"""Edits that take a line of a document away and leave the rest, comments included, as it is."""

from __future__ import annotations

import re
from itertools import pairwise

from igla_gen.diagnostics import Edit, Fix, Span
from igla_gen.syntax.formatter import is_flow
from igla_gen.syntax.tree import Entry, Mapping, Node, Scalar, Sequence


def remove_entry(text: str, mapping: Mapping, key: str) -> Fix | None:
    """Takes one key and its value away; None where a comment would go with them."""
    index = next((i for i, entry in enumerate(mapping.entries) if entry.key.text == key), None)
    if index is None:
        return None
    spans = [entry.key.span.to(_end_of_entry(entry)) for entry in mapping.entries]
    plain = all(_ends_where_it_says(entry.value) for entry in mapping.entries[: index + 1])
    return _remove(text, mapping, spans, index, f"delete {key!r}") if plain else None


def remove_item(text: str, sequence: Sequence, index: int) -> Fix | None:
    """Takes one item away; None where a comment would go with it."""
    spans = [item.span for item in sequence.items]
    plain = all(_ends_where_it_says(item) for item in sequence.items[: index + 1])
    return _remove(text, sequence, spans, index, "delete it") if plain else None


def _end_of_entry(entry: Entry) -> Span:
    is_empty = isinstance(entry.value, Scalar) and entry.value.style == "empty"
    return entry.key.span if is_empty else entry.value.span


def _ends_where_it_says(node: Node) -> bool:
    """Whether the span of a node reaches to its end: that of a `|` block is its header alone."""
    match node:
        case Scalar():
            return node.style != "block"
        case Mapping():
            return all(_ends_where_it_says(entry.value) for entry in node.entries)
    return all(map(_ends_where_it_says, node.items))


def _remove(
    text: str, parent: Mapping | Sequence, spans: list[Span], index: int, what: str
) -> Fix | None:
    if len(spans) == 1:
        return None  # the parent would be left empty, which is another thing than not there
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    span = spans[index]
    if is_flow(parent):
        last = index == len(spans) - 1
        taken = _between(spans[index - 1], span) if last else _until(span, spans[index + 1])
    else:
        taken = _whole_lines(lines, span)
    if taken is None or "#" in _text_at(lines, taken):
        return None
    return Fix(what, (Edit(taken, ""),), "safe")


def _between(before: Span, last: Span) -> Span:
    """From the end of one part to the end of the next: its comma and itself."""
    return Span(last.file, before.end_line, before.end_column, last.end_line, last.end_column)


def _until(span: Span, following: Span) -> Span:
    """From the start of one part to the start of the next."""
    return Span(span.file, span.line, span.column, following.line, following.column)


def _whole_lines(lines: list[str], span: Span) -> Span | None:
    """The lines of a part of a block, where nothing else stands on them nor is said about them."""
    before = lines[span.line - 1][: span.column - 1]
    after = lines[span.end_line - 1][span.end_column - 1 :]
    above = lines[span.line - 2].lstrip(" ") if span.line > 1 else ""
    if not re.fullmatch(r" *(- +)?", before) or after.strip(" :") or above.startswith("#"):
        return None
    return Span(span.file, span.line, 1, span.end_line + 1, 1)


def _text_at(lines: list[str], span: Span) -> str:
    taken = lines[span.line - 1 : span.end_line]
    if len(taken) == span.end_line - span.line + 1:
        taken[-1] = taken[-1][: span.end_column - 1]
    taken[0] = taken[0][span.column - 1 :]
    return "\n".join(taken)


def reorder_entries(text: str, mapping: Mapping, order: list[str]) -> Fix | None:
    """Puts the entries of a mapping in an order; None where comments between them would stay behind."""
    spans = {e.key.text: e.key.span.to(_true_end(e.value, e.key.span)) for e in mapping.entries}
    return _reorder(text, [spans[e.key.text] for e in mapping.entries], [spans[k] for k in order])


def reorder_items(text: str, sequence: Sequence, order: list[int]) -> Fix | None:
    """The same for the items of a list, by their numbers."""
    spans = [item.span.to(_true_end(item, item.span)) for item in sequence.items]
    return _reorder(text, spans, [spans[index] for index in order])


def _reorder(text: str, before: list[Span], after: list[Span]) -> Fix | None:
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    gaps = [_between(one, other) for one, other in pairwise(before)]
    starts = [
        Span(gap.file, gap.line, gap.column, other.line, other.column)
        for gap, other in zip(gaps, before[1:], strict=True)
    ]
    if any("#" in _text_at(lines, gap) for gap in starts):
        return None
    edits = tuple(
        Edit(old, _text_at(lines, new))
        for old, new in zip(before, after, strict=True)
        if old != new
    )
    return Fix("put them in order", edits, "safe")


def _true_end(node: Node, key: Span) -> Span:
    """A span that ends where the node ends, `|` blocks included."""
    match node:
        case Mapping() if node.entries and not is_flow(node):
            last = node.entries[-1]
            return _true_end(last.value, last.key.span)
        case Sequence() if node.items and not is_flow(node):
            return _true_end(node.items[-1], key)
        case Scalar() if node.style == "empty":
            return key
        case Scalar() if node.style == "block" and node.text.strip():
            line, column = node.place(len(node.text.rstrip()) - 1)
            return Span(key.file, line, column + 1, line, column + 1)
    return node.span
