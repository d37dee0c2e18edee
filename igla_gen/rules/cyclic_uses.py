"""Components use each other in one direction."""

from __future__ import annotations

from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """No path of `uses` leads back to the unit."""
    for use in unit.spec.uses:
        path = _path_back(library, use.text, unit.module)
        if path is not None:
            finder.report(
                "the modules use each other in a circle",
                use.span,
                " -> ".join((unit.module, *path)),
            )


def _path_back(library: Library, start: str, goal: str) -> list[str] | None:
    paths, seen = [[start]], {start}
    while paths:
        path = paths.pop()
        if path[-1] == goal:
            return path
        unit = library.units.get(path[-1])
        for use in unit.spec.uses if unit else ():
            if use.text not in seen:
                seen.add(use.text)
                paths.append([*path, use.text])
    return None


RULE = Rule(
    code="IG415",
    name="cyclic-uses",
    what="A module in `uses` that leads back to the spec, directly or through others.",
    why=(
        "Generated modules import what they use, and modules that import each other cannot be "
        "loaded."
    ),
    bad=component(
        SOUND.replace("behaviors:", "uses: [igla.architecture.normalization]\nbehaviors:")
    ),
    good=component(SOUND),
    check=check,
)
