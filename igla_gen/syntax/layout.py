"""Indentation that a reader takes for structure: the same step everywhere, even edges of blocks.

The parser takes any step; so a line that slipped may still be read, and then say something else, or
nothing. What a file does in most places is taken for its habit, and what differs is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.frozen import frozen
from igla_gen.syntax.tree import Entry, Mapping, Node, Scalar, Sequence

USUAL = {"mapping": 2, "list": 4}  # a list is measured at its items, behind their dashes
# keys whose text is folded, so that no reader would see its indentation
PROSE = frozenset(
    ("description", "given", "when", "then", "raises", "holds", "refuses", "is", "pending")
)


# keys of tables whose values are expressions, and of lists of them
TABLES = frozenset(("where", "constants", "for", "constraints", "requires"))
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")


@frozen
class _Step:
    kind: Literal["mapping", "list"]
    width: int
    span: Span


def uneven_indentation(tree: Node) -> list[Diagnostic]:
    """Blocks that are indented by another step than the others of the file, and ragged prose."""
    steps = list(_steps(tree))
    found = []
    for kind in USUAL:
        own = [step for step in steps if step.kind == kind]
        habit = _habit(own, USUAL[kind])
        dash = 2 if kind == "list" else 0
        found += [
            _fault(
                step.span,
                f"this block is indented by {step.width - dash}, the others here by {habit - dash}",
            )
            for step in own
            if step.width != habit
        ]
    found += [
        _fault(span, "this line is indented, the text above is not")
        if wanted is None
        else _fault(span, f"two spaces for each open bracket are {wanted}, beyond the first line")
        for span, wanted in _ragged(tree)
    ]
    found += [
        _fault(span, "this line goes on with the value above, and begins like an item of its own")
        for span in _swallowed(tree)
    ]
    return found


def _habit(steps: list[_Step], usual: int) -> int:
    if len(steps) == 1:
        return usual  # one block alone is no habit
    counts = Counter(step.width for step in steps)
    return max(counts, key=lambda width: (counts[width], width == usual), default=usual)


def _fault(span: Span, message: str) -> Diagnostic:
    hint = "bring it to the column of what stands beside it"
    return Diagnostic("IG118", "uneven-indentation", message, span, hint, "warning")


def _steps(node: Node) -> Iterator[_Step]:
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield from _step(entry)
            yield from _steps(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _steps(item)


def _step(entry: Entry) -> Iterator[_Step]:
    """From a key to the block below it, where that begins on a line of its own."""
    key, value = entry.key.span, entry.value
    span = value.span
    if isinstance(value, Scalar):
        if value.style != "block" or not value.text.strip():
            return
        line, column = value.place(0)
        span = Span(span.file, line, column, line, column + 1)
    is_list = isinstance(value, Sequence) and not _is_flow(value)
    if isinstance(value, Sequence) and value.items and isinstance(value.items[0], Sequence):
        return  # its span does not say where the outer dash stands
    if span.line > key.end_line and (isinstance(value, Scalar | Mapping) or is_list):
        first = Span(span.file, span.line, span.column, span.line, span.column + 1)
        yield _Step("list" if is_list else "mapping", span.column - key.column, first)


def _is_flow(node: Sequence) -> bool:
    first = node.items[0].span if node.items else None
    start = node.span
    return first is None or (start.line, start.column) != (first.line, first.column)


def _ragged(node: Node, above: str = "") -> Iterator[tuple[Span, int | None]]:
    """Lines of texts that are indented for nothing, and how far they should be where that is not none.

    `above` is the key that the node is under.
    """
    if isinstance(node, Mapping):
        for entry in node.entries:
            is_prose = entry.key.text.lower() in PROSE
            yield from _ragged(entry.value, entry.key.text if is_prose or above not in TABLES else above)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _ragged(item, above)
    elif node.style == "block" and above.lower() in PROSE:
        yield from ((span, None) for span in _ragged_lines(node))
    elif node.style == "block" and above in TABLES:
        yield from _ragged_brackets(node)


def _swallowed(node: Node) -> Iterator[Span]:
    """Lines that a plain value took in although they begin with a dash."""
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield from _swallowed(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _swallowed(item)
    elif node.style == "plain" and node.span.end_line > node.span.line:
        for match in re.finditer(r"(?<=\s)- ", node.text):
            before, here = node.place(match.start() - 1), node.place(match.start())
            if before[0] < here[0]:
                yield Span(node.span.file, *here, here[0], here[1] + 1)


def _ragged_brackets(block: Scalar) -> Iterator[tuple[Span, int]]:
    """Lines of an expression that are indented by another step than two for each bracket around them."""
    offset = depth = 0
    for line in block.text.split("\n"):
        said = line.lstrip(" ")
        code = _TEXT.sub("", said)
        closing = len(code) - len(code.lstrip(")]"))
        width = len(line) - len(said)
        wanted = 2 * max(0, depth - closing)
        if said and width != wanted:
            row, column = block.place(offset)
            yield Span(block.span.file, row, column, row, column + max(1, width)), wanted
        depth += sum((char in "([") - (char in ")]") for char in code)
        offset += len(line) + 1


def _ragged_lines(block: Scalar) -> Iterator[Span]:
    offset = 0
    for line in block.text.split("\n"):
        if line.startswith(" ") and line.strip():
            row, column = block.place(offset)
            width = len(line) - len(line.lstrip(" "))
            yield Span(block.span.file, row, column, row, column + width)
        offset += len(line) + 1
