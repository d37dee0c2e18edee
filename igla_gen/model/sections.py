"""What the sections of a model or recipe say, checked against the types of the blueprint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from igla_gen.diagnostics import Findings, Fix, Span, respelling, suggestion
from igla_gen.expressions import EvaluationError, evaluate, names, show
from igla_gen.model.component import BlueprintSpec, ComponentSpec, Formula, InstanceSpec, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.quantities import QuantityError
from igla_gen.model.types import NamedType, Value, fit
from igla_gen.model.types import show as show_type
from igla_gen.syntax.tree import Mapping, Node, Scalar, plain_data


@dataclass(frozen=True, slots=True)
class SectionValues:
    """Values of one section: those the spec gives, and all of them with the defaults."""

    given: dict[str, Value]
    complete: dict[str, Value]


def section_type(library: Library, unit: Unit, section: str) -> tuple[Unit, TypeSpec] | None:
    """The config type of a section, and the component that declares it."""
    blueprint = library.blueprint(unit)
    if blueprint is None or not isinstance(blueprint.spec, BlueprintSpec):
        return None
    type_ = blueprint.spec.sections.get(section)
    return library.type_of(blueprint, type_.name) if isinstance(type_, NamedType) else None


def section_values(library: Library, unit: Unit, section: str, *, smoke: bool) -> SectionValues:
    """Reads one section; only for specs that `check_instance` has passed."""
    assert isinstance(unit.spec, InstanceSpec)
    found = section_type(library, unit, section)
    assert found is not None
    fields = found[1].fields
    given: dict[str, Value] = {}
    for source in (unit.spec.sections, unit.spec.smoke if smoke else {}):
        node = source.get(section)
        if isinstance(node, Mapping):
            for entry in node.entries:
                given[entry.key.text] = fit(plain_data(entry.value), fields[entry.key.text].type)
    ordered = {name: given[name] for name in fields if name in given}
    defaults = {name: field.default for name, field in fields.items() if field.has_default}
    return SectionValues(ordered, defaults | ordered)


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
    sound_smoke: set[str] = set()
    for name, node in spec.smoke.items():
        smoke_before = len(findings.items)
        if name not in known:
            findings.add(
                "IG203", "unknown-key", f'"{name}" is not a section', spec.key_span("smoke", name),
                suggestion(name, known), _rename(name, known, spec.key_span("smoke", name), spec.smoke),
            )  # fmt: skip
        else:
            _check_fields(library, unit, name, node, findings)
        if len(findings.items) == smoke_before:
            sound_smoke.add(name)
    for name in known:
        _check_section(library, unit, name, findings, has_smoke=name in sound_smoke)
    if len(findings.items) == before:
        _check_requires(library, unit, blueprint, findings)


def _rename(word: str, known: Iterable[str], span: Span, there: Iterable[str]) -> Fix | None:
    """Puts the near key in place of an unknown one, where it does not stand there already."""
    fix = respelling(word, known, span)
    return fix if fix is not None and fix.edits[0].text not in there else None


def _check_section(
    library: Library, unit: Unit, name: str, findings: Findings, *, has_smoke: bool
) -> None:
    spec = unit.spec
    assert isinstance(spec, InstanceSpec)
    found = section_type(library, unit, name)
    if found is None:
        return
    owner, type_ = found
    node = spec.sections.get(name)
    before = len(findings.items)
    given = _check_fields(library, unit, name, node, findings) if node is not None else set()
    required = [f for f, field in type_.fields.items() if not field.has_default and f not in given]
    place = spec.key_span(name) if node is not None else spec.name.span
    for field in required:
        findings.add(
            "IG204", "missing-key", f'the section "{name}" lacks "{field}"', place,
            f"add '{field}: ...' ({show_type(type_.fields[field].type)})",
        )  # fmt: skip
    if len(findings.items) > before:
        return
    for smoke in (False, True) if has_smoke else (False,):
        _check_constraints(library, unit, name, owner, type_, findings, smoke=smoke)


def _check_fields(
    library: Library, unit: Unit, name: str, node: Node, findings: Findings
) -> set[str]:
    found = section_type(library, unit, name)
    if found is None:
        return set()
    fields = found[1].fields
    if not isinstance(node, Mapping):
        findings.add("IG205", "wrong-shape", f'"{name}" is a mapping of keys and values', node.span)
        return set(fields)
    for entry in node.entries:
        key = entry.key.text
        if key not in fields:
            hint = suggestion(key, fields)
            findings.add(
                "IG203", "unknown-key", f'"{key}" is not a key of {name}', entry.key.span, hint,
                _rename(key, fields, entry.key.span, {e.key.text for e in node.entries}),
            )  # fmt: skip
            continue
        try:
            fit(plain_data(entry.value), fields[key].type)
        except ValueError as error:
            place, hint = fault_of_value(error, entry.value)
            hint = hint or f"{key} is {show_type(fields[key].type)}"
            findings.add("IG206", "wrong-type", str(error), place, hint)
    return {entry.key.text for entry in node.entries}


def fault_of_value(error: ValueError, node: Node) -> tuple[Span, str | None]:
    """Where in a value the reason stands that it does not fit, and what would."""
    if not isinstance(error, QuantityError):
        return node.span, None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.part(error.start, error.end), error.hint
    return node.span, error.hint


def _check_constraints(
    library: Library,
    unit: Unit,
    name: str,
    owner: Unit,
    type_: TypeSpec,
    findings: Findings,
    *,
    smoke: bool,
) -> None:
    spec = unit.spec
    assert isinstance(spec, InstanceSpec)
    values = constants_of(owner) | section_values(library, unit, name, smoke=smoke).complete
    for constraint in type_.constraints:
        try:
            holds = evaluate(constraint, values)
        except EvaluationError as error:
            holds, reason = False, f" ({error})"
        else:
            reason = ""
        if not holds:
            read = [n for n in type_.fields if n in {part.name for part in names(constraint)}]
            place = _field_span(spec, name, read, smoke=smoke)
            shown = ", ".join(f"{field} = {values[field]}" for field in read)
            findings.add(
                "IG301", "constraint-violated", f"{show(constraint)} does not hold{reason}", place,
                f"here {shown}; the constraint is in {owner.source.shown}",
            )  # fmt: skip


def _field_span(
    spec: InstanceSpec, section: str, fields: list[str], *, smoke: bool = False
) -> Span:
    for node in (spec.smoke.get(section) if smoke else None, spec.sections.get(section)):
        if isinstance(node, Mapping):
            for entry in node.entries:
                if entry.key.text in fields:
                    return entry.value.span
    return spec.key_span(section)


def constants_of(unit: Unit) -> dict[str, object]:
    """The constants of a component, evaluated."""
    spec = unit.spec
    values: dict[str, object] = {}
    if isinstance(spec, ComponentSpec):
        for name, expression in spec.constants.items():
            values[name] = evaluate(expression, values)
    return values


def formula_functions(library: Library, unit: Unit) -> dict[str, object]:
    """Constants and formulas in the unit's scope, as values that expressions may use."""
    scope: dict[str, object] = {}
    for used in reversed(library.used(unit)):
        scope |= constants_of(used)
        if isinstance(used.spec, ComponentSpec):
            for name, formula in used.spec.formulas.items():
                scope[name] = _function(formula, scope)
    return scope


