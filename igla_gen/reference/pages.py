"""All pages that are made, and which of those on disk are made no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from igla_gen.reference.cli import cli_page
from igla_gen.reference.language import expressions_page, keys_page, types_page
from igla_gen.reference.rules import rule_page, rules_index
from igla_gen.rules.base import all_rules

MARK = "<!-- Made by `igla-gen docs` from the code's own tables; change those. -->\n\n"
FOLDERS = ("reference", "rules")  # that hold nothing but what is made


def make_pages(about: str, commands: Mapping[str, Callable[..., None]]) -> dict[str, str]:
    """Every page by its path below docs/; `about` is what the command line says of itself."""
    rules = all_rules()
    pages = {
        "cli.md": cli_page(about, commands),
        "reference/expressions.md": expressions_page(),
        "reference/keys.md": keys_page(),
        "reference/types.md": types_page(),
        "rules/README.md": rules_index(rules),
    }
    pages |= {f"rules/{rule.name}.md": rule_page(rule) for rule in rules}
    return {path: MARK + text for path, text in sorted(pages.items())}


def differing(folder: Path, pages: dict[str, str]) -> tuple[dict[str, str], list[str], list[str]]:
    """Pages that are not on disk as they are made, pages made no more, and files in the way.

    A file without the mark is never replaced and never removed: it is in the way where a page of
    its name is made, and left alone elsewhere.
    """
    changed = {path: text for path, text in pages.items() if _read(folder / path) != text}
    foreign = [path for path in changed if (folder / path).exists() and not _is_made(folder / path)]
    found = [path for name in FOLDERS for path in sorted((folder / name).glob("*.md"))]
    names = [path.relative_to(folder).as_posix() for path in found if _is_made(path)]
    return changed, [name for name in names if name not in pages], foreign


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, UnicodeDecodeError):
        return None


def _is_made(path: Path) -> bool:
    return (_read(path) or "").startswith(MARK)
