"""What templates receive of one spec, as plain data for other tools; docs/seams.md describes it."""

from __future__ import annotations

from igla_gen.emit.formulas import formula_code
from igla_gen.emit.laws import law_scope, law_test
from igla_gen.emit.values import place_lines
from igla_gen.model.component import Behavior, BlueprintSpec, ComponentSpec, Formula, InstanceSpec
from igla_gen.model.data import as_data
from igla_gen.model.library import Known, Library, Unit
from igla_gen.model.records import constants_of, given_of
from igla_gen.model.sections import section_type, section_values

VERSION = 1


def unit_data(library: Library, unit: Unit) -> dict[str, object]:
    """One checked spec with all that it means: names resolved, defaults filled in, laws as Python."""
    data: dict[str, object] = {
        "version": VERSION,
        "file": unit.source.shown,
        "kind": unit.kind,
        "module": unit.module,
        "spec": as_data(unit.spec),
        "uses": [_reference(used) for used in library.used(unit)[1:]],
    }
    if isinstance(unit.spec, InstanceSpec):
        return data | _instance_data(library, unit)
    return data | _component_data(library, unit, unit.spec)


def _reference(unit: Unit | None) -> dict[str, str] | None:
    return {"module": unit.module, "file": unit.source.shown} if unit is not None else None


def _component_data(library: Library, unit: Unit, spec: ComponentSpec) -> dict[str, object]:
    known = {name: name for name in library.scope(unit)}
    return {
        "scope": {name: _scope_entry(item) for name, item in library.scope(unit).items()},
        "constants": constants_of(unit),
        "formulas": {
            name: _python(formula_code(name, formula, _origin(unit, name), known))
            for name, formula in spec.formulas.items()
        },
        "laws": [
            {
                "subject": subject,
                "name": law.name.text,
                "python": _python(law_test(subject, law, law_scope(library, unit), unit)),
            }
            for subject, law in spec.laws()
        ],
    }


def _python(text: object) -> str:
    """As a template places it, before ruff has it."""
    return "\n".join(line.rstrip() for line in place_lines(str(text)).split("\n"))


def _scope_entry(known: Known) -> dict[str, str]:
    kinds = {Behavior: "behavior", Formula: "formula", type(None): "constant"}
    kind = kinds.get(type(known.declaration), "type")
    return {"kind": kind, "module": known.unit.module}


def _origin(unit: Unit, formula: str) -> str:
    return f"{unit.source.shown}:{unit.spec.key_span('formulas', formula).line}"


def _instance_data(library: Library, unit: Unit) -> dict[str, object]:
    blueprint = library.blueprint(unit)
    assert blueprint is not None and isinstance(blueprint.spec, BlueprintSpec)
    return {
        "blueprint": _reference(blueprint),
        "model": _reference(library.model(unit)),
        "sections": {
            name: _section_data(library, unit, name)
            for name in blueprint.spec.sections
            if section_type(library, unit, name) is not None
        },
    }


def _section_data(library: Library, unit: Unit, name: str) -> dict[str, object]:
    owner, _ = section_type(library, unit, name) or (unit, None)
    blueprint = library.blueprint(unit)
    assert blueprint is not None and isinstance(blueprint.spec, BlueprintSpec)
    data: dict[str, object] = {
        "type": as_data(blueprint.spec.sections[name]),
        "module": owner.module,
    }
    for key, smoke in (("values", False), ("smoke", True)):
        values = section_values(library, unit, name, smoke=smoke)
        data[key] = {"given": given_of(values), "complete": values}
    return data
