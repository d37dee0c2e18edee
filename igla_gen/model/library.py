"""All specs of one run: loaded, resolved against each other, ready for rules and templates."""

from __future__ import annotations

import keyword
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TypeVar

from igla_gen.ancestor.forms import is_ancestor
from igla_gen.diagnostics import Diagnostic, Findings, Span, nearest, respelling, suggestion
from igla_gen.frozen import frozen
from igla_gen.model.base import build
from igla_gen.model.component import (
    Behavior,
    BlueprintSpec,
    ComponentSpec,
    Formula,
    Header,
    InstanceSpec,
    TypeSpec,
)
from igla_gen.model.types import Type
from igla_gen.processes import in_parts
from igla_gen.resources import specs_folder
from igla_gen.syntax import parse_document
from igla_gen.syntax.layout import uneven_indentation
from igla_gen.syntax.parser import MAX_SIZE, too_large
from igla_gen.syntax.tree import Document, Node, Scalar
from igla_gen.syntax.tree import Mapping as MappingNode

T = TypeVar("T")
PACKAGE = "igla"
FEWEST = 8  # files of a process: to begin one for less takes longer
_LONGEST_MODULE = 200  # characters; file systems take names of some 250 bytes
MAX_BYTES = 4 * MAX_SIZE  # a file of more bytes has too many characters in any case
# after one of these, keys may be missing or elsewhere only because the text was cut wrongly
SPOILS_STRUCTURE = (
    "bad-indentation",
    "tab-in-indentation",
    "unclosed-bracket",
    "unclosed-quote",
    "unexpected-text",
)
KINDS = ("component", "blueprint", "model", "recipe")
Declaration = TypeSpec | Formula | Behavior


@frozen
class Source:
    """One spec file."""

    path: Path
    shown: str  # the path as diagnostics and outputs show it: relative, with forward slashes
    text: str


@frozen
class Unit:
    """One spec that was read without fault."""

    source: Source
    spec: ComponentSpec | InstanceSpec

    @property
    def module(self) -> str:
        """Dotted path of the generated module."""
        return self.spec.module.text

    @property
    def relative(self) -> str:
        """`architecture/normalization`: the path that leads through all four trees."""
        return self.module.removeprefix(f"{PACKAGE}.").replace(".", "/")

    @property
    def kind(self) -> str:
        return self.spec.kind.text if self.spec.kind is not None else "component"


@frozen
class Known:
    """A name that a spec may use, and where it is declared."""

    unit: Unit
    declaration: Declaration | None  # None for a constant


@dataclass(slots=True)
class Library:
    """Every unit by its module; `requested` are the ones that the command line named."""

    units: dict[str, Unit] = field(default_factory=dict)
    requested: list[Unit] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)
    documents: dict[str, Document] = field(default_factory=dict)
    # what a comment in a spec allows, and the reason that it gives
    suppressed: list[tuple[Diagnostic, str]] = field(default_factory=list)
    texts: Mapping[Path, str] = field(default_factory=dict)  # what stands for files, by full path
    sound: dict[str, tuple[Document, Unit]] = field(default_factory=dict)  # read without fault
    # by the identities of the units that a scope is made of, which are kept with it
    _scopes: dict[tuple[int, ...], tuple[list[Unit], dict[str, Known]]] = field(
        default_factory=dict
    )

    # what later passes find out about units, each once (see `remembered`)
    _known: dict[tuple[object, int], tuple[Unit, object]] = field(default_factory=dict)

    def once(self, find: Callable[[Library, Unit], T], unit: Unit) -> T:
        """What a function finds out about a unit; it is asked once."""
        key = find, id(unit)
        if key not in self._known:
            self._known[key] = unit, find(self, unit)  # with the unit, whose identity is the key
        return self._known[key][1]  # type: ignore[return-value]

    def used(self, unit: Unit) -> list[Unit]:
        """The unit and the units that it names in `uses`, nearest first."""
        found = {unit.module: unit}
        for use in unit.spec.uses:
            if use.text in self.units:
                found.setdefault(use.text, self.units[use.text])
        return list(found.values())

    def closure(self, unit: Unit) -> list[Unit]:
        """The unit and every unit that it reads, through any number of others, nearest first."""
        names = [unit.module]
        for name in names:  # grows while it is read
            references = (reference.text for reference in _references(self.units[name].spec))
            names += [other for other in references if other in self.units and other not in names]
        return [self.units[name] for name in names]

    def scope(self, unit: Unit) -> Mapping[str, Known]:
        """Every declared name that the unit's spec may use."""
        used = self.used(unit)
        key = tuple(map(id, used))
        if key not in self._scopes:
            self._scopes[key] = used, _names_of(used)
        return self._scopes[key][1]

    def type_of(self, unit: Unit, name: str) -> tuple[Unit, TypeSpec] | None:
        """The type that `name` means in the unit's spec."""
        known = self.scope(unit).get(name)
        if known is None or not isinstance(known.declaration, TypeSpec):
            return None
        return known.unit, known.declaration

    def blueprint(self, unit: Unit) -> Unit | None:
        """The blueprint that a model or recipe is made from."""
        assert isinstance(unit.spec, InstanceSpec)
        found = self.units.get(unit.spec.blueprint.text)
        return found if found and isinstance(found.spec, BlueprintSpec) else None

    def model(self, unit: Unit) -> Unit | None:
        """The model that a recipe trains."""
        assert isinstance(unit.spec, InstanceSpec)
        return self.units.get(unit.spec.model.text) if unit.spec.model else None


