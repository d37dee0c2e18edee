"""Models and recipes fit their blueprint and keep their contract."""

from __future__ import annotations

from igla_gen.model.component import InstanceSpec
from igla_gen.model.sections import check_instance
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule

def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Sections, values, constraints and requirements; see model/sections.py."""
    if isinstance(unit.spec, InstanceSpec):
        check_instance(library, unit, finder.library.findings)


RULE = Rule(
    code="IG302",
    name="contract-mismatch",
    why="a model whose parameter count is not what its name says is found out in the middle of a run",
    bad=HEADER
    + """\
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
    good=HEADER
    + """\
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
