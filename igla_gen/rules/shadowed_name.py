"""Params and inputs leave the names of others alone."""

from __future__ import annotations

import builtins
from collections.abc import Iterable

from igla_gen.diagnostics import Span
from igla_gen.expressions import Expression
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.expressions.tree import Call, Name, walk
from igla_gen.model.base import Spec
from igla_gen.model.component import ComponentSpec, Formula, Law
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component

BUILTINS = frozenset(name for name in dir(builtins) if name[0].islower()) - {
    "copyright", "credits", "exit", "license", "quit",
}  # fmt: skip


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """No param hides a builtin, no name of a law or formula what the same law or formula calls."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    for owner in (*spec.behaviors, *spec.formulas.values()):
        _check_params(finder, owner, owner.params or ())
    known = VOCABULARY | library.scope(unit).keys()
    for formula in spec.formulas.values():
        _check_formula(finder, formula, known)
    for _, law in spec.laws():
        _check_law(finder, law, known)


def _check_params(finder: Finder, owner: Spec, params: Iterable[str]) -> None:
    for word in params:
        if word in BUILTINS:
            place = owner.key_span("params", word)
            finder.report(f'"{word}" hides a builtin of Python', place, f"for example {word}_")


def _check_formula(finder: Finder, formula: Formula, known: Iterable[str]) -> None:
    called = _called((*formula.where.values(), formula.is_))
    for table in ("params", "where"):
        for word in getattr(formula, table):
            if word in called and word in known:
                _report(finder, word, formula.key_span(table, word))


def _check_law(finder: Finder, law: Law, known: Iterable[str]) -> None:
    statements = [e for e in (law.holds, law.refuses) if e is not None]
    called = _called((*law.for_.values(), *statements))
    for word in law.for_:
        if word in called and word in known:
            _report(finder, word, law.key_span("for", word))
    for word in dict.fromkeys(word for case in law.cases for word in case):
        if word in called and word in known:
            _report(finder, word, law.key_span("cases"))


def _called(expressions: Iterable[Expression]) -> set[str]:
    return {
        part.function.name
        for expression in expressions
        for part in walk(expression)
        if isinstance(part, Call) and isinstance(part.function, Name)
    }


def _report(finder: Finder, word: str, span: Span) -> None:
    finder.report(
        f'"{word}" hides the function that is called by this name', span, "choose another name"
    )


RULE = Rule(
    code="IG420",
    name="shadowed-name",
    what=(
        "A param with the name of a builtin of Python (`input`, `type`, `id`), or an input of a law "
        "or value of a formula with the name of a function that the same law or formula calls."
    ),
    why=(
        "Inside the function or the law the name means the new thing, and a call of the old one "
        "fails or, worse, does something else."
    ),
    bad=component(
        SOUND.replace('"normal(2, 8)"', '"normal(2, 8)", ones: ones(8)').replace(
            "(x, ones(8)", "(x, ones"
        )
    ),
    good=component(SOUND),
    suppressible=True,
    severity="warning",
    check=check,
)
