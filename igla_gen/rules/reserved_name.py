"""Names that Python or the generated code already uses."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Collection, Iterable

from igla_gen.diagnostics import Span
from igla_gen.emit.imports import OBVIOUS
from igla_gen.emit.laws import tested_name
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec, Law
from igla_gen.model.library import Library, Unit
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.templates import imported_names, templates_of

Taken = tuple[tuple[Collection[str], str], ...]  # names, and what to say of one of them

SELF = frozenset(("self", "cls"))
TYPES = frozenset((*SCALARS, *FOREIGN, *GENERICS, "Enum", "Tensor"))
TAKEN_BY_LAWS = VOCABULARY.union(dir(builtins))
IMPORTED = frozenset((*OBVIOUS, "F", "re"))  # what generated modules may import by these names
OF_TESTS = frozenset(
    ("torch", "math", "statistics", "pytest", "re", "dataclasses", "itertools", "generator")
)
ANNOTATIONS = frozenset(("int", "float", "bool", "str", "tuple", "list", "dict")) | IMPORTED
OTHERWISE = '"{}" is what generated code calls something else'


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Every declared name is an identifier, no keyword, and not what generated code calls another."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    _check_globals(finder, library, unit, spec)
    for type_ in spec.types.values():
        _check_keys(finder, type_, "fields", type_.fields, ((ANNOTATIONS, OTHERWISE),))
    for behavior in spec.behaviors:
        _check_keys(finder, behavior, "params", behavior.params or {})
    for formula in spec.formulas.values():
        for table in ("params", "where"):
            _check_keys(finder, formula, table, getattr(formula, table), ((IMPORTED, OTHERWISE),))
    if isinstance(spec, BlueprintSpec):
        _check_keys(finder, spec, "sections", spec.sections)
    modules = {tested_name(used) for used in library.used(unit)}
    of_tests = (modules, '"{}" is the module under test'), (OF_TESTS, '"{}" is used by all tests')
    for _, law in spec.laws():
        _check_law(finder, law, of_tests)


def _check_globals(finder: Finder, library: Library, unit: Unit, spec: ComponentSpec) -> None:
    template = (templates_of(library, unit) or ("",))[0]
    taken: Taken = (
        (TAKEN_BY_LAWS, '"{}" already means something in laws'),
        (IMPORTED, '"{}" is what generated code imports by this name'),
        (imported_names(template), f'templates/{template} imports "{{}}"'),
    )
    for table in ("constants", "types", "formulas"):
        own: Taken = ((TYPES, '"{}" is a type of the language'),) if table == "types" else ()
        _check_keys(finder, spec, table, getattr(spec, table), (*own, *taken))
    for behavior in spec.behaviors:
        _check(finder, behavior.name.text, taken, lambda name=behavior.name: name.span)


def _check_law(finder: Finder, law: Law, taken: Taken) -> None:
    name = law.name.text
    if not f"_{name}".isidentifier() or not name.isascii():  # what follows `test_SUBJECT_`
        finder.report(f'"{name}" is not a name', law.name.span, "letters, digits and _")
    _check_keys(finder, law, "for", law.for_, taken)
    for word in dict.fromkeys(word for case in law.cases for word in case):
        _check(finder, word, taken, lambda: law.key_span("cases"))


def _check_keys(
    finder: Finder, owner: Spec, table: str, words: Iterable[str], taken: Taken = ()
) -> None:
    for word in words:
        _check(finder, word, taken, lambda word=word: owner.key_span(table, word))


def _check(finder: Finder, name: str, taken: Taken, place: Callable[[], Span]) -> None:
    """Whether Python could use the name, and nobody else does; its place is looked up when needed."""
    if not name.isidentifier() or not name.isascii():
        finder.report(f'"{name}" is not a name', place(), "letters, digits and _; no digit first")
    elif keyword.iskeyword(name) or name in SELF:
        finder.report(f'"{name}" is a word of Python', place(), f"for example {name}_")
    elif name.startswith("_"):
        finder.report(f'"{name}" is private', place(), "what a spec declares is public")
    else:
        message = next((message for words, message in taken if name in words), None)
        if message is not None:
            finder.report(message.format(name), place(), "choose another name")


RULE = Rule(
    code="IG407",
    name="reserved-name",
    what=(
        "A declared name that is no identifier, is a word of Python, begins with an underscore, "
        "or is taken already: by the types and functions of the language, by what generated code "
        "or its template imports, or by names that generated tests use themselves."
    ),
    why=(
        "Names become functions, fields and variables of the generated code, where `lambda` is a "
        "syntax error and a function called `sum` would take the place of the one that laws call."
    ),
    bad=component(
        SOUND.replace('"normal(2, 8)"', '"normal(2, 8)", lambda: ones(8)').replace(
            "(x, ones(8)", "(x, lambda"
        )
    ),
    good=component(SOUND),
    check=check,
)
