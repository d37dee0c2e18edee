"""`igla-gen gen`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from igla_gen.cli.common import Out, Paths, checked, default_paths, print_findings, stop
from igla_gen.model.library import Library
from igla_gen.processes import usable

OUT = Path("generated")


def run(
    paths: Paths = None,
    out: Out = OUT,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Write nothing; say which files differ from the specs, why, and what mends it.",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Overwrite files of igla-gen's own that were edited by hand."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="With --check: whole differences, not their first lines.")
    ] = False,
    output_format: Annotated[
        Literal["text", "json"], typer.Option(help="Of what --check reports.")
    ] = "text",
) -> None:
    """Write the modules and tests that the specs describe."""
    from igla_gen.emit.environment import TemplateFault
    from igla_gen.write.manifest import ManifestError
    from igla_gen.write.transaction import WriteError, locked

    if not check and (diff or output_format != "text"):
        stop("--diff and --output-format say how --check reports; add --check", 2)
    if check and force:
        stop("--check writes nothing, so there is nothing to --force", 2)
    try:
        if check:
            _compare(paths, out, whole_diff=diff, as_json=output_format == "json")
        else:
            with locked(out):
                _write(paths, out, force=force)
    except (TemplateFault, WriteError, ManifestError) as error:
        stop(str(error), 1)


def _write(paths: list[Path] | None, out: Path, *, force: bool) -> None:
    from igla_gen.write.files import write
    from igla_gen.write.fresh import Fingerprint
    from igla_gen.write.plan import make_plan
    from igla_gen.write.reuse import Reuse
    from igla_gen.write.transaction import recover

    if (recovered := recover(out, force=force)) is not None:
        print(f"{out}: {recovered}")
    fingerprint = Fingerprint.of(default_paths(paths), out)
    if not paths and fingerprint.matches():
        print(f"{out}: up to date")
        return
    library = checked(paths)
    _stop_on_errors(library)
    _name_unbuilt(library)
    reuse = Reuse(library, out)
    plan = make_plan(library, reuse, processes=usable())
    report = write(plan, out, complete=not paths, force=force)
    reuse.store(plan.made)
    for path in report.written:
        print(f"wrote {out / path}")
    for path in report.removed:
        print(f"removed {out / path}")
    print(
        f"{len(report.written)} written, {report.unchanged} unchanged, {len(report.removed)} removed"
    )
    if report.kept:
        named = ", ".join(str(out / path) for path in report.kept)
        stop(
            f"{named}: no spec makes it any more, and it was edited by hand, so it was kept; "
            "delete it, or run igla-gen gen --force",
            1,
        )
    if not paths:
        fingerprint.store()


def _name_unbuilt(library: Library) -> None:
    from igla_gen.emit.templates import is_unbuilt

    for unit in sorted(library.units.values(), key=lambda unit: unit.module):
        if is_unbuilt(unit):
            print(
                f"{unit.source.shown}: all of it is pending and it has no template: not generated"
            )


def _stop_on_errors(library: Library) -> None:
    found = library.findings.sorted()
    if any(item.severity != "note" for item in found):
        print_findings(library)
    if any(item.severity == "error" for item in found):
        raise typer.Exit(1)


def _compare(paths: list[Path] | None, out: Path, *, whole_diff: bool, as_json: bool) -> None:
    from igla_gen.write.drift import find_drift, report_data
    from igla_gen.write.plan import make_plan

    library = checked(paths)
    found = library.findings.sorted()
    errors = [item for item in found if item.severity == "error"]
    if as_json and errors:
        data = {**report_data(out, []), "clean": False}
        print(json.dumps(data | {"diagnostics": [item.as_dict() for item in found]}, indent=1))
        raise typer.Exit(1)
    if not as_json:
        _stop_on_errors(library)
    plan = make_plan(library, processes=usable())
    drifts = find_drift(plan, out, complete=not paths, command=_command(paths, out))
    if as_json:
        data = report_data(out, drifts) | {"diagnostics": [item.as_dict() for item in found]}
        print(json.dumps(data, indent=1))
    else:
        _print_drifts(out, drifts, len(plan.texts), whole_diff=whole_diff)
    if drifts:
        raise typer.Exit(1)


def _command(paths: list[Path] | None, out: Path) -> str:
    """The run that mends what this one found."""
    words = ["igla-gen", "gen", *(path.as_posix() for path in paths or [])]
    words += ["--out", out.as_posix()] if out != OUT else []
    return shlex.join(words)


def _print_drifts(out: Path, drifts: list, count: int, *, whole_diff: bool) -> None:
    from igla_gen.write.differences import first_lines, indented

    for drift in drifts:
        print(f"{out / drift.path}: {drift.kind}: {drift.cause}")
        if drift.diff:
            print(indented(drift.diff if whole_diff else first_lines(drift.diff)))
        print(f"  mend it: {drift.remedy}")
    if drifts:
        one = len(drifts) == 1
        print(f"{len(drifts)} file{'' if one else 's'} differ{'s' if one else ''} from the specs")
    else:
        print(f"{out}: {count} files, all as the specs make them")
