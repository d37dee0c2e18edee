"""How it is known what a field is for: the parameter formulas read it, or what computes does.

A *parameter formula* is one whose name says so (`num_params`, `attention_num_params`), and every
formula that it calls. A field that one of them reads decides names or shapes of parameters. A
config type is *computed with* when a parameter formula reads it, or when a behaviour that takes
it also takes or returns a tensor, a module or an optimizer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from igla_gen.expressions import Expression
from igla_gen.expressions.tree import Attribute, Call, Name, walk
from igla_gen.model.component import Behavior, ComponentSpec, Formula, TypeSpec
from igla_gen.model.counting import counts_parameters
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import record_type
from igla_gen.model.types import FieldType, NamedType, TensorType, Type, named_types

_COMPUTE = ("Module", "Optimizer")
TypeKey = tuple[str, str]  # module and name of a type


@dataclass(slots=True)
class Roles:
    """For each config type, who reads it: parameter formulas by field, and what computes with it."""

    counted: dict[TypeKey, dict[str, str]] = field(default_factory=dict)
    computed: dict[TypeKey, str] = field(default_factory=dict)

    def counting(self, module: str, type_name: str, field_name: str) -> str | None:
        """The parameter formula that reads the field."""
        return self.counted.get((module, type_name), {}).get(field_name)

    def computing(self, module: str, type_name: str) -> str | None:
        """A behaviour or formula that computes with the type."""
        return self.computed.get((module, type_name))


def roles_of(library: Library) -> Roles:
    """Who reads which config type, over all specs of the library."""
    roles = Roles()
    for unit in library.units.values():
        if not isinstance(unit.spec, ComponentSpec):
            continue
        for name, formula in unit.spec.formulas.items():
            if counts_parameters(name):
                _count(library, unit, name, formula, roles, seen=set())
        for behavior in unit.spec.behaviors:
            _compute(library, unit, behavior, roles)
    return roles


def _count(
    library: Library, unit: Unit, name: str, formula: Formula, roles: Roles, seen: set[str]
) -> None:
    if f"{unit.module}.{name}" in seen:
        return
    seen.add(f"{unit.module}.{name}")
    types = dict(_config_types(library, unit, formula.params))
    for word, expression in formula.where.items():
        if (key := _key_of(library, expression, types)) is not None:
            types[word] = key
    for expression in (*formula.where.values(), formula.is_):
        for part in walk(expression):
            if isinstance(part, Attribute):
                key = _key_of(library, part.owner, types)
                if key is not None:
                    roles.counted.setdefault(key, {}).setdefault(part.name, name)
                    roles.computed.setdefault(key, name)
            elif isinstance(part, Call) and isinstance(part.function, Name):
                known = library.scope(unit).get(part.function.name)
                if known is not None and isinstance(known.declaration, Formula):
                    callee = part.function.name
                    _count(library, known.unit, callee, known.declaration, roles, seen)


def _key_of(library: Library, node: Expression, types: dict[str, TypeKey]) -> TypeKey | None:
    """The config type of a name, or of a field that holds a record, at any depth."""
    match node:
        case Name(name):
            return types.get(name)
        case Attribute(owner, name):
            outer = _key_of(library, owner, types)
            unit = library.units[outer[0]] if outer is not None else None
            if outer is None or unit is None or not isinstance(unit.spec, ComponentSpec):
                return None
            field = unit.spec.types[outer[1]].fields.get(name)
            found = record_type(library, unit, field.type) if field is not None else None
            return (found[1][0].module, found[0]) if found is not None else None
    return None


def _config_types(
    library: Library, unit: Unit, params: dict[str, FieldType]
) -> Iterator[tuple[str, TypeKey]]:
    for word, param in params.items():
        for named in named_types(param.type):
            found = library.type_of(unit, named.name)
            if found is not None:
                yield word, (found[0].module, named.name)


def _compute(library: Library, unit: Unit, behavior: Behavior, roles: Roles) -> None:
    params = behavior.params or {}
    types = [param.type for param in params.values()]
    types += [behavior.returns] if behavior.returns is not None else []
    if any(map(_is_computed, types)):
        for _, key in _config_types(library, unit, params):
            roles.computed.setdefault(key, behavior.name.text)


def _is_computed(type_: Type) -> bool:
    if isinstance(type_, TensorType):
        return True
    if isinstance(type_, NamedType):
        return type_.name in _COMPUTE
    return any(map(_is_computed, getattr(type_, "arguments", ())))


def type_key(library: Library, unit: Unit, type_: Type) -> tuple[Unit, TypeSpec, TypeKey] | None:
    """The declared type that a section or field names, with its key."""
    if not isinstance(type_, NamedType):
        return None
    found = library.type_of(unit, type_.name)
    return (*found, (found[0].module, type_.name)) if found is not None else None
