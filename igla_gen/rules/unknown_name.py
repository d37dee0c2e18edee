"""Every name in an expression is known."""

from __future__ import annotations

from igla_gen.diagnostics import Edit, Fix, SpecError, nearest, respelling
from igla_gen.emit.laws import law_scope
from igla_gen.expressions import Expression
from igla_gen.expressions.emit import VOCABULARY, Scope, kind_of, require_emittable
from igla_gen.model.component import BlueprintSpec, ComponentSpec, Law
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component

# what words of the vocabulary are called elsewhere: by its letters another one may be nearer
ELSEWHERE = {"ln": "log", "concat": "cat", "concatenate": "cat", "randn": "normal", "rand": "uniform"}


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Laws, formulas, constraints and constants can be emitted as code."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    known = {name: name for name in library.scope(unit)}
    scope = law_scope(library, unit)
    for _, law in spec.laws():
        _try_law(finder, law, Scope(scope.sources, dict(scope.kinds), scope.results))
    for formula in spec.formulas.values():
        scope = Scope(known | {word: word for word in (*formula.params, *formula.where)})
        for expression in (*formula.where.values(), formula.is_):
            _try(finder, expression, scope)
    for type_ in spec.types.values():
        scope = Scope({word: word for word in (*type_.fields, *spec.constants)})
        for constraint in type_.constraints:
            _try(finder, constraint, scope)
    if isinstance(spec, BlueprintSpec):
        for statement in spec.requires:
            _try(finder, statement, Scope(known | {name: name for name in spec.sections}))
    for value in spec.constants.values():
        _try(finder, value, Scope({name: name for name in spec.constants}))


def _try_law(finder: Finder, law: Law, scope: Scope) -> None:
    words = list(law.cases[0]) if law.cases else []
    scope.sources = {**scope.sources, **{word: word for word in words}}
    for word, value in law.for_.items():
        _try(finder, value, scope)
        scope.kinds[word] = kind_of(value, scope)
        scope.sources = {**scope.sources, word: word}
    for statement in (law.holds, law.refuses):
        if statement is not None:
            _try(finder, statement, scope)


def _try(finder: Finder, expression: Expression, scope: Scope) -> None:
    try:
        require_emittable(expression, scope)
    except SpecError as error:
        found = error.diagnostic
        name = expression_name(found.message)
        words = (*scope.sources, *VOCABULARY) if name else ()
        alias = ELSEWHERE.get(name or "")
        close = alias or nearest(name or "", words)
        hint = f"did you mean {close!r}?" if close else found.hint
        span = found.span
        is_exact = span.end_column - span.column == len(name or "")
        fix = respelling(name, words, span) if name and is_exact else None
        if alias is not None:
            fix = Fix(f"write {alias!r}", (Edit(span, alias),), "unsafe") if is_exact else None
        finder.report(found.message, span, hint, fix)


def expression_name(message: str) -> str | None:
    """The name that a message quotes first."""
    parts = message.split("'")
    return parts[1] if len(parts) > 2 else None


RULE = Rule(
    code="IG212",
    name="unknown-name",
    what=(
        "A name in a law, constraint, formula or constant that nothing declares, or a call that "
        "has no meaning as code."
    ),
    why="It would only fail when the generated code or its tests run.",
    bad=component(SOUND.replace("ones(8)", "weight")),
    good=component(SOUND),
    fix="unsafe",
    check=check,
)
