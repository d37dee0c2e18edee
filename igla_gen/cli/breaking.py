"""`igla-gen breaking`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import Paths, default_paths, stop


def run(
    against: Annotated[str, typer.Option("--against", metavar="REF", help="A git ref.")],
    paths: Paths = None,
) -> None:
    """Fail if checkpoints or callers break, against a git ref, and no major version says so."""
    from igla_gen.compare.compare import compare
    from igla_gen.compare.report import breaks_report
    from igla_gen.compare.trees import NoSuchTree, extracted, read_paths

    chosen = default_paths(paths)
    try:
        with extracted(against) as root:
            old_paths = [root / _relative(path) for path in chosen]
            present = [path for path in old_paths if path.exists()]
            if not present:
                stop(f"{against} has none of these specs; there is nothing to break", 2)
            old = read_paths(present, root, against)
            comparison = compare(old, read_paths(chosen, Path.cwd(), "the working tree"))
    except NoSuchTree as error:
        stop(f"--against {against}: {error}", 2)
    lines = list(breaks_report(comparison))
    lines += [
        f"{f.span.file}:{f.span.line}: cannot be read: {f.message}" for f in comparison.new_faults
    ]
    lines += [
        f"{f.span.file}:{f.span.line}: could not be read in {against}, and was not compared"
        for f in comparison.old_faults
    ]
    for line in lines:
        print(line)
    if any(found.breaks for found in comparison.modules) or comparison.new_faults:
        raise typer.Exit(1)
    print(f"no break against {against} that a version does not announce")


def _relative(path: Path) -> Path:
    resolved = path.resolve()
    if not resolved.is_relative_to(Path.cwd().resolve()):
        stop(f"{path} is not below this folder, so git has no older version of it", 2)
    return resolved.relative_to(Path.cwd().resolve())
