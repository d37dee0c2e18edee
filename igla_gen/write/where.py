"""Where a generated line comes from: the line of the spec and the line of the template.

Nothing of this is kept: the file is rendered anew, its template lines carried along, and set
beside what stands on disk.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from igla_gen.emit.formatting import formatted
from igla_gen.emit.provenance import carried, spec_lines
from igla_gen.emit.render import output_paths, render_unit
from igla_gen.emit.templates import template_texts
from igla_gen.frozen import frozen
from igla_gen.model.component import ComponentSpec
from igla_gen.model.library import PACKAGE, Library, Unit
from igla_gen.model.types import EnumType
from igla_gen.write.manifest import ManifestError, read_manifest
from igla_gen.write.standing import standing, text_of

FORMAT_VERSION = 1  # of the JSON answer

_ASKED = (
    re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d{1,9})\b'),  # of a traceback
    re.compile(r"^(?:FAILED |ERROR )?(?P<path>.+?\.py)::(?:\w+::)*(?P<name>\w+)"),  # of pytest
    re.compile(r"^(?P<path>.+?\.py):(?P<line>\d{1,9})\b"),
)


class WhereError(ValueError):
    """The question has no answer; the message says why."""


@frozen
class Question:
    """A file, and a line of it or a test in it."""

    path: str
    line: int = 0
    name: str = ""


@frozen
class Place:
    """One line of a source, with its text."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@frozen
class Answer:
    """Where a generated line comes from; `note` says what the reader must know besides."""

    file: str
    line: int
    spec: Place | None
    template: Place | None
    note: str = ""


def read_question(text: str) -> Question:
    """What was asked: `FILE:LINE`, `FILE::test_name`, or a line of a traceback.

    Raises:
        WhereError: it is none of them.
    """
    for pattern in _ASKED:
        if match := pattern.search(text.strip()):
            found = match.groupdict()
            return Question(found["path"], int(found.get("line") or 0), found.get("name") or "")
    raise WhereError(
        f"{text!r} names no line of a generated file; write FILE:LINE, FILE::test_name, or paste a line "
        "of a traceback"
    )


def answer(library: Library, out: Path, question: Question) -> Answer:
    """Where the line comes from.

    Raises:
        WhereError: there is no such file or line, or igla-gen does not make it.
    """
    path, unit = _find(library, out, question.path)
    target = out / path
    if not target.is_file():
        raise WhereError(f"{target}: does not exist yet; run igla-gen gen")
    rows = text_of(target).split("\n")
    line = _line_of_test(target, rows, question.name) if question.name else question.line
    if not 1 <= line <= len(rows):
        raise WhereError(f"{target} has {len(rows)} lines, so there is no line {line}")
    if unit is None:
        return Answer(
            target.as_posix(), line, None, None, "igla-gen writes this file, the same for all specs"
        )
    return _Traced(library, unit, path).answer(out, line)


def _find(library: Library, out: Path, asked: str) -> tuple[str, Unit | None]:
    """The path below the output folder, also of a file that was installed elsewhere, and its unit."""
    paths = {path: unit for unit in library.units.values() for path in output_paths(unit)}
    parts = Path(asked).as_posix().split("/")
    tails = ("/".join(parts[start:]) for start in range(len(parts)))
    for tail in tails:
        if tail in paths:
            return tail, paths[tail]
        is_shared = tail == "tests/conftest.py" or (
            tail.startswith(f"{PACKAGE}/") and tail.endswith("/__init__.py")
        )
        if is_shared and (out / tail).is_file():
            return tail, None
    raise WhereError(f"{asked}: no spec makes this file")


def _line_of_test(target: Path, rows: list[str], name: str) -> int:
    for number, row in enumerate(rows, start=1):
        if re.match(rf"(?:async )?(?:def|class) {re.escape(name)}\b", row):
            return number
    raise WhereError(f"{target} defines no {name}")


