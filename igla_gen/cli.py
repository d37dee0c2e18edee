"""The command line: thin; every command is a few calls into the passes."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from igla_gen import __version__
from igla_gen.diagnostics import Diagnostic, render
from igla_gen.model.library import Library, load
from igla_gen.resources import specs_folder

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Compiles .vibee specs into PyTorch modules, trainers and tests.",
)
Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        help="Spec files or folders; default: specs/ here, else those that come with igla-gen."
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder that the generated files go to.")]


def main() -> None:
    """Entry point: no user sees a traceback for what a user can cause."""
    gc.disable()  # a process of a second that builds large trees and keeps them all
    try:
        app()
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        where = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _stop(where, 2)
    except BrokenPipeError:
        sys.exit(1)


def _stop(message: str, code: int) -> None:
    print(f"igla-gen: {message}", file=sys.stderr)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"igla-gen {__version__}")
        raise typer.Exit


@app.command()
def check(
    paths: Paths = None,
    output_format: Annotated[str, typer.Option("--output-format", help="text or json.")] = "text",
) -> None:
    """Read specs and report every fault, with file, line, column and what to do."""
    if output_format not in ("text", "json"):
        _stop(f"--output-format {output_format}: accepted are text, json", 2)
    library = _checked(paths)
    found = library.findings.sorted()
    if output_format == "json":
        print(json.dumps([item.as_dict() for item in found], indent=1))
    else:
        _print_findings(found, library)
        _say(found, library)
    raise typer.Exit(1 if found else 0)


@app.command()
def gen(
    paths: Paths = None,
    out: Out = Path("generated"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name what differs from the specs.")
    ] = False,
) -> None:
    """Write the modules and tests that the specs describe."""
    from igla_gen.emit.environment import TemplateFault
    from igla_gen.write.files import WriteError
    from igla_gen.write.fresh import Fingerprint
    from igla_gen.write.manifest import ManifestError

    whole = not paths
    fingerprint = Fingerprint.of(_default_paths(paths), out)
    if whole and not check and fingerprint.matches():
        print(f"{out}: up to date")
        return
    library = _checked(paths)
    found = library.findings.sorted()
    if found:
        _print_findings(found, library)
        _say(found, library)
        raise typer.Exit(1)
    try:
        _write_or_compare(library, out, check=check, whole=whole)
    except (TemplateFault, WriteError, ManifestError) as error:
        _stop(str(error), 1)
    if whole and not check:
        fingerprint.store()


@app.command("list")
def list_specs(paths: Paths = None) -> None:
    """List the specs: kind, module, what it is."""
    library = load(_default_paths(paths), Path.cwd())
    units = sorted(library.requested, key=lambda unit: (unit.kind, unit.module))
    width = max((len(unit.module) for unit in units), default=0)
    for unit in units:
        print(
            f"{unit.kind:10} {unit.module:{width}}  {' '.join(unit.spec.description.text.split())}"
        )
    if library.findings.items:
        _stop(f"{len(library.findings.items)} findings; run igla-gen check", 1)


def _default_paths(paths: list[Path] | None) -> list[Path]:
    if paths:
        return paths
    here = Path("specs")
    return [here if here.is_dir() else specs_folder()]


def _checked(paths: list[Path] | None) -> Library:
    from igla_gen.rules import run_rules

    library = load(_default_paths(paths), Path.cwd())
    run_rules(library)
    return library


def _print_findings(found: list[Diagnostic], library: Library) -> None:
    color = sys.stdout.isatty()
    for item in found:
        print(render(item, library.sources.get(item.span.file), color=color), end="\n\n")


def _say(found: list[Diagnostic], library: Library) -> None:
    if found:
        files = len({item.span.file for item in found})
        print(f"{len(found)} error{'s' * (len(found) > 1)} in {files} file{'s' * (files > 1)}")
    else:
        print(f"{len(library.units)} specs, no errors")


def _write_or_compare(library: Library, out: Path, *, check: bool, whole: bool) -> None:
    from igla_gen.write.drift import find_drift
    from igla_gen.write.files import write
    from igla_gen.write.plan import make_plan

    plan = make_plan(library)
    if check:
        drifts = find_drift(plan, out, complete=whole)
        for drift in drifts:
            print(f"{out / drift.path}: {drift.cause}")
        if drifts:
            print(f"{len(drifts)} files differ from their specs; run igla-gen gen")
            raise typer.Exit(1)
        print(f"{out}: {len(plan.texts)} files, all as the specs make them")
        return
    report = write(plan, out, complete=whole)
    for path in report.written:
        print(f"wrote {out / path}")
    for path in report.removed:
        print(f"removed {out / path}")
    print(
        f"{len(report.written)} written, {report.unchanged} unchanged, {len(report.removed)} removed"
    )
