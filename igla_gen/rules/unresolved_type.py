"""Every type name is known."""

from __future__ import annotations

import ast
import builtins

from igla_gen.diagnostics import respelling, suggestion
from igla_gen.emit.imports import OBVIOUS
from igla_gen.model.component import BlueprintSpec, ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit, types_in
from igla_gen.model.types import FOREIGN, SCALARS, NamedType, named_types, show
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component
from igla_gen.rules.templates import template_text
from igla_gen.rules.usage import has_word

CLASS_HINT = "write handwritten for a class of the template, or a type of Python"


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
                    suggestion(named.name, known | {*SCALARS, *FOREIGN}, spec.types),
                    respelling(named.name, known | {*SCALARS, *FOREIGN}, named.span),
                )
    _check_classes(finder, library, unit, spec)
    if isinstance(spec, BlueprintSpec):
        _check_sections(finder, library, unit, spec, known)


def _check_classes(finder: Finder, library: Library, unit: Unit, spec: ComponentSpec) -> None:
    """What a `class` says is `handwritten`, or a type of Python that the templates can name."""
    text = template_text(library, unit)
    for type_ in spec.types.values():
        if type_.alias is None or type_.class_ is None:
            continue
        words = _words_of(type_.alias)
        known = (*dir(builtins), *OBVIOUS)
        unknown = [word for word in words or () if word not in known and not has_word(text, word)]
        if words is None:
            finder.report(f"{type_.alias} is no type of Python", type_.class_.span, CLASS_HINT)
        elif unknown:
            hint = suggestion(unknown[0], {"handwritten", *OBVIOUS}) or CLASS_HINT
            finder.report(f"the class {unknown[0]} is not known", type_.class_.span, hint)


def _words_of(annotation: str) -> list[str] | None:
    try:
        tree = ast.parse(annotation, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _check_sections(
    finder: Finder, library: Library, unit: Unit, spec: BlueprintSpec, known: set[str]
) -> None:
    """Each is a type with fields; a class, or a formula that begins with a capital, is `known` and none."""
    for name, type_ in spec.sections.items():
        found = library.type_of(unit, type_.name) if isinstance(type_, NamedType) else None
        is_known = not isinstance(type_, NamedType) or type_.is_builtin or type_.name in known
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
        "`uses`; a `class` that names what neither Python nor a template has; or a section whose "
        "type is not a type with fields."
    ),
    why="The generated annotation would name a class that does not exist.",
    bad=component(HEADER + TYPES + READER.replace("config: NormConfig", "config: NrmConfig")),
    good=component(HEADER + TYPES + READER),
    fix="unsafe",
    check=check,
)
