"""Every type name is known."""

from __future__ import annotations

from collections.abc import Iterator

from igla_gen.diagnostics import suggestion
from igla_gen.model.component import BlueprintSpec, ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.types import FOREIGN, SCALARS, Type, named_types
from igla_gen.rules.base import HEADER, Finder, Rule


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Types of fields, params and results are built in, declared here, or declared by a `uses`."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    scope = library.scope(unit).items()
    known = {n for n, k in scope if isinstance(k.declaration, TypeSpec) or n[0].isupper()}
    for type_ in _types(spec):
        for named in named_types(type_):
            if not named.is_builtin and named.name not in known:
                finder.report(
                    f"the type {named.name} is not known",
                    named.span,
                    suggestion(named.name, known | {*SCALARS, *FOREIGN}),
                )


def _types(spec: ComponentSpec) -> Iterator[Type]:
    for type_ in spec.types.values():
        yield from (field.type for field in type_.fields.values())
    for formula in spec.formulas.values():
        yield from (param.type for param in formula.params.values())
        yield formula.returns
    for behavior in spec.behaviors:
        yield from (param.type for param in (behavior.params or {}).values())
        if behavior.returns is not None:
            yield behavior.returns
    if isinstance(spec, BlueprintSpec):
        yield from spec.sections.values()


RULE = Rule(
    code="IG406",
    name="unresolved-type",
    why="a type that nothing declares cannot be generated",
    bad=HEADER + """\
behaviors:
  - name: rms_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Flaot}
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
