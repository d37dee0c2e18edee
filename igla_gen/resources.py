"""Where grammar, templates and specs lie: in the repository, or beside the package in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def resource_root() -> Path:
    """Folder that holds `grammar/`, `templates/` and `specs/`."""
    package = Path(__file__).resolve().parent
    repository = package.parent
    if (repository / "grammar").is_dir() and (repository / "templates").is_dir():
        return repository
    return package / "resources"


def grammar_text(name: str) -> str:
    """Text of one Lark grammar, for example `grammar_text("types")`."""
    return (resource_root() / "grammar" / f"{name}.lark").read_text(encoding="utf-8")


def templates_folder() -> Path:
    return resource_root() / "templates"


def specs_folder() -> Path:
    return resource_root() / "specs"
