"""How each file of the output folder stands: as planned, ours, edited by hand, or not ours."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Literal

from igla_gen.write.manifest import Written, digest, with_plain_lines

SIGNATURE = "enerated by igla-gen"  # stands in the head of every generated file

Standing = Literal[
    "same",  # holds what it should
    "absent",
    "line-endings",  # holds what it should, but for CRLF
    "ours",  # as igla-gen left it: may be replaced
    "edited",  # igla-gen wrote it, and its text was changed since
    "unvouched",  # says that igla-gen wrote it, and no manifest confirms it
    "foreign",
    "folder",  # a folder where the file should be
    "blocked",  # a file where a folder on the way should be
    "link",  # a symbolic link, or behind one
    "unreadable",
]


def standing(out: Path, path: str, text: str | None, known: Written | None) -> Standing:
    """How the file at `path` stands to `text` (None: no spec makes it) and to the last run."""
    target = out / path
    for parent in _parents(out, path):
        if parent.is_symlink():
            return "link"
        if parent.exists() and not parent.is_dir():
            return "blocked"
    if target.is_symlink():
        return "link"
    if target.is_dir():
        return "folder"
    try:
        return _by_content(target.read_bytes(), text, known)
    except FileNotFoundError:
        return "absent"
    except OSError:
        return "unreadable"


def _by_content(data: bytes, text: str | None, known: Written | None) -> Standing:
    if text is not None and data == text.encode("utf-8"):
        return "same"
    found = data.decode("utf-8", errors="replace")
    if text is not None and with_plain_lines(found) == text:
        return "line-endings"
    if known is not None:
        return "ours" if digest(found) == known.sha256 else "edited"
    if not found.strip():
        return "ours"  # an empty file: nothing is lost
    return "unvouched" if SIGNATURE in found[:4000] else "foreign"


def _parents(out: Path, path: str) -> list[Path]:
    """The folders between the output folder and the file, outermost first."""
    parents = [parent for parent in PurePosixPath(path).parents if parent.parts]
    return [out / parent for parent in reversed(parents)]


def text_of(path: Path) -> str:
    """The text of a file as far as it is text; empty where there is none."""
    try:
        return with_plain_lines(path.read_bytes().decode("utf-8", errors="replace"))
    except OSError:
        return ""
