"""The templates: their texts, and which two a unit is rendered from."""

from __future__ import annotations

from functools import cache, lru_cache

from igla_gen.model.component import ComponentSpec, InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.resources import templates_folder


@cache
def template_texts() -> dict[str, str]:
    """Every template by its path below `templates/`."""
    folder = templates_folder()
    found = sorted(folder.rglob("*.j2"))
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def all_templates() -> str:
    """Every template in one text, for what asks whether any of them names a word."""
    return _joined(tuple(template_texts().values()))


@lru_cache(1)
def _joined(texts: tuple[str, ...]) -> str:
    return "\n".join(texts)


def is_unbuilt(unit: Unit) -> bool:
    """A component that waits for its template: it is read and checked, and not generated."""
    if not isinstance(unit.spec, ComponentSpec) or not unit.spec.is_pending:
        return False
    folder, _, name = unit.relative.rpartition("/")
    return not {f"{folder}/{name}.py.j2", f"{folder}/test_{name}.py.j2"} & set(template_texts())


def template_names(library: Library, unit: Unit) -> tuple[str, str]:
    """The templates of the module and of its tests."""
    source = library.blueprint(unit) if isinstance(unit.spec, InstanceSpec) else unit
    assert source is not None
    folder, _, name = source.relative.rpartition("/")
    return f"{folder}/{name}.py.j2", f"{folder}/test_{name}.py.j2"


@cache
def checks_of_one_instance(template: str) -> frozenset[str]:
    """Checks between `#% if is_tested_here` and its `#% endif`."""
    found, depth = set(), 0
    for line in template_texts().get(template, "").split("\n"):
        if line.startswith("#% if is_tested_here") or (depth and line.startswith("#% if ")):
            depth += 1
        elif depth and line.startswith("#% endif"):
            depth -= 1
        elif depth and line.startswith("#% check "):
            found.add(line.split()[2])
    return frozenset(found)
