"""One name, one meaning."""

from __future__ import annotations

from collections.abc import Iterator

from igla_gen.emit.laws import snake
from igla_gen.emit.templates import is_unbuilt
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.syntax.tree import Entry, Mapping, Scalar

OF_A_TYPE = ("defaults", "is_frozen", "refuses", "accepts")


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """Constants, types, formulas and behaviours share one namespace; the tests made of them another."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    _report_twins(finder, list(_declared(spec)))
    for owner in (*spec.behaviors, *spec.formulas.values()):
        checks = [(check.text, check) for check in owner.checks]
        _report_twins(finder, checks, 'the check "{}" stands twice')
    _report_twins(finder, [(use.text, use) for use in spec.uses], '"{}" stands twice in uses')
    before = len(finder.library.findings.items)
    _report_twins(finder, [(f"{word}.{law.name.text}", law.name) for word, law in spec.laws()])
    if len(finder.library.findings.items) == before and not is_unbuilt(unit):
        _report_twins(finder, list(_tests(spec)), "the test {} would be written twice")
    for type_ in spec.types.values():
        _report_twins(finder, [(word.text, word) for word in type_.variants])


def _declared(spec: ComponentSpec) -> Iterator[tuple[str, Scalar]]:
    for entry in _entries(spec, "constants", "types", "formulas"):
        yield entry.key.text, entry.key
    yield from ((behavior.name.text, behavior.name) for behavior in spec.behaviors)


def _entries(spec: ComponentSpec, *tables: str) -> Iterator[Entry]:
    for table in tables:
        node = spec.node.get(table)
        yield from node.entries if isinstance(node, Mapping) else ()


def _tests(spec: ComponentSpec) -> Iterator[tuple[str, Scalar]]:
    """Every test function that is made of the spec, with the scalar that it is made of."""
    for subject, law in spec.laws():
        yield f"test_{snake(subject)}_{law.name.text}", law.name
    for entry in _entries(spec, "types"):
        if spec.types[entry.key.text].class_ is None:
            yield from ((f"test_{snake(entry.key.text)}_{kind}", entry.key) for kind in OF_A_TYPE)
    key = spec.node.key("constants")
    if spec.constants and key is not None:
        yield "test_constants", key
    checks = {check.text: check for _, check in spec.checks()}
    yield from ((f"test_{name}", check) for name, check in checks.items())


def _report_twins(
    finder: Finder, declared: list[tuple[str, Scalar]], message: str = '"{}" is declared twice'
) -> None:
    first: dict[str, Scalar] = {}
    for name, place in declared:
        if first.setdefault(name, place) is not place:
            hint = f"it is already on line {first[name].span.line}"
            finder.report(message.format(name), place.span, hint)


LAW = """\
      - name: definition
        for: {x: "normal(2, 8)"}
        holds: shape(rms_norm(x, ones(8), 1e-6)) == shape(x)
"""

RULE = Rule(
    code="IG408",
    name="duplicate-name",
    what=(
        "Two constants, types, formulas or behaviours of one spec with the same name, two laws of "
        "one behaviour with the same name, a check or a module of `uses` that stands twice, or two "
        "names of which the same test would be made."
    ),
    why=(
        "They become functions, classes and tests of one module, where the second would silently "
        "replace the first."
    ),
    bad=component(SOUND + LAW),
    good=component(SOUND + LAW.replace("definition", "keeps_shape")),
    check=check,
)
