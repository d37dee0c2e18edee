"""Every test of a template is bound by the spec."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule
from igla_gen.rules.templates import blocks, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Each `#% check` block is named by a behaviour or formula."""
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    bound = {name.text for _, name in unit.spec.checks()}
    for block in blocks(names[1]):
        if block.kind == "check" and block.name not in bound:
            finder.report(
                f"no behaviour of {unit.source.shown} has the check {block.name}", block.span,
                "bind it in 'checks:', or delete the block",
            )  # fmt: skip


RULE = Rule(
    code="IG403",
    name="test-without-check",
    why="a test that no behaviour asks for is never generated",
    bad=HEADER + """\
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
    checks: [gradient_is_exact]
""",
    check=check,
)