def remembered(find: Callable[[Library, Unit], T]) -> Callable[[Library, Unit], T]:
    """A function of a unit that is asked once for each; nobody may change what it gives.

    It is for passes that run after all specs are loaded, which is when a unit's surroundings stand.
    """

    @wraps(find)
    def found(library: Library, unit: Unit) -> T:
        return library.once(find, unit)

    return found


def _names_of(units: list[Unit]) -> dict[str, Known]:
    names: dict[str, Known] = {}
    for unit in units:
        if isinstance(unit.spec, ComponentSpec):
            for name, declaration in declarations(unit.spec):
                names.setdefault(name, Known(unit, declaration))
    return names


def declarations(spec: ComponentSpec) -> Iterator[tuple[str, Declaration | None]]:
    """Every name that the module has; constants have no declaration of their own."""
    yield from spec.types.items()
    yield from spec.formulas.items()
    yield from ((behavior.name.text, behavior) for behavior in spec.built)
    yield from ((name, None) for name in spec.constants)


def types_in(spec: ComponentSpec) -> Iterator[Type]:
    """Every type that the spec writes down: of fields, params, results and sections."""
    for type_ in spec.types.values():
        yield from (field.type for field in type_.fields.values())
    for formula in spec.formulas.values():
        yield from (param.type for param in formula.params.values())
        yield formula.returns
    for behavior in spec.behaviors:
        yield from (param.type for param in (behavior.params or {}).values())
        if behavior.returns is not None:
            yield behavior.returns
    if isinstance(spec, BlueprintSpec):
        yield from spec.sections.values()


def find_specs(paths: Iterable[Path]) -> list[Path]:
    """The `.vibee` files at or below the paths, sorted.

    Raises:
        FileNotFoundError: a path does not exist, or a folder holds no spec.
        PermissionError: a folder cannot be read; what it holds is not taken for gone.
    """
    found: set[Path] = set()
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
        below = _specs_below(path) if path.is_dir() else [path]
        if not below:
            raise FileNotFoundError(f"{path}: holds no .vibee file")
        found.update(below)
    return sorted(found)


def _specs_below(folder: Path) -> list[Path]:
    def refuse(error: OSError) -> None:
        raise error

    return [
        Path(parent, name)
        for parent, folders, names in os.walk(folder, onerror=refuse)
        for name in (*folders, *names)  # a folder of such a name is a finding
        if name.endswith(".vibee")
    ]


