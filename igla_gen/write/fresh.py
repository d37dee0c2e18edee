"""A quick answer to "is there anything to do?": digests of all inputs and outputs of the last run."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from igla_gen.emit.formatting import FORMATTER, formatter_version
from igla_gen.frozen import frozen
from igla_gen.model.library import MAX_BYTES
from igla_gen.resources import resource_root
from igla_gen.write.manifest import NAME, ManifestError, read_manifest

FOLDER = ".igla-gen"


@frozen
class Fingerprint:
    """Everything that the output is a function of, before a run."""

    out: Path
    inputs: str

    @classmethod
    def of(cls, paths: list[Path], out: Path) -> Fingerprint:
        """Digest of the specs, the templates, the grammars, igla-gen's own code and the formatter."""
        root = resource_root()
        files = {f for path in paths for f in (path.rglob("*.vibee") if path.is_dir() else [path])}
        for folder, pattern in (("templates", "*.j2"), ("grammar", "*.*"), ("specs", "*.vibee")):
            files |= set((root / folder).rglob(pattern))
        files |= set(Path(__file__).resolve().parent.parent.rglob("*.py"))
        total = hashlib.sha256(f"{FORMATTER} {formatter_version()} {list(map(os.fsencode, paths))}".encode())
        for path in sorted(f.resolve() for f in files if f.is_file()):
            total.update(os.fsencode(path) + b"\0" + _content(path))
        return cls(out, total.hexdigest())

    def matches(self) -> bool:
        """Whether the last run had these inputs and its outputs are still as it left them."""
        try:
            stored = json.loads(self._path().read_text("utf-8"))
            return stored == {"inputs": self.inputs, "outputs": self._outputs()}
        except (OSError, ValueError, ManifestError):
            return False

    def store(self) -> None:
        """Remembers this run; a folder that cannot be written only costs time."""
        try:
            self._path().parent.mkdir(exist_ok=True)
            facts = {"inputs": self.inputs, "outputs": self._outputs()}
            self._path().write_text(json.dumps(facts), encoding="utf-8")
        except OSError:
            return

    def _path(self) -> Path:
        return Path(FOLDER) / f"{place_name(self.out)}.json"

    def _outputs(self) -> str:
        total = hashlib.sha256((self.out / NAME).read_bytes())
        for path, written in sorted(read_manifest(self.out).files.items()):
            found = hashlib.sha256((self.out / path).read_bytes()).hexdigest()
            total.update(f"{path}\0{found}\0{found == written.sha256}".encode())
        return total.hexdigest()


def place_name(out: Path) -> str:
    """A name for what is noted about one output folder."""
    return hashlib.sha256(os.fsencode(out.resolve())).hexdigest()[:16]


def _content(path: Path) -> bytes:
    """What stands for a file; one that is too large to be a spec is not read."""
    size = path.stat().st_size
    return str(size).encode() if size > MAX_BYTES else hashlib.sha256(path.read_bytes()).digest()


def code_digest() -> str:
    """Of igla-gen's own code and grammars."""
    package = Path(__file__).resolve().parent.parent
    total = hashlib.sha256()
    for folder, pattern in ((package, "*.py"), (resource_root() / "grammar", "*.*")):
        for path in sorted(folder.rglob(pattern)):
            total.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
