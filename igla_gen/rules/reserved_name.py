"""Names that Python or the generated code already uses."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable

from igla_gen.diagnostics import Span
from igla_gen.emit.laws import tested_name
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.model.base import Spec
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, TYPES, component

FIELD_WORDS = frozenset(("self", "cls"))


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Every declared name is an identifier, no keyword, and shadows no builtin or vocabulary."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    for table in ("constants", "types", "formulas"):
        for name in getattr(spec, table):
            _check_name(finder, name, spec.key_span(table, name), is_global=True)
    for name in spec.types:
        if name in (*SCALARS, *FOREIGN, *GENERICS, "Enum", "Tensor"):
            finder.report(
                f'"{name}" is a type of the language',
                spec.key_span("types", name),
                "choose a longer name",
            )
    for type_ in spec.types.values():
        for field in type_.fields:
            _check_name(finder, field, type_.key_span("fields", field), is_global=False)
    for behavior in spec.behaviors:
        _check_name(finder, behavior.name.text, behavior.name.span, is_global=True)
        _check_keys(finder, behavior, "params", behavior.params or {})
    for formula in spec.formulas.values():
        _check_keys(finder, formula, "params", formula.params)
        _check_keys(finder, formula, "where", formula.where)
    modules = {tested_name(used) for used in library.used(unit)}
    for _, law in spec.laws():
        _check_suffix(finder, law.name.text, law.name.span)
        _check_keys(finder, law, "for", law.for_)
        for word in modules & {*law.for_, *(word for case in law.cases for word in case)}:
            place = law.key_span("for", word) if word in law.for_ else law.key_span("cases")
            finder.report(f'"{word}" is the module under test', place, "choose another name")
        for word in dict.fromkeys(word for case in law.cases for word in case):
            _check_name(finder, word, law.key_span("cases"), is_global=False)


def _check_keys(finder: Finder, owner: Spec, table: str, words: Iterable[str]) -> None:
    for word in words:
        _check_name(finder, word, owner.key_span(table, word), is_global=False)


def _check_suffix(finder: Finder, name: str, span: Span) -> None:
    """The name of a law follows `test_SUBJECT_`, where keywords and digits do no harm."""
    if not f"_{name}".isidentifier() or not name.isascii():
        finder.report(f'"{name}" is not a name', span, "letters, digits and _")


def _check_name(finder: Finder, name: str, span: Span, *, is_global: bool) -> None:
    if not name.isidentifier() or not name.isascii():
        finder.report(f'"{name}" is not a name', span, "letters, digits and _; not a digit first")
    elif keyword.iskeyword(name) or name in FIELD_WORDS:
        finder.report(f'"{name}" is a word of Python', span, f"for example {name}_")
    elif name.startswith("_"):
        finder.report(f'"{name}" is private', span, "what a spec declares is public")
    elif is_global and (name in dir(builtins) or name in VOCABULARY):
        finder.report(f'"{name}" already means something in laws', span, "choose a longer name")


RULE = Rule(
    code="IG407",
    name="reserved-name",
    what=(
        "A declared name that is no identifier, is a word of Python, begins with an underscore, "
        "or means something else in laws or types."
    ),
    why=(
        "Names become functions, fields and variables of the generated code, where `lambda` is a "
        "syntax error and a function called `sum` would take the place of the one that laws call."
    ),
    bad=component(HEADER + TYPES.replace("eps", "lambda")),
    good=component(HEADER + TYPES),
    check=check,
)
