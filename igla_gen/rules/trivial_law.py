"""A law can fail."""

from __future__ import annotations

from collections.abc import Iterator

from igla_gen.expressions import Expression, show
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.expressions.tree import Comparison, Logical
from igla_gen.model.component import ComponentSpec, Law
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.truths import Inputs, always_holds, expanded_names, form, inlined


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """A law calls what it is about, and each part of it can turn out false."""
    if not isinstance(unit.spec, ComponentSpec):
        return
    declared = set(library.scope(unit))
    for subject, law in unit.spec.laws():
        if (law.holds is None) != (law.refuses is None):  # else law-shape reports it
            _check_law(finder, subject, law, declared)


def _check_law(finder: Finder, subject: str, law: Law, declared: set[str]) -> None:
    statement = law.holds if law.holds is not None else law.refuses
    assert statement is not None
    bound = {*law.for_, *(word for case in law.cases for word in case)}
    read = expanded_names(statement, law.for_)
    if not read <= declared | bound | VOCABULARY:
        return  # unknown-name reports it
    if subject not in read - bound:
        finder.report(
            f'the law never uses "{subject}"', law.name.span, "call what the law is about"
        )
        return
    inputs = inlined(law.for_)
    for part in _parts(law.holds) if law.holds is not None else ():
        if always_holds(part, inputs, declared - bound):
            finder.report(_reason(part, inputs), part.span, "compare with an independent result")
        elif expanded_names(part, law.for_).isdisjoint(declared - bound):
            finder.report(
                f"{show(part)} says nothing about the code", part.span,
                "call what the law is about in each part of it",
            )  # fmt: skip


def _parts(statement: Expression) -> Iterator[Expression]:
    """What stands between the `and`s of the statement."""
    if isinstance(statement, Logical) and statement.operator == "and":
        for operand in statement.operands:
            yield from _parts(operand)
    else:
        yield statement


def _reason(part: Expression, inputs: Inputs) -> str:
    if isinstance(part, Comparison):
        forms = {form(operand, inputs) for operand in part.operands}
        if len(forms) == 1 and forms.pop()[0] != "number":
            return "both sides are the same"
    return f"{show(part)} holds whatever the code returns"


RULE = Rule(
    code="IG411",
    name="trivial-law",
    what=(
        "A law, or a part of it between two `and`s, that holds whatever the code returns: both "
        "sides are the same once inputs are put in and sums and products are cancelled, a bound "
        "cannot be crossed (`abs(y) >= 0`), or nothing in it calls the behaviour."
    ),
    why=(
        "It can never turn red, and so it proves nothing; whoever reads the spec believes that it "
        "does."
    ),
    bad=component(SOUND.replace("x / sqrt(mean(x^2, -1) + 1e-6)", "rms_norm(x, ones(8), 1e-6)")),
    good=component(SOUND),
    suppressible=True,
    check=check,
)
