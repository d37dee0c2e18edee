"""What has an order stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from igla_gen.emit.templates import template_texts
from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import RecordType, record_type
from igla_gen.model.sections import section_type
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.templates import blocks, template_text, templates_of
from igla_gen.syntax.editing import reorder_entries, reorder_items
from igla_gen.syntax.tree import Mapping, Scalar, Sequence

HEADER = (
    "name", "kind", "version", "language", "module", "description", "sources", "uses", "blueprint",
    "model",
)  # fmt: skip
# keys of a spec and of the mappings in it, as a reader wants them; keys not named here come last
ORDERS: dict[str, tuple[str, ...]] = {
    "spec": (
        *HEADER, "pending", "constants", "types", "formulas", "sections", "requires", "tested_by",
        "behaviors", "notes",
    ),
    "type": ("description", "class", "variants", "fields", "constraints", "example"),
    "formula": ("description", "params", "returns", "where", "is", "laws", "checks"),
    "behavior": (
        "name", "given", "when", "then", "params", "returns", "raises", "pending", "laws", "checks",
    ),
    "law": (
        "name", "for", "cases", "holds", "refuses", "saying", "tolerance", "seed",
    ),
}  # fmt: skip


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Keys, uses, checks and sections stand in the one order that each of them has."""
    for mapping, order in _mappings(library, unit):
        _check_mapping(finder, mapping, list(order))
    for node, order in _lists(library, unit):
        _check_list(finder, node, order)


def _mappings(library: Library, unit: Unit) -> Iterator[tuple[Mapping, Iterable[str]]]:
    spec = unit.spec
    if isinstance(spec, InstanceSpec):
        yield from _instance_mappings(library, unit, spec)
        return
    yield spec.node, ORDERS["spec"]
    for type_ in spec.types.values():
        yield type_.node, ORDERS["type"]
        example = type_.node.get("example")
        if isinstance(example, Mapping):
            yield from _records(library, (unit, type_), example)
    for formula in spec.formulas.values():
        yield formula.node, ORDERS["formula"]
    for behavior in spec.behaviors:
        yield behavior.node, ORDERS["behavior"]
    for _, law in spec.laws():
        yield law.node, ORDERS["law"]
    sections = spec.node.get("sections")
    if isinstance(spec, BlueprintSpec) and isinstance(sections, Mapping):
        text = template_text(library, unit)
        read = [name for name in spec.sections if f"section_{name}" in text]
        yield sections, sorted(read, key=lambda name: text.index(f"section_{name}"))


def _instance_mappings(
    library: Library, unit: Unit, spec: InstanceSpec
) -> Iterator[tuple[Mapping, Iterable[str]]]:
    blueprint = library.blueprint(unit)
    if blueprint is None or not isinstance(blueprint.spec, BlueprintSpec):
        return
    sections = list(blueprint.spec.sections)
    yield spec.node, (*HEADER, *sections, "smoke")
    smoke = spec.node.get("smoke")
    if isinstance(smoke, Mapping):
        yield smoke, sections
    for name in sections:
        found = section_type(library, unit, name)
        for node in (spec.sections.get(name), spec.smoke.get(name)):
            if found is not None and isinstance(node, Mapping):
                yield node, found[1].fields
                yield from _records(library, found, node)


def _records(
    library: Library, declared: RecordType, node: Mapping
) -> Iterator[tuple[Mapping, Iterable[str]]]:
    """The records that stand in a mapping of values, at any depth."""
    owner, type_ = declared
    for entry in node.entries:
        field = type_.fields.get(entry.key.text)
        inner = record_type(library, owner, field.type) if field is not None else None
        if inner is not None and isinstance(entry.value, Mapping):
            yield entry.value, inner[1][1].fields
            yield from _records(library, inner[1], entry.value)


def _lists(library: Library, unit: Unit) -> Iterator[tuple[Sequence, list[str]]]:
    spec = unit.spec
    uses = spec.node.get("uses")
    if isinstance(uses, Sequence):
        yield uses, sorted(_words(uses))
    names = templates_of(library, unit)
    if names is None or names[1] not in template_texts() or not isinstance(spec, ComponentSpec):
        return
    order = [block.name for block in blocks(names[1]) if block.kind == "check"]
    owners: list[Spec] = [*spec.formulas.values(), *spec.behaviors]
    for owner in owners:
        checks = owner.node.get("checks")
        if isinstance(checks, Sequence):
            yield checks, order


def _words(node: Sequence) -> list[str]:
    return [item.text for item in node.items if isinstance(item, Scalar)]


def _check_mapping(finder: Finder, mapping: Mapping, order: list[str]) -> None:
    entries = [entry for entry in mapping.entries if entry.key.text in order]
    wanted = _sorted([entry.key.text for entry in entries], order)
    for entry, word in zip(entries, wanted, strict=True):
        if entry.key.text != word:
            text = finder.library.sources[entry.key.span.file]
            is_whole = len(wanted) == len(mapping.entries)
            fix = reorder_entries(text, mapping, wanted) if is_whole else None
            _report(finder, entry.key, word, wanted, fix)
            return


def _check_list(finder: Finder, node: Sequence, order: list[str]) -> None:
    words = _words(node)
    if len(words) != len(node.items) or len(set(words)) != len(words):
        return  # other rules report it
    wanted = _sorted(words, order)
    for item, word in zip(node.items, wanted, strict=True):
        if isinstance(item, Scalar) and item.text != word:
            text = finder.library.sources[item.span.file]
            fix = reorder_items(text, node, [words.index(word) for word in wanted])
            _report(finder, item, word, wanted, fix)
            return


def _sorted(words: list[str], order: list[str]) -> list[str]:
    places = {word: place for place, word in enumerate(order)}
    return sorted(words, key=lambda word: places.get(word, len(places)))


def _report(finder: Finder, found: Scalar, word: str, wanted: list[str], fix) -> None:
    finder.report(
        f'"{found.text}" stands where "{word}" belongs', found.span,
        f"the order is {', '.join(wanted)}", fix,
    )  # fmt: skip


RULE = Rule(
    code="IG426",
    name="out-of-order",
    what=(
        "Keys of a spec, type, formula, behaviour or law that are not in the order of the language "
        "reference; modules in `uses` that are not sorted; checks in another order than the test "
        "template carries them out; sections, or values of one, in another order than the template "
        "reads them or their type declares them."
    ),
    why=(
        "The order of these changes nothing in what is generated. So there is one: specs read "
        "alike, and two lines that swapped places are seen."
    ),
    bad=component(
        SOUND.replace("    given: Hidden states of any leading shape\n", "").replace(
            "    then: ", "    given: Hidden states of any leading shape\n    then: "
        )
    ),
    good=component(SOUND),
    fix="safe",
    suppressible=True,
    severity="warning",
    check=check,
)
