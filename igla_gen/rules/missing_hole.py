"""A template has a place for all that its spec declares, and for nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable

from igla_gen.emit.templates import template_texts
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import NORM_TESTS, SOUND, component
from igla_gen.rules.templates import block_names, templates_of

_SECTION_HOLE = re.compile(r"\{\{ section_(\w+) \}\}")


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


    if isinstance(spec, BlueprintSpec):
        _check_sections(finder, spec, templates)
        _check_tested_by(finder, library, spec, template_texts().get(test) or "")


def _check_sections(finder: Finder, spec: BlueprintSpec, templates: Iterable[str]) -> None:
    """The templates show no section that the blueprint does not have."""
    place = spec.key_span("sections") if spec.sections else spec.module.span
    for template in templates:
        text = template_texts().get(template) or ""
        shown = dict.fromkeys(_SECTION_HOLE.findall(text))
        for name in [name for name in shown if name not in spec.sections]:
            finder.report(
                f"templates/{template} shows the section {name!r}, which is not declared",
                place,
                f"add {name} to sections, or take its hole out of the template",
            )


def _check_tested_by(finder: Finder, library: Library, spec: BlueprintSpec, tests: str) -> None:
    """The instance with all tests is one of this blueprint, and the test template asks which it is."""
    if spec.tested_by is None:
        return
    named = library.units.get(spec.tested_by.text)
    if named is not None and not (
        isinstance(named.spec, InstanceSpec) and named.spec.blueprint.text == spec.module.text
    ):
        finder.report(
            f"{spec.tested_by.text} is not made from this blueprint",
            spec.tested_by.span,
            "name a model or recipe of it",
        )
    if "is_tested_here" not in tests:
        finder.report(
            "the test template never asks for it: all instances have all tests",
            spec.key_span("tested_by"),
            "put '#% if is_tested_here' around the checks that are the same for all",
        )


RULE = Rule(
    code="IG418",
    name="missing-hole",
    what=(
        "A template without the place for what its spec declares: `{{ constants }}`, "
        "`{{ types }}`, `{{ formulas }}`, and in the test template `{{ laws }}` and, of a "
        "blueprint, `{{ instance_import }}`; `#% if is_tested_here` where a blueprint has "
        "`tested_by`, which must name one of its instances; or a place, `{{ section_NAME }}`, for "
        "a section that the blueprint does not declare."
    ),
    why="What has no place would be left out of the output in silence, laws among it.",
    bad=component(SOUND, tests=NORM_TESTS.replace("{{ laws }}", "")),
    good=component(SOUND, tests=NORM_TESTS),
    check=check,
)
