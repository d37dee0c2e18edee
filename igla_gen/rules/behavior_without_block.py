"""Every behaviour has a block in the template."""

from __future__ import annotations

from igla_gen.diagnostics import suggestion
from igla_gen.emit.templates import template_texts
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule
from igla_gen.rules.templates import block_names, class_names, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """`#% behavior NAME` exists for each behaviour; a type that is handwritten has its class."""
    names = templates_of(library, unit)
    if (
        names is None
        or not isinstance(unit.spec, ComponentSpec)
        or names[0] not in template_texts()
    ):
        return
    known = block_names(names[0], "behavior")
    for name, type_ in unit.spec.types.items():
        if type_.is_handwritten and name not in class_names(names[0]):
            finder.report(
                f"templates/{names[0]} has no class {name}",
                unit.spec.key_span("types", name),
                "write it, or give the type fields",
            )
    for behavior in unit.spec.behaviors:
        if behavior.name.text not in known:
            finder.report(
                f'templates/{names[0]} has no block "#% behavior {behavior.name.text}"',
                behavior.name.span,
                suggestion(behavior.name.text, known),
            )


RULE = Rule(
    code="IG404",
    name="behavior-without-block",
    why="a behaviour that no template builds would be skipped in silence",
    bad=HEADER + """\
behaviors:
  - name: no_such_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Float}
    returns: Tensor[..., D]
    laws:
      - name: keeps_shape
        for: {x: "normal(2, 8)"}
        holds: shape(no_such_norm(x, ones(8), 1e-6)) == shape(x)
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
