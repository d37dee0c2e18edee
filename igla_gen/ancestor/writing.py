"""An old spec in today's form: every leaf is kept, what has no place of its own below `notes`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from igla_gen.ancestor.names import Names, module_path
from igla_gen.ancestor.reading import OldBehavior, OldField, OldSpec, OldType, read
from igla_gen.ancestor.types import translate
from igla_gen.syntax.quoting import double_quoted, may_stand_plain
from igla_gen.syntax.tree import Comment, Document, Entry, Mapping, Node, Scalar, resolve_plain

PENDING = "imported: no law or check yet"
_UNSAID = "not said in the imported spec"
_NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?([eE][+-]?\d{1,3})?")
Note = Node | str | dict[str, "Note"]


@dataclass(slots=True)
class Imported:
    """The new text, and what became of the old one."""

    text: str
    module: str
    types: int
    behaviors: int
    untyped: list[str] = field(default_factory=list)  # fields whose type nothing declares
    renamed: dict[str, str] = field(default_factory=dict)  # new name -> old name
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Writer:
    """Lines of the new spec; each may know the line of the old one that it stands for."""

    spec: OldSpec
    result: Imported
    lines: list[tuple[str, int | None]] = field(default_factory=list)
    notes: dict[str, Note] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names(is_global=True))

    def add(self, text: str, origin: Scalar | None = None) -> None:
        self.lines.append((text, origin.span.line if origin is not None else None))

    def prose(self, indent: str, key: str, node: Scalar | None, otherwise: str) -> None:
        """A line of prose, word for word."""
        said = node is not None and node.text.strip()
        head, *rest = f"{key}: {_scalar(node.text) if node and said else _scalar(otherwise)}".split(
            "\n"
        )
        self.add(f"{indent}{head}", node)
        for line in rest:
            self.add(f"{indent}  {line}" if line else "")

    def note(self, *path: str, value: Note) -> None:
        """Keeps a value below `notes`, at the path."""
        table = self.notes
        for step in path[:-1]:
            inner = table.setdefault(step, {})
            assert isinstance(inner, dict)
            table = inner
        table[path[-1]] = value


def write_today(document: Document, *, module: str | None, folder: str | None) -> Imported:
    """The spec in today's form, not yet formatted; the document must be an old one without errors."""
    assert isinstance(document.tree, Mapping)
    spec = read(document.tree)
    name = spec.header["name"].text
    path = module or module_path(name, folder)
    writer = _Writer(spec, Imported("", path, len(spec.types), len(spec.behaviors)))
    _write_header(writer, path)
    types = _type_names(writer)
    _write_constants(writer)
    _write_types(writer, types)
    _write_behaviors(writer)
    _keep_the_rest(writer)
    writer.result.notes = list(writer.notes)
    if writer.result.renamed:
        word = "renamed_by_import"
        while word in writer.notes:  # the old spec says something of this name
            word += "_"
        writer.note(word, value=dict(writer.result.renamed))
    _write_notes(writer)
    writer.result.text = _with_comments(writer.lines, document.comments)
    return writer.result


def _write_header(writer: _Writer, path: str) -> None:
    header = writer.spec.header
    name = header["name"]
    writer.prose("", "name", name, "")
    version = header.get("version")
    said = version.text if version is not None and version.text.strip() else "0"
    writer.add(f"version: {double_quoted(said)}", version)
    writer.add("language: python", header.get("language"))
    writer.add(f"module: {path}", header.get("module"))
    otherwise = f"{name.text}, imported from a spec of the ancestor."
    writer.prose("", "description", header.get("description"), otherwise)
    if not writer.spec.behaviors:
        writer.add(f"pending: {_scalar(PENDING)}")
    for key, today in (("language", "python"), ("module", path)):
        if key in header and header[key].text not in (today, ""):
            writer.note(key, value=header[key])


