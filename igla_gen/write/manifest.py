"""The manifest: which files igla-gen wrote, from what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from igla_gen import __version__

NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Written:
    """One generated file and the digests of what it was made from."""

    sha256: str
    spec: str
    spec_sha256: str
    template: str
    template_sha256: str


class ManifestError(ValueError):
    """The manifest cannot be read."""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def manifest_text(files: dict[str, Written]) -> str:
    """The manifest as it stands on disk: sorted, one line for each fact."""
    data = {
        "note": "Written by igla-gen; it owns these files and no others.",
        "igla_gen": __version__,
        "files": {path: asdict(files[path]) for path in sorted(files)},
    }
    return json.dumps(data, indent=1) + "\n"


def read_manifest(out: Path) -> dict[str, Written]:
    """The files of the last run; empty when there was none.

    Raises:
        ManifestError: the file is there and is not a manifest.
    """
    path = out / NAME
    try:
        data = json.loads(path.read_text("utf-8"))
        for name in data["files"]:
            _refuse_outside(name)
        return {name: Written(**facts) for name, facts in data["files"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        raise ManifestError(
            f"{path} cannot be read ({error}); restore it from version control, or delete it and run igla-gen gen"
        ) from error


def _refuse_outside(name: str) -> None:
    """The manifest says which files may be removed: none of them lies outside the folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise ValueError(f"{name!r} is outside the output folder")
