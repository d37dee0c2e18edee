"""The ancestor's spec as data: its two ways of writing types and fields become one."""

from __future__ import annotations

from dataclasses import dataclass, field

from igla_gen.ancestor.forms import HEADER
from igla_gen.diagnostics import Diagnostic, Severity, Span
from igla_gen.frozen import frozen
from igla_gen.syntax.tree import Entry, Mapping, Node, Scalar, Sequence

_VARIANTS = ("enum", "variants", "values")
PROSE = ("given", "when", "then")


@frozen
class OldField:
    """One field: its name, its type, and what else is said about it."""

    name: Scalar
    type: Scalar
    rest: tuple[Entry, ...] = ()


@frozen
class OldType:
    """One type: fields, or variants, or a description alone."""

    name: Scalar
    fields: tuple[OldField, ...] = ()
    variants: tuple[Scalar, ...] = ()
    description: Scalar | None = None
    rest: tuple[Entry, ...] = ()


@frozen
class OldBehavior:
    """One behaviour: name, prose by its key in small letters, and what else is said."""

    name: Scalar
    prose: dict[str, Scalar]
    capitals: tuple[Scalar, ...] = ()  # keys such as `When`
    test_cases: tuple[Mapping, ...] = ()
    rest: tuple[Entry, ...] = ()


@dataclass(slots=True)
class OldSpec:
    """All of one file; `rest` are the top-level keys that no other field holds."""

    node: Mapping
    header: dict[str, Scalar] = field(default_factory=dict)
    types: list[OldType] = field(default_factory=list)
    behaviors: list[OldBehavior] = field(default_factory=list)
    test_cases: tuple[Mapping, ...] = ()
    rest: list[Entry] = field(default_factory=list)
    faults: list[Diagnostic] = field(default_factory=list)


def read(tree: Mapping) -> OldSpec:
    """The spec that the tree holds; what has another shape is in `faults`."""
    spec = OldSpec(tree)
    for entry in tree.entries:
        key, value = entry.key.text, entry.value
        if key in HEADER and isinstance(value, Scalar):
            spec.header[key] = value
        elif key == "types" and not _is_empty(value):
            spec.types = [t for e in _named(spec, value, key) if (t := _type(spec, e)) is not None]
        elif key == "behaviors" and not _is_empty(value):
            named = _named(spec, value, key)
            spec.behaviors = [b for e in named if (b := _behavior(spec, e)) is not None]
        elif key == "test_cases" and (cases := _cases(value)) is not None:
            spec.test_cases = cases
        else:
            if key in HEADER:
                _no_text(spec, entry)
            elif key == "test_cases" and not _is_empty(value):
                _no_cases(spec, value)
            spec.rest.append(entry)
    if "name" not in spec.header or not spec.header["name"].text.strip():
        message = 'the key "name" is missing'
        span = _start(tree)
        spec.faults.append(Diagnostic("IG204", "missing-key", message, span, "add 'name: ...'"))
    return spec


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.text.strip()


def _wrong(
    spec: OldSpec, node: Node, wanted: str, hint: str, severity: Severity = "error"
) -> None:
    found = {Mapping: "a mapping", Sequence: "a list"}.get(type(node), "text")
    if found == "a mapping" and wanted.startswith("a mapping with a name"):
        found = "a mapping without a name"
    message = f"{found} stands where {wanted} is expected"
    fault = Diagnostic("IG205", "wrong-shape", message, _start(node), hint, severity)
    spec.faults.append(fault)


def _no_text(spec: OldSpec, entry: Entry) -> None:
    hint = "write it as one text; the import keeps what stands here below notes"
    _wrong(spec, entry.value, f"text (of {entry.key.text})", hint, "warning")


def _no_cases(spec: OldSpec, node: Node) -> None:
    items = node.items if isinstance(node, Sequence) else ()
    other = next((item for item in items if not isinstance(item, Mapping)), None)
    hint = "write '- {name: ..., input: ..., expected: ...}'; the import keeps what stands here below notes"
    wanted = "a list of test cases" if other is None else "a test case"
    _wrong(spec, node if other is None else other, wanted, hint, "warning")


def _start(node: Node) -> Span:
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0].key.span
    return node.span