def load(
    paths: Iterable[Path],
    root: Path,
    texts: Mapping[Path, str] | None = None,
    sound: dict[str, tuple[Document, Unit]] | None = None,
    *,
    processes: int = 1,
) -> Library:
    """Reads the specs and all that they use; faults are in `findings`, never raised.

    `root` is the folder that shown paths are relative to, where they lie below it. A module
    that is used but not among `paths` is looked for below `root/specs`, then among the specs
    that travel with igla-gen. `texts` are read in place of what the files at these (resolved)
    paths hold. `sound` remembers files that were read without fault, for the next time. With
    more `processes` than one they share the files.
    """
    library = Library(texts=texts or {}, sound={} if sound is None else sound)
    found = find_specs(paths)
    if processes > 1 and len(found) >= 2 * FEWEST:  # else there is one part, and faults are read twice
        _read_ahead(library, found, root, processes)
    for path in found:
        unit = _load_file(library, path, root)
        if unit is not None:
            library.requested.append(unit)
    _load_uses(library, root)
    return library


def _read_ahead(library: Library, paths: list[Path], root: Path, processes: int) -> None:
    """Remembers the files that have no fault; the others are read once more, for what is to be said."""

    def read(part: list[Path]) -> dict[str, tuple[Document, Unit]]:
        ahead = Library(texts=library.texts, sound=dict(library.sound))
        for path in part:
            _load_file(ahead, path, root)
        return ahead.sound

    for sound in in_parts(read, paths, processes, FEWEST):
        library.sound |= sound


def _load_file(library: Library, path: Path, root: Path) -> Unit | None:
    shown = shown_path(path, root)
    text = read_text(library, path, shown)
    if text is None:
        return None
    document, unit = library.sound.get(shown, (None, None))
    if document is None or document.text != text:
        before = len(library.findings.items)
        document = parse_document(text, shown)
        unit = _read_unit(library, document, Source(path, shown, text))
        if unit is not None and len(library.findings.items) == before:
            library.sound[shown] = document, unit
    library.documents[shown] = document
    if unit is None:
        return None
    twin = library.units.setdefault(unit.module, unit)
    if twin is not unit:
        library.findings.add(
            "IG207",
            "duplicate-module",
            f"two specs write the module {unit.module}",
            unit.spec.module.span,
            f"the other is {twin.source.shown}",
        )
    return unit


def _read_unit(library: Library, document: Document, source: Source) -> Unit | None:
    """The spec that a document holds; what is wrong with it is added to the findings."""
    node, faults = document.tree, document.faults
    library.findings.extend(faults)
    spoilt = [fault for fault in faults if fault.name in SPOILS_STRUCTURE]
    if node is None or (spoilt and not isinstance(node, MappingNode)):
        return None
    if is_ancestor(node):
        from igla_gen.ancestor.findings import check

        assert isinstance(node, MappingNode)
        library.findings.extend(() if faults else check(node))
        return None
    before = len(library.findings.items)
    spec = _build(library, node)
    if not (isinstance(spec, ComponentSpec) and spec.is_pending):  # nothing is made of it yet
        library.findings.extend(uneven_indentation(node))
    if spoilt and isinstance(node, MappingNode):
        found = library.findings.items
        found[before:] = [item for item in found[before:] if _is_trusted(item, node, spoilt)]
    if spec is None or faults:
        return None
    unit = Unit(source, spec)
    return unit if _check_header(library, unit) else None


def _is_trusted(finding: Diagnostic, node: MappingNode, spoilt: list[Diagnostic]) -> bool:
    """Whether a finding of a text that was cut wrongly in places is one of the text that is meant.

    What stands in another outermost entry than the cuts is; a key that is missing may be in one
    of them, and so may the kind, by which outermost keys are known.
    """
    starts = [entry.key.span.line for entry in node.entries]
    line = finding.span.line
    entry = sum(start <= line for start in starts)
    if any(sum(start <= fault.span.line for start in starts) == entry for fault in spoilt):
        return False
    is_outermost = line in starts and finding.name == "unknown-key"
    return finding.name != "missing-key" and not (is_outermost and node.get("kind") is None)


def read_text(library: Library, path: Path, shown: str) -> str | None:
    try:
        open_text = library.texts.get(path.resolve()) if library.texts else None
        data = _start_of(path) if open_text is None else b""
        if len(data) > MAX_BYTES:
            library.findings.items.append(too_large(shown))
            return None
        text = data.decode("utf-8") if open_text is None else open_text
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        library.findings.add(
            "IG111", "not-utf-8", f"byte {error.start} is not UTF-8", Span(shown, line, 1, line, 1),
            "save the file as UTF-8",
        )  # fmt: skip
        return None
    except OSError as error:
        library.findings.add(
            "IG112", "unreadable-file", f"the file cannot be read: {error.strerror}",
            Span(shown, 1, 1, 1, 1), "check its permissions",
        )  # fmt: skip
        return None
    library.sources[shown] = text
    return text


