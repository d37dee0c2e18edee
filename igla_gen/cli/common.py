"""What the commands share: the paths they take, the findings they print, how they stop."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from igla_gen.diagnostics import Diagnostic, render
from igla_gen.model.library import Library, load
from igla_gen.resources import specs_folder

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Spec files or folders; default: specs/ here, else those that come with igla-gen."
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that the generated files go to.")]


def stop(message: str, code: int) -> NoReturn:
    """One sentence on stderr and an exit code: 1 for findings, 2 for wrong usage."""
    print(f"igla-gen: {message}", file=sys.stderr)
    sys.exit(code)


def default_paths(paths: list[Path] | None) -> list[Path]:
    """The paths that were named, or the specs here, or those that come with igla-gen."""
    if paths:
        return paths
    here = Path("specs")
    return [here if here.is_dir() else specs_folder()]


def checked(paths: list[Path] | None) -> Library:
    """The specs, loaded and held to every rule; faults are in `findings`."""
    from igla_gen.rules import run_rules

    library = load(default_paths(paths), Path.cwd())
    run_rules(library)
    return library


def print_findings(found: list[Diagnostic], library: Library) -> None:
    """Each finding with its line and a caret, and how many there are."""
    color = sys.stdout.isatty()
    for item in found:
        print(render(item, library.sources.get(item.span.file), color=color), end="\n\n")
    if found:
        files = len({item.span.file for item in found})
        print(f"{len(found)} error{'s' * (len(found) > 1)} in {files} file{'s' * (files > 1)}")
    else:
        print(f"{len(library.units)} specs, no errors")
