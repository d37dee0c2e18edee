"""The numbers of a model or recipe: its blueprint's formulas, with the values of its sections."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from igla_gen.diagnostics import Findings, Span, suggestion
from igla_gen.expressions import EvaluationError
from igla_gen.frozen import frozen
from igla_gen.model.component import BlueprintSpec, ComponentSpec, Formula, InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import Record, records_in
from igla_gen.model.sections import (
    check_instance,
    formula_functions,
    section_type,
    section_values,
)
from igla_gen.model.types import FieldType, NamedType, fit, shown_plain
from igla_gen.model.types import show as show_type
from igla_gen.syntax import parse_document
from igla_gen.syntax.tree import Entry, plain_data
from igla_gen.syntax.tree import Mapping as MappingNode

CURVE_POINTS = 61
_STEPS = ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k"))
_BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_BINARY = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@frozen
class Number:
    """One formula: its value, or the parameters that nothing gives, or why it has none.

    Where all that is missing is one Fraction, `curve` holds its values at CURVE_POINTS fractions from 0 to 1.
    """

    name: str
    module: str
    description: str
    place: Span
    value: object = None
    missing: tuple[str, ...] = ()
    fault: str | None = None
    curve: tuple[float, ...] = ()

    @property
    def unit(self) -> str | None:
        """`bytes` where the formula says so; other numbers are counts of what it describes."""
        words = f"{self.name} {self.description}".lower().replace("_", " ").split()
        return "bytes" if "bytes" in words[:8] else None

    @property
    def shown(self) -> str:
        """The value for people: exact, and rounded with its unit where it is large."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return str(self.value)
        exact = f"{self.value:_}" if isinstance(self.value, int) else f"{self.value:g}"
        if self.unit == "bytes":
            return f"{exact} bytes{_brackets(_scaled(self.value, _BYTES), _scaled(self.value, _BINARY))}"
        return f"{exact}{_brackets(_scaled(self.value, _STEPS, glue=''))}"


def _curve(function: object, name: str, values: Mapping[str, object]) -> tuple[float, ...]:
    fractions = (index / (CURVE_POINTS - 1) for index in range(CURVE_POINTS))
    return tuple(function(**{name: fraction, **values}) for fraction in fractions)  # type: ignore[operator]


def _scaled(value: float, steps: tuple[tuple[int, str], ...], glue: str = " ") -> str | None:
    for size, word in steps:
        if abs(value) >= size:
            return f"{value / size:.4g}{glue}{word}"
    return None


def _brackets(*parts: str | None) -> str:
    known = [part for part in parts if part]
    return f" ({', '.join(known)})" if known else ""


class SettingError(ValueError):
    """A `--set` that cannot be read, as a sentence."""


