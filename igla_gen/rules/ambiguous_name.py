"""A name that a spec reads is declared in one place."""

from __future__ import annotations

from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit, declarations, types_in
from igla_gen.model.types import named_types
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, SPEC, Example, component
from igla_gen.rules.templates import template_text
from igla_gen.rules.usage import expressions_of, has_word, words_of

PROGRAM = "main"


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Nothing that the spec or its templates name is declared by two of the spec and its uses."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec) or not spec.uses:
        return
    owners: dict[str, Unit] = {}
    for used in library.used(unit):
        for name, _ in declarations(used.spec) if isinstance(used.spec, ComponentSpec) else ():
            if name == PROGRAM and used is not unit:
                continue  # each module that can be run has its own, which others do not call
            first = owners.setdefault(name, used)
            if first is not used and is_read(library, unit, name):
                index = next(i for i, use in enumerate(spec.uses) if use.text == used.module)
                finder.report(
                    f"{used.module} declares {name}, and so does {first.module}",
                    spec.span_of("uses", index),
                    "rename one of them, or use only one of the modules",
                )


def is_read(library: Library, unit: Unit, name: str) -> bool:
    """Whether the spec or its templates name it."""
    assert isinstance(unit.spec, ComponentSpec)
    named = {named.name for type_ in types_in(unit.spec) for named in named_types(type_)}
    if name in named | words_of(expressions_of(unit.spec)):
        return True
    return has_word(template_text(library, unit), name)


BASE = """\
name: igla_example_base
version: "1.0.0"
language: python
module: igla.architecture.base
description: What norms share.
constants: {EPS: 1e-6}
"""
USER = SOUND.replace("behaviors:", "uses: [igla.architecture.base]\nNAMES\nbehaviors:").replace(
    "1e-6", "EPS"
)
ASIDE = {
    **component(SOUND).aside,
    "templates/architecture/base.py.j2": '"""{{ module_doc }}"""\n\n{{ constants }}\n',
    "templates/architecture/test_base.py.j2": '"""{{ test_doc }}"""\n\n{{ laws }}\n',
    "specs/architecture/base.vibee": BASE,
}

RULE = Rule(
    code="IG422",
    name="ambiguous-name",
    what=(
        "A name that the spec or its templates read, and that two of the spec and the modules in "
        "`uses` declare."
    ),
    why=(
        "Which of the two is meant would be decided by the order of `uses`, and nobody who reads "
        "the line can tell."
    ),
    bad=Example({SPEC: USER.replace("NAMES", "constants: {EPS: 1e-5}")}, ASIDE),
    good=Example({SPEC: USER.replace("NAMES\n", "")}, ASIDE),
    check=check,
)
