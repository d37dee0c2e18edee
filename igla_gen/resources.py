"""Where grammar, templates and specs lie: in the repository, or beside the package in a wheel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_homes: list[Path] = []  # folders that stand in for the root, the last one counts


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


def table_text(name: str) -> str:
    """Text of the table that was made of the grammar."""
    return (resource_root() / "grammar" / f"{name}.json").read_text(encoding="utf-8")


def templates_folder() -> Path:
    return _home() / "templates"


def specs_folder() -> Path:
    return _home() / "specs"


def _home() -> Path:
    return _homes[-1] if _homes else resource_root()


@contextmanager
def home_at(root: Path) -> Iterator[None]:
    """Specs and templates are those below `root`, and no others; the grammar stays."""
    _homes.append(root)
    try:
        yield
    finally:
        _homes.pop()
