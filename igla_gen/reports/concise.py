"""One line a finding: `path:line:column: CODE name: message`."""

from __future__ import annotations

from igla_gen.reports import Report
from igla_gen.reports.display import visible


def render(report: Report) -> str:
    """The lines, in reading order."""
    return "".join(
        f"{visible(item.span.file)}:{item.span.line}:{item.span.column}: "
        f"{item.code} {item.name}: {visible(item.message)}\n"
        for item in report.findings
    )
