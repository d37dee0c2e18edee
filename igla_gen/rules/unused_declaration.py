"""Types and constants serve something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from igla_gen.emit.templates import is_unbuilt, template_texts
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit, types_in
from igla_gen.model.types import named_types
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component
from igla_gen.rules.templates import blocks, templates_of
from igla_gen.rules.usage import expressions_of, has_word, others_name, removal, words_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Every type and constant is named by a signature, an expression, a template or another spec."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec) or not (spec.types or spec.constants):
        return
    if is_unbuilt(unit):
        return
    named = {named.name for type_ in types_in(spec) for named in named_types(type_)}
    named |= words_of(expressions_of(spec))
    texts = list(_texts(library, unit))
    for table, kind in (("types", "type"), ("constants", "constant")):
        for name in getattr(spec, table):
            if kind == "type" and spec.types[name].class_ is not None:
                continue  # unused-line and behavior-without-block look at those
            is_read = name in named or any(has_word(text, name) for text in texts)
            if not is_read and not others_name(library, unit, name):
                message = f"nothing reads the {kind} {name}"
                fix = removal(library, spec, table, name)
                unsafe = replace(fix, safety="unsafe") if fix is not None else None
                finder.report(message, spec.key_span(table, name), "use it, or delete it", unsafe)


def _texts(library: Library, unit: Unit) -> Iterator[str]:
    """All templates, the unit's own without its `#% type` blocks, which name what they write."""
    own = templates_of(library, unit) or ()
    for name, text in template_texts().items():
        if name in own:
            for block in blocks(name):
                text = text.replace(block.text, "") if block.kind == "type" else text
        yield text


RULE = Rule(
    code="IG419",
    name="unused-declaration",
    what=(
        "A type or a constant that no signature, expression, template or other spec of the folder "
        "names."
    ),
    why=(
        "It is generated and tested and serves nothing. Often it is the rest of something that "
        "was taken out, or what should name it names something else."
    ),
    bad=component(HEADER + "constants: {LARGEST: 1e-3}\n" + TYPES + READER),
    good=component(HEADER + TYPES + READER),
    fix="unsafe",
    suppressible=True,
    severity="warning",
    check=check,
)