def _start_of(path: Path) -> bytes:
    """The bytes of a file, of one that is too large or has no end a few more than are read."""
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        return bytes(MAX_BYTES + 1)
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def shown_path(path: Path, root: Path) -> str:
    """How the file is called in findings and in what is generated: on one line, whatever its name is."""
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):  # a symbolic link to itself; to read it is a finding
        return _on_one_line(path)
    for base in (root.resolve(), specs_folder().parent):
        if resolved.is_relative_to(base):
            return _on_one_line(resolved.relative_to(base))
    return _on_one_line(path)


def _on_one_line(path: Path) -> str:
    text = path.as_posix()
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _build(library: Library, node: Node) -> ComponentSpec | InstanceSpec | None:
    if not isinstance(node, MappingNode):
        library.findings.add(
            "IG205",
            "wrong-shape",
            "a spec is a mapping of keys and values",
            node.span,
            "begin with 'name:'",
        )
        return None
    kind = node.get("kind")
    word = kind.text if isinstance(kind, Scalar) else "component"
    if word not in KINDS:
        library.findings.add(
            "IG208",
            "unknown-kind",
            f'"{word}" is not a kind of spec',
            kind.span,
            suggestion(word, KINDS),
            respelling(word, KINDS, kind.span),
        )
        return None
    if word in ("model", "recipe"):
        return _build_instance(library, node, word)
    cls = BlueprintSpec if word == "blueprint" else ComponentSpec
    spec, faults = build(cls, node)
    library.findings.extend(faults)
    if spec is None and kind is None:
        library.findings.extend(_missing_kind(node))
    return spec


def _missing_kind(node: MappingNode) -> Iterator[Diagnostic]:
    """Keys that only another kind of spec has say that the kind was forgotten."""
    only = set(BlueprintSpec.model_fields) - set(ComponentSpec.model_fields)
    telling = [entry.key.text for entry in node.entries if entry.key.text in (*only, "blueprint")]
    if telling:
        kind = "a model or a recipe" if "blueprint" in telling else "a blueprint"
        message = f'the key "kind" is missing: {", ".join(telling)} is said by {kind}'
        place = node.entries[0].key.span
        yield Diagnostic("IG204", "missing-key", message, place, "add 'kind: ...'")


def _build_instance(library: Library, node: MappingNode, kind: str) -> InstanceSpec | None:
    """An instance's own keys are read here; the others are sections of its blueprint."""
    own = {info.alias or name for name, info in InstanceSpec.model_fields.items()} - {"sections"}
    header = MappingNode(tuple(e for e in node.entries if e.key.text in own), node.span)
    spec, faults = build(InstanceSpec, header)
    library.findings.extend(faults)
    if spec is None:
        library.findings.extend(_no_sections(node, own))
        return None
    library.findings.extend(_of_other_kind(spec, node, kind))
    sections = {e.key.text: e.value for e in node.entries if e.key.text not in own}
    instance = spec.model_copy(update={"sections": sections})
    instance.__dict__["node"] = node
    return instance


def _of_other_kind(spec: InstanceSpec, node: MappingNode, kind: str) -> Iterator[Diagnostic]:
    """A recipe says which model it trains, and a model does not."""
    if kind == "recipe" and spec.model is None:
        place, hint = node.entries[0].key.span, "add 'model: ...', or say 'kind: model'"
        yield Diagnostic("IG204", "missing-key", 'the key "model" is missing', place, hint)
    key = node.key("model")
    if kind == "model" and key is not None:
        message = '"model" is not a key of a model'
        yield Diagnostic("IG203", "unknown-key", message, key.span, "of a recipe it is: kind: recipe")


def _no_sections(node: MappingNode, own: set[str]) -> Iterator[Diagnostic]:
    """Keys with a plain value: a section is a mapping, so one of the own keys was meant."""
    for entry in node.entries:
        key = entry.key
        if key.text not in own and isinstance(entry.value, Scalar):
            message = f'"{key.text}" is not a key here'
            yield Diagnostic("IG203", "unknown-key", message, key.span, suggestion(key.text, own))


