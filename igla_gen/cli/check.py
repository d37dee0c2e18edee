"""`igla-gen check`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from igla_gen.cli.common import Paths, checked, print_findings, stop


def run(
    paths: Paths = None,
    output_format: Annotated[str, typer.Option("--output-format", help="text or json.")] = "text",
) -> None:
    """Read specs and report every fault, with file, line, column and what to do."""
    if output_format not in ("text", "json"):
        stop(f"--output-format {output_format}: accepted are text, json", 2)
    library = checked(paths)
    found = library.findings.sorted()
    if output_format == "json":
        print(json.dumps([item.as_dict() for item in found], indent=1))
    else:
        print_findings(found, library)
    raise typer.Exit(1 if found else 0)
