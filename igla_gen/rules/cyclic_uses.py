"""Components use each other in one direction."""

from __future__ import annotations

from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule


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
    why="modules that import each other cannot be loaded",
    bad=HEADER + """\
uses: [igla.architecture.normalization]
behaviors:
  - name: rms_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Float}
    returns: Tensor[..., D]
    laws:
      - name: keeps_shape
        for: {x: "normal(2, 8)"}
        holds: shape(rms_norm(x, ones(8), 1e-6)) == shape(x)
""",
    good=HEADER + """\
behaviors:
  - name: rms_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Float}
    returns: Tensor[..., D]
    laws:
      - name: keeps_shape
        for: {x: "normal(2, 8)"}
        holds: shape(rms_norm(x, ones(8), 1e-6)) == shape(x)
""",
    check=check,
)
