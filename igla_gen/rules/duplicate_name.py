"""One name, one meaning."""

from __future__ import annotations

from igla_gen.diagnostics import Span
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """Constants, types, formulas and behaviours share one namespace; laws of one subject another."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    declared = [
        (n, spec.key_span(t, n))
        for t in ("constants", "types", "formulas")
        for n in getattr(spec, t)
    ]
    declared += [(b.name.text, b.name.span) for b in spec.behaviors]
    _report_twins(finder, declared)
    laws = [(f"{subject}.{law.name.text}", law.name.span) for subject, law in spec.laws()]
    _report_twins(finder, laws)


def _report_twins(finder: Finder, declared: list[tuple[str, Span]]) -> None:
    first: dict[str, Span] = {}
    for name, span in declared:
        if first.setdefault(name, span) is not span:
            finder.report(
                f'"{name}" is declared twice', span, f"it is already on line {first[name].line}"
            )


RULE = Rule(
    code="IG408",
    name="duplicate-name",
    why="of two things with one name the second would silently win",
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