def _named(spec: OldSpec, node: Node, key: str) -> list[Entry]:
    """Name and content of each thing, from a mapping by name or a list of mappings with a name."""
    if isinstance(node, Mapping):
        return list(node.entries)
    if not isinstance(node, Sequence):
        hint = f"write 'NAME: ...' or '- name: ...' below {key}"
        _wrong(spec, node, "a mapping by name, or a list of things with a name", hint)
        return []
    found = []
    for item in node.items:
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(item, Mapping) and isinstance(name, Scalar) and name.text.strip():
            rest = tuple(entry for entry in item.entries if entry.key.text != "name")
            found.append(Entry(name, Mapping(rest, item.span)))
        else:
            hint = "write 'name: Type', one a line" if key == "fields" else "begin with '- name: ...'"
            _wrong(spec, item, f"a mapping with a name (in {key})", hint)
    return found


def _type(spec: OldSpec, entry: Entry) -> OldType | None:
    value = entry.value
    if _is_empty(value):
        return OldType(entry.key)
    if isinstance(value, Scalar):  # another name for a type
        return OldType(entry.key, description=value)
    if not isinstance(value, Mapping):
        hint = "write 'fields: {name: Type}', or 'variants: [word, word]' below it"
        _wrong(spec, value, "a type: fields, or variants", hint)
        return None
    description, variants, rest = None, (), []
    fields: list[OldField] = []
    has_fields = value.get("fields") is not None
    own = has_fields or any(value.get(key) is not None for key in _VARIANTS)
    for inner in value.entries:
        key, node = inner.key.text, inner.value
        if key == "description" and isinstance(node, Scalar):
            description = node
        elif key in _VARIANTS and not variants and (words := _words(node)) is not None:
            variants = words
        elif key == "fields" and not _is_empty(node):
            fields += _fields(spec, node)
        elif not own and isinstance(node, Scalar) and not _is_empty(node):
            fields.append(OldField(inner.key, node))  # fields without `fields:`
        elif not (key == "fields" and _is_empty(node)):
            rest.append(inner)
    if fields and variants:
        rest += [e for e in value.entries if e.key.text in _VARIANTS]
        variants = ()
    return OldType(entry.key, tuple(fields), variants, description, tuple(rest))


def _words(node: Node) -> tuple[Scalar, ...] | None:
    """Variants, from a list of words, or of mappings with a name alone."""
    if not isinstance(node, Sequence) or not node.items:
        return None
    words = tuple(item for item in node.items if isinstance(item, Scalar) and item.text.strip())
    distinct = {word.text for word in words}
    return words if len(distinct) == len(node.items) else None


def _fields(spec: OldSpec, node: Node) -> list[OldField]:
    items = list(node.entries) if isinstance(node, Mapping) else []
    if isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Mapping) and len(item.entries) == 1 and item.get("name") is None:
                items.append(item.entries[0])
            else:
                items += _named(spec, Sequence((item,), item.span), "fields")
    elif not isinstance(node, Mapping):
        _wrong(spec, node, "fields, by name or as a list", "write 'name: Type', one a line")
    found = []
    for entry in items:
        type_ = entry.value.get("type") if isinstance(entry.value, Mapping) else entry.value
        if not isinstance(type_, Scalar) or not type_.text.strip():
            name = entry.key.text
            _wrong(spec, entry.value, f"the type of the field {name}", f"write '{name}: Type'")
            continue
        rest: tuple[Entry, ...] = ()
        if isinstance(entry.value, Mapping):
            rest = tuple(e for e in entry.value.entries if e.key.text != "type")
        found.append(OldField(entry.key, type_, rest))
    return found


def _behavior(spec: OldSpec, entry: Entry) -> OldBehavior | None:
    if not isinstance(entry.value, Mapping):
        if not _is_empty(entry.value):
            hint = "write 'given: ...', 'when: ...' and 'then: ...' below it"
            _wrong(spec, entry.value, "a behaviour: given, when and then", hint)
            return None
        return OldBehavior(entry.key, {})
    prose: dict[str, Scalar] = {}
    capitals, rest = [], []
    cases: tuple[Mapping, ...] = ()
    for inner in entry.value.entries:
        key, node = inner.key.text, inner.value
        small = key.lower()
        if small in PROSE and small not in prose and isinstance(node, Scalar):
            prose[small] = node
            if key != small:
                capitals.append(inner.key)
        elif key == "test_cases" and (found := _cases(node)) is not None:
            cases = found
        else:
            if small in PROSE and not isinstance(node, Scalar):
                _no_text(spec, inner)
            elif key == "test_cases" and not _is_empty(node):
                _no_cases(spec, node)
            rest.append(inner)
    return OldBehavior(entry.key, prose, tuple(capitals), cases, tuple(rest))


def _cases(node: Node) -> tuple[Mapping, ...] | None:
    if not isinstance(node, Sequence):
        return None
    cases = tuple(item for item in node.items if isinstance(item, Mapping))
    return cases if len(cases) == len(node.items) else None
