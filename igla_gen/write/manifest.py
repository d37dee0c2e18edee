"""The manifest: which files igla-gen wrote, from what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, field
from pathlib import Path, PurePosixPath

from igla_gen import __version__
from igla_gen.emit.formatting import FORMATTER, formatter_version
from igla_gen.frozen import frozen

NAME = "manifest.json"
VERSION = 2
NOTE = "Written by igla-gen; it owns these files and no others."
SOURCE_DIGEST = 16  # hexadecimal digits: enough to tell two versions of one file apart


@frozen
class Written:
    """One generated file and the digests of what it was made from."""

    sha256: str
    specs: dict[str, str]  # every spec that the file is a function of, its own first
    template: str
    template_sha256: str

    @property
    def spec(self) -> str:
        """The file's own spec; empty for what belongs to no spec."""
        return next(iter(self.specs), "")


@frozen
class Manifest:
    """The files of the last run, and the versions of what made them."""

    files: dict[str, Written] = field(default_factory=dict)
    makers: dict[str, str] = field(default_factory=dict)


class ManifestError(ValueError):
    """The manifest cannot be read; `kind` is `damaged`, or `foreign` if igla-gen never wrote it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def with_plain_lines(text: str) -> str:
    """The text without a byte order mark, its lines ended by LF: what a checkout may change."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def digest(text: str) -> str:
    """SHA-256, the same whatever line endings a checkout gave the text."""
    return hashlib.sha256(with_plain_lines(text).encode("utf-8")).hexdigest()


def source_digest(text: str) -> str:
    return digest(text)[:SOURCE_DIGEST]


def makers() -> dict[str, str]:
    """The versions that, with specs and templates, decide every byte."""
    return {"igla_gen": __version__, FORMATTER: formatter_version()}


def manifest_text(files: dict[str, Written]) -> str:
    """The manifest as it stands on disk: sorted, one line for each file."""
    head = {"note": NOTE, "version": VERSION, **makers()}
    lines = [f' "{key}": {json.dumps(value)},\n' for key, value in head.items()]
    rows = [f"  {json.dumps(path)}: {json.dumps(asdict(files[path]))}" for path in sorted(files)]
    return "{\n" + "".join(lines) + ' "files": {\n' + ",\n".join(rows) + "\n }\n}\n"


def read_manifest(out: Path) -> Manifest:
    """What the last run wrote; empty when there was none.

    Raises:
        ManifestError: the file is there and is not a manifest of igla-gen.
    """
    path = out / NAME
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Manifest()
    except (ValueError, OSError) as error:
        raise _unreadable(path, error) from error
    if not isinstance(data, dict) or "igla_gen" not in data:
        raise ManifestError(
            "foreign",
            f"{path} is not a manifest that igla-gen wrote; move it or name another --out",
        )
    try:
        for name in data["files"]:
            refuse_outside(name)
        files = {name: _written(facts) for name, facts in data["files"].items()}
        return Manifest(files, {name: data[name] for name in makers() if name in data})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _written(facts: dict[str, object]) -> Written:
    """One entry; the first version of the manifest named no digest for each spec."""
    if not isinstance(facts["sha256"], str):
        raise TypeError("a digest is text")
    specs = facts.get("specs") or {}
    if not isinstance(specs, dict):
        raise TypeError("specs are names with digests")
    return Written(
        facts["sha256"], specs, str(facts["template"]), str(facts.get("template_sha256", ""))
    )


def _unreadable(path: Path, error: Exception) -> ManifestError:
    return ManifestError(
        "damaged",
        f"{path} cannot be read ({error}); restore it from version control, or run igla-gen gen --force "
        "to write it anew and to overwrite what was edited",
    )


def refuse_outside(name: str) -> None:
    """What names files that may be written or removed names none outside the folder."""
    if not isinstance(name, str):
        raise TypeError("a path is text")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ValueError(f"{name!r} is outside the output folder")
