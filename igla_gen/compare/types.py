"""Config types: fields, defaults, constraints, examples."""

from __future__ import annotations

from dataclasses import replace

from igla_gen.compare.changes import Changes, Kind, pair
from igla_gen.compare.constraints import compare_statements
from igla_gen.compare.sides import Sides, key_place
from igla_gen.compare.signatures import compare_parameter
from igla_gen.compare.values import accepts, body_of_field, body_of_type, data, shown
from igla_gen.expressions import EvaluationError
from igla_gen.model.component import ComponentSpec, TypeSpec
from igla_gen.model.records import constants_of
from igla_gen.model.types import FieldType


def compare_types(sides: Sides) -> None:
    """Types that came, went, were renamed, or say something else."""
    old, new = sides.old.spec, sides.new.spec
    assert isinstance(old, ComponentSpec) and isinstance(new, ComponentSpec)
    pairs = pair(
        {name: body_of_type(spec) for name, spec in old.types.items()},
        {name: body_of_type(spec) for name, spec in new.types.items()},
    )
    for name in pairs.removed:
        place = key_place(old, "types", name)
        sides.add("api", name, f"the type {name} is gone", place, None)
    for name in pairs.added:
        place = key_place(new, "types", name)
        sides.add("api-addition", name, f"the type {name} is new", None, place)
    for before, after in pairs.both():
        if before != after:
            places = key_place(old, "types", before), key_place(new, "types", after)
            sides.add("api", after, f"the type {before} is now {after}", *places)
            sides.renamed[before] = after
    for before, after in pairs.both():
        _compare_type(sides, before, after, old.types[before], new.types[after])


def _compare_type(sides: Sides, was: str, name: str, old: TypeSpec, new: TypeSpec) -> None:
    sides.text("docs", name, f"the description of {name}", old.description, new.description)
    sides.text("api", name, f"the class of {name}", old.class_, new.class_)
    _compare_variants(sides, name, old, new)
    _compare_fields(sides, was, name, old, new)
    try:
        constants = constants_of(sides.new)
    except EvaluationError:
        constants = {}
    added = set(new.fields) - set(old.fields)
    compare_statements(sides, name, old.constraints, new.constraints, constants, new_words=added)
    examples = [list((k, data(v)) for k, v in spec.example.items()) for spec in (old, new)]
    if repr(examples[0]) != repr(examples[1]):
        places = key_place(old, "example"), key_place(new, "example")
        message = f"the example of {name}, from which its tests are made, is another one"
        sides.add("tests", name, message, *places)


def _compare_variants(sides: Sides, name: str, old: TypeSpec, new: TypeSpec) -> None:
    before, after = ([word.text for word in spec.variants] for spec in (old, new))
    if before == after:
        return
    places = key_place(old, "variants"), key_place(new, "variants")
    gone = [word for word in before if word not in after]
    kind: Kind = "api" if gone or not before else "api-addition"
    message = f"{name} is one of {', '.join(after)}, it was one of {', '.join(before)}"
    sides.add(kind if sorted(before) != sorted(after) else "docs", name, message, *places)


def _compare_fields(sides: Sides, was: str, name: str, old: TypeSpec, new: TypeSpec) -> None:
    pairs = pair(
        {word: body_of_field(field) for word, field in old.fields.items()},
        {word: body_of_field(field) for word, field in new.fields.items()},
    )
    for word in pairs.removed:
        message = f"the field {name}.{word} is gone"
        sides.add(_shape_or(sides, was, word, "api"), f"{name}.{word}", message,
                  key_place(old, "fields", word), None)  # fmt: skip
    for word in pairs.added:
        _added_field(sides, name, word, new)
    for before, after in pairs.both():
        if before != after:
            places = key_place(old, "fields", before), key_place(new, "fields", after)
            message = f"the field {name}.{before} is now {name}.{after}"
            sides.add("api", f"{name}.{after}", message, *places)
            sides.renamed[before] = after
        _compare_field(sides, was, name, before, after, old.fields[before], new.fields[after])
    kept = [after for _, after in pairs.both()]
    if kept != [word for word in new.fields if word in kept]:
        places = key_place(old, "fields"), key_place(new, "fields")
        sides.add("docs", name, f"the fields of {name} stand in another order", *places)


def _added_field(sides: Sides, name: str, word: str, new: TypeSpec) -> None:
    field, place = new.fields[word], key_place(new, "fields", word)
    if not field.has_default:
        message = f"the field {name}.{word} is new and has no default"
        sides.add("api", f"{name}.{word}", message, None, place)
        return
    message = f"the field {name}.{word} is new, by default {shown(field.default)}"
    counting = sides.new_tree.roles.counting(sides.new.module, name, word)
    sides.add("api-addition", f"{name}.{word}", message, None, place)
    if counting:
        message = f"{name}.{word} is read by the parameter formula {counting}"
        sides.add("checkpoint", f"{name}.{word}", message, None, place)


def _compare_field(
    sides: Sides, was: str, name: str, before: str, after: str, old: FieldType, new: FieldType
) -> None:
    subject = f"{name}.{after}"
    own = replace(sides, changes=Changes())
    compare_parameter(own, subject, old, new)
    for change in own.changes.items:
        kind, why = change.kind, ""
        if kind == "config default":
            kind, why = default_kind(sides, was, before, name, after)
        elif kind == "api" and not accepts(new.type, old.type):
            kind = _shape_or(sides, was, before, "api")
            why = "" if kind == "api" else _read_by(sides, was, before)
        sides.add(kind, change.subject, change.message + why, change.old, change.new)


def default_kind(sides: Sides, was: str, before: str, name: str, after: str) -> tuple[Kind, str]:
    """Of a default: it decides shapes, it is computed with, or it is a setting."""
    if _shape_or(sides, was, before, "api") == "checkpoint":
        return "checkpoint", _read_by(sides, was, before)
    computing = sides.new_tree.roles.computing(sides.new.module, name)
    if computing:
        return "numerics", f" ({computing} computes with {name})"
    return "config default", ""


def _shape_or(sides: Sides, type_name: str, field_name: str, otherwise: Kind) -> Kind:
    counting = sides.old_tree.roles.counting(sides.old.module, type_name, field_name)
    return "checkpoint" if counting else otherwise


def _read_by(sides: Sides, type_name: str, field_name: str) -> str:
    counting = sides.old_tree.roles.counting(sides.old.module, type_name, field_name)
    return f" (the parameter formula {counting} reads it)"
