"""What the commands share: the paths they take, the findings they print, how they stop."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TextIO

import typer

from igla_gen.model.library import Library, load
from igla_gen.processes import usable
from igla_gen.reports import Report, render_report
from igla_gen.resources import specs_folder

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Spec files or folders; default: specs/ here, else those that come with igla-gen."
    ),
]


def folder_named(word: str | Path) -> Path:
    """The folder that an option names; the empty word, as of a variable that is not set, is none."""
    if not str(word):
        raise typer.BadParameter("no folder is named; . is the one here")
    path = Path(word)
    for part in (path, *path.parents):
        if part.is_file():
            raise typer.BadParameter(f"'{part}' is a file; name a folder")
    return path


Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", parser=folder_named, metavar="DIRECTORY",
        help="Folder that the generated files go to.",
    ),
]  # fmt: skip

Color = Literal["auto", "always", "never"]


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

    library = load(default_paths(paths), Path.cwd(), processes=usable())
    run_rules(library, processes=usable())
    return library


def report_of(library: Library) -> Report:
    """What was found in the specs of a library."""
    return Report(
        tuple(library.findings.sorted()),
        tuple(sorted(library.suppressed, key=lambda pair: pair[0].sort_key)),
        library.sources,
        len(library.units),
    )


def print_findings(
    library: Library, color: Color = "auto", *, stream: TextIO | None = None
) -> None:
    """Each finding with its line and a caret, and how many there are; apart from other output."""
    stream = stream or sys.stdout
    shown = takes_color(stream, color)
    text = render_report(report_of(library), "text", color=shown, width=line_width())
    print(text, end="", file=stream)


def takes_color(stream: TextIO, color: Color = "auto") -> bool:
    """Whether to write colours: as asked for, else as the environment says, else on a terminal."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def line_width() -> int:
    """The width of the terminal, or a fixed one where the output goes elsewhere."""
    return shutil.get_terminal_size((120, 24)).columns if sys.stdout.isatty() else 120
