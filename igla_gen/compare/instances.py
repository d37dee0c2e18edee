"""Models and recipes: the values that their modules are made with, defaults of the blueprint included."""

from __future__ import annotations

from igla_gen.compare.changes import Kind
from igla_gen.compare.meaning import TypeKey, type_key
from igla_gen.compare.sides import Sides, Tree
from igla_gen.compare.values import data, same, shown
from igla_gen.diagnostics import Span
from igla_gen.expressions.tree import Attribute, Call, Comparison, Expression, Name, show, walk
from igla_gen.frozen import frozen
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec
from igla_gen.model.counting import counts_parameters
from igla_gen.model.library import Unit
from igla_gen.model.records import record_type
from igla_gen.model.types import FieldType, fit
from igla_gen.syntax.tree import Mapping, Node

MISSING = object()


def compare_instance(sides: Sides) -> None:
    """Blueprint, model, and every value of every section and of the smoke profile."""
    old, new = sides.old.spec, sides.new.spec
    assert isinstance(old, InstanceSpec) and isinstance(new, InstanceSpec)
    sides.text("api", "blueprint", "the blueprint", old.blueprint, new.blueprint)
    sides.text("checkpoint", "model", "the model that is trained", old.model, new.model)
    names = dict.fromkeys(
        (*_sections(sides.old_tree, sides.old), *_sections(sides.new_tree, sides.new))
    )
    for name in names:
        _compare_section(sides, name, smoke=False)
        _compare_section(sides, name, smoke=True)
    for part in ("sections", "smoke"):
        before, after = getattr(old, part), getattr(new, part)
        if list(before) != list(after) and set(before) == set(after):
            places = old.name.span, new.name.span
            sides.add(
                "docs", part, f"the sections of {new.name.text} stand in another order", *places
            )


def _sections(tree: Tree, unit: Unit) -> list[str]:
    spec, blueprint = unit.spec, tree.library.blueprint(unit)
    assert isinstance(spec, InstanceSpec)
    own = list(dict.fromkeys((*spec.sections, *spec.smoke)))
    if blueprint is None or not isinstance(blueprint.spec, BlueprintSpec):
        return own
    return list(dict.fromkeys((*blueprint.spec.sections, *own)))


def _compare_section(sides: Sides, section: str, *, smoke: bool) -> None:
    old = _values(sides.old_tree, sides.old, section, smoke=smoke)
    new = _values(sides.new_tree, sides.new, section, smoke=smoke)
    _compare_values(sides, (section,), old, new, smoke=smoke)


def _compare_values(
    sides: Sides, path: tuple[str, ...], old: Values, new: Values, *, smoke: bool
) -> None:
    """Every value of a section, or of a record in it; `path` leads there."""
    prefix = ".".join(("smoke", *path) if smoke else path)
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name, (MISSING, None)), new.get(name, (MISSING, None))
        if isinstance(before[0], Inner) and isinstance(after[0], Inner):
            inner = before[0].values, after[0].values
            _compare_values(sides, (*path, name), *inner, smoke=smoke)
        elif not same(before[0], after[0]):
            kind, why = ("tests", "") if smoke else _kind(sides, path, name)
            message = f"{prefix}.{name} {_told(before[0], after[0])}{why}"
            sides.add(kind, f"{prefix}.{name}", message, before[1], after[1])
        elif (before[1] is None) != (after[1] is None) or _moved(old, new, name):
            verb = (
                "says its default by itself" if after[1] is not None else "is left to its default"
            )
            verb = verb if (before[1] is None) != (after[1] is None) else "stands elsewhere"
            sides.add("docs", f"{prefix}.{name}", f"{prefix}.{name} {verb}", before[1], after[1])


def _moved(old: dict, new: dict, name: str) -> bool:
    """Whether the key stands behind other keys than before."""
    orders = [
        [n for n, (_, span) in side.items() if span and n in old and n in new]
        for side in (old, new)
    ]
    return set(orders[0]) == set(orders[1]) and orders[0] != orders[1] and name == orders[1][0]


def _told(before: object, after: object) -> str:
    before, after = (v.said if isinstance(v, Inner) else v for v in (before, after))
    if before is MISSING:
        return f"is {shown(after)} and is new"
    if after is MISSING:
        return f"is gone, it was {shown(before)}"
    return f"is {shown(after)}, it was {shown(before)}"


@frozen
class Inner:
    """The value of a field that is a record, given as a mapping."""

    values: Values
    said: object  # as plain data


Values = dict[str, tuple[object, Span | None]]  # of each field its value, and where it is said


