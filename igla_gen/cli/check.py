"""`igla-gen check`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from igla_gen.cli.common import Paths, checked, print_findings, stop
from igla_gen.cli.fixing import fix_specs


def run(
    paths: Paths = None,
    output_format: Annotated[str, typer.Option("--output-format", help="text or json.")] = "text",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="With --fix or --diff: mend by likely guesses too."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what --fix would change.")
    ] = False,
) -> None:
    """Read specs and report every fault, with file, line, column and what to do."""
    if output_format not in ("text", "json"):
        stop(f"--output-format {output_format}: accepted are text, json", 2)
    if unsafe_fixes and not (fix or diff):
        stop("--unsafe-fixes goes with --fix or --diff", 2)
    if fix or diff:
        library, changed = fix_specs(paths, unsafe=unsafe_fixes, diff=diff)
    else:
        library, changed = checked(paths), False
    found = library.findings.sorted()
    if output_format == "json":
        print(json.dumps([item.as_dict() for item in found], indent=1))
    else:
        print_findings(found, library)
    raise typer.Exit(1 if found or (diff and changed) else 0)
