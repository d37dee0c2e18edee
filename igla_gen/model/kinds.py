"""Holds every expression of a spec to the types that it declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from igla_gen.expressions import names
from igla_gen.expressions.infer import Fault, Inference
from igla_gen.expressions.kinds import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    UNKNOWN,
    Array,
    Function,
    Kind,
    Maybe,
    Param,
    Plain,
    Record,
    Several,
    Table,
    Words,
    join,
)
from igla_gen.model.component import (
    Behavior,
    BlueprintSpec,
    ComponentSpec,
    Formula,
    Law,
    TypeSpec,
)
from igla_gen.model.library import Library, Unit, declarations, remembered
from igla_gen.model.quantities import MEASURES
from igla_gen.model.types import EnumType, FieldType, GenericType, NamedType, TensorType, Type
from igla_gen.syntax.tree import Node, plain_data

_NAMED: dict[str, Kind] = {
    **{name: INT if measure.is_whole else FLOAT for name, measure in MEASURES.items()},
    "Mixture": Table(FLOAT),
    "Bool": BOOL, "String": STRING, "Path": STRING, "None": Plain("None"), "Dtype": Plain("Dtype"),
}  # fmt: skip
MAX_NESTING = 6  # records within records


def type_faults(library: Library, unit: Unit, open_types: frozenset[str]) -> Iterator[Fault]:
    """What is wrong in the constants, constraints, formulas, laws and requirements of a spec.

    `open_types` are declared types whose class a template extends: in a law they may have more
    attributes than fields. A formula reads the fields alone, since the compiler evaluates it.
    """
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    scope = scope_kinds(library, unit)
    own = {n: c for n, c in scope.items() if n in spec.constants}
    for name, type_ in spec.types.items():
        fields = own | {n: kind_of_type(library, unit, f.type) for n, f in type_.fields.items()}
        inference = Inference(fields)
        for constraint in type_.constraints:
            inference.expect_bool(constraint, f"a constraint of {name}")
        yield from inference.faults
    for name, formula in spec.formulas.items():
        yield from _formula_faults(library, unit, name, formula, scope)
    for _, law in spec.laws():
        yield from _law_faults(law, scope, open_types)
    if isinstance(spec, BlueprintSpec):
        sections = {n: kind_of_type(library, unit, t) for n, t in spec.sections.items()}
        inference = Inference(scope | sections)
        for statement in spec.requires:
            inference.expect_bool(statement, "a requirement")
        yield from inference.faults


def _formula_faults(
    library: Library, unit: Unit, name: str, formula: Formula, scope: Mapping[str, Kind]
) -> Iterator[Fault]:
    kinds = dict(scope)
    kinds |= {n: kind_of_type(library, unit, p.type) for n, p in formula.params.items()}
    inference = Inference(kinds)
    for word, expression in formula.where.items():
        kinds[word] = inference.infer(expression)
    inference.expect(formula.is_, kind_of_type(library, unit, formula.returns), name)
    yield from inference.faults


def _law_faults(law: Law, scope: Mapping[str, Kind], open_types: frozenset[str]) -> Iterator[Fault]:
    kinds = dict(scope)
    for word in law.cases[0] if law.cases else ():
        rows = [_data_kind(case[word]) for case in law.cases if word in case]
        kinds[word] = join(rows)
    inference = Inference(kinds, open_types)
    for word, expression in law.for_.items():
        kinds[word] = inference.infer(expression)
    if law.holds is not None:
        inference.expect_bool(law.holds, "a law")
    if law.refuses is not None:
        inference.infer_refused(law.refuses)
    yield from (_with_inputs(fault, law) for fault in inference.faults)


def _with_inputs(fault: Fault, law: Law) -> Fault:
    """A fault in the statement of a law names the lines of what it is about."""
    statements = [e for e in (law.holds, law.refuses) if e is not None]
    lines = {e.span.line for e in statements}
    read = {name.name for e in statements for name in names(e)}
    drawn = {law.key_span("for", word).line for word in law.for_ if word in read} - lines
    if fault.span.line not in lines or not drawn:
        return fault
    inputs = f"its inputs stand on line {' and line '.join(map(str, sorted(drawn)))}"
    return replace(fault, hint=f"{fault.hint}; {inputs}" if fault.hint else inputs)


def _data_kind(node: Node) -> Kind:
    """What a value of a law's table is; cases give values of one kind and not one value."""
    value = plain_data(node)
    names = {bool: BOOL, int: INT, float: FLOAT, str: STRING}
    return names.get(type(value), UNKNOWN)


