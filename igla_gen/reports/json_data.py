"""The report as one JSON object; docs/seams.md describes it."""

from __future__ import annotations

import json

from igla_gen.diagnostics import Diagnostic, Edit, Fix
from igla_gen.reports import Report

VERSION = 1


def render(report: Report) -> str:
    """ASCII, so that neither a locale nor a terminal changes what is read."""
    return json.dumps(report_data(report), indent=1) + "\n"


def report_data(report: Report) -> dict[str, object]:
    """Version, summary, findings, and what comments in the specs suppress."""
    return {
        "version": VERSION,
        "summary": {
            "specs": report.specs,
            "errors": report.count("error"),
            "warnings": report.count("warning"),
            "notes": report.count("note"),
            "suppressed": len(report.suppressed),
            "fixable": report.fixable("safe"),
            "fixable_unsafe": report.fixable("unsafe"),
        },
        "findings": [finding_data(item) for item in report.findings],
        "suppressed": [
            finding_data(item) | {"reason": reason} for item, reason in report.suppressed
        ],
    }


def finding_data(item: Diagnostic) -> dict[str, object]:
    """One finding with its fix."""
    return item.as_dict() | {"fix": _fix_data(item.fix) if item.fix is not None else None}


def _fix_data(fix: Fix) -> dict[str, object]:
    return {
        "what": fix.what,
        "safety": fix.safety,
        "edits": [_edit_data(edit) for edit in fix.edits],
    }


def _edit_data(edit: Edit) -> dict[str, object]:
    span = edit.span
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "text": edit.text,
    }
