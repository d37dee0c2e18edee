"""A law says one thing."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec, Law
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """Exactly one of `holds` and `refuses`; `saying` with `refuses`; cases bind the same names, not those of `for`."""
    if not isinstance(unit.spec, ComponentSpec):
        return
    for _, law in unit.spec.laws():
        if law.holds is not None and law.refuses is not None:
            finder.report(
                f'the law "{law.name.text}" has both holds and refuses', law.name.span,
                "a law says one thing: make two laws of it",
            )  # fmt: skip
        elif law.holds is None and law.refuses is None:
            finder.report(
                f'the law "{law.name.text}" needs one of holds and refuses', law.name.span
            )
        elif (law.refuses is None) != (law.saying is None):
            finder.report(
                "refuses and saying go together", law.name.span,
                "saying: a text that the error message must contain",
            )  # fmt: skip
        if law.node.get("cases") is not None and not all(law.cases or ({},)):
            finder.report("a case binds at least one name", law.key_span("cases"))
        for word in law.for_:
            if any(word in case for case in law.cases):
                finder.report(f'"{word}" stands in for and in cases', law.key_span("for", word))
        _check_cases(finder, law)


def _check_cases(finder: Finder, law: Law) -> None:
    """Those cases are reported that differ from most, or of two from the first."""
    words = [tuple(case) for case in law.cases]
    most = max(words, key=words.count, default=())
    for index, own in enumerate(words):
        if own != most:
            line = law.span_of("cases", words.index(most)).line
            finder.report(
                "every case binds the same names, in the same order", law.span_of("cases", index),
                f"this one binds {_list(own)}, and that of line {line} {_list(most)}",
            )  # fmt: skip


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "nothing"


RULE = Rule(
    code="IG410",
    name="law-shape",
    what=(
        "A law without exactly one of `holds` and `refuses`, `saying` without `refuses`, or cases "
        "that do not all bind the same names."
    ),
    why=(
        "A law without a statement tests nothing, and of two statements only one would be tested."
    ),
    bad=component(SOUND + "        saying: weight has 4 channels\n"),
    good=component(SOUND),
    check=check,
)
