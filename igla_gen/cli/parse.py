"""`igla-gen parse`: the tree of each file as data, for other tools."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import stop
from igla_gen.diagnostics import Diagnostic
from igla_gen.model.library import Library, find_specs, read_text
from igla_gen.syntax import Mapping, Node, Scalar, parse_document

_LINE_BREAKS = {
    code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)
}  # to some readers of lines
VERSION = 1  # of the lines, as docs/seams.md describes them

Paths = Annotated[
    list[Path],
    typer.Argument(help="Files of any name, or folders, which are searched for .vibee files."),
]


def run(
    paths: Paths,
    output_format: Annotated[
        str, typer.Option("--format", help="jsonl: one line a file.")
    ] = "jsonl",
) -> None:
    """Print the tree of each file as JSON, whatever its keys mean, and what is wrong with its text."""
    if output_format != "jsonl":
        stop(f"--format {output_format}: accepted is jsonl", 2)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a lone surrogate becomes its JSON escape
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
    clean = True
    for path in find_specs(paths):
        line, faults = _line(path)
        print(line)
        clean = clean and not faults
    raise typer.Exit(0 if clean else 1)


def _line(path: Path) -> tuple[str, bool]:
    """What is said of one file, and whether anything is wrong with it."""
    file, library = path.as_posix(), Library()
    text = read_text(library, path, file)
    tree, found = None, library.findings.items
    if text is not None:
        document = parse_document(text, file)
        found = sorted(document.faults, key=lambda fault: fault.sort_key)
        tree = None if document.tree is None else json_data(document.tree)
    line = {
        "version": VERSION,
        "file": file,
        "tree": tree,
        "diagnostics": [_finding(item) for item in found],
    }
    return json.dumps(line, ensure_ascii=False).translate(_LINE_BREAKS), bool(found)


def _finding(item: Diagnostic) -> dict[str, object]:
    return {
        "code": item.code,
        "name": item.name,
        "severity": item.severity,
        "message": item.message,
        "hint": item.hint,
        "line": item.span.line,
        "column": item.span.column,
        "end_line": item.span.end_line,
        "end_column": item.span.end_column,
    }


def json_data(node: Node) -> object:
    """The tree as dicts, lists and scalars; keys are their text, as JSON has no others."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {entry.key.text: json_data(entry.value) for entry in node.entries}
    return [json_data(item) for item in node.items]
