"""Writes a plan: all of it or nothing, and never over what igla-gen does not own."""

from __future__ import annotations

import ast
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from igla_gen.write.manifest import NAME, Written, manifest_text, read_manifest
from igla_gen.write.plan import Plan


class WriteError(ValueError):
    """The output cannot be written; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did."""

    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]


def write(plan: Plan, out: Path, *, complete: bool) -> Report:
    """Brings the output folder to the plan.

    Every file is staged beside the folder and verified to be Python first; then files are
    renamed into place, stale files that igla-gen owns are removed, and the manifest goes last.
    With `complete=False` (a part of the specs was named) files of other specs stay.

    Raises:
        WriteError: a file that igla-gen does not own is in the way, or the disk refuses.
    """
    before = read_manifest(out)
    for path in plan.texts:
        _refuse_foreign(out / path, path, before)
    changed = [path for path, text in plan.texts.items() if _read(out / path) != text]
    stale = [path for path in before if complete and path not in plan.texts]
    files = dict(plan.written) if complete else before | plan.written
    text = manifest_text(files)
    if changed or stale or _read(out / NAME) != text:
        try:
            _commit(plan, out, changed, stale, text)
        except OSError as error:
            raise WriteError(
                f"{error.filename or out}: cannot be written ({error.strerror}); "
                "free some space or grant access, then run again"
            ) from error
    return Report(tuple(changed), len(plan.texts) - len(changed), tuple(stale))


def _commit(plan: Plan, out: Path, changed: list[str], stale: list[str], manifest: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".staged-", dir=out))
    try:
        for path in changed:
            ast.parse(plan.texts[path])
            _put(stage / path, plan.texts[path])
        _put(stage / NAME, manifest)
        for path in changed:
            (out / path).parent.mkdir(parents=True, exist_ok=True)
        for path in changed:
            os.replace(stage / path, out / path)
        for path in stale:
            _remove(out, path)
        os.replace(stage / NAME, out / NAME)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _remove(out: Path, path: str) -> None:
    """Removes a stale file and the folders that it leaves empty."""
    target = out / path
    target.unlink(missing_ok=True)
    parent = target.parent
    while parent != out and parent.is_dir() and not any(_visible(parent)):
        shutil.rmtree(parent)
        parent = parent.parent


def _visible(folder: Path) -> list[Path]:
    return [child for child in folder.iterdir() if child.name != "__pycache__"]


def _refuse_foreign(target: Path, path: str, before: dict[str, Written]) -> None:
    """A file that no manifest owns is igla-gen's if it is empty or says so; after a lost manifest."""
    if path in before or not target.exists():
        return
    text = target.read_text("utf-8", errors="replace")
    if text.strip() and "enerated by igla-gen" not in text[:4000]:
        raise WriteError(
            f"{target}: stands in the way, and igla-gen did not write it; move it or name another --out"
        )


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
