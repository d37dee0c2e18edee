"""`igla-gen list`."""

from __future__ import annotations

from pathlib import Path

from igla_gen.cli.common import Paths, default_paths, stop
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Unit, load
from igla_gen.reports.text import count_of


def _pending(unit: Unit) -> str:
    """How much of the spec is not built yet."""
    if not isinstance(unit.spec, ComponentSpec):
        return ""
    total = len(unit.spec.behaviors)
    waiting = total - len(unit.spec.built)
    if not waiting:
        return " (pending)" if unit.spec.is_pending else ""
    return f" ({waiting} of {total} behaviours pending)"


def run(paths: Paths = None) -> None:
    """List the specs: kind, module, what it is."""
    library = load(default_paths(paths), Path.cwd())
    units = sorted(library.requested, key=lambda unit: (unit.kind, unit.module))
    width = max((len(unit.module) for unit in units), default=0)
    for unit in units:
        words = " ".join(unit.spec.description.text.split())
        print(f"{unit.kind:10} {unit.module:{width}}  {words}{_pending(unit)}")
    if library.findings.items:
        stop(f"{count_of(len(library.findings.items), 'finding')}; run igla-gen check", 1)
