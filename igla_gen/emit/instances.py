"""Models and recipes: the sections of a blueprint as config values in code."""

from __future__ import annotations

import re

from igla_gen.emit.laws import law_scope
from igla_gen.emit.types import LONGEST_BODY, literal
from igla_gen.emit.values import Code, code
from igla_gen.expressions import names
from igla_gen.expressions.emit import emit
from igla_gen.model.component import BlueprintSpec, InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import Record
from igla_gen.model.sections import section_values
from igla_gen.model.types import NamedType


def instance_context(library: Library, unit: Unit, *, is_test: bool) -> dict[str, object]:
    """The holes of an instance: its name, `section_X` and `smoke_X` for each section, its model."""
    spec = unit.spec
    blueprint = library.blueprint(unit)
    assert isinstance(spec, InstanceSpec) and blueprint is not None
    assert isinstance(blueprint.spec, BlueprintSpec)
    short = unit.module.rsplit(".", 1)[1]
    context: dict[str, object] = {
        "title": code(repr(spec.name.text)),
        "instance_path": code(unit.module),
        "purpose": code(repr(" ".join(spec.description.text.split()))),
        "short_name": code(repr(short)),
        "smoke_name": code(repr(f"{short}-smoke")),
        "instance_import": _module_import(unit.module, "subject"),
    }
    context["is_tested_here"] = is_tested_here(blueprint.spec, unit)
    for name in blueprint.spec.sections:
        context[f"section_{name}"] = _construct(library, unit, name, smoke=False, is_test=is_test)
        context[f"smoke_{name}"] = _construct(library, unit, name, smoke=True, is_test=is_test)
    model = library.model(unit)
    if model is not None:
        context["model_import"] = _module_import(model.module, "model_spec")
    return context


def is_tested_here(blueprint: BlueprintSpec, unit: Unit) -> bool:
    """Whether the tests of this instance hold all checks of its blueprint."""
    return blueprint.tested_by is None or blueprint.tested_by.text == unit.module


def _module_import(module: str, alias: str) -> Code:
    package, _, name = module.rpartition(".")
    return code(f"from {package} import {name} as {alias}")


def _construct(library: Library, unit: Unit, section: str, *, smoke: bool, is_test: bool) -> Code:
    """`NormConfig(hidden_size=64)`: the values that the spec gives, and no others."""
    blueprint = library.blueprint(unit)
    assert blueprint is not None and isinstance(blueprint.spec, BlueprintSpec)
    type_ = blueprint.spec.sections[section]
    assert isinstance(type_, NamedType)
    record = section_values(library, unit, section, smoke=smoke)

    def name_of(record: Record) -> str:
        return f"{'subject.' if is_test and record.owner is blueprint else ''}{record.name}"

    return code(literal(record, type_, name_of))


def requirements_code(library: Library, unit: Unit) -> Code:
    """A test that the sections fit together, as the compiler has found them to."""
    blueprint = library.blueprint(unit)
    assert blueprint is not None and isinstance(blueprint.spec, BlueprintSpec)
    spec = blueprint.spec
    if not spec.requires:
        return Code("")
    read = {name.name for statement in spec.requires for name in names(statement)}
    sections = [name for name in spec.sections if name in read]
    scope = law_scope(library, blueprint)
    modules = {source.split(".")[0] for source in scope.sources.values()}
    local = {name: f"{name}_section" if name in modules else name for name in sections}
    scope.sources = {**scope.sources, **local}
    place = f"# spec: {blueprint.source.shown}:{spec.key_span('requires').line}"
    values = {
        local[name]: str(_construct(library, unit, name, smoke=False, is_test=True))
        for name in sections
    }
    statements = [f"assert {emit(statement, scope)}" for statement in spec.requires]
    return code("\n".join(_requirement_tests(place, values, statements)))


def _requirement_tests(place: str, values: dict[str, str], statements: list[str]) -> list[str]:
    """One test, or several that share the sections where one would be too long to read."""
    made = [f"{name} = {value}" for name, value in values.items()]
    if sum(map(_height, (*made, *statements))) <= LONGEST_BODY:
        return _requirement_test(place, "", [*made, *statements])
    lines: list[str] = []
    for name, value in values.items():
        head = f"def make_{name}() -> {value.partition('(')[0]}:"
        lines += [place, head, f"    return {value}", ""]
    parts: list[list[str]] = [[]]
    for statement in statements:
        if sum(map(_height, (*parts[-1], statement))) + len(values) > LONGEST_BODY:
            parts.append([])
        parts[-1].append(statement)
    for number, part in enumerate(parts, start=1):
        read = [name for name in values if any(re.search(rf"\b{name}\b", line) for line in part)]
        body = [*(f"{name} = make_{name}()" for name in read), *part]
        lines += [*_requirement_test(place, f"_{number}" if number > 1 else "", body), ""]
    return lines


def _requirement_test(place: str, number: str, body: list[str]) -> list[str]:
    return [
        place,
        f"def test_sections_satisfy_the_requirements{number}() -> None:",
        '    """The values of the sections fit together, as the blueprint asks."""',
        *(f"    {line}" for line in body),
    ]


def _height(line: str) -> int:
    """How many lines a statement has once it is formatted, or a few more: its parts on lines of their own."""
    return 1 if len(line) <= 96 else 3 + line.count(",") + line.count("(") + line.count(" == ")