class _Traced:
    """A file as its spec and template make it now, line by line with its origins."""

    def __init__(self, library: Library, unit: Unit, path: str) -> None:
        self.library, self.unit, self.path = library, unit, path
        output = next(o for o in render_unit(library, unit) if o.path == path)
        self.template = output.template
        self.text = formatted([output.text])[0]
        self.templates = carried(output.lines, self.text)
        self.specs = refined(library, unit, self.text)

    def answer(self, out: Path, line: int) -> Answer:
        found = text_of(out / self.path)
        place = line if found == self.text else _same_line(found, self.text, line)
        shown = (out / self.path).as_posix()
        note = "" if found == self.text else self._note(out, place)
        if place is None:
            own = spec_lines(found)[line - 1] if _is_python(found) else None
            return Answer(shown, line, self._spec(own), None, note)
        template = self.templates[place - 1]
        source = template_texts()[self.template].split("\n")
        origin = (
            Place(f"templates/{self.template}", template, source[template - 1])
            if template
            else None
        )
        note = note or ("" if template else "the compiler put this line here by itself")
        return Answer(shown, line, self._spec(self.specs[place - 1]), origin, note)

    def _spec(self, origin: str | None) -> Place | None:
        if origin is None:
            return None
        file, _, number = origin.rpartition(":")
        rows = self.library.sources.get(file, "").splitlines()
        text = rows[int(number) - 1] if 0 < int(number) <= len(rows) else ""
        return Place(file, int(number), text)

    def _note(self, out: Path, place: int | None) -> str:
        try:
            known = read_manifest(out).files.get(self.path)
        except ManifestError:
            known = None
        how = standing(out, self.path, self.text, known)
        if how != "ours":
            return "the file was edited by hand" + (
                ", here: no template makes this line" if place is None else ", elsewhere"
            )
        return "spec, template or igla-gen changed since the file was generated; run igla-gen gen"


def _same_line(found: str, expected: str, line: int) -> int | None:
    """The line of the expected text that a line of the found one is, or None if it is none of them."""
    matcher = difflib.SequenceMatcher(None, found.split("\n"), expected.split("\n"), autojunk=False)
    for block in matcher.get_matching_blocks():
        if block.a < line <= block.a + block.size:
            return block.b + line - block.a
    return None


def _is_python(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


_CHECKING = re.compile(r"__post_init__|_check_(fields|constraints)(_\d+)?")

# -- lines of the spec --------------------------------------------------------------------


def refined(library: Library, unit: Unit, text: str) -> list[str | None]:
    """For each line the line of the spec: of the field or constraint, where it is one of a type."""
    found = spec_lines(text)
    source = library.blueprint(unit) if unit.kind in ("model", "recipe") else unit
    assert source is not None and isinstance(source.spec, ComponentSpec)
    body = ast.parse(text).body
    shown = unit.source.shown
    if ast.get_docstring(ast.Module(body, [])) is not None:
        _fill(found, body[0], f"{shown}:{unit.spec.key_span('description').line}")
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name in source.spec.types:
            _refine_type(found, node, source)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name in source.spec.constants:
                line = source.spec.key_span("constants", name).line
                _fill(found, node, f"{source.source.shown}:{line}")
    rows = text.split("\n")
    for index in range(len(rows) - 2, -1, -1):
        if not rows[index]:  # a blank line between two things goes with the second
            found[index] = found[index] or found[index + 1]
    return found


def _refine_type(found: list[str | None], node: ast.ClassDef, unit: Unit) -> None:
    assert isinstance(unit.spec, ComponentSpec)
    spec, shown = unit.spec.types[node.name], unit.source.shown
    field = ""
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            field = part.target.id if part.target.id in spec.fields else ""
        is_help = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
        if field and (is_help or isinstance(part, ast.AnnAssign)):
            line = unit.spec.key_span("types", node.name, "fields", field).line
            _fill(found, part, f"{shown}:{line}")
    enums = [name for name, f in spec.fields.items() if isinstance(f.type, EnumType)]
    spans = [unit.spec.key_span("types", node.name, "fields", name) for name in enums]
    spans += [constraint.span for constraint in spec.constraints]
    for check, span in zip(_checks(node), spans, strict=False):
        _fill(found, check, f"{shown}:{span.line}")


def _checks(node: ast.ClassDef) -> Iterator[ast.If]:
    """What a config refuses, in `__post_init__` and the parts that a long one has."""
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and _CHECKING.fullmatch(part.name):
            yield from (check for check in part.body if isinstance(check, ast.If))


def _fill(found: list[str | None], node: ast.stmt, origin: str) -> None:
    end = node.end_lineno or node.lineno
    found[node.lineno - 1 : end] = [origin] * (end - node.lineno + 1)
