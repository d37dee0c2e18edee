"""Fixes for texts that cannot be read: each quotes, doubles or replaces exactly what is in the way."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from igla_gen.diagnostics import Diagnostic, Edit, Fix, Safety, Span
from igla_gen.syntax.quoting import double_quoted

# what stands before a value on its line: dashes, and a key
_HEAD = re.compile(r"\s*(?:-\s+)*(?:(?:\"[^\"]*\"|'[^']*'|[^\s\"'\[{#:&*!|>%@`][^:#]*):\s+)?")
_COMMENT = re.compile(r"[ \t]#")
_INDENTED_OR_BLOCK = re.compile(r"\A |[:-]\s\s*+\|")
_RESERVED = "%@`"  # YAML gives them no meaning at the start of a value
_STEP = "  "


def repaired(faults: list[Diagnostic], lines: list[str]) -> tuple[Diagnostic, ...]:
    """The faults, each with its fix where one mends exactly this fault."""
    tabs = [fault for fault in faults if fault.name == "tab-in-indentation"]
    tabs_alone = bool(tabs) and not any(_INDENTED_OR_BLOCK.search(line) for line in lines)
    return tuple(_with_repair(fault, lines, tabs_alone) for fault in faults)


def _with_repair(fault: Diagnostic, lines: list[str], tabs_alone: bool) -> Diagnostic:
    repair = _REPAIRS.get(fault.name)
    if fault.span.line > len(lines):
        return fault
    if fault.name == "tab-in-indentation":
        fix = _spaces_for_tabs(fault, lines) if tabs_alone else None
    else:
        fix = repair(fault, lines) if repair else None
    return fault if fix is None else replace(fault, fix=fix)


def _quote_value(fault: Diagnostic, lines: list[str]) -> Fix | None:
    """Puts the whole value that the fault is in into quotes."""
    line, column = lines[fault.span.line - 1], fault.span.column - 1
    head = _HEAD.match(line)
    start = head.end() if head else 0
    comment = _COMMENT.search(line, max(start, column))
    if start > column or (head and not head.group().strip()):
        return None
    if fault.name == "unsupported-syntax" and line[start : start + 1] not in _RESERVED:
        return None
    if fault.name == "unexpected-text" and line[start : start + 1] not in "\"'":
        return None
    value = line[start : comment.start() if comment else None].rstrip()
    end = start + len(value) + 1
    span = Span(fault.span.file, fault.span.line, start + 1, fault.span.line, end)
    return Fix("quote the value", (Edit(span, double_quoted(value)),))


def _double_backslash(fault: Diagnostic, _lines: list[str]) -> Fix:
    span = fault.span
    place = Span(span.file, span.line, span.column, span.line, span.column)
    # with digits after it (`\ud800`) it names what is no character, and perhaps one was meant
    has_digits = span.end_column - span.column > len("\\q")
    safety: Safety = "unsafe" if has_digits else "safe"
    return Fix("write \\\\ for the backslash", (Edit(place, "\\"),), safety)


def _spaces_for_tabs(fault: Diagnostic, lines: list[str]) -> Fix | None:
    """Two spaces a tab; asked where the whole file is indented with tabs and holds no block of text."""
    line = lines[fault.span.line - 1]
    tabs = len(line) - len(line.lstrip("\t"))
    span = Span(fault.span.file, fault.span.line, 1, fault.span.line, tabs + 1)
    return Fix("indent with two spaces a tab", (Edit(span, _STEP * tabs),))


_REPAIRS: dict[str, Callable[[Diagnostic, list[str]], Fix | None]] = {
    "bad-escape": _double_backslash,
    "colon-in-plain-value": _quote_value,
    "unexpected-text": _quote_value,
    "unsupported-syntax": _quote_value,
}
