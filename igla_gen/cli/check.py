"""`igla-gen check`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import (
    Color,
    Paths,
    checked,
    line_width,
    report_of,
    stop,
    takes_color,
)
from igla_gen.reports import Format, render_report


def run(
    paths: Paths = None,
    output_format: Annotated[
        Format,
        typer.Option(
            "--output-format",
            help="text for people, concise for one line a finding, json and sarif for programs, "
            "github for annotations.",
        ),
    ] = "text",
    output: Annotated[
        Path | None, typer.Option("--output", help="File that the report goes to.")
    ] = None,
    color: Annotated[
        Color, typer.Option("--color", help="Colours in text; auto: on a terminal.")
    ] = "auto",
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="With --fix or --diff: mend by likely guesses too."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what --fix would change.")
    ] = False,
) -> None:
    """Read specs and report what is wrong, with file, line, column and what to do."""
    if unsafe_fixes and not (fix or diff):
        stop("--unsafe-fixes goes with --fix or --diff", 2)
    if diff and output_format != "text" and output is None:
        stop("--diff is shown as text; add --output FILE for the report, or leave out one", 2)
    if output is not None:
        _refuse_bad_target(output)
    if fix or diff:
        from igla_gen.cli.fixing import fix_specs

        library, changed = fix_specs(paths, unsafe=unsafe_fixes, diff=diff)
    else:
        library, changed = checked(paths), False
    report = report_of(library)
    to_terminal = output is None and takes_color(sys.stdout, color)
    width = line_width() if output is None else 120
    shown = to_terminal or (output is not None and color == "always")
    text = render_report(report, output_format, color=shown, width=width)
    if output is None:
        print(text, end="")
    else:
        _write(output, text)
    raise typer.Exit(1 if report.fails or (diff and changed) else 0)


def _refuse_bad_target(output: Path) -> None:
    """Before anything is read, so that no work is lost to a slip in the path."""
    if output.is_dir():
        stop(f"--output {output}: this is a folder; name a file", 2)
    if not output.parent.is_dir():
        stop(f"--output {output}: the folder {output.parent} does not exist", 2)
    if output.suffix == ".vibee":
        stop(f"--output {output}: a report would take the place of a spec; name another file", 2)


def _write(output: Path, text: str) -> None:
    """Whole or not at all; what is no plain file (a pipe, a device) is written to as it is."""
    from igla_gen.rewriting import RewriteError, replace_file

    try:
        if output.exists() and not output.is_file():
            output.write_text(text, encoding="utf-8")
        else:
            replace_file(output, text)
    except RewriteError as error:
        stop(f"--output {error}", 1)
    except OSError as error:
        stop(f"--output {output}: cannot be written ({error.strerror})", 1)
