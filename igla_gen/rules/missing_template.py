"""A spec has its templates."""

from __future__ import annotations

from igla_gen.emit.templates import template_texts
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule
from igla_gen.rules.templates import templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """The module template and the test template stand at the spec's relative path."""
    names = templates_of(library, unit)
    for name in names or ():
        if name not in template_texts():
            finder.report(
                f"there is no templates/{name}",
                unit.spec.module.span,
                "write it, or correct the module path",
            )


RULE = Rule(
    code="IG414",
    name="missing-template",
    why="without a template nothing can be generated",
    bad=HEADER.replace("normalization", "no_such_thing") + """\
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
