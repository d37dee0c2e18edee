"""Workflow commands: each finding stands at its line of a pull request on GitHub."""

from __future__ import annotations

import os
from pathlib import Path

from igla_gen.diagnostics import Diagnostic
from igla_gen.reports import Report
from igla_gen.reports.display import visible

_IN_MESSAGES = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = _IN_MESSAGES | {":": "%3A", ",": "%2C"}


def render(report: Report) -> str:
    """One command a finding."""
    base = _base()
    return "".join(f"{_command(item, base)}\n" for item in report.findings)


def _base() -> str:
    """From the root of the checkout to here, where the step runs in a folder of it."""
    root, here = os.environ.get("GITHUB_WORKSPACE"), Path.cwd()
    if not root or not here.is_relative_to(Path(root).resolve()):
        return ""
    below = here.relative_to(Path(root).resolve()).as_posix()
    return "" if below == "." else f"{below}/"


def _command(item: Diagnostic, base: str) -> str:
    span = item.span
    file = span.file if span.file.startswith("/") else base + span.file
    places = {"file": visible(file), "line": span.line}
    if span.end_line > span.line:
        places["endLine"] = span.end_line  # GitHub takes columns of one line only
    else:
        places |= {"endLine": span.line, "col": span.column}
        places["endColumn"] = max(span.end_column, span.column + 1)
    places["title"] = f"{item.code} {item.name}"
    shown = ",".join(
        f"{key}={_escape(str(value), _IN_PROPERTIES)}" for key, value in places.items()
    )
    said = [visible(item.message), *([f"help: {visible(item.hint)}"] if item.hint else [])]
    word = "notice" if item.severity == "note" else item.severity
    return f"::{word} {shown}::" + _escape("\n".join(said), _IN_MESSAGES)


def _escape(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(char, char) for char in text)
