"""What the templates import stands in `uses`."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path

from igla_gen.emit.templates import template_texts
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import PACKAGE, Library, Unit, declarations, find_module
from igla_gen.rules.ambiguous_name import PROGRAM, is_read
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import NORM_TEMPLATE, SOUND, component
from igla_gen.rules.templates import templates_of

# imports as templates mostly write them; of others only the parser knows what they name
_IMPORT = re.compile(rf"from {PACKAGE}\.(\w+)(?:((?:\.\w+)+) import\b| import ([\w, ]+)$)", re.M)
_NAME = re.compile(r"(?:^|,) *(\w+)")
_LIKE_IMPORT = re.compile(rf"from[\s\\]+{PACKAGE}\b")


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Each module of the package that a template imports is the unit's own or in `uses`."""
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    known = {unit.module, *(use.text for use in unit.spec.uses)}
    place = unit.spec.key_span("uses") if unit.spec.node.key("uses") else unit.spec.name.span

    def is_missing(module: str) -> bool:
        return module not in known and not _is_ambiguous(library, unit, module)

    missing: dict[str, str] = {}
    for name in names:
        text = template_texts().get(name, "")
        if (suspects := _suspects(text)) is not None and not any(map(is_missing, suspects)):
            continue  # parsing the whole template takes its time
        for module, line in filter(lambda found: is_missing(found[0]), _imports(text)):
            missing.setdefault(module, f"templates/{name}:{line} imports it")
    for module, where in missing.items():
        finder.report(f"{module} is not in uses", place, where)


def _is_ambiguous(library: Library, unit: Unit, module: str) -> bool:
    """Whether a name of the module means something else here: then only the template can say which.

    A module that has a spec which was not read (one was named, and does not use it) is not judged.
    """
    other = library.units.get(module)
    if other is None:
        return find_module(module, Path.cwd()) is not None
    if not isinstance(other.spec, ComponentSpec):
        return False
    shared = {name for name, _ in declarations(other.spec)} & library.scope(unit).keys() - {PROGRAM}
    return any(is_read(library, unit, name) for name in shared)


def _suspects(template: str) -> set[str] | None:
    """Modules of the package that the template names as an import does, in its code or in a text.

    None where something looks like an import that is written in another way.
    """
    found = _IMPORT.findall(template)
    if len(found) < len(_LIKE_IMPORT.findall(template)):
        return None
    return {
        f"{PACKAGE}.{folder}.{word}"
        for folder, module, names in found
        for word in ([module[1:]] if module else _NAME.findall(names))
    }


@lru_cache(256)
def _imports(template: str) -> tuple[tuple[str, int], ...]:
    """Modules of the package with the lines that import them."""
    try:
        tree = ast.parse(template)
    except SyntaxError:
        return ()
    found: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
            parts = (node.module or "").split(".")
            for alias in node.names if len(parts) < 3 else ():
                found.append((f"{node.module}.{alias.name}", node.lineno))
            if len(parts) >= 3:
                found.append((".".join(parts), node.lineno))
    return tuple(found)


RULE = Rule(
    code="IG427",
    name="unlisted-use",
    what="A module of the package that a template imports and that `uses` does not name.",
    why=(
        "`uses` says which specs the module depends on: what must be generated with it, and what "
        "may change under it."
    ),
    bad=component(
        SOUND,
        template=NORM_TEMPLATE.replace(
            "import torch\n", "import torch\nfrom igla.architecture.scaling import scale\n", 1
        ),
    ),
    good=component(SOUND, template=NORM_TEMPLATE),
    suppressible=True,
    check=check,
)
