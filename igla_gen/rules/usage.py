"""Who reads a word: the expressions of a spec, the templates, the other specs of the folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from igla_gen.diagnostics import Fix
from igla_gen.emit.templates import all_templates
from igla_gen.expressions import Expression
from igla_gen.expressions.tree import Attribute, Name, Text, walk
from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec
from igla_gen.model.library import Library, Unit, remembered
from igla_gen.rules.templates import template_text
from igla_gen.syntax.editing import remove_entry
from igla_gen.syntax.tree import Mapping, Node


def expressions_of(spec: ComponentSpec, *, constraints: bool = True) -> Iterator[Expression]:
    """Every expression that the spec writes down."""
    yield from spec.constants.values()
    for type_ in spec.types.values():
        yield from type_.constraints if constraints else ()
    for formula in spec.formulas.values():
        yield from (*formula.where.values(), formula.is_)
    for _, law in spec.laws():
        yield from (*law.for_.values(), *(e for e in (law.holds, law.refuses) if e is not None))
    if isinstance(spec, BlueprintSpec):
        yield from spec.requires


def words_of(expressions: Iterable[Expression]) -> set[str]:
    """Names, attributes and texts that the expressions hold."""
    found: set[str] = set()
    for expression in expressions:
        for part in walk(expression):
            if isinstance(part, Name | Attribute):
                found.add(part.name)
            elif isinstance(part, Text):
                found.add(part.value)
    return found


def is_field_read(library: Library, unit: Unit, field: str) -> bool:
    """Whether a template names the field or an expression reads it; what is asked soonest is near."""
    assert isinstance(unit.spec, ComponentSpec)
    if has_word(template_text(library, unit), field) or field in _attributes_in(library, unit):
        return True
    attribute = re.compile(rf"\.{re.escape(field)}\b")
    if any(attribute.search(text) for text in other_texts(library, unit)):
        return True
    return has_word(all_templates(), field)


@remembered
def _attributes_in(library: Library, unit: Unit) -> set[str]:
    """The attributes that the expressions of a spec read, those of its constraints apart."""
    assert isinstance(unit.spec, ComponentSpec)
    expressions = expressions_of(unit.spec, constraints=False)
    parts = (part for expression in expressions for part in walk(expression))
    return {part.name for part in parts if isinstance(part, Attribute)}


def others_name(library: Library, unit: Unit, word: str) -> bool:
    """Whether another spec of the same folder names the word."""
    return any(has_word(text, word) for text in other_texts(library, unit))


@remembered
def other_texts(library: Library, unit: Unit) -> list[str]:
    """The other specs of the folder; a run over one file has not loaded all of them."""
    others = [other for other in library.units.values() if other is not unit]
    texts = [other.source.text for other in others]
    own = unit.source.path.resolve()
    if own.as_posix().endswith(f"/{unit.relative}.vibee"):  # else nobody knows where specs begin
        seen = {own, *(other.source.path.resolve() for other in others)}
        folder = own.parents[unit.relative.count("/")]
        texts += [_text_of(path) for path in sorted(folder.rglob("*.vibee")) if path not in seen]
    return texts


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def has_word(text: str, word: str) -> bool:
    """Whether the word stands in the text, with no letter, digit or _ beside it."""
    place = text.find(word)
    while place >= 0:
        around = text[place - 1 : place] + text[place + len(word) : place + len(word) + 1]
        if not any(char.isalnum() or char == "_" for char in around):
            return True
        place = text.find(word, place + 1)
    return False


def removal(library: Library, spec: Spec, *path: str) -> Fix | None:
    """The fix that takes a key away, and with it a mapping of which it is all."""
    parent = _mapping_at(spec, path[:-1])
    text = library.sources.get(spec.node.span.file)
    if text is None or parent is None:
        return None
    is_alone = len(parent.entries) == 1 and len(path) > 1
    return removal(library, spec, *path[:-1]) if is_alone else remove_entry(text, parent, path[-1])


def _mapping_at(spec: Spec, path: tuple[str, ...]) -> Mapping | None:
    node: Node | None = spec.node
    for step in path:
        node = node.get(step) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else None
