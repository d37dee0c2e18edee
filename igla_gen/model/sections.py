"""What the sections of a model or recipe say, checked against the types of the blueprint."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from igla_gen.diagnostics import Diagnostic, Findings, Fix, Span, respelling, suggestion
from igla_gen.expressions import EvaluationError, Expression, evaluate, show
from igla_gen.expressions.tree import Attribute, Call, Number, Text
from igla_gen.model.component import BlueprintSpec, ComponentSpec, Formula, InstanceSpec, TypeSpec
from igla_gen.model.library import Library, Unit, remembered
from igla_gen.model.records import (
    Reader,
    Record,
    chains,
    check_constraints,
    constants_of,
    made_record,
    overlay,
    place_of,
)
from igla_gen.model.types import NamedType
from igla_gen.syntax.tree import Mapping, Node


def section_type(library: Library, unit: Unit, section: str) -> tuple[Unit, TypeSpec] | None:
    """The config type of a section, and the component that declares it."""
    blueprint = library.blueprint(unit)
    if blueprint is None or not isinstance(blueprint.spec, BlueprintSpec):
        return None
    type_ = blueprint.spec.sections.get(section)
    return library.type_of(blueprint, type_.name) if isinstance(type_, NamedType) else None


def section_values(library: Library, unit: Unit, section: str, *, smoke: bool) -> Record:
    """Reads one section; only for specs that `check_instance` has passed."""
    assert isinstance(unit.spec, InstanceSpec)
    node, changes = unit.spec.sections.get(section), unit.spec.smoke.get(section)
    found = _read(library, unit, section, node, changes if smoke else None, [])
    assert found is not None
    return found


def _read(
    library: Library,
    unit: Unit,
    section: str,
    node: Node | None,
    changes: Node | None,
    faults: list[Diagnostic],
) -> Record | None:
    """The section, changed as its smoke profile says; None where it is no mapping or has no type."""
    spec, declared = unit.spec, section_type(library, unit, section)
    blueprint = library.blueprint(unit)
    assert isinstance(spec, InstanceSpec)
    if declared is None or blueprint is None:
        return None
    place = spec.key_span(section) if node is not None else spec.name.span
    base = node if node is not None else Mapping((), place)
    if not isinstance(base, Mapping):
        faults.append(_no_mapping(section, base))
        return None
    if isinstance(changes, Mapping):
        base = overlay(library, declared, base, changes)
    name = blueprint.spec.sections[section].name  # type: ignore[union-attr]
    return Reader(library, faults).section(name, declared, base, section, place)


def _no_mapping(section: str, node: Node) -> Diagnostic:
    message = f'"{section}" is a mapping of keys and values'
    return Diagnostic("IG205", "wrong-shape", message, node.span)


def check_instance(library: Library, unit: Unit, findings: Findings) -> None:
    """Reports every key, value, constraint and requirement that does not fit the blueprint."""
    spec = unit.spec
    assert isinstance(spec, InstanceSpec)
    blueprint = library.blueprint(unit)
    if blueprint is None:
        if spec.blueprint.text in library.units:
            findings.add(
                "IG213", "not-a-blueprint", f"{spec.blueprint.text} is not a blueprint",
                spec.blueprint.span, "name a spec of kind blueprint",
            )  # fmt: skip
        return
    assert isinstance(blueprint.spec, BlueprintSpec)
    before = len(findings.items)
    known = list(blueprint.spec.sections)
    for name in spec.sections:
        if name not in known:
            hint = suggestion(name, [*known, "smoke", "model"])
            findings.add(
                "IG203", "unknown-key", f'"{name}" is not a key here', spec.key_span(name), hint,
                _rename(name, known, spec.key_span(name), spec.sections),
            )  # fmt: skip
    for name in spec.smoke:
        if name not in known:
            findings.add(
                "IG203", "unknown-key", f'"{name}" is not a section', spec.key_span("smoke", name),
                suggestion(name, known), _rename(name, known, spec.key_span("smoke", name), spec.smoke),
            )  # fmt: skip
    for name in known:
        _check_section(library, unit, name, findings)
    if len(findings.items) == before:
        _check_requires(library, unit, blueprint, findings)


def _rename(word: str, known: Iterable[str], span: Span, there: Iterable[str]) -> Fix | None:
    """Puts the near key in place of an unknown one, where it does not stand there already."""
    fix = respelling(word, known, span)
    return fix if fix is not None and fix.edits[0].text not in there else None


def _check_section(library: Library, unit: Unit, name: str, findings: Findings) -> None:
    spec, declared = unit.spec, section_type(library, unit, name)
    assert isinstance(spec, InstanceSpec)
    if declared is None:
        return
    node, changes = spec.sections.get(name), spec.smoke.get(name)
    own: list[Diagnostic] = []
    record = _read(library, unit, name, node, None, own)
    profile: list[Diagnostic] = []
    if isinstance(changes, Mapping):
        place = spec.key_span("smoke", name)
        Reader(library, profile, is_whole=False).section(name, declared, changes, name, place)
    elif changes is not None:
        profile.append(_no_mapping(name, changes))
    findings.extend((*own, *profile))
    if own or record is None:
        return
    check_constraints(record, findings)
    if changes is not None and not profile:
        changed = _read(library, unit, name, node, changes, profile)
        findings.extend(profile)  # a record that only the smoke profile has may lack something
        if changed is not None and not profile:
            check_constraints(changed, findings)


@remembered
def formula_functions(library: Library, unit: Unit) -> dict[str, object]:
    """Constants, formulas and constructors in the unit's scope, as values that expressions may use.

    Each formula sees the scope of the spec that declares it.
    """
    return _functions(library, unit, {}, _Calls())


def _functions(
    library: Library, unit: Unit, made: dict[str, dict[str, object]], calls: _Calls
) -> dict[str, object]:
    """The scope of one unit, after those of the units that it uses; `made` are the ones so far."""
    if unit.module in made:
        return made[unit.module]
    scope = made[unit.module] = {}
    for used in reversed(library.used(unit)):
        if not isinstance(used.spec, ComponentSpec):
            continue
        inner = scope if used is unit else _functions(library, used, made, calls)
        scope |= constants_of(used)
        for name, formula in used.spec.formulas.items():
            scope[name] = _function(name, formula, inner, calls)
        for name, type_ in used.spec.types.items():
            if type_.class_ is None and type_.fields:
                scope[name] = _constructor(name, used, type_)
    return scope


MOST_CALLS = 5_000  # of formulas by formulas, for one value; the shipped ones take some dozens


@dataclass(slots=True)
class _Calls:
    """How many calls of formulas the value that is being computed has taken, and how many are open."""

    made: int = 0
    open: int = 0


def _function(
    name: str, formula: Formula, scope: dict[str, object], calls: _Calls
) -> Callable[..., object]:
    def call(*arguments: object, **keywords: object) -> object:
        calls.made = calls.made + 1 if calls.open else 1
        if calls.made > MOST_CALLS:
            message = f"{name} and the formulas around it call each other more than {MOST_CALLS} times"
            raise EvaluationError(message, formula.is_.span)
        calls.open += 1
        try:
            return value(arguments, keywords)
        finally:
            calls.open -= 1

    def value(arguments: tuple[object, ...], keywords: dict[str, object]) -> object:
        values = dict(scope)
        values |= {name: p.default for name, p in formula.params.items() if p.has_default}
        values |= dict(zip(formula.params, arguments, strict=False)) | keywords
        for name, expression in formula.where.items():
            values[name] = evaluate(expression, values)
        return evaluate(formula.is_, values)

    return call


def _constructor(name: str, owner: Unit, type_: TypeSpec) -> Callable[..., object]:
    """Makes a record of the type, which refuses values as the generated class does."""

    def call(**given: object) -> Record:
        return made_record(name, (owner, type_), given)

    return call


def _check_requires(library: Library, unit: Unit, blueprint: Unit, findings: Findings) -> None:
    spec = unit.spec
    assert isinstance(spec, InstanceSpec) and isinstance(blueprint.spec, BlueprintSpec)
    values = dict(formula_functions(library, blueprint))
    for name in blueprint.spec.sections:
        if section_type(library, unit, name) is not None:
            values[name] = section_values(library, unit, name, smoke=False)
    for statement in blueprint.spec.requires:
        _check_statement(spec, statement, values, findings)


def _check_statement(
    spec: InstanceSpec, statement: Expression, values: dict[str, object], findings: Findings
) -> None:
    try:
        if evaluate(statement, values):
            return
        sides = [f"{show(o)} = {_number(evaluate(o, values))}" for o in _sides(statement)]
        hint = ", ".join(sides) or None
    except EvaluationError as error:
        hint = str(error)
    place = _place_of_statement(spec, statement, values)
    findings.add("IG302", "contract-mismatch", f"{show(statement)} does not hold", place, hint)


def _sides(statement: Expression) -> tuple[Expression, ...]:
    """What a comparison compares, or a call is about."""
    if isinstance(statement, Call):
        return tuple(a for a in statement.arguments if not isinstance(a, Number | Text))
    return getattr(statement, "operands", ())


def _place_of_statement(
    spec: InstanceSpec, statement: Expression, values: dict[str, object]
) -> Span:
    """The value compared, else the first that is read, in the last section that the statement reads a field of."""
    read = [chain for chain in chains(statement, spec.sections) if len(chain) > 1]
    section = next((n for n in reversed(list(spec.sections)) if n in {c[0] for c in read}), None)
    if section is None:
        return spec.name.span
    compared = [side for side in _sides(statement) if isinstance(side, Attribute)]
    stated = [chain for side in compared for chain in chains(side, [section])]
    inner = [chain[1:] for chain in stated or read if chain[0] == section]
    record = values.get(section)
    return place_of(record, inner) if isinstance(record, Record) else spec.key_span(section)


def _number(value: object) -> str:
    return f"{value:_}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
