"""The specs of a workspace as an editor has them: open texts stand for the files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.emit.templates import template_texts
from igla_gen.frozen import frozen
from igla_gen.model.library import Library, Unit, load, shown_path
from igla_gen.resources import templates_folder
from igla_gen.rules import run_rules
from igla_gen.syntax import parse_document
from igla_gen.syntax.tree import Document, Mapping, Node, Scalar, Sequence


@frozen
class Declared:
    """A name that a spec declares: what it is, where its name stands, and what is said about it."""

    kind: str  # type, formula, behavior, constant or section
    name: str
    span: Span
    node: Node
    path: Path
    module: str


class Project:
    """All that the answers to an editor need to know."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.library = Library()
        self._texts: dict[Path, str] = {}
        self._sound: dict[str, tuple[Document, Unit]] = {}
        self._trees: dict[Path, Mapping] = {}
        self._templates: frozenset[tuple[Path, int]] = frozenset()

    def open(self, path: Path, text: str) -> None:
        """Takes a text in place of what the file holds."""
        self._texts[path.resolve()] = text

    def close(self, path: Path) -> None:
        """Goes back to the file."""
        self._texts.pop(path.resolve(), None)

    def text(self, path: Path) -> str:
        """The text of an open document."""
        return self._texts.get(path.resolve(), "")

    def opened(self) -> list[Path]:
        """The documents that are open."""
        return list(self._texts)

    def shown(self, path: Path) -> str:
        """The path as findings show it."""
        return shown_path(path, self.root)

    def check(self, path: Path) -> list[Diagnostic]:
        """What is wrong in one open document, the whole library at hand."""
        self._notice_templates()
        if not path.exists():  # not yet saved: no module can use it
            return list(parse_document(self.text(path), self.shown(path)).faults)
        specs = (self.root / "specs").resolve()
        paths = {found.resolve() for found in (*specs.rglob("*.vibee"), path)}
        library = load(paths, self.root, self._texts, self._sound)
        here = [
            unit for unit in library.units.values() if unit.source.path.resolve() == path.resolve()
        ]
        run_rules(library, here)
        self.library = library
        return [item for item in library.findings.sorted() if item.span.file == self.shown(path)]

    def _notice_templates(self) -> None:
        """Reads the templates anew when one of them was changed."""
        found = frozenset(
            (path, path.stat().st_mtime_ns) for path in templates_folder().rglob("*.j2")
        )
        if found != self._templates:
            self._templates = found
            template_texts.cache_clear()

    def tree(self, path: Path) -> Mapping | None:
        """The document's tree; while it cannot be read, the last one that could."""
        tree = parse_document(self.text(path), self.shown(path)).tree
        if isinstance(tree, Mapping):
            self._trees[path.resolve()] = tree
        return self._trees.get(path.resolve())

    def module(self, name: str) -> Unit | None:
        """The spec of a module."""
        return self.library.units.get(name)

    def names(self, path: Path) -> dict[str, Declared]:
        """Every name that the document may use, its own first."""
        tree = self.tree(path)
        found: dict[str, Declared] = {}
        if tree is None:
            return found
        for declared in _declared(tree, path, text_of(tree, "module")):
            found.setdefault(declared.name, declared)
        for name in (*_texts_of(tree.get("uses")), text_of(tree, "blueprint")):
            unit = self.module(name)
            if unit is not None:
                for declared in _declared(unit.spec.node, unit.source.path, unit.module):
                    found.setdefault(declared.name, declared)
        return found


def text_of(node: Node | None, key: str) -> str:
    """The text at a key of a mapping, or nothing."""
    value = node.get(key) if isinstance(node, Mapping) else None
    return value.text.strip() if isinstance(value, Scalar) else ""


def _texts_of(node: Node | None) -> Iterator[str]:
    if isinstance(node, Sequence):
        yield from (item.text for item in node.items if isinstance(item, Scalar))


def _declared(tree: Mapping, path: Path, module: str) -> Iterator[Declared]:
    """The names of a spec, in the order of the file."""
    make = partial(Declared, path=path, module=module)
    for key, kind in (
        ("constants", "constant"),
        ("types", "type"),
        ("formulas", "formula"),
        ("sections", "section"),
    ):
        table = tree.get(key)
        if isinstance(table, Mapping):
            for entry in table.entries:
                yield make(kind, entry.key.text, entry.key.span, entry.value)
    behaviors = tree.get("behaviors")
    for item in behaviors.items if isinstance(behaviors, Sequence) else ():
        name = item.get("name") if isinstance(item, Mapping) else None
        if isinstance(name, Scalar) and name.text:
            yield make("behavior", name.text, name.span, item)
