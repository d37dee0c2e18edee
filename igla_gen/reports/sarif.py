"""SARIF 2.1.0: the form in which code hosts and editors take the findings of any tool."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from igla_gen import __version__
from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span
from igla_gen.reports import Report
from igla_gen.rules.base import Rule, all_rules

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_Data = dict[str, object]


def render(report: Report) -> str:
    """One log of one run."""
    return json.dumps(log_data(report), indent=1) + "\n"


def log_data(report: Report) -> _Data:
    """The log as plain data."""
    rules = all_rules()
    places = {rule.code: index for index, rule in enumerate(rules)}
    results = [_result(item, places) for item in report.findings]
    results += [_suppressed(item, reason, places) for item, reason in report.suppressed]
    if report.suppressed:
        for result in results:  # all results of a run have suppressions, or none has
            result.setdefault("suppressions", [])
    driver = {
        "name": "igla-gen",
        "version": __version__,
        "rules": [_rule(rule) for rule in rules],
    }
    source_root = {"description": {"text": "The folder that igla-gen ran in."}}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": source_root},
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> _Data:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": _message(rule.what)},
        "fullDescription": {"text": _message(f"{rule.what} {rule.why}")},
        "help": {
            "text": _message(f"{rule.what}\n\n{rule.why}"),
            "markdown": f"{rule.what}\n\n{rule.why}\n\n`igla-gen explain {rule.name}` shows examples.",
        },
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"fix": rule.fix or "none", "suppressible": rule.suppressible},
    }


def _result(item: Diagnostic, places: dict[str, int]) -> _Data:
    text = item.message + (f"\nhelp: {item.hint}" if item.hint else "")
    place = {"artifactLocation": _artifact(item.span.file), "region": _region(item.span)}
    result: _Data = {
        "ruleId": item.code,
        "level": item.severity,
        "message": {"text": _message(text)},
        "locations": [{"physicalLocation": place}],
    }
    if item.code in places:
        result["ruleIndex"] = places[item.code]
    if item.fix is not None and item.fix.edits:
        result["fixes"] = [_fix(item.fix)]
    return result


def _suppressed(item: Diagnostic, reason: str, places: dict[str, int]) -> _Data:
    return _result(item, places) | {
        "suppressions": [{"kind": "inSource", "justification": _message(reason)}]
    }


def _fix(fix: Fix) -> _Data:
    files = dict.fromkeys(edit.span.file for edit in fix.edits)
    return {
        "description": {"text": _message(fix.what)},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(file),
                "replacements": [_edit(edit) for edit in fix.edits if edit.span.file == file],
            }
            for file in files
        ],
        "properties": {"safety": fix.safety},
    }


def _edit(edit: Edit) -> _Data:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _region(span: Span) -> _Data:
    """Lines and columns from one, the end exclusive: as findings count."""
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _artifact(file: str) -> _Data:
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts:
        return {"uri": Path(file).resolve().as_uri()}
    return {"uri": quote(file.encode("utf-8", "surrogateescape")), "uriBaseId": "%SRCROOT%"}


def _message(text: str) -> str:
    """Plain text, of which no reader of SARIF makes a link."""
    return re.sub(r"\[(?=[^\]]*\]\()", r"\\[", text)