def _type_names(writer: _Writer) -> dict[str, str]:
    """Old name of each type to its new one."""
    names: dict[str, str] = {}
    for type_ in writer.spec.types:
        names.setdefault(type_.name.text, _give(writer, type_.name.text, "Imported", "types"))
    return names


def _give(writer: _Writer, old: str, fallback: str, table: str) -> str:
    new = writer.names.give(old, fallback, table)
    if new != old:
        writer.result.renamed[new] = old
    return new


def _write_constants(writer: _Writer) -> None:
    """Numbers become constants; what is no number stays a note."""
    lines: list[tuple[str, Scalar]] = []
    values: dict[str, str] = {}
    for key in ("constants", "sacred_constants"):
        table = next((e.value for e in writer.spec.rest if e.key.text == key), None)
        for entry in table.entries if isinstance(table, Mapping) else ():
            name, value = entry.key.text, entry.value
            is_number = isinstance(value, Scalar) and _NUMBER.fullmatch(value.text)
            is_number = is_number and math.isfinite(float(value.text))
            if (
                not is_number
                or value.style != "plain"
                or values.get(name, value.text) != value.text
            ):
                writer.note(key, name, value=value)
            elif name not in values:
                values[name] = value.text
                lines.append(
                    (f"  {_give(writer, name, 'CONSTANT', 'constants')}: {value.text}", entry.key)
                )
    if lines:
        writer.add("")
        writer.add("constants:")
    for line, origin in lines:
        writer.add(line, origin)


def _write_types(writer: _Writer, names: dict[str, str]) -> None:
    if writer.spec.types:
        writer.add("")
        writer.add("types:", writer.spec.node.key("types"))
    for type_ in writer.spec.types:
        _write_type(writer, type_, names)


def _write_type(writer: _Writer, type_: OldType, names: dict[str, str]) -> None:
    new = names[type_.name.text]
    writer.add(f"  {new}:", type_.name)
    otherwise = f"{type_.name.text} of the imported spec."
    writer.prose("    ", "description", type_.description, otherwise)
    if type_.variants:
        words = ", ".join(_scalar(word.text, in_flow=True) for word in type_.variants)
        writer.add(f"    variants: [{words}]", type_.variants[0])
    if type_.fields:
        writer.add("    fields:")
    fields = Names(is_global=False)
    for old in type_.fields:
        name = fields.give(old.name.text, "field")
        writer.add(f"      {name}: {_scalar(_field(writer, new, name, old, names))}", old.name)
    for entry in type_.rest:
        writer.note("types", new, entry.key.text, value=entry.value)


def _field(writer: _Writer, type_name: str, name: str, old: OldField, names: dict[str, str]) -> str:
    """Type and help of one field; the help says what the type cannot."""
    written = " ".join(old.type.text.split())
    found = translate(written, names)
    writer.result.untyped += [f"{type_name}.{name}: {word}" for word in found.unknown]
    said = [f"{old.name.text} in the old spec"] if name != old.name.text else []
    said += [f"{written} in the old spec"] if found.text != written else []
    said += [f"{entry.key.text}: {_flat(entry.value)}" for entry in old.rest]
    return f"{found.text} -- {'; '.join(said)}" if said else found.text


def _write_behaviors(writer: _Writer) -> None:
    if writer.spec.behaviors:
        writer.add("")
        writer.add("behaviors:", writer.spec.node.key("behaviors"))
    for behavior in writer.spec.behaviors:
        _write_behavior(writer, behavior)


def _write_behavior(writer: _Writer, behavior: OldBehavior) -> None:
    name = _give(writer, behavior.name.text, "behavior", "behaviors")
    writer.add(f"  - name: {name}", behavior.name)
    for key in ("given", "when", "then"):
        writer.prose("    ", key, behavior.prose.get(key), _UNSAID)
    writer.add(f"    pending: {_scalar(PENDING)}")
    writer.add("")
    for entry in behavior.rest:
        writer.note("behaviors", name, entry.key.text, value=entry.value)
    for number, case in enumerate(behavior.test_cases, start=1):
        writer.note("behaviors", name, "test_cases", f"case_{number}", value=case)