def _function(formula: Formula, scope: dict[str, object]):
    def call(*arguments: object, **keywords: object) -> object:
        values = dict(scope)
        values |= {name: p.default for name, p in formula.params.items() if p.has_default}
        values |= dict(zip(formula.params, arguments, strict=False)) | keywords
        for name, expression in formula.where.items():
            values[name] = evaluate(expression, values)
        return evaluate(formula.is_, values)

    return call


def _check_requires(library: Library, unit: Unit, blueprint: Unit, findings: Findings) -> None:
    spec = unit.spec
    assert isinstance(spec, InstanceSpec) and isinstance(blueprint.spec, BlueprintSpec)
    values = formula_functions(library, blueprint)
    for name in blueprint.spec.sections:
        if section_type(library, unit, name) is not None:
            values[name] = section_values(library, unit, name, smoke=False).complete
    for statement in blueprint.spec.requires:
        _check_statement(spec, blueprint, statement, values, findings)


def _check_statement(
    spec: InstanceSpec, blueprint: Unit, statement, values, findings: Findings
) -> None:
    text = show(statement)
    section = next((name for name in reversed(list(spec.sections)) if f"{name}." in text), None)
    place = spec.key_span(section) if section else spec.name.span
    fields = [f for f in _fields_named(text, section)] if section else []
    if section and fields:
        place = _field_span(spec, section, fields)
    try:
        if evaluate(statement, values):
            return
        sides = [
            f"{show(o)} = {_number(evaluate(o, values))}"
            for o in getattr(statement, "operands", ())
        ]
        hint = ", ".join(sides) or None
    except EvaluationError as error:
        hint = str(error)
    findings.add("IG302", "contract-mismatch", f"{text} does not hold", place, hint)


def _fields_named(text: str, section: str | None) -> list[str]:
    import re

    return re.findall(rf"\b{re.escape(section)}\.(\w+)", text)


def _number(value: object) -> str:
    return f"{value:_}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
