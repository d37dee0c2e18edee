"""Compares two trees, module by module."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from igla_gen.compare.behaviors import compare_behaviors
from igla_gen.compare.changes import BREAKING, Bump, Change, asked_by
from igla_gen.compare.formulas import compare_formulas
from igla_gen.compare.headers import compare_blueprint, compare_constants, compare_header
from igla_gen.compare.instances import compare_instance
from igla_gen.compare.sides import Sides, Tree
from igla_gen.compare.templates import compare_templates
from igla_gen.compare.types import compare_types
from igla_gen.compare.versions import bump_made, is_enough
from igla_gen.diagnostics import Diagnostic
from igla_gen.frozen import frozen
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec
from igla_gen.model.library import Unit

_MODULE = re.compile(r"^module:[ \t]*[\"']?([\w.]+)", re.MULTILINE)


@frozen
class Difference:
    """What changed in one module, the version step it asks for and the one that was made.

    A module that came or went has None for the version that it has not.
    """

    module: str
    old_version: str | None
    new_version: str | None
    changes: tuple[Change, ...]

    @property
    def asked(self) -> Bump:
        return asked_by(list(self.changes))

    @property
    def made(self) -> Bump | None:
        if self.old_version is None or self.new_version is None:
            return None
        return bump_made(self.old_version, self.new_version)

    @property
    def is_enough(self) -> bool:
        if self.new_version is None:
            return False
        return self.old_version is None or is_enough(self.asked, self.old_version, self.new_version)

    @property
    def breaks(self) -> tuple[Change, ...]:
        """What no longer fits, unless the version says so."""
        if self.is_enough:
            return ()
        return tuple(change for change in self.changes if change.kind in BREAKING)


@frozen
class Comparison:
    """All modules that differ, and the specs that could not be read, on either side."""

    old: str
    new: str
    modules: tuple[Difference, ...]
    old_faults: tuple[Diagnostic, ...]
    new_faults: tuple[Diagnostic, ...]


def compare(old: Tree, new: Tree, *, only: Collection[str] | None = None) -> Comparison:
    """The differences between two trees; `only` names the modules to look at."""
    before, after = (_units(tree, only) for tree in (old, new))
    couples = _couples(before, after)
    found = [_compare_units(old, new, a, b) for a, b in couples]
    paired = {unit.module for couple in couples for unit in couple}
    paired |= _unreadable(old, after) | _unreadable(new, before)
    found += [_gone(unit) for name, unit in before.items() if name not in paired]
    found += [_come(unit) for name, unit in after.items() if name not in paired]
    modules = sorted((f for f in found if _is_something(f)), key=lambda f: f.module)
    faults = (tuple(tree.library.findings.sorted()) for tree in (old, new))
    return Comparison(old.label, new.label, tuple(modules), *faults)


def _units(tree: Tree, only: Collection[str] | None) -> dict[str, Unit]:
    return {u.module: u for u in tree.library.requested if only is None or u.module in only}


def _unreadable(tree: Tree, others: Mapping[str, Unit]) -> set[str]:
    """Modules of the files that could not be read: nobody knows what became of them.

    They are those that the files name, and those that the same files held on the other side.
    """
    library = tree.library
    files = {item.span.file for item in library.findings.items}
    files -= {unit.source.shown for unit in library.units.values()}
    texts = (library.sources.get(file, "") for file in files)
    named = {m.group(1) for text in texts if (m := _MODULE.search(text)) is not None}
    return named | {name for name, unit in others.items() if unit.source.shown in files}


def _couples(before: dict[str, Unit], after: dict[str, Unit]) -> list[tuple[Unit, Unit]]:
    """Modules on both sides, and those that moved: the same name of the spec, or two lone files."""
    couples = [(unit, after[name]) for name, unit in before.items() if name in after]
    gone = [unit for name, unit in before.items() if name not in after]
    come = [unit for name, unit in after.items() if name not in before]
    for unit in gone:
        named = [u for u in come if u.spec.name.text == unit.spec.name.text]
        alone = come if len(before) == len(after) == 1 else []
        for twin in (named or alone)[:1]:
            couples.append((unit, twin))
            come.remove(twin)
    return couples


def _is_something(found: Difference) -> bool:
    return bool(found.changes) or found.old_version != found.new_version


def _gone(unit: Unit) -> Difference:
    change = Change("api", "module", f"{unit.module} is gone", unit.spec.module.span, None)
    return Difference(unit.module, unit.spec.version.text, None, (change,))


def _come(unit: Unit) -> Difference:
    message = f"{unit.module} is new"
    change = Change("api-addition", "module", message, None, unit.spec.module.span)
    return Difference(unit.module, None, unit.spec.version.text, (change,))


def _compare_units(old_tree: Tree, new_tree: Tree, old: Unit, new: Unit) -> Difference:
    sides = Sides(old_tree, new_tree, old, new)
    compare_header(sides)
    if isinstance(old.spec, ComponentSpec) and isinstance(new.spec, ComponentSpec):
        compare_constants(sides)
        compare_types(sides)
        compare_formulas(sides)
        compare_behaviors(sides)
        compare_templates(sides)
    if isinstance(old.spec, BlueprintSpec) and isinstance(new.spec, BlueprintSpec):
        compare_blueprint(sides)
    if isinstance(old.spec, InstanceSpec) and isinstance(new.spec, InstanceSpec):
        compare_instance(sides)
    versions = old.spec.version.text, new.spec.version.text
    return Difference(new.module, *versions, tuple(sides.changes.sorted()))
