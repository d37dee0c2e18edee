"""What the rules need to know of a unit's templates: their blocks and their signatures."""

from __future__ import annotations

import ast
import re
from functools import cache

from igla_gen.diagnostics import Span
from igla_gen.emit.templates import template_names, template_texts
from igla_gen.frozen import frozen
from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import Library, Unit, remembered

_MARK = re.compile(
    r"^[ \t]*(#% (?:(end)(?:behavior|type|check)|(behavior|type|check) (\w+)))[ \t]*$", re.M
)
_DEFINE = re.compile(r"[ \t]*(class|def) (\w+)")
_CLASS = re.compile(r"^[ \t]*class (\w+)", re.M)
_IMPORT = re.compile(r"^(?:from|import) [^(\n]*(?:\([^)]*\))?", re.M)


@frozen
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


@remembered
def template_text(library: Library, unit: Unit) -> str:
    """Both templates of the unit, or of its blueprint, in one."""
    return "\n".join(template_texts().get(name, "") for name in template_names(library, unit))


def blocks(template: str) -> tuple[TemplateBlock, ...]:
    """All binding blocks of one template, in order."""
    return _blocks_of(template, template_texts().get(template, ""))


@cache
def _blocks_of(template: str, text: str) -> tuple[TemplateBlock, ...]:
    found: list[TemplateBlock] = []
    open_: list[tuple[re.Match[str], int]] = []
    line, counted = 1, 0
    for mark in _MARK.finditer(text):
        line, counted = line + text.count("\n", counted, mark.start()), mark.start()
        if not mark[2]:
            open_.append((mark, line))
        elif open_:
            start, first = open_.pop()
            column = start.start(1) - start.start() + 1
            span = Span(
                f"templates/{template}", first, column, first, start.end() - start.start() + 1
            )
            inner = text[start.start() : mark.end()]
            found.append(TemplateBlock(start[3], start[4], first, line, span, inner))
    return tuple(sorted(found, key=lambda block: block.first))


def block_names(template: str, kind: str) -> set[str]:
    return {block.name for block in blocks(template) if block.kind == kind}


@cache
def _imports_of(text: str) -> frozenset[str]:
    try:
        tree = ast.parse("\n".join(_IMPORT.findall(text)))
    except SyntaxError:
        return frozenset()
    imports = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    names = (alias.asname or alias.name.split(".")[0] for node in imports for alias in node.names)
    return frozenset(names)


def imported_names(template: str) -> frozenset[str]:
    """The names that the template's own imports bind."""
    return _imports_of(template_texts().get(template, ""))


def class_names(template: str) -> set[str]:
    """Every class of the template, inside and outside blocks."""
    return set(_CLASS.findall(template_texts().get(template, "")))


@frozen
class Signature:
    """What a block defines under a name: the function, or the class and its `__init__` if it has one."""

    is_class: bool
    function: ast.FunctionDef | None
    line: int


def signature_in(block: TemplateBlock, name: str) -> Signature | None:
    """The signature of what the block defines under the name; bodies are not parsed."""
    lines = block.text.split("\n")
    for index, line in enumerate(lines):
        match = _DEFINE.match(line)
        if match is None or match[2] != name:
            continue
        if match[1] == "def":
            function = _header(lines, index, block.first)
            return Signature(False, function, block.first + index)
        initializer = _initializer(lines, index)
        function = _header(lines, initializer, block.first) if initializer is not None else None
        return Signature(True, function, block.first + index)
    return None


def _initializer(lines: list[str], index: int) -> int | None:
    """The line of the `__init__` of the class that begins on this line."""
    outer = len(lines[index]) - len(lines[index].lstrip())
    for number in range(index + 1, len(lines)):
        line = lines[number].lstrip()
        indent = len(lines[number]) - len(line)
        if line.startswith("def __init__("):
            return number
        if line and indent <= outer and line.startswith(("class ", "def ")):
            return None
    return None


def _header(lines: list[str], index: int, first: int) -> ast.FunctionDef | None:
    """The function that begins on this line, with `...` for its body."""
    indent = len(lines[index]) - len(lines[index].lstrip())
    header = "\n" * (first + index - 1)  # so that the parser counts the lines of the template
    for line in lines[index:]:
        header += line[indent:] + "\n"
        if line.split("#")[0].rstrip().endswith(":"):
            try:
                node = ast.parse(f"{header}    ...\n").body[0]
            except SyntaxError:
                continue
            assert isinstance(node, ast.FunctionDef)
            return node
    return None
