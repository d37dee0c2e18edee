"""Header: name, language, description, sources, uses, and what a blueprint asks of its instances."""

from __future__ import annotations

from igla_gen.compare.changes import Kind, pair
from igla_gen.compare.constraints import compare_statements
from igla_gen.compare.meaning import type_key
from igla_gen.compare.sides import Sides, key_place
from igla_gen.compare.values import accepts, prose, shown
from igla_gen.expressions import show
from igla_gen.model.component import BlueprintSpec, ComponentSpec
from igla_gen.model.types import show as show_type


def compare_header(sides: Sides) -> None:
    """Keys that every spec has."""
    old, new = sides.old.spec, sides.new.spec
    if sides.old.module != sides.new.module:
        message = f"the module is {sides.new.module}, it was {sides.old.module}"
        sides.add("api", "module", message, old.module.span, new.module.span)
    if sides.old.kind != sides.new.kind:
        message = f"the spec is a {sides.new.kind}, it was a {sides.old.kind}"
        sides.add("api", "kind", message, old.name.span, new.name.span)
    sides.text("api", "language", "the language", old.language, new.language)
    sides.text("docs", "name", "the name", old.name, new.name)
    sides.text("docs", "description", "the description", old.description, new.description)
    _compare_lists(sides, "sources", "source")
    _compare_lists(sides, "uses", "module in uses")


def _compare_lists(sides: Sides, key: str, what: str) -> None:
    old = {prose(item): item for item in getattr(sides.old.spec, key)}
    new = {prose(item): item for item in getattr(sides.new.spec, key)}
    for word, item in old.items():
        if word not in new:
            place = key_place(sides.new.spec, key)
            sides.add("docs", key, f'the {what} "{word}" is gone', item.span, place)
    for word, item in new.items():
        if word not in old:
            place = key_place(sides.old.spec, key)
            sides.add("docs", key, f'the {what} "{word}" is new', place, item.span)
    kept_old, kept_new = ([w for w in a if w in b] for a, b in ((old, new), (new, old)))
    if kept_old != kept_new:
        places = key_place(sides.old.spec, key), key_place(sides.new.spec, key)
        sides.add("docs", key, f"{key} stand in another order", *places)


def compare_constants(sides: Sides) -> None:
    """Values that the module offers by name."""
    old_spec, new_spec = sides.old.spec, sides.new.spec
    assert isinstance(old_spec, ComponentSpec) and isinstance(new_spec, ComponentSpec)
    old = {name: show(value) for name, value in old_spec.constants.items()}
    new = {name: show(value) for name, value in new_spec.constants.items()}
    pairs = pair(old, new)
    for name in pairs.removed:
        place = key_place(old_spec, "constants", name)
        sides.add("api", name, f"the constant {name} is gone", place, None)
    for name in pairs.added:
        place = key_place(new_spec, "constants", name)
        sides.add("api-addition", name, f"the constant {name} is new", None, place)
    for before, after in pairs.both():
        places = key_place(old_spec, "constants", before), key_place(new_spec, "constants", after)
        if before != after:
            sides.add("api", after, f"the constant {before} is now {after}", *places)
        elif old[before] != new[after]:
            message = f"{after} is {new[after]}, it was {old[before]}"
            sides.add("numerics", after, message, *places)
    kept = [after for _, after in pairs.both()]
    if kept != [name for name in new if name in kept]:
        places = key_place(old_spec, "constants"), key_place(new_spec, "constants")
        sides.add("docs", "constants", "the constants stand in another order", *places)


def compare_blueprint(sides: Sides) -> None:
    """Sections that instances fill in, and requirements that they must satisfy."""
    old, new = sides.old.spec, sides.new.spec
    assert isinstance(old, BlueprintSpec) and isinstance(new, BlueprintSpec)
    for name, type_ in old.sections.items():
        if name not in new.sections:
            sides.add("api", name, f'the section "{name}" is gone', type_.span, None)
    for name, type_ in new.sections.items():
        was = old.sections.get(name)
        if was is None:
            kind, why = _new_section(sides, name)
            sides.add(kind, name, f'the section "{name}" is new{why}', None, type_.span)
        elif show_type(was) != show_type(type_):
            kind = "api-addition" if accepts(type_, was) else "api"
            message = f'the section "{name}" is {show_type(type_)}, it was {show_type(was)}'
            sides.add(kind, name, message, was.span, type_.span)
    before, after = list(old.sections), list(new.sections)
    if [n for n in before if n in after] != [n for n in after if n in before]:
        places = key_place(old, "sections"), key_place(new, "sections")
        sides.add("docs", "sections", "the sections stand in another order", *places)
    compare_statements(sides, "requires", old.requires, new.requires, {})
    kind: Kind = "tests weakened" if old.tested_by is None else "tests"  # all others lose theirs
    sides.text(
        kind, "tested_by", "the instance whose tests hold all checks", old.tested_by, new.tested_by
    )


def _new_section(sides: Sides, name: str) -> tuple[Kind, str]:
    spec = sides.new.spec
    assert isinstance(spec, BlueprintSpec)
    found = type_key(sides.new_tree.library, sides.new, spec.sections[name])
    lacking = [f for f, field in found[1].fields.items() if not field.has_default] if found else []
    if lacking:
        return "api", f", and every instance must say {shown(lacking)}"
    return "api-addition", ", and all of its fields have defaults"