def _keep_the_rest(writer: _Writer) -> None:
    for entry in writer.spec.rest:
        is_table = isinstance(entry.value, Mapping)
        if not (entry.key.text in ("constants", "sacred_constants") and is_table):
            writer.note(entry.key.text, value=entry.value)
    for number, case in enumerate(writer.spec.test_cases, start=1):
        writer.note("test_cases", f"case_{number}", value=case)


def _write_notes(writer: _Writer) -> None:
    if writer.notes:
        writer.add("")
        writer.add("notes:")
    keys = {entry.key.text: entry.key for entry in writer.spec.rest}
    for name, value in writer.notes.items():
        if isinstance(value, Scalar) and "\n" in value.text:
            writer.prose("  ", _scalar(name), value, "")
        else:
            writer.add(f"  {_scalar(name)}: {_flow(value)}", keys.get(name))


# -- values -------------------------------------------------------------------------------


def _scalar(text: str, *, in_flow: bool = False) -> str:
    """A text as a scalar that is read as this text: bare, as a block, or in quotes."""
    if may_stand_plain(text, in_flow=in_flow) and isinstance(resolve_plain(text), str):
        return text
    if not in_flow and _is_block(text.split("\n")):
        return "|\n" + text[:-1]
    return double_quoted(text)


def _is_block(lines: list[str]) -> bool:
    """Whether lines can stand below a `|`: two or more, all to be seen, the last one ended."""
    if len(lines) < 3 or lines[-1] or not lines[-2].strip() or not lines[0]:
        return False
    is_blank = any(line and not line.strip() for line in lines)
    return not lines[0][0].isspace() and not is_blank and all(map(str.isprintable, lines))


def _flow(value: Note) -> str:
    """A value in brackets, on one line; the formatter gives it lines of its own."""
    match value:
        case str():
            return _scalar(value, in_flow=True)
        case dict():
            inner = (f"{_scalar(key, in_flow=True)}: {_flow(v)}" for key, v in value.items())
            return "{" + ", ".join(inner) + "}"
        case Scalar():
            if not value.text and value.style in ("plain", "empty"):
                return "null"
            is_bare = value.style == "plain" and not isinstance(value.value, str)
            is_bare = is_bare and may_stand_plain(value.text, in_flow=True)
            return value.text if is_bare else _scalar(value.text, in_flow=True)
        case Mapping():
            return "{" + ", ".join(map(_entry, value.entries)) + "}"
    return "[" + ", ".join(map(_flow, value.items)) + "]"


def _entry(entry: Entry) -> str:
    return f"{_flow(entry.key)}: {_flow(entry.value)}"


def _flat(node: Node) -> str:
    """A value on one line of prose."""
    return " ".join((node.text if isinstance(node, Scalar) else _flow(node)).split())


# -- comments -----------------------------------------------------------------------------


def _with_comments(lines: list[tuple[str, int | None]], comments: Iterable[Comment]) -> str:
    """Each comment above the line that stands for what followed it in the old spec."""
    places = sorted((line, index) for index, (_, line) in enumerate(lines) if line is not None)
    above: dict[int, list[str]] = {}
    for comment in comments:
        following = (index for line, index in places if line >= comment.span.line)
        above.setdefault(next(following, len(lines)), []).append(_comment(comment.text))
    out: list[str] = []
    for index, (text, _) in enumerate([*lines, ("", None)]):
        indent = text[: len(text) - len(text.lstrip(" "))]
        out += [f"{indent}{comment}" for comment in above.get(index, ())]
        out.append(text)
    return "\n".join(out).rstrip("\n") + "\n"


def _comment(text: str) -> str:
    """The comment; what would speak to igla-gen only speaks to a reader."""
    text = text.rstrip()
    return re.sub(r"^#\s*igla\s*:", "# igla (old):", text)
