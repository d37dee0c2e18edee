"""Every behaviour and formula carries a law or a check."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """A behaviour or formula has at least one law or check."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    hint = "add a law ('laws:') or bind a test of the template ('checks:')"
    for behavior in spec.behaviors:
        if not behavior.laws and not behavior.checks:
            finder.report(
                f'"{behavior.name.text}" has neither a law nor a check', behavior.name.span, hint
            )
    for name, formula in spec.formulas.items():
        if not formula.laws and not formula.checks:
            finder.report(
                f'"{name}" has neither a law nor a check', spec.key_span("formulas", name), hint
            )


RULE = Rule(
    code="IG401",
    name="behavior-without-test",
    why="what nothing tests is a promise that nobody keeps",
    bad=HEADER + """\
behaviors:
  - name: rms_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Float}
    returns: Tensor[..., D]
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