def _check_header(library: Library, unit: Unit) -> bool:
    """Whether the unit can go on: its module is a path that Python can import."""
    spec = unit.spec
    module, language = spec.module, spec.language
    valid = is_module_path(module.text)
    if not valid:
        library.findings.add(
            "IG209", "bad-module", f'"{module.text}" is not a module path', _after_blank(module),
            f"write {PACKAGE}.FOLDER.NAME, for example {PACKAGE}.architecture.normalization",
        )  # fmt: skip
    if language.text != "python":
        library.findings.add(
            "IG210", "unsupported-language", f'"{language.text}" is not a language that igla-gen writes',
            language.span, "write 'language: python'",
        )  # fmt: skip
    return valid


def _after_blank(scalar: Scalar) -> Span:
    """The words that have run into the first one, be it on further lines; of one word all of it."""
    words = scalar.text.split(maxsplit=1)
    if len(words) < 2:
        return scalar.span
    return scalar.part(len(scalar.text) - len(words[1]), len(scalar.text))


def is_module_path(text: str) -> bool:
    """Whether the text is `igla.FOLDER.NAME`, deeper perhaps, that a file can have and Python import."""
    parts = text.split(".")
    names = len(parts) >= 3 and parts[0] == PACKAGE and all(map(_is_module_name, parts))
    return names and len(text) <= _LONGEST_MODULE


def _is_module_name(part: str) -> bool:
    return part.isidentifier() and part.isascii() and not keyword.iskeyword(part)


def _load_uses(library: Library, root: Path) -> None:
    pending = list(library.units.values())
    read: dict[Path, Unit | None] = {}  # what stands at a module's place may write another module
    while pending:
        unit = pending.pop(0)
        for reference in (*_references(unit.spec), *_named_instance(unit.spec)):
            if reference.text in library.units:
                continue
            path = find_module(reference.text, root)
            if path is not None and path not in read:
                read[path] = _load_file(library, path, root)
                pending += [read[path]] if read[path] is not None else []
            used = read.get(path) if path is not None else None
            if path is None or (used is not None and used.module != reference.text):
                modules = _modules_near(library, unit, root, reference.text)
                hint = suggestion(reference.text, modules) if modules else "write its spec"
                if used is not None:
                    hint = f"{used.source.shown} stands at its place and writes {used.module}"
                library.findings.add(
                    "IG211", "unresolved-module", f"no spec writes the module {reference.text}",
                    reference.span, hint,
                    respelling(reference.text, modules, reference.span) if used is None else None,
                )  # fmt: skip


def _modules_near(library: Library, unit: Unit, root: Path, text: str) -> set[str]:
    """What a module that nobody writes may be meant for: never the spec that names it.

    A run over one file knows no other: the specs beside it are known by their paths, and those that
    come with igla-gen where none of these is near.
    """
    found = set(library.units) | _modules_below(root / "specs")
    if nearest(text, found - {unit.module}) is None:
        found |= _modules_below(specs_folder())
    return found - {unit.module}


def _modules_below(folder: Path) -> set[str]:
    paths = (path.relative_to(folder).with_suffix("") for path in folder.rglob("*.vibee"))
    modules = (".".join((PACKAGE, *path.parts)) for path in paths)
    return {module for module in modules if is_module_path(module)}


def _references(spec: Header) -> list[Scalar]:
    found = list(spec.uses)
    if isinstance(spec, InstanceSpec):
        found += [spec.blueprint] + ([spec.model] if spec.model else [])
    return found


def _named_instance(spec: Header) -> list[Scalar]:
    """What a blueprint names without reading it."""
    named = isinstance(spec, BlueprintSpec) and spec.tested_by is not None
    return [spec.tested_by] if named else []


def find_module(module: str, root: Path) -> Path | None:
    """The spec of a module: below `root/specs`, else among those that come with igla-gen."""
    parts = module.removeprefix(f"{PACKAGE}.").split(".")
    if not all(map(_is_module_name, parts)) or len(module) > _LONGEST_MODULE:
        return None
    relative = "/".join(parts)
    for folder in (root / "specs", specs_folder()):
        path = folder / f"{relative}.vibee"
        if path.is_file():
            return path
    return None
