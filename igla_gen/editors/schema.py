"""JSON Schema of the document form, made from the models that read the specs."""

from __future__ import annotations

from typing import Any

from igla_gen.editors.keys import sentence
from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec, TypeSpec
from igla_gen.model.kinds import MAX_NESTING
from igla_gen.model.library import KINDS, PACKAGE, Library, Unit
from igla_gen.model.quantities import MEASURES
from igla_gen.model.types import EnumType, FieldType, GenericType, NamedType, Type

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CLASSES: dict[str, type[Spec]] = {
    "component": ComponentSpec,
    "blueprint": BlueprintSpec,
    "model": InstanceSpec,
    "recipe": InstanceSpec,
}
_Schema = dict[str, Any]
_QUANTITY = r"^([-+.$0-9]|inf$)"  # what a text with a unit begins with
_NUMBERS: dict[str, _Schema] = {
    **{
        name: {"type": ["integer" if name == "Int" else "number", "string"], "pattern": _QUANTITY}
        for name in MEASURES
    },
    "Bool": {"type": "boolean"},
    "String": {"type": ["string", "number", "boolean"]},
    "Path": {"type": "string"},
}


def document_schema(kind: str | None = None, sections: _Schema | None = None) -> _Schema:
    """Schema of specs of one kind, or of all; `sections` are those of a blueprint, else any are taken."""
    kinds = [kind] if kind else list(KINDS)
    definitions: _Schema = {}
    for word in kinds:
        definitions |= _of_kind(word, sections)
    schema: _Schema = {
        "$schema": DIALECT,
        "title": f".vibee {kind or 'spec'}",
        "$ref": f"#/$defs/{kinds[0]}",
        "$defs": dict(sorted(definitions.items())),
    }
    if kind is None:
        del schema["$ref"]
        schema |= _by_kind()
    return schema


def _by_kind() -> _Schema:
    """The one definition that the key `kind` picks, so that an editor shows the errors of that one."""
    tests = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"$ref": f"#/$defs/{kind}"},
        }
        for kind in KINDS
        if kind != "component"
    ]
    others = {"properties": {"kind": {"enum": [kind for kind in KINDS if kind != "component"]}}}
    component = {"if": others | {"required": ["kind"]}, "else": {"$ref": "#/$defs/component"}}
    return {"type": "object", "allOf": [*tests, component]}


def _of_kind(kind: str, sections: _Schema | None) -> _Schema:
    """The definitions that specs of a kind need, the kind's own under its name."""
    cls = CLASSES[kind]
    made = cls.model_json_schema(by_alias=True)
    definitions: _Schema = made.pop("$defs", {})
    known = {item.__name__: item for item in _classes(Spec)}
    for name, schema in definitions.items():
        _describe(schema, known[name])
    _describe(made, cls)
    made["properties"]["kind"]["const"] = kind
    made["properties"]["module"]["pattern"] = rf"^{PACKAGE}(\.[A-Za-z_][A-Za-z0-9_]*){{2,}}$"
    if cls is InstanceSpec:
        del made["properties"]["sections"]
        _add_sections(made, sections)
    return {**definitions, kind: made}


def _classes(cls: type[Spec]) -> list[type[Spec]]:
    return [cls, *(below for direct in cls.__subclasses__() for below in _classes(direct))]


def _describe(schema: _Schema, cls: type[Spec]) -> None:
    """Sentences in place of the titles that only repeat the keys."""
    schema.pop("title", None)
    for key, value in schema["properties"].items():
        value.pop("title", None)
        if value.get("default", 0) is None:  # an absent key, not a key without value
            del value["default"]
            value["anyOf"] = [option for option in value["anyOf"] if option != {"type": "null"}]
            if len(value["anyOf"]) == 1:
                value |= value.pop("anyOf")[0]
        value["description"] = sentence(cls.__mro__, key) or ""


def _add_sections(schema: _Schema, sections: _Schema | None) -> None:
    if sections is None:
        schema["additionalProperties"] = {
            "type": "object",
            "description": "A section of the blueprint.",
        }
        return
    schema["properties"] |= sections
    smoke = {name: _without_required(part) for name, part in sections.items()}
    schema["properties"]["smoke"] |= {"properties": smoke, "additionalProperties": False}
    schema["required"] += [name for name, part in sections.items() if part.get("required")]


def _without_required(schema: _Schema) -> _Schema:
    """The schema of values of which only some may be said, in records inside too."""
    found = {key: value for key, value in schema.items() if key != "required"}
    if "properties" in schema:
        found["properties"] = {
            name: _without_required(part) for name, part in schema["properties"].items()
        }
    if "anyOf" in schema:
        found["anyOf"] = [_without_required(part) for part in schema["anyOf"]]
    return found


def blueprint_sections(library: Library, blueprint: Unit) -> _Schema:
    """Schemas of the sections that instances of a blueprint fill in."""
    assert isinstance(blueprint.spec, BlueprintSpec)
    schemas: _Schema = {}
    for name, type_ in blueprint.spec.sections.items():
        found = library.type_of(blueprint, type_.name) if isinstance(type_, NamedType) else None
        schemas[name] = _of_type(*found, library) if found else {"type": "object"}
    return schemas


def _of_type(unit: Unit, type_: TypeSpec, library: Library, depth: int = 0) -> _Schema:
    required = [name for name, field in type_.fields.items() if not field.has_default]
    return {
        "type": "object",
        "description": type_.description.text.strip(),
        "properties": {
            name: _of_field(field, unit, library, depth) for name, field in type_.fields.items()
        },
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }


def _of_declared(unit: Unit, type_: TypeSpec, library: Library, depth: int) -> _Schema:
    if type_.variants:
        return {"enum": [word.text for word in type_.variants]}
    return _of_type(unit, type_, library, depth) if type_.fields else {}


def _of_field(field: FieldType, unit: Unit, library: Library, depth: int) -> _Schema:
    schema = dict(_of_value(field.type, unit, library, depth))
    if field.help:
        schema["description"] = field.help
    if field.has_default and field.default is not None:
        schema["default"] = field.default
    return schema


def _of_value(type_: Type, unit: Unit, library: Library, depth: int) -> _Schema:
    match type_:
        case NamedType(name) if name in _NUMBERS:
            return _NUMBERS[name]
        case NamedType(name) if (found := library.type_of(unit, name)) and depth < MAX_NESTING:
            return _of_declared(*found, library, depth + 1)
        case EnumType(variants):
            return {"enum": list(variants)}
        case NamedType("Mixture"):
            return {"type": "object", "additionalProperties": _NUMBERS["Fraction"]}
        case GenericType("Tuple", items):
            parts = [_of_value(item, unit, library, depth) for item in items]
            return {"type": "array", "prefixItems": parts, "minItems": len(parts), "items": False}
        case GenericType("Range"):
            ends = {"type": "array", "minItems": 2, "maxItems": 2}
            return {"anyOf": [{"type": "string", "pattern": _QUANTITY}, ends]}
        case GenericType("List", (item,)):
            return {"type": "array", "items": _of_value(item, unit, library, depth)}
        case GenericType("Map", (_, value)):
            return {
                "type": "object",
                "additionalProperties": _of_value(value, unit, library, depth),
            }
        case GenericType("Option", (item,)):
            return {"anyOf": [_of_value(item, unit, library, depth), {"enum": ["none", None]}]}
    return {}
