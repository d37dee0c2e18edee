"""What the rules need to know of a unit's templates: their blocks and their signatures."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from igla_gen.diagnostics import Span
from igla_gen.emit.templates import template_names, template_texts
from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import Library, Unit

_BLOCK = re.compile(r"^\s*#% (behavior|type|check) (\w+)\s*$")
_END = re.compile(r"^\s*#% end(behavior|type|check)\s*$")


@dataclass(frozen=True, slots=True)
class TemplateBlock:
    """A `#% behavior NAME` block: where it begins and ends (line numbers)."""

    kind: str
    name: str
    first: int
    last: int
    span: Span
    text: str  # of the lines from the first to the last


def templates_of(library: Library, unit: Unit) -> tuple[str, str] | None:
    """The unit's templates; None for instances, whose blueprint answers for them."""
    return None if isinstance(unit.spec, InstanceSpec) else template_names(library, unit)


def template_text(library: Library, unit: Unit) -> str:
    """Both templates of the unit, or of its blueprint, in one."""
    return "\n".join(template_texts().get(name, "") for name in template_names(library, unit))


@cache
def blocks(template: str) -> tuple[TemplateBlock, ...]:
    """All binding blocks of one template, in order."""
    found: list[TemplateBlock] = []
    open_: list[tuple[str, str, int, Span]] = []
    lines = template_texts().get(template, "").split("\n")
    for number, line in enumerate(lines, start=1):
        if match := _BLOCK.match(line):
            start = line.index("#%") + 1
            span = Span(f"templates/{template}", number, start, number, len(line) + 1)
            open_.append((match.group(1), match.group(2), number, span))
        elif _END.match(line) and open_:
            kind, name, first, span = open_.pop()
            found.append(
                TemplateBlock(kind, name, first, number, span, "\n".join(lines[first - 1 : number]))
            )
    return tuple(sorted(found, key=lambda block: block.first))


def block_names(template: str, kind: str) -> set[str]:
    return {block.name for block in blocks(template) if block.kind == kind}


@cache
def _definitions(template: str) -> tuple[ast.FunctionDef | ast.ClassDef, ...]:
    try:
        tree = ast.parse(template_texts().get(template, ""))
    except SyntaxError:
        return ()
    return tuple(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef))


def class_names(template: str) -> set[str]:
    """Every class of the template, inside and outside blocks."""
    return {d.name for d in _definitions(template) if isinstance(d, ast.ClassDef)}


def definitions_in(template: str, block: TemplateBlock) -> Iterable[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes that stand inside the block."""
    return (d for d in _definitions(template) if block.first < d.lineno < block.last)
