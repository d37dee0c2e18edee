"""Outputs of the last run that need not be made again: their inputs and their bytes are the same.

What is kept is digests alone, in a folder that belongs to this checkout. A file is taken from the
output folder only if its digest is still the one that rendering gave, so that a stale or damaged
note costs time and never correctness. `gen --check` asks for none of it.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from igla_gen.emit.formatting import FORMATTER, formatter_version
from igla_gen.emit.render import Output, outline
from igla_gen.emit.templates import template_names, template_texts
from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import Library, Unit, remembered
from igla_gen.syntax.tree import Node, Scalar, Sequence
from igla_gen.write.fresh import FOLDER, code_digest, place_name
from igla_gen.write.manifest import digest


class Reuse:
    """The digests of inputs and outputs of each unit, of the last run on one output folder."""

    def __init__(self, library: Library, out: Path) -> None:
        self.library, self.out = library, out
        self.path = Path(FOLDER) / f"{place_name(out)}.units.json"
        self.tools = f"{code_digest()} {FORMATTER} {formatter_version()} jinja2 {version('jinja2')}"
        try:
            self.known = dict(json.loads(self.path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            self.known = {}

    def outputs(self, unit: Unit) -> list[Output] | None:
        """The two files of the unit as they stand, if rendering would give them again."""
        note = self.known.get(unit.module)
        if not isinstance(note, dict) or note.get("inputs") != self._inputs(unit):
            return None
        found = []
        for output in outline(self.library, unit):
            text = self._as_noted(note, output)
            if text is None:
                return None
            found.append(output.with_text(text))
        return found

    def text_of(self, output: Output) -> str | None:
        """The file as it stands, if it was made of the same draft."""
        note = self.known.get(output.module)
        if not isinstance(note, dict) or note.get(f"draft of {output.path}") != self._draft(output):
            return None
        return self._as_noted(note, output)

    def _as_noted(self, note: dict[str, str], output: Output) -> str | None:
        try:
            text = (self.out / output.path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        return None if "\r" in text or note.get(output.path) != digest(text) else text

    def _draft(self, output: Output) -> str:
        return digest(f"{self.tools}\0{output.draft}")

    def store(self, outputs: list[Output]) -> None:
        """Notes what this run made; a folder that cannot be written only costs time."""
        notes: dict[str, dict[str, str]] = {}
        for output in outputs:
            note = notes.setdefault(output.module, {})
            note["inputs"] = self._inputs(self.library.units[output.module])
            note[output.path] = digest(output.text)
            note[f"draft of {output.path}"] = self._draft(output)
        try:
            self.path.parent.mkdir(exist_ok=True)
            self.path.write_text(json.dumps(self.known | notes), encoding="utf-8")
        except OSError:
            return

    def _inputs(self, unit: Unit) -> str:
        """Digest of what rendering looks at: the unit's spec and its blueprint's as they stand, and
        of those that they read what a reader can see.
        """
        whole = {unit.module, self._maker(unit).module}
        total = hashlib.sha256(self.tools.encode())
        for other in self.library.closure(unit):
            seen = other.source.text if other.module in whole else interface(self.library, other)
            total.update(f"\0{other.source.shown}\0{digest(seen)}".encode())
        for name in template_names(self.library, unit):
            total.update(f"\0{name}\0{digest(template_texts().get(name, ''))}".encode())
        return total.hexdigest()

    def _maker(self, unit: Unit) -> Unit:
        return (self.library.blueprint(unit) if isinstance(unit.spec, InstanceSpec) else None) or unit


# keys of a spec that nothing but what is made of the spec itself depends on
_UNSEEN: dict[str, tuple[str, ...]] = {
    "": ("description", "sources", "notes"),
    "formulas": ("laws", "checks"),
    "behaviors": ("given", "when", "then", "raises", "laws", "checks"),
}


@remembered
def interface(library: Library, unit: Unit) -> str:
    """What the specs that use a unit can see of it: no prose, no laws, no places, no comments.

    A test holds the renderer to it: what is left out here changes no file of another spec.
    """
    entries = unit.spec.node.entries
    return json.dumps(
        [
            [entry.key.text, _seen(entry.value, _UNSEEN.get(entry.key.text, ()))]
            for entry in entries
            if entry.key.text not in _UNSEEN[""]
        ]
    )


def _seen(node: Node, unseen: tuple[str, ...], depth: int = 0) -> object:
    """The texts of a tree, without the keys of its items or entries that are not seen."""
    if isinstance(node, Scalar):
        return [node.style, node.text]
    if isinstance(node, Sequence):
        return [_seen(item, unseen, depth + 1) for item in node.items]
    return {
        entry.key.text: _seen(entry.value, unseen, depth + 1)
        for entry in node.entries
        if depth != 1 or entry.key.text not in unseen
    }