@dataclass(slots=True)
class Plan:
    """An instance, its model if it has one, and what was set on the command line."""

    library: Library
    units: list[Unit]
    smoke: bool
    given: dict[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, library: Library, unit: Unit, *, smoke: bool) -> Plan:
        model = library.model(unit)
        found = [unit, *([model] if model is not None and model is not unit else [])]
        return cls(library, [u for u in found if isinstance(u.spec, InstanceSpec)], smoke)

    def set(self, text: str) -> None:
        """Applies `section.field=value` to the instance or its model, or `name=value` to formulas.

        Raises:
            SettingError: it has another form, or names nothing.
        """
        path, sign, value = text.partition("=")
        section, dot, name = path.strip().partition(".")
        if not sign or not value.strip() or not section or (dot and not all(name.split("."))):
            raise SettingError(f"--set {text}: write section.field=value, or name=value")
        if dot:
            self._set_field(text, section, tuple(name.split(".")), value.strip())
        else:
            self._set_param(text, section, value.strip())

    def _set_field(self, text: str, section: str, names: tuple[str, ...], value: str) -> None:
        for index, unit in enumerate(self.units):
            blueprint = self.library.blueprint(unit)
            if blueprint is not None and section in blueprint.spec.sections:  # type: ignore[union-attr]
                changed = _with_value(unit, section, self._entry(text, names, value), self.smoke)
                self.units[index] = self.library.units[unit.module] = changed
                return
        known = [n for unit in self.units for n in self._sections(unit)]
        raise SettingError(
            f"--set {text}: there is no section {section!r}; {suggestion(section, known)}"
        )

    def _entry(self, text: str, names: tuple[str, ...], value: str) -> tuple[Entry, int]:
        """The setting as lines of a spec, so that faults in it are shown as those of a spec.

        The number is that of the mappings around the value.
        """
        lines = [f"{'  ' * depth}{name}:" for depth, name in enumerate(names)]
        document = parse_document("\n".join(lines) + f" {value}\n", f"--set {text}")
        node = document.tree
        if document.faults or not isinstance(node, MappingNode) or len(node.entries) != 1:
            reason = document.faults[0].message if document.faults else "it is no value"
            raise SettingError(f"--set {text}: {reason}")
        self.library.sources[document.file] = document.text
        return node.entries[0], len(names) - 1

    def _set_param(self, text: str, name: str, value: str) -> None:
        params = {n: (p, u) for u, f in self._formulas() for n, p in f[1].params.items()}
        if name not in params and any(name in self._sections(unit) for unit in self.units):
            raise SettingError(f"--set {text}: {name} is a section; write {name}.field=value")
        if name not in params:
            hint = suggestion(name, params)
            raise SettingError(f"--set {text}: no formula has a parameter {name!r}; {hint}")
        try:
            data = plain_data(self._entry(text, (name,), value)[0].value)
            self.given[name] = self._fit(data, *params[name])
        except ValueError as error:
            raise SettingError(f"--set {text}: {error}") from None

    def _fit(self, data: object, param: FieldType, owner: Unit) -> object:
        """The value of a parameter. A type of words takes one of them."""
        if isinstance(param.type, NamedType) and not param.type.is_builtin:
            declared = self.library.type_of(owner, param.type.name)
            words = [word.text for word in declared[1].variants] if declared is not None else []
            if words and data not in words:
                accepted = f"{param.type.name}: one of {', '.join(words)}"
                raise ValueError(f"{shown_plain(data)} is not {accepted}")
            if words:
                return data
        return fit(data, param.type)  # type: ignore[arg-type]

    def check(self) -> Findings:
        """Constraints and requirements, with the values as they are now."""
        findings = Findings()
        for unit in self.units:
            check_instance(self.library, unit, findings)
        return findings

    def numbers(self) -> list[Number]:
        """Every formula of the blueprints and of the modules that they use."""
        sections = self._values()
        functions: dict[str, dict[str, object]] = {}
        found = []
        for owner, (name, formula) in self._formulas():
            if owner.module not in functions:
                functions[owner.module] = formula_functions(self.library, owner)
            place = formula.key_span("is")
            text = " ".join(formula.description.text.split())
            number = Number(name, owner.module, text, place)
            found.append(self._number(number, owner, formula, functions[owner.module], sections))
        return found

    def _number(
        self,
        number: Number,
        owner: Unit,
        formula: Formula,
        functions: Mapping[str, object],
        sections: list[Record],
    ) -> Number:
        values, missing = {}, []
        for name, param in formula.params.items():
            known, value = self._argument(owner, name, param, sections)
            if known:
                values[name] = value
            else:
                missing.append(name)
        function = functions[number.name]
        types = [show_type(formula.params[name].type) for name in missing]
        try:
            if types == ["Fraction"] and show_type(formula.returns) == "Float":
                return replace(number, missing=tuple(missing), curve=_curve(function, missing[0], values))
            if missing:
                needs = (f"{n} ({t})" for n, t in zip(missing, types, strict=True))
                return replace(number, missing=tuple(needs))
            value = function(**values)  # type: ignore[operator]
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                return replace(number, fault="more than a float holds")
            return replace(number, value=value)
        except EvaluationError as error:
            return replace(number, fault=str(error))

    def _argument(
        self,
        owner: Unit,
        name: str,
        param: FieldType,
        sections: list[Record],
    ) -> tuple[bool, object]:
        """Whether there is a value for the parameter, and the value."""
        if name in self.given:
            return True, self.given[name]
        if isinstance(param.type, NamedType) and not param.type.is_builtin:
            declared = self.library.type_of(owner, param.type.name)
            wanted = declared[1] if declared is not None else None
            for values in sections:
                if values.spec is wanted:
                    return True, values
            return False, None
        named = [values[name] for values in sections if name in values]
        if named and all(value == named[0] for value in named):
            return True, named[0]
        return param.has_default, param.default

    def _values(self) -> list[Record]:
        """The values of each section, then of the records that they hold."""
        found: list[Record] = []
        for unit in self.units:
            for name in self._sections(unit):
                if section_type(self.library, unit, name) is not None:
                    found.append(section_values(self.library, unit, name, smoke=self.smoke))
        for record in found:  # grows while it is read
            found += [inner for value in record.values() for inner in records_in(value)]
        return found

    def _sections(self, unit: Unit) -> list[str]:
        blueprint = self.library.blueprint(unit)
        is_blueprint = blueprint is not None and isinstance(blueprint.spec, BlueprintSpec)
        return list(blueprint.spec.sections) if is_blueprint else []  # type: ignore[union-attr]

    def _formulas(self) -> Iterator[tuple[Unit, tuple[str, Formula]]]:
        seen: set[str] = set()
        for unit in self.units:
            blueprint = self.library.blueprint(unit)
            for owner in self.library.used(blueprint) if blueprint is not None else []:
                if owner.module not in seen and isinstance(owner.spec, ComponentSpec):
                    seen.add(owner.module)
                    for item in owner.spec.formulas.items():
                        yield owner, item


def _with_value(unit: Unit, section: str, change: tuple[Entry, int], smoke: bool) -> Unit:
    """The unit with one value of one section in place of what the spec says."""
    spec = unit.spec
    assert isinstance(spec, InstanceSpec)
    update = {"sections": _put(spec.sections, section, *change)}
    if smoke:
        update["smoke"] = _put(spec.smoke, section, *change)
    return Unit(unit.source, spec.model_copy(update=update))


def _put(
    sections: Mapping[str, object], section: str, entry: Entry, depth: int
) -> dict[str, object]:
    return {**sections, section: _with_entry(sections.get(section), entry, depth)}


def _with_entry(old: object, entry: Entry, depth: int) -> MappingNode:
    """A mapping with one entry in place of what it says; down to `depth` mappings keep the rest."""
    before = old.entries if isinstance(old, MappingNode) else ()
    same = next((e.value for e in before if e.key.text == entry.key.text), None)
    if depth and isinstance(entry.value, MappingNode):
        entry = Entry(entry.key, _with_entry(same, entry.value.entries[0], depth - 1))
    kept = tuple(e for e in before if e.key.text != entry.key.text)
    return MappingNode((entry, *kept), old.span if isinstance(old, MappingNode) else entry.key.span)
