"""`igla-gen gen`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import Out, Paths, checked, default_paths, print_findings, stop
from igla_gen.model.library import Library


def run(
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
    fingerprint = Fingerprint.of(default_paths(paths), out)
    if whole and not check and fingerprint.matches():
        print(f"{out}: up to date")
        return
    library = checked(paths)
    found = library.findings.sorted()
    if found:
        print_findings(found, library)
    if any(item.severity == "error" for item in found):
        raise typer.Exit(1)
    try:
        _write_or_compare(library, out, check=check, whole=whole)
    except (TemplateFault, WriteError, ManifestError) as error:
        stop(str(error), 1)
    if whole and not check:
        fingerprint.store()


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
