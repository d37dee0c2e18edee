"""A template has a place for all that its spec declares."""

from __future__ import annotations

from igla_gen.emit.templates import template_texts
from igla_gen.model.component import BlueprintSpec, ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import NORM_TESTS, SOUND, component
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
    laws = [*spec.laws(), *spec.constants, *tested]
    for template, hole, declared, key in (
        (module, "constants", spec.constants, "constants"),
        (module, "types", emitted, "types"),
        (module, "formulas", spec.formulas, "formulas"),
        (test, "laws", laws, None),
        (test, "instance_import", laws if isinstance(spec, BlueprintSpec) else (), None),
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
    what=(
        "A template without the place for what its spec declares: `{{ constants }}`, "
        "`{{ types }}`, `{{ formulas }}`, and in the test template `{{ laws }}` and, of a "
        "blueprint, `{{ instance_import }}`."
    ),
    why="What has no place would be left out of the output in silence, laws among it.",
    bad=component(SOUND, tests=NORM_TESTS.replace("{{ laws }}", "")),
    good=component(SOUND, tests=NORM_TESTS),
    check=check,
)
