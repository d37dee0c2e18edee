"""What an editor is told at a place: completions, explanations, declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.editors.context import ITEM, Context, context_at
from igla_gen.editors.expected import Expected, expected_at
from igla_gen.editors.keys import sentence
from igla_gen.editors.project import Declared, Project, text_of
from igla_gen.editors.schema import CLASSES
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.frozen import frozen
from igla_gen.model.base import Spec
from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import KINDS, PACKAGE
from igla_gen.model.records import RecordType, record_type
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS, EnumType, FieldType, NamedType, show
from igla_gen.rules.base import find_rule
from igla_gen.rules.templates import blocks
from igla_gen.syntax.tree import Mapping, Node, Scalar, Sequence

_WORD = re.compile(r"[A-Za-z_][\w]*")
_MODULE = re.compile(rf"{PACKAGE}(?:\.\w+)+")
_COUNTS = {1: "a type", 2: "two types", None: "types"}
_TYPES: dict[str, str] = {
    **{name: f"{python} in Python" for name, python in (SCALARS | FOREIGN).items()},
    **{name: f"{name} of {_COUNTS[count]}" for name, count in GENERICS.items()},
    "Enum": "one of a few words: Enum<a, b>",
    "Tensor": "a tensor with its dimensions: Tensor[B, T, D]",
}  # fmt: skip


@frozen
class Suggestion:
    """One word that may be put at the cursor."""

    label: str
    kind: str  # key, type, function, constant, module, value
    detail: str = ""
    insert: str | None = None


@frozen
class Location:
    """A place in a file; line and column count from one."""

    path: Path
    line: int
    column: int
    width: int = 0


def lines_of(text: str) -> list[str]:
    """Lines as an editor counts them."""
    return re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))


def complete(project: Project, path: Path, line: int, column: int) -> list[Suggestion]:
    """What may stand at a place (line and column from zero)."""
    here = context_at(lines_of(project.text(path)), line, column)
    cls = _class_of(project, path)
    if cls is InstanceSpec and (sections := _sections(project, path)):
        found = _in_sections(project, sections, here)
        if found is not None:
            return found
    expected = expected_at(cls, here.path)
    if here.key is not None:
        return list(_values(project, path, here, _value_at(cls, here)))
    if expected.shape == "mapping" and expected.cls is not None:
        extra = _sections(project, path) if not here.path and cls is InstanceSpec else {}
        return [*_keys(expected.cls, here), *_section_keys(extra, here)]
    if here.path[-1:] == (ITEM,):
        return list(_values(project, path, here, expected))
    if here.path[:1] == ("types",) and here.path[2:3] == ("example",):
        return _example_keys(project, path, here)
    return []


def _class_of(project: Project, path: Path) -> type[Spec]:
    kind = text_of(project.tree(path), "kind")
    return CLASSES.get(kind, CLASSES["component"])


def _value_at(cls: type[Spec], here: Context) -> Expected:
    return expected_at(cls, here.whole_path)


def _keys(cls: type[Spec], here: Context) -> Iterator[Suggestion]:
    for name, info in cls.model_fields.items():
        key = info.alias or name
        if key in here.keys or (cls is InstanceSpec and key == "sections"):
            continue
        shape = expected_at(cls, (key,)).shape
        below = shape in ("mapping", "table", "items")
        yield Suggestion(
            key, "key", sentence(cls.__mro__, key) or "", f"{key}:" if below else f"{key}: "
        )


def _example_keys(project: Project, path: Path, here: Context) -> list[Suggestion]:
    if len(here.path) > 3:
        return _inner_example_keys(project, path, here)
    declared = project.names(path).get(here.path[1])
    fields = (
        declared.node.get("fields") if declared and isinstance(declared.node, Mapping) else None
    )
    entries = fields.entries if isinstance(fields, Mapping) else ()
    return [
        Suggestion(e.key.text, "key", _text(e.value), f"{e.key.text}: ")
        for e in entries
        if e.key.text not in here.keys
    ]


def _inner_example_keys(project: Project, path: Path, here: Context) -> list[Suggestion]:
    """Keys of a record in an example, as far as the spec could be read before."""
    unit = project.module(text_of(project.tree(path), "module"))
    declared = project.library.type_of(unit, here.path[1]) if unit is not None else None
    return _field_keys(_fields_below(project, declared, here.path[3:]), here)


def _values(
    project: Project, path: Path, here: Context, expected: Expected
) -> Iterator[Suggestion]:
    where = here.key if here.key is not None else here.path[-2] if len(here.path) > 1 else ""
    if here.whole_path == ("kind",):
        yield from (Suggestion(kind, "value") for kind in KINDS)
    elif here.whole_path == ("language",):
        yield Suggestion("python", "value")
    elif where in ("uses", "blueprint", "model"):
        yield from _modules(project, path, here, where)
    elif where == "checks":
        yield from _check_blocks(project, path, here)
    elif expected.scalar in ("type", "field") and not re.search(r"=|--", here.word):
        yield from _types(project, path)
    elif expected.scalar == "expression":
        yield from _in_expression(project, path, here)


def _modules(project: Project, path: Path, here: Context, where: str) -> Iterator[Suggestion]:
    own = text_of(project.tree(path), "module")
    for name, unit in sorted(project.library.units.items()):
        fits = unit.kind == where if where != "uses" else unit.kind in ("component", "blueprint")
        if fits and name != own and name not in here.keys:
            summary = " ".join(unit.spec.description.text.split())
            yield Suggestion(name, "module", summary)


def _check_blocks(project: Project, path: Path, here: Context) -> Iterator[Suggestion]:
    module = text_of(project.tree(path), "module")
    folder, _, name = module.removeprefix(f"{PACKAGE}.").replace(".", "/").rpartition("/")
    for block in blocks(f"{folder}/test_{name}.py.j2"):
        if block.kind == "check" and block.name not in here.keys:
            yield Suggestion(block.name, "function", "check block of the test template")


def _types(project: Project, path: Path) -> Iterator[Suggestion]:
    yield from (Suggestion(name, "type", detail) for name, detail in _TYPES.items())
    for declared in project.names(path).values():
        if declared.kind == "type" or (declared.kind == "behavior" and declared.name[:1].isupper()):
            yield Suggestion(declared.name, "type", _summary(declared))


def _in_expression(project: Project, path: Path, here: Context) -> Iterator[Suggestion]:
    for declared in project.names(path).values():
        kind = (
            "type"
            if declared.kind == "type"
            else "constant" if declared.kind == "constant" else "function"
        )
        yield Suggestion(declared.name, kind, _summary(declared))
    for name in sorted(_bound(project, path, here)):
        yield Suggestion(name, "value", "of this place")
    yield from (Suggestion(name, "function", "of the vocabulary") for name in sorted(VOCABULARY))


def _bound(project: Project, path: Path, here: Context) -> set[str]:
    """Names that the place itself binds: fields of the type, parameters of the formula, inputs of the law."""
    found = set(here.keys) if here.path[-1:] in (("for",), ("where",)) else set()
    if here.path[:1] in (("types",), ("formulas",)) and len(here.path) > 1:
        declared = project.names(path).get(here.path[1])
        for key in ("fields", "params", "where"):
            found |= _keys_of(declared.node if declared else None, key)
    if "laws" in here.path:
        law = _law_at(project.tree(path), here.line)
        found |= _keys_of(law, "for")
    return found


def _keys_of(node: Node | None, key: str) -> set[str]:
    table = node.get(key) if isinstance(node, Mapping) else None
    return {entry.key.text for entry in table.entries} if isinstance(table, Mapping) else set()


def _law_at(node: Node | None, line: int) -> Node | None:
    """The last item of a list `laws` that begins on or before a line."""
    found: Node | None = None
    for key, child in _children(node):
        if child.span.line > line + 1:
            break
        if key == "laws" and isinstance(child, Sequence):
            found = next((law for law in reversed(child.items) if law.span.line <= line + 1), found)
        else:
            found = _law_at(child, line) or found
    return found


def _children(node: Node | None) -> list[tuple[str, Node]]:
    match node:
        case Mapping():
            return [(entry.key.text, entry.value) for entry in node.entries]
        case Sequence():
            return [("", item) for item in node.items]
    return []


# -- sections of models and recipes -------------------------------------------------------


def _sections(project: Project, path: Path) -> dict[str, RecordType]:
    """The type of each section of the blueprint that the document names."""
    unit = project.module(text_of(project.tree(path), "blueprint"))
    found: dict[str, RecordType] = {}
    for name, type_ in (getattr(unit.spec, "sections", {}) if unit else {}).items():
        known = record_type(project.library, unit, type_)
        if known is not None:
            found[name] = known[1]
    return found


def _fields_below(
    project: Project, declared: RecordType | None, path: tuple[str, ...]
) -> dict[str, FieldType]:
    """The fields of the record at a path below a record."""
    for step in path:
        field = declared[1].fields.get(step) if declared is not None else None
        known = (
            record_type(project.library, declared[0], field.type) if declared and field else None
        )
        declared = known[1] if known is not None else None
    return declared[1].fields if declared is not None else {}


def _section_keys(sections: Iterable[str], here: Context) -> Iterator[Suggestion]:
    for name in sections:
        if name not in here.keys:
            yield Suggestion(name, "key", "section of the blueprint", f"{name}:")


def _in_sections(
    project: Project, sections: dict[str, RecordType], here: Context
) -> list[Suggestion] | None:
    """Completions inside a section or the smoke profile; None elsewhere."""
    if here.path == ("smoke",) and here.key is None:
        return list(_section_keys(sections, here))
    path = here.path[1:] if here.path[:1] == ("smoke",) else here.path
    if not path or path[0] not in sections:
        return None
    fields = _fields_below(project, sections[path[0]], path[1:])
    if here.key is None:
        return _field_keys(fields, here)
    field = fields.get(here.key)
    return _field_values(field) if field else []


def _field_keys(fields: dict[str, FieldType], here: Context) -> list[Suggestion]:
    return [
        Suggestion(name, "key", _field_detail(field), f"{name}: ")
        for name, field in fields.items()
        if name not in here.keys
    ]


def _field_values(field: FieldType) -> list[Suggestion]:
    match field.type:
        case EnumType(variants):
            return [Suggestion(word, "value") for word in variants]
        case NamedType("Bool"):
            return [Suggestion("true", "value"), Suggestion("false", "value")]
    return []


def _field_detail(field: FieldType) -> str:
    return f"{show(field.type)} -- {field.help}" if field.help else show(field.type)


# -- explanations -------------------------------------------------------------------------


def explain(finding: Diagnostic) -> str:
    """A finding and the reason of its rule, as Markdown."""
    rule = find_rule(finding.code)
    parts = [f"**{finding.code} {finding.name}**: {finding.message}"]
    if finding.hint:
        parts.append(f"Help: {finding.hint}")
    if rule is not None:
        parts += [rule.what, rule.why]
    return "\n\n".join(parts)


def hover(project: Project, path: Path, line: int, column: int) -> str | None:
    """What the word at a place is, as Markdown."""
    lines = lines_of(project.text(path))
    text = lines[line] if line < len(lines) else ""
    word, end = _word_at(text, column)
    if not word:
        return None
    here = context_at(lines, line, end)
    if re.match(r"[\"']?\s*:(\s|$)", text[end:]) and here.key is None:
        return _about_key(project, path, here, word)
    module = project.module(_module_at(text, column))
    if module is not None:
        return f"**{module.module}** ({module.kind}, {module.source.shown})\n\n{module.spec.description.text}"
    expected = expected_at(_class_of(project, path), here.whole_path)
    if expected.scalar not in ("type", "field", "expression") and here.path[:1] != ("sections",):
        return None
    return _about_word(project, path, word)


def _about_key(project: Project, path: Path, here: Context, word: str) -> str | None:
    cls = expected_at(_class_of(project, path), here.path).cls
    known = sentence(cls.__mro__, word) if cls is not None else None
    if known:
        return f"**{word}**\n\n{known}"
    inside = here.path[1:] if here.path[:1] == ("smoke",) else here.path
    declared = _sections(project, path).get(inside[0] if inside else "")
    fields = _fields_below(project, declared, inside[1:])
    if word in fields:
        return f"**{word}**: {_field_detail(fields[word])}"
    return _about_word(project, path, word)


def _about_word(project: Project, path: Path, word: str) -> str | None:
    declared = project.names(path).get(word)
    if declared is not None:
        return f"```\n{_signature(declared)}\n```\n\n{_summary(declared)}\n\n{declared.kind} of {declared.module}"
    if word in _TYPES:
        return f"**{word}**: {_TYPES[word]}"
    return f"**{word}**, of the closed vocabulary of expressions" if word in VOCABULARY else None


def _signature(declared: Declared) -> str:
    node = declared.node
    if declared.kind == "constant":
        return f"{declared.name} = {_text(node)}"
    if declared.kind == "section":
        return f"{declared.name}: {_text(node)}"
    if not isinstance(node, Mapping):
        return declared.name
    table = node.get("fields" if declared.kind == "type" else "params")
    parts = [
        f"{e.key.text}: {_text(e.value).split(' -- ')[0]}" for e in getattr(table, "entries", ())
    ]
    result = text_of(node, "returns")
    return f"{declared.name}({', '.join(parts)})" + (f" -> {result}" if result else "")


def _summary(declared: Declared) -> str:
    node = declared.node
    text = text_of(node, "description") or text_of(node, "then")
    return " ".join(text.split()) or _text(node)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _word_at(text: str, column: int) -> tuple[str, int]:
    match = next((m for m in _WORD.finditer(text) if m.start() <= column <= m.end()), None)
    return (match.group(), match.end()) if match else ("", column)


def _module_at(text: str, column: int) -> str:
    found = (m for m in _MODULE.finditer(text) if m.start() <= column <= m.end())
    return next((m.group() for m in found), "")


# -- places -------------------------------------------------------------------------------


def definitions(project: Project, path: Path, line: int, column: int) -> list[Location]:
    """Where the word at a place is declared; on the declaration itself, the generated code."""
    lines = lines_of(project.text(path))
    text = lines[line] if line < len(lines) else ""
    module = project.module(_module_at(text, column))
    if module is not None:
        return [Location(module.source.path, 1, 1)]
    declared = project.names(path).get(_word_at(text, column)[0])
    if declared is None:
        return []
    if declared.path.resolve() == path.resolve() and declared.span.line == line + 1:
        return generated(project, declared) or [_location(declared.path, declared.span)]
    return [_location(declared.path, declared.span)]


def implementations(project: Project, path: Path, line: int, column: int) -> list[Location]:
    """The generated classes and functions of the word at a place."""
    lines = lines_of(project.text(path))
    text = lines[line] if line < len(lines) else ""
    declared = project.names(path).get(_word_at(text, column)[0])
    return generated(project, declared) if declared is not None else []


def _location(path: Path, span: Span) -> Location:
    return Location(path, span.line, span.column, max(0, span.end_column - span.column))


def _is_helper(lines: list[str]) -> bool:
    """Whether what follows is private: it names the line of what needs it, and is not that."""
    heads = (re.match(r"\s*(?:def|class) (\w+)", line) for line in lines)
    return any(head[1].startswith("_") for head in heads if head)


def generated(project: Project, declared: Declared) -> list[Location]:
    """What carries the line of the declaration in its `# spec:` comment."""
    relative = declared.module.replace(".", "/")
    folder, _, name = relative.removeprefix(f"{PACKAGE}/").rpartition("/")
    files = [f"generated/{relative}.py", f"generated/tests/{folder}/test_{name}.py"]
    place = re.escape(f"# spec: {project.shown(declared.path)}")
    comment = re.compile(rf"\s*{place}(?:,? ?:\d+)*:{declared.span.line}(?:,|$)")
    found: list[Location] = []
    for file in (project.root / name for name in files):
        lines = file.read_text(encoding="utf-8").split("\n") if file.is_file() else []
        for number, line in enumerate(lines, start=1):
            if comment.match(line) and not _is_helper(lines[number : number + 4]):
                found.append(Location(file, number + 1, len(line) - len(line.lstrip()) + 1))
    return found


def symbols(project: Project, path: Path) -> list[Declared]:
    """What the document declares, in the order of the file."""
    own = [item for item in project.names(path).values() if item.path.resolve() == path.resolve()]
    return sorted(own, key=lambda item: (item.span.line, item.span.column))
