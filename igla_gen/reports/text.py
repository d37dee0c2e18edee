"""Findings for people: the line, a caret under the exact place, what to do."""

from __future__ import annotations

import re
from functools import lru_cache

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.frozen import frozen
from igla_gen.reports import Report
from igla_gen.reports.display import excerpt, visible

_FAR = 8  # the last line of a longer stretch says nothing about it
_LINE_END = re.compile(r"\r\n|\r|\n")
_FLAGS = {"safe": "igla-gen check --fix", "unsafe": "igla-gen check --fix --unsafe-fixes"}


@frozen
class _Paint:
    """Escape sequences, or nothing where there are to be no colours."""

    strong: str = ""
    error: str = ""
    warning: str = ""
    margin: str = ""
    off: str = ""


_PLAIN = _Paint()
_COLORED = _Paint("\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[0m")


def render(report: Report, *, color: bool = False, width: int = 120) -> str:
    """Every finding, and how many there are."""
    blocks = [
        render_finding(item, report.sources.get(item.span.file), color=color, width=width)
        for item in report.findings
    ]
    return "".join(f"{block}\n\n" for block in blocks) + summary(report) + "\n"


def render_finding(
    item: Diagnostic, source: str | None, *, color: bool = False, width: int = 120
) -> str:
    """One finding with the lines it is about; a note stands without them."""
    paint = _COLORED if color else _PLAIN
    tone = {"error": paint.error, "warning": paint.warning, "note": paint.margin}[item.severity]
    span = item.span
    excerpts = [] if item.severity == "note" else _excerpts(span, source, paint, tone, width)
    head = f"{tone}{item.severity}[{item.code} {item.name}]{paint.off}"
    lines = [
        f"{head}{paint.strong}: {visible(item.message)}{paint.off}",
        f"{paint.margin}  -->{paint.off} {visible(span.file)}:{span.line}:{span.column}",
        *excerpts,
    ]
    if item.hint:
        lines.append(f"{paint.margin}  ={paint.off} help: {visible(item.hint)}")
    if item.fix is not None and item.fix.safety in _FLAGS:
        how = f"{visible(item.fix.what)} ({_FLAGS[item.fix.safety]})"
        lines.append(f"{paint.margin}  ={paint.off} fix: {how}")
    return "\n".join(lines)


def summary(report: Report) -> str:
    """`2 errors, 1 warning in 2 files, 1 suppressed; 3 can be fixed with --fix`."""
    counts = [
        count_of(report.count(severity), severity)
        for severity in ("error", "warning", "note")
        if report.count(severity)
    ]
    if report.fails:
        files = {item.span.file for item in report.findings}
        said = f"{', '.join(counts)} in {count_of(len(files), 'file')}"
    else:
        said = ", ".join((count_of(report.specs, "spec"), "no errors", *counts))
    if report.suppressed:
        said += f", {len(report.suppressed)} suppressed"
    safe, unsafe = report.fixable("safe"), report.fixable("unsafe")
    if safe:
        said += f"; {safe} can be fixed with --fix"
        said += f", {unsafe} more with --fix --unsafe-fixes" if unsafe else ""
    elif unsafe:
        said += f"; {unsafe} can be fixed with --fix --unsafe-fixes"
    return said


def count_of(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


@lru_cache(4)  # each finding of a file asks for them
def source_lines(source: str) -> list[str]:
    """The lines as findings count them; a byte order mark is in none."""
    lines = _LINE_END.split(source.removeprefix("\ufeff"))
    return lines if lines[-1] else lines[:-1]


def _excerpts(span: Span, source: str | None, paint: _Paint, tone: str, width: int) -> list[str]:
    """The first line of the span and, where it ends a few lines below, the last one."""
    lines = source_lines(source) if source is not None else []
    if not 0 < span.line <= len(lines):
        return []
    parts = _marked(span, lines)
    gutter = len(str(parts[-1][0]))
    shown = [f"{paint.margin}{'':{gutter}} |{paint.off}"]
    for index, (number, start, end) in enumerate(parts):
        if index and number > parts[index - 1][0] + 1:
            shown.append(f"{paint.margin}{'...':{gutter}}{paint.off}")
        text, carets = excerpt(lines[number - 1], start, end, max(width - gutter - 3, 20))
        shown += [
            f"{paint.margin}{number:>{gutter}} |{paint.off} {text}".rstrip(),
            f"{paint.margin}{'':{gutter}} |{paint.off} {tone}{carets}{paint.off}",
        ]
    return shown


def _marked(span: Span, lines: list[str]) -> list[tuple[int, int, int]]:
    """Line number and offsets of what is marked: one stretch, or the first and last of several."""
    first = lines[span.line - 1]
    if span.end_line <= span.line:
        return [(span.line, span.column - 1, span.end_column - 1)]
    parts = [(span.line, span.column - 1, len(first.rstrip()))]
    last = min(span.end_line, len(lines))
    end = span.end_column - 1 if last == span.end_line else len(lines[last - 1])
    while last > span.line and not lines[last - 1][:end].strip():
        last -= 1  # nothing of this line is marked
        end = len(lines[last - 1].rstrip())
    if span.line < last <= span.line + _FAR:
        text = lines[last - 1]
        parts.append((last, len(text) - len(text.lstrip()), end))
    return parts
