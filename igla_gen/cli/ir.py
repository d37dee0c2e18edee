"""`igla-gen ir`: what templates receive of a spec, for other tools."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import checked, print_findings, stop

_SPAN = re.compile(r"\[(?:\n\s*\d+,?){4}\n\s*\]")  # no text of JSON holds a line break


def run(
    path: Annotated[Path, typer.Argument(help="One spec file; what it uses is found by itself.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON, the one form there is; may be left out.")
    ] = True,
) -> None:
    """Print the checked model of a spec: names resolved, defaults filled in, laws as Python."""
    if path.is_dir():
        stop(f"{path}: this is a folder; name one spec", 2)
    library = checked([path])
    if any(item.severity != "note" for item in library.findings.items):
        print_findings(library)
    if any(item.severity == "error" for item in library.findings.items):
        raise typer.Exit(1)
    from igla_gen.emit.ir import unit_data

    text = json.dumps(unit_data(library, library.requested[0]), indent=1)
    print(_SPAN.sub(lambda match: " ".join(match.group().split()), text))
