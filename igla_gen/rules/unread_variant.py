"""The variants of an Enum are told apart."""

from __future__ import annotations

import re

from igla_gen.emit.templates import all_templates, is_unbuilt
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.types import EnumType, GenericType, Type
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, component
from igla_gen.rules.templates import template_text
from igla_gen.rules.usage import expressions_of, is_field_read, other_texts, words_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """At most one variant of a field, the one that is left over, stands in no comparison."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec) or is_unbuilt(unit):
        return
    read: set[str] | None = None
    for name, type_ in spec.types.items():
        for field_name, field in type_.fields.items():
            variants = _variants(field.type)
            if len(variants) < 2:
                continue
            read = read if read is not None else words_of(expressions_of(spec, constraints=False))
            unread = [v for v in variants if v not in read and not _is_quoted(library, unit, v)]
            if len(unread) > 1 and is_field_read(library, unit, field_name):
                finder.report(
                    f"nothing tells {', '.join(unread)} of {name}.{field_name} apart",
                    type_.fields[field_name].span,
                    "compare with each but one in the template or a formula, or delete them",
                )


def _variants(type_: Type) -> tuple[str, ...]:
    if isinstance(type_, GenericType):
        return _variants(type_.arguments[-1])
    return type_.variants if isinstance(type_, EnumType) else ()


def _is_quoted(library: Library, unit: Unit, variant: str) -> bool:
    own_first = (template_text(library, unit), all_templates())
    if any(f'"{variant}"' in text or f"'{variant}'" in text for text in own_first):
        return True
    pattern = re.compile(rf"[=!]= *\"{re.escape(variant)}\"")
    return any(pattern.search(text) for text in other_texts(library, unit))


SCALES = """\
types:
  ScaleConfig:
    description: By how much.
    fields:
      scale: Enum<none, half, double>
    example: {scale: half}
formulas:
  factor:
    description: Returns the number to multiply by.
    params: {config: ScaleConfig}
    returns: Float
    is: 0.5 if config.scale == "half" else 2.0 if config.scale == "double" else 1.0
    laws:
      - name: of_half
        holds: factor(ScaleConfig(scale="half")) == 0.5
"""

RULE = Rule(
    code="IG425",
    name="unread-variant",
    what=(
        "Two or more variants of an `Enum` field that no template, formula or law compares with; "
        "one may be what is left over."
    ),
    why="They are accepted and do the same: whoever chooses between them changes nothing.",
    bad=component(HEADER + SCALES.replace("<none, half, double>", "<none, half, third, double>")),
    good=component(HEADER + SCALES),
    suppressible=True,
    severity="warning",
    check=check,
)