def _values(tree: Tree, unit: Unit, section: str, *, smoke: bool) -> Values:
    """Value and place of each field; those that the spec leaves out have their default and no place.

    The smoke profile holds only what it changes.
    """
    spec = unit.spec
    assert isinstance(spec, InstanceSpec)
    found = _section_type(tree, unit, section)
    node = (spec.smoke if smoke else spec.sections).get(section)
    return _read(tree, found[0] if found is not None else None, node, smoke=smoke)


def _read(tree: Tree, key: TypeKey | None, node: Node | None, *, smoke: bool) -> Values:
    fields = _fields_of(tree, key)
    found: Values = {}
    for name, child in _children(node):
        inner = _inner_key(tree, key, name)
        if inner is not None and isinstance(child, Mapping):
            value = Inner(_read(tree, inner, child, smoke=smoke), data(child))
            found[name] = (value, _start(child))
        else:
            found[name] = (_fitted(child, fields.get(name)), child.span)
    if not smoke:
        for name, field in fields.items():
            if field.has_default:
                found.setdefault(name, (field.default, None))
    return found


def _start(node: Mapping) -> Span:
    return node.entries[0].key.span if node.entries else node.span


def _fields_of(tree: Tree, key: TypeKey | None) -> dict[str, FieldType]:
    spec = tree.library.units[key[0]].spec if key is not None else None
    return spec.types[key[1]].fields if key and isinstance(spec, ComponentSpec) else {}


def _inner_key(tree: Tree, key: TypeKey | None, name: str) -> TypeKey | None:
    """The type of a field that holds a record."""
    field = _fields_of(tree, key).get(name)
    if key is None or field is None:
        return None
    found = record_type(tree.library, tree.library.units[key[0]], field.type)
    return (found[1][0].module, found[0]) if found is not None else None


def _children(node: Node | None) -> list[tuple[str, Node]]:
    if isinstance(node, Mapping):
        return [(entry.key.text, entry.value) for entry in node.entries]
    return [("", node)] if node is not None else []


def _fitted(node: Node, field: FieldType | None) -> object:
    value = data(node)
    try:
        return fit(value, field.type) if field is not None else value  # type: ignore[arg-type]
    except ValueError:
        return value


def _section_type(
    tree: Tree, unit: Unit, section: str
) -> tuple[TypeKey, dict[str, FieldType]] | None:
    blueprint = tree.library.blueprint(unit)
    if blueprint is None or not isinstance(blueprint.spec, BlueprintSpec):
        return None
    type_ = blueprint.spec.sections.get(section)
    found = type_key(tree.library, blueprint, type_) if type_ is not None else None
    return (found[2], found[1].fields) if found is not None else None


def _kind(sides: Sides, path: tuple[str, ...], field: str) -> tuple[Kind, str]:
    """Of a value: it decides shapes, it is the promised count, it is computed with, or it is a setting."""
    for tree, unit in ((sides.new_tree, sides.new), (sides.old_tree, sides.old)):
        key = _type_at(tree, unit, path)
        if key is not None and (counting := tree.roles.counting(*key, field)):
            return "checkpoint", f" (the parameter formula {counting} reads it)"
        if ".".join((*path, field)) in _promised_counts(tree, unit):
            return "checkpoint", " (it is the number of parameters)"
    for length in range(
        len(path), 0, -1
    ):  # what computes with the record around it, computes with it
        key = _type_at(sides.new_tree, sides.new, path[:length])
        computing = sides.new_tree.roles.computing(*key) if key is not None else None
        if computing and key is not None:
            return "numerics", f" ({computing} computes with {key[1]})"
    return "config default", ""


def _type_at(tree: Tree, unit: Unit, path: tuple[str, ...]) -> TypeKey | None:
    """The type of a section, or of a record in it."""
    found = _section_type(tree, unit, path[0])
    key = found[0] if found is not None else None
    for step in path[1:]:
        key = _inner_key(tree, key, step)
    return key


def _promised_counts(tree: Tree, unit: Unit) -> set[str]:
    """`contract.parameters`: what a requirement compares with a parameter formula itself.

    What it computes from the count, be it the loss to expect, promises no parameter.
    """
    blueprint = tree.library.blueprint(unit)
    if blueprint is None or not isinstance(blueprint.spec, BlueprintSpec):
        return set()
    return {
        show(side)
        for statement in blueprint.spec.requires
        for part in walk(statement)
        if isinstance(part, Comparison) and any(map(_is_count, part.operands))
        for side in part.operands
        if isinstance(side, Attribute)
    }


def _is_count(node: Expression) -> bool:
    return (
        isinstance(node, Call)
        and isinstance(node.function, Name)
        and counts_parameters(node.function.name)
    )
