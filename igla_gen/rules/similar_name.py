"""Names differ by more than case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, component


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """No two names of one list, such as the fields of a type, are the same but for their case."""
    if isinstance(unit.spec, ComponentSpec):
        for owner, table, words in _lists(unit.spec):
            _compare(finder, owner, table, list(words))


def _lists(spec: ComponentSpec) -> Iterator[tuple[Spec, str, Iterable[str]]]:
    for table in ("constants", "types", "formulas"):
        yield spec, table, getattr(spec, table)
    if isinstance(spec, BlueprintSpec):
        yield spec, "sections", spec.sections
    for type_ in spec.types.values():
        yield type_, "fields", type_.fields
    for owner in (*spec.behaviors, *spec.formulas.values()):
        yield owner, "params", owner.params or ()


def _compare(finder: Finder, owner: Spec, table: str, words: list[str]) -> None:
    seen: dict[str, str] = {}
    for word in words:
        first = seen.setdefault(word.lower(), word)
        if first != word:
            line = owner.key_span(table, first).line
            finder.report(
                f'"{word}" differs from "{first}" on line {line} by case alone',
                owner.key_span(table, word),
                "choose a name that says what is different",
            )


AREA = """\
formulas:
  area:
    description: Returns the area of a rectangle.
    params: {x: Float, X: Float}
    returns: Float
    is: x * X
    laws:
      - name: multiplies
        holds: area(2.0, 3.0) == 6.0
"""

RULE = Rule(
    code="IG423",
    name="similar-name",
    what=(
        "Two fields, params, constants, types, formulas or sections of one list that differ by "
        "upper and lower case alone."
    ),
    why="Whoever reads or types one of them will one day mean the other.",
    bad=component(HEADER + AREA),
    good=component(HEADER + AREA.replace("X", "y")),
    suppressible=True,
    severity="warning",
    check=check,
)
