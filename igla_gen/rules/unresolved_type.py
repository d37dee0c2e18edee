"""Every type name is known."""

from __future__ import annotations

from igla_gen.diagnostics import respelling, suggestion
from igla_gen.model.component import BlueprintSpec, ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit, types_in
from igla_gen.model.types import FOREIGN, SCALARS, NamedType, named_types, show
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Types of fields, params and results are built in, declared here, or declared by a `uses`."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    scope = library.scope(unit).items()
    known = {n for n, k in scope if isinstance(k.declaration, TypeSpec) or n[0].isupper()}
    for type_ in types_in(spec):
        for named in named_types(type_):
            if not named.is_builtin and named.name not in known:
                finder.report(
                    f"the type {named.name} is not known",
                    named.span,
                    suggestion(named.name, known | {*SCALARS, *FOREIGN}),
                    respelling(named.name, known | {*SCALARS, *FOREIGN}, named.span),
                )
    if isinstance(spec, BlueprintSpec):
        _check_sections(finder, library, unit, spec)


def _check_sections(finder: Finder, library: Library, unit: Unit, spec: BlueprintSpec) -> None:
    for name, type_ in spec.sections.items():
        found = library.type_of(unit, type_.name) if isinstance(type_, NamedType) else None
        is_known = found is not None or not isinstance(type_, NamedType) or type_.is_builtin
        if is_known and (found is None or found[1].class_ is not None):
            finder.report(
                f'the section "{name}" is {show(type_)}', type_.span,
                "name a type with fields, of this spec or of one in uses",
            )  # fmt: skip


RULE = Rule(
    code="IG406",
    name="unresolved-type",
    what=(
        "A type that is not built in, not declared by the spec, and not declared by a spec in "
        "`uses`; or a section whose type is not a type with fields."
    ),
    why="The generated annotation would name a class that does not exist.",
    bad=component(HEADER + TYPES + READER.replace("config: NormConfig", "config: NrmConfig")),
    good=component(HEADER + TYPES + READER),
    fix="unsafe",
    check=check,
)
