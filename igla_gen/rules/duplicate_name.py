"""One name, one meaning."""

from __future__ import annotations

from igla_gen.diagnostics import Span
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """Constants, types, formulas and behaviours share one namespace; laws of one subject another."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    declared = [
        (n, spec.key_span(t, n))
        for t in ("constants", "types", "formulas")
        for n in getattr(spec, t)
    ]
    declared += [(b.name.text, b.name.span) for b in spec.behaviors]
    _report_twins(finder, declared)
    laws = [(f"{subject}.{law.name.text}", law.name.span) for subject, law in spec.laws()]
    _report_twins(finder, laws)


def _report_twins(finder: Finder, declared: list[tuple[str, Span]]) -> None:
    first: dict[str, Span] = {}
    for name, span in declared:
        if first.setdefault(name, span) is not span:
            finder.report(
                f'"{name}" is declared twice', span, f"it is already on line {first[name].line}"
            )


LAW = """\
      - name: definition
        for: {x: "normal(2, 8)"}
        holds: shape(rms_norm(x, ones(8), 1e-6)) == shape(x)
"""

RULE = Rule(
    code="IG408",
    name="duplicate-name",
    what=(
        "Two constants, types, formulas or behaviours of one spec with the same name, or two laws "
        "of one behaviour with the same name."
    ),
    why=(
        "They become functions, classes and tests of one module, where the second would silently "
        "replace the first."
    ),
    bad=component(SOUND + LAW),
    good=component(SOUND + LAW.replace("definition", "keeps_shape")),
    check=check,
)
