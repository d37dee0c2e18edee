"""`igla-gen list`."""

from __future__ import annotations

from pathlib import Path

from igla_gen.cli.common import Paths, default_paths, stop
from igla_gen.model.library import load


def run(paths: Paths = None) -> None:
    """List the specs: kind, module, what it is."""
    library = load(default_paths(paths), Path.cwd())
    units = sorted(library.requested, key=lambda unit: (unit.kind, unit.module))
    width = max((len(unit.module) for unit in units), default=0)
    for unit in units:
        print(
            f"{unit.kind:10} {unit.module:{width}}  {' '.join(unit.spec.description.text.split())}"
        )
    if library.findings.items:
        stop(f"{len(library.findings.items)} findings; run igla-gen check", 1)
