"""A template has a place for all that its spec declares."""

from __future__ import annotations

from igla_gen.emit.templates import template_texts
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import HEADER, Finder, Rule
from igla_gen.rules.templates import block_names, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """`constants`, `types`, `formulas` and `laws` have their holes where the spec has any."""
    templates = templates_of(library, unit)
    spec = unit.spec
    if templates is None or not isinstance(spec, ComponentSpec):
        return
    module, test = templates
    blocks = block_names(module, "type")
    emitted = [n for n, t in spec.types.items() if t.class_ is None and n not in blocks]
    tested = [t for t in spec.types.values() if t.class_ is None]
    for template, hole, declared, key in (
        (module, "constants", spec.constants, "constants"),
        (module, "types", emitted, "types"),
        (module, "formulas", spec.formulas, "formulas"),
        (test, "laws", [*spec.laws(), *spec.constants, *tested], None),
    ):
        text = template_texts().get(template)
        if declared and text is not None and f"{{{{ {hole} }}}}" not in text:
            place = spec.key_span(key) if key else spec.module.span
            finder.report(
                f"templates/{template} has no {{{{ {hole} }}}}",
                place,
                "add it where they should stand",
            )


RULE = Rule(
    code="IG418",
    name="missing-hole",
    why="what a template has no place for would be left out in silence, laws among it",
    bad=HEADER + """\
formulas:
  twice:
    description: Two times a number.
    params: {x: Int}
    returns: Int
    is: 2 * x
    laws:
      - name: of_three
        holds: twice(3) == 6
""",
    good=HEADER + """\
constants: {EPS: 1e-6}
""",
    check=check,
)
