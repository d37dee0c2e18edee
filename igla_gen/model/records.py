"""Records: values with fields, given as mappings in sections, examples and settings, at any depth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from igla_gen.diagnostics import Diagnostic, Findings, Fix, Span, articled, respelling, suggestion
from igla_gen.expressions import EvaluationError, Expression, evaluate, show
from igla_gen.expressions.tree import Attribute, Name, children
from igla_gen.model.component import BlueprintSpec, ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.quantities import QuantityError
from igla_gen.model.types import GenericType, NamedType, Type, Value, fit, named_types, shown_plain
from igla_gen.model.types import show as show_type
from igla_gen.syntax.tree import Entry, Mapping, Node, Scalar, Sequence, lookup, plain_data

RecordType = tuple[Unit, TypeSpec]


class Record(dict[str, object]):
    """A value of a declared type: every field, with defaults; `given` are the fields that are said.

    `node` is what says it, with the places of the values; `place` is where the whole is named.
    """

    __slots__ = ("given", "name", "node", "owner", "place", "spec")

    def __init__(
        self,
        name: str,
        declared: RecordType,
        node: Mapping,
        place: Span,
        given: dict[str, object],
    ) -> None:
        self.name, self.node, self.place = name, node, place
        self.owner, self.spec = declared
        fields = self.spec.fields
        self.given = tuple(field for field in fields if field in given)
        for field, declared_as in fields.items():
            if field in given:
                self[field] = given[field]
            elif declared_as.has_default:
                self[field] = declared_as.default

    def replaced(self, changes: dict[str, object]) -> Record:
        """The same with other values; refuses what the generated class refuses.

        Raises:
            ValueError: a field that there is not, or a constraint that does not hold.
        """
        given = {name: self[name] for name in self.given} | changes
        return made_record(self.name, (self.owner, self.spec), given)

    def changed(self, field: str, value: object) -> Record:
        """The same with one field said anew."""
        given = {name: self[name] for name in self.given} | {field: value}
        return Record(self.name, (self.owner, self.spec), self.node, self.place, given)


def made_record(name: str, declared: RecordType, given: dict[str, object]) -> Record:
    """A record that no mapping says, as an expression makes it.

    Raises:
        ValueError: a field is missing, or there is none of that name, or a constraint does not hold.
    """
    owner, spec = declared
    place = spec.node.span
    record = Record(name, declared, Mapping((), place), place, given)
    lacking = [field for field in spec.fields if field not in record]
    unknown = [field for field in given if field not in spec.fields]
    if lacking or unknown:
        verb = "lacks" if lacking else "has no field"
        raise ValueError(f"{name} {verb} {(lacking or unknown)[0]}")
    values = constants_of(owner) | record
    for constraint in spec.constraints:
        if broken(constraint, values) is not None:
            raise ValueError(f"{name} needs {show(constraint)}")
    return record


def given_of(value: object) -> object:
    """A value as it is said: of each record the fields that are given alone."""
    match value:
        case Record():
            return {name: given_of(value[name]) for name in value.given}
        case dict():
            return {name: given_of(item) for name, item in value.items()}
        case list():
            return [given_of(item) for item in value]
    return value


def records_in(value: object) -> Iterator[Record]:
    """The records that a value is or holds, those inside of another one apart."""
    match value:
        case Record():
            yield value
        case dict():
            yield from (record for item in value.values() for record in records_in(item))
        case list():
            yield from (record for item in value for record in records_in(item))


def record_type(library: Library, unit: Unit, type_: Type) -> tuple[str, RecordType] | None:
    """The type with fields that the values of a type have, where none is not one of them."""
    if isinstance(type_, GenericType) and type_.name == "Option":
        return record_type(library, unit, type_.arguments[0])
    if not isinstance(type_, NamedType) or type_.is_builtin:
        return None
    found = library.type_of(unit, type_.name)
    is_record = found is not None and found[1].class_ is None and bool(found[1].fields)
    return (type_.name, found) if is_record and found is not None else None


def reachable(library: Library, unit: Unit) -> dict[tuple[str, str], Unit]:
    """Module and name of every type with fields that fields and sections hold at any depth."""
    found: dict[tuple[str, str], Unit] = {}
    pending = [(unit, type_) for type_ in _held_by(unit)]
    while pending:
        owner, type_ = pending.pop()
        for named in named_types(type_):
            known = record_type(library, owner, named)
            if known is not None and (known[1][0].module, known[0]) not in found:
                inner, spec = known[1]
                found[inner.module, known[0]] = inner
                pending += [(inner, field.type) for field in spec.fields.values()]
    return dict(sorted(found.items()))


def _held_by(unit: Unit) -> Iterator[Type]:
    if isinstance(unit.spec, ComponentSpec):
        for type_ in unit.spec.types.values():
            yield from (field.type for field in type_.fields.values())
    if isinstance(unit.spec, BlueprintSpec):
        yield from unit.spec.sections.values()


# -- reading ------------------------------------------------------------------------------


@dataclass(slots=True)
class Reader:
    """Reads values by their types; what does not fit is added to `faults`, each at its place.

    `is_whole`: fields without a default have to be there. A smoke profile is not whole.
    """

    library: Library
    faults: list[Diagnostic]
    is_whole: bool = True

    def section(
        self, name: str, declared: RecordType, node: Mapping, what: str, place: Span
    ) -> Record:
        """The record that a section says."""
        return self.record(name, declared, node, what, place, f'the section "{what}"')

    def record(
        self,
        name: str,
        declared: RecordType,
        node: Mapping,
        what: str,
        place: Span,
        title: str | None = None,
    ) -> Record:
        """The record that a mapping says; `what` and `title` are how messages call it."""
        owner, spec = declared
        given: dict[str, object] = {}
        for entry in node.entries:
            key = entry.key.text
            if key in spec.fields:
                given[key] = self.value(owner, spec.fields[key].type, entry, f"{what}.{key}")
            else:
                hint = suggestion(key, spec.fields)
                fix = near_key(entry.key, spec.fields, (e.key.text for e in node.entries))
                fault = f'"{key}" is not a key of {what}'
                self._fault("IG203", "unknown-key", fault, entry.key.span, hint, fix)
        if self.is_whole:
            self._missing(spec, given, title or what, place)
        return Record(name, declared, node, place, given)

    def _missing(self, spec: TypeSpec, given: dict[str, object], title: str, place: Span) -> None:
        for field, declared_as in spec.fields.items():
            if not declared_as.has_default and field not in given:
                hint = f"add '{field}: ...' ({show_type(declared_as.type)})"
                self._fault("IG204", "missing-key", f'{title} lacks "{field}"', place, hint)

    def value(self, unit: Unit, type_: Type, entry: Entry, what: str) -> Value:
        """The value of one entry, as the type holds it; none where it does not fit."""
        return self._value(unit, type_, entry.value, what, entry.key.span)

    def _value(self, unit: Unit, type_: Type, node: Node, what: str, key: Span) -> Value:
        match type_:
            case GenericType("Option", (item,)) if not is_none(node):
                return self._value(unit, item, node, what, key)
            case GenericType("List" | "Tuple" | "Map", arguments) if self._holds_declared(
                unit, type_
            ):
                return self._several(unit, type_, arguments, node, what, key)
            case NamedType(name) if not type_.is_builtin:
                found = self.library.type_of(unit, name)
                if found is not None and found[1].class_ is None:
                    return self._declared(name, found, node, what, key)
        try:
            value = fit(plain_data(node), type_)  # type: ignore[arg-type]
        except ValueError as error:
            place, hint = fault_of_value(error, node)
            self._misfit(str(error), place, hint or f"{_last(what)} is {show_type(type_)}")
            return None
        if isinstance(node, Scalar) and isinstance(value, float) and not math.isfinite(value):
            message = f"{node.text} is more than a float holds"
            message = message if any(map(str.isdigit, node.text)) else f"{node.text} is no finite number"
            self._misfit(message, node.span, "what is trained with it would not be finite either")
        return value

    def _declared(self, name: str, found: RecordType, node: Node, what: str, key: Span) -> Value:
        spec = found[1]
        if spec.fields and isinstance(node, Mapping):
            return self.record(name, found, node, what, key)  # type: ignore[return-value]
        words = [word.text for word in spec.variants]
        if isinstance(node, Scalar) and node.text in words:
            return node.text
        accepted = (
            f"one of {', '.join(words)}" if words else f"a mapping of {', '.join(spec.fields)}"
        )
        shown = shown_plain(node.value) if isinstance(node, Scalar) else "this"
        span = node.span if isinstance(node, Scalar) and node.text else key
        self._misfit(f"{shown} is not {articled(name)}", span, f"{_last(what)} is {name}: {accepted}")
        return None

    def _several(
        self, unit: Unit, type_: Type, arguments: tuple[Type, ...], node: Node, what: str, key: Span
    ) -> Value:
        """A list, tuple or map that has values of declared types in it."""
        assert isinstance(type_, GenericType)
        if type_.name == "Map" and isinstance(node, Mapping):
            item = arguments[1]
            return {
                e.key.text: self.value(unit, item, e, f"{what}.{e.key.text}") for e in node.entries
            }
        types = (
            arguments * len(node.items)
            if isinstance(node, Sequence) and type_.name == "List"
            else arguments
        )
        if type_.name != "Map" and isinstance(node, Sequence) and len(node.items) == len(types):
            pairs = enumerate(zip(types, node.items, strict=True))
            return [
                self._value(unit, item, part, f"{what}[{i}]", lookup(node, (i,)))
                for i, (item, part) in pairs
            ]
        wanted = "a mapping of names to values" if type_.name == "Map" else "a list"
        hint = f"{_last(what)} is {show_type(type_)}: {wanted}"
        self._misfit(f"this is not {articled(show_type(type_))}", key, hint)
        return None

    def _holds_declared(self, unit: Unit, type_: Type) -> bool:
        inner = (named for named in named_types(type_) if not named.is_builtin)
        return any(self.library.type_of(unit, named.name) for named in inner)

    def _misfit(self, message: str, place: Span, hint: str) -> None:
        self._fault("IG206", "wrong-type", message, place, hint)

    def _fault(
        self, code: str, name: str, message: str, place: Span, hint: str, fix: Fix | None = None
    ) -> None:
        self.faults.append(Diagnostic(code, name, message, place, hint, fix=fix))


def _last(what: str) -> str:
    return what.rpartition(".")[2]


def is_none(node: Node) -> bool:
    """Whether the node says that there is no value."""
    return isinstance(node, Scalar) and (node.value is None or node.value in ("none", "null"))


def near_key(key: Scalar, known: Iterable[str], there: Iterable[str]) -> Fix | None:
    """Puts the near key in place of an unknown one, where it does not stand there already."""
    fix = respelling(key.text, known, key.span)
    return fix if fix is not None and fix.edits[0].text not in set(there) else None


def fault_of_value(error: ValueError, node: Node) -> tuple[Span, str | None]:
    """Where in a value the reason stands that it does not fit, and what would."""
    if not isinstance(error, QuantityError):
        return node.span, None
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return node.part(error.start, error.end), error.hint
    return node.span, error.hint


def overlay(library: Library, declared: RecordType, base: Mapping, top: Mapping) -> Mapping:
    """What `base` says, changed by `top`; of records inside, too, each field by itself."""
    owner, spec = declared
    entries = []
    for entry in top.entries:
        under, field = base.get(entry.key.text), spec.fields.get(entry.key.text)
        inner = record_type(library, owner, field.type) if field is not None else None
        value = entry.value
        if inner is not None and isinstance(under, Mapping) and isinstance(value, Mapping):
            value = overlay(library, inner[1], under, value)
        entries.append(Entry(entry.key, value))
    changed = {entry.key.text for entry in entries}
    kept = [entry for entry in base.entries if entry.key.text not in changed]
    return Mapping((*entries, *kept), base.span)


# -- constraints --------------------------------------------------------------------------


def constants_of(unit: Unit) -> dict[str, object]:
    """The constants of a component, evaluated; nobody may change the mapping.

    None where one of them has no value: that is reported once, at its place, and not by all that use the component.
    """
    if not isinstance(unit.spec, ComponentSpec):
        return {}
    try:
        return unit.spec.constant_values
    except EvaluationError:
        return {}


def check_constraints(record: Record, findings: Findings) -> None:
    """Reports the constraints of a record, and of those inside, that do not hold."""
    values = constants_of(record.owner) | record
    for constraint in record.spec.constraints:
        reason = broken(constraint, values)
        if reason is not None:
            place = place_of(record, chains(constraint, record.spec.fields))
            here = shown_values(constraint, record.spec.fields, values)
            findings.add(
                "IG301", "constraint-violated", f"{show(constraint)} does not hold{reason}", place,
                f"here {here}; the constraint is in {record.owner.source.shown}",
            )  # fmt: skip
    for value in record.values():
        for inner in records_in(value):
            check_constraints(inner, findings)


def broken(constraint: Expression, values: dict[str, object]) -> str | None:
    """None where the constraint holds; else why it has no value, or nothing."""
    try:
        return None if evaluate(constraint, values) else ""
    except EvaluationError as error:
        return f" ({error})"


def chains(node: Expression, fields: Iterable[str]) -> list[tuple[str, ...]]:
    """`moe.top_k` as ("moe", "top_k"): what an expression reads of these fields, each once."""
    found: dict[tuple[str, ...], None] = {}
    known = set(fields)
    pending = [node]
    while pending:
        part = pending.pop(0)
        chain = _chain(part)
        if chain is None:
            pending = [*children(part), *pending]
        elif chain[0] in known:
            found[chain] = None
    return list(found)


def _chain(node: Expression) -> tuple[str, ...] | None:
    match node:
        case Name(name):
            return (name,)
        case Attribute(owner, name):
            before = _chain(owner)
            return (*before, name) if before is not None else None
    return None


def shown_values(node: Expression, fields: Iterable[str], values: dict[str, object]) -> str:
    """`num_heads = 3, moe.top_k = 9`: what an expression reads of the fields, in their order."""
    order = list(fields)
    read = sorted(chains(node, order), key=lambda chain: order.index(chain[0]))
    read = [c for c in read if not any(c == other[: len(c)] for other in read if other != c)]
    return ", ".join(f"{'.'.join(chain)} = {_shown(_at(chain, values))}" for chain in read)


def _at(chain: tuple[str, ...], values: object) -> object:
    for step in chain:
        values = values.get(step) if isinstance(values, dict) else None
    return values


def _shown(value: object) -> str:
    if isinstance(value, Record):
        return "{" + ", ".join(f"{name}: {_shown(value[name])}" for name in value.given) + "}"
    return "none" if value is None else str(value)


def place_of(record: Record, read: list[tuple[str, ...]]) -> Span:
    """The first value in the record that one of the chains reads; the record's place where it has none."""
    for entry in record.node.entries:
        tails = [chain[1:] for chain in read if chain[0] == entry.key.text]
        inner = record.get(entry.key.text)
        if tails and isinstance(inner, Record):
            return place_of(inner, [tail for tail in tails if tail])
        if tails:
            return entry.value.span
    return record.place