def scope_kinds(library: Library, unit: Unit) -> dict[str, Kind]:
    """Every declared name that the unit's spec may use, with what it is."""
    kinds: dict[str, Kind] = {}
    for name, known in library.scope(unit).items():
        if known.declaration is not None:
            kinds[name] = _declared_kinds(library, known.unit)[name]
        else:
            constants = known.unit.spec.constants  # type: ignore[union-attr]
            kinds[name] = Inference(kinds).infer(constants[name])
    return kinds


@remembered
def _declared_kinds(library: Library, unit: Unit) -> dict[str, Kind]:
    """The types, formulas and behaviours that the unit declares."""
    assert isinstance(unit.spec, ComponentSpec)
    kinds: dict[str, Kind] = {}
    for name, declaration in declarations(unit.spec):
        if isinstance(declaration, TypeSpec):
            kinds.setdefault(name, _constructor(library, unit, name, declaration))
        elif declaration is not None:
            kinds.setdefault(name, _function(library, unit, name, declaration))
    return kinds


def _function(library: Library, unit: Unit, name: str, declared: Formula | Behavior) -> Kind:
    params = declared.params
    dims, of_items = _dims(declared.returns)
    result = UNKNOWN if declared.returns is None else kind_of_type(library, unit, declared.returns)
    found = None
    if params is not None:
        found = tuple(_param(library, unit, n, p) for n, p in params.items())
        if isinstance(declared, Behavior):  # the template may give none as the default
            found = tuple(
                replace(p, is_required=p.is_required and not isinstance(p.kind, Maybe))
                for p in found
            )
    return Function(name, found, result, dims, of_items)


def _constructor(library: Library, unit: Unit, name: str, type_: TypeSpec) -> Kind:
    if type_.class_ is not None:
        return UNKNOWN
    record = _record(library, unit, name, type_, 0)
    params = tuple(
        Param(n, record.fields[n], not f.has_default, _dims(f.type)[0])
        for n, f in type_.fields.items()
    )
    return Function(name, params, record, keywords_only=True)


def _record(library: Library, unit: Unit, name: str, type_: TypeSpec, depth: int) -> Record:
    fields = {n: kind_of_type(library, unit, f.type, depth + 1) for n, f in type_.fields.items()}
    return Record(name, fields)


def _param(library: Library, unit: Unit, name: str, field: FieldType) -> Param:
    inner = field.type
    if isinstance(inner, GenericType) and inner.name == "Option":
        inner = inner.arguments[0]
    dims = inner.dimensions if isinstance(inner, TensorType) else None
    return Param(name, kind_of_type(library, unit, field.type), not field.has_default, dims)


def _dims(type_: Type | None) -> tuple[tuple[str, ...] | None, bool]:
    if isinstance(type_, TensorType):
        return type_.dimensions, False
    if isinstance(type_, GenericType) and type_.name == "List":
        inner = type_.arguments[0]
        if isinstance(inner, TensorType):
            return inner.dimensions, True
    return None, False


def kind_of_type(library: Library, unit: Unit, type_: Type, depth: int = 0) -> Kind:
    """What a declared type means for expressions."""
    match type_:
        case NamedType(name):
            return _kind_of_name(library, unit, name, depth)
        case EnumType(variants):
            return Words(variants)
        case TensorType():
            return Array()
        case GenericType("Option", (item,)):
            return Maybe(kind_of_type(library, unit, item, depth))
        case GenericType("List" | "Sequence", (item,)):
            return Several(kind_of_type(library, unit, item, depth))
        case GenericType("Range", (item,)):
            end = kind_of_type(library, unit, item, depth)
            return Several(end, (end, end))
        case GenericType("Tuple", items):
            kinds = tuple(kind_of_type(library, unit, item, depth) for item in items)
            return Several(join(kinds), kinds)
        case GenericType("Map", (_, value)):
            return Table(kind_of_type(library, unit, value, depth))
    return UNKNOWN


def _kind_of_name(library: Library, unit: Unit, name: str, depth: int) -> Kind:
    if name in _NAMED:
        return _NAMED[name]
    found = library.type_of(unit, name)
    if found is None or found[1].class_ is not None or depth > MAX_NESTING:
        return UNKNOWN
    if found[1].variants:
        return Words(tuple(word.text for word in found[1].variants))
    return _record(library, found[0], name, found[1], depth)
