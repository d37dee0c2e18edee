"""Many files changed as one: all of them or none, also when the process is killed in between.

New files and copies of the old ones are staged inside the output folder. Then a journal is put
beside them: from that moment on the change counts as made. A run that finds a journal finishes
what it says; a run that finds staged files without one discards them. A fault that is not a kill
turns the journal into one that restores the old files.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from igla_gen.frozen import frozen
from igla_gen.write.manifest import digest, refuse_outside

STAGE = ".igla-gen-stage"
REDO, UNDO = "redo.json", "undo.json"
PATIENCE = 60.0  # seconds that a run waits for another one
CACHE = "__pycache__"


class WriteError(ValueError):
    """The output cannot be written; nothing was changed."""


@frozen
class Journal:
    """What one change consists of."""

    replace: tuple[str, ...]
    remove: tuple[str, ...]
    folders: tuple[str, ...]  # that the change makes, outermost first


# -- one at a time ------------------------------------------------------------------------


@contextlib.contextmanager
def locked(out: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Holds other runs on the same output folder off; it waits for one that is under way.

    The lock is on the folder that holds the output folder: it leaves no file behind, and a
    killed process loses it.

    Raises:
        WriteError: the other run does not end.
    """
    folder = out.absolute().parent
    while not folder.is_dir():
        folder = folder.parent
    handle = _lock(folder, out, patience)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _lock(folder: Path, out: Path, patience: float) -> int | None:
    try:
        import fcntl
    except ImportError:  # Windows: no lock on folders
        return None
    handle = os.open(folder, os.O_RDONLY)
    end, told = time.monotonic() + patience, False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= end:
                os.close(handle)
                raise WriteError(
                    f"{out}: another igla-gen gen is writing there; wait for it, then run again"
                ) from None
            if not told:
                print(f"igla-gen: {out}: waiting for another igla-gen gen", file=sys.stderr)
            told = True
            time.sleep(0.05)
        except OSError:  # a file system without locks
            os.close(handle)
            return None


# -- the change ---------------------------------------------------------------------------


def commit(out: Path, texts: dict[str, str], stale: list[str]) -> None:
    """Puts the texts in place, in their order, and removes the stale files.

    Raises:
        OSError: the disk refused; every file is as it was before.
    """
    fresh = _missing_folders(out)
    stage = out / STAGE
    try:
        out.mkdir(parents=True, exist_ok=True)
        _stage(out, stage, texts, stale)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        _remove_folders(fresh)
        raise
    try:
        _finish(out, stage)
    except BaseException:
        _remove_folders(fresh)
        raise


def _stage(out: Path, stage: Path, texts: dict[str, str], stale: list[str]) -> None:
    stage.mkdir()
    for path, text in texts.items():
        _put(stage / "new" / path, text)
        _keep_mode(out / path, stage / "new" / path)
    for path in (*texts, *stale):
        if (out / path).is_file():
            _copy(out / path, stage / "old" / path)
    folders = dict.fromkeys(f for path in texts for f in _missing_folders((out / path).parent))
    shown = tuple(folder.relative_to(out).as_posix() for folder in folders)
    journal = Journal(tuple(texts), tuple(stale), shown)
    _put(stage / "journal", json.dumps(asdict(journal)))
    os.replace(stage / "journal", stage / REDO)
    _sync(stage)


def _finish(out: Path, stage: Path) -> None:
    journal = _read(stage / REDO)
    try:
        _redo(out, stage, journal)
    except BaseException:
        os.replace(stage / REDO, stage / UNDO)
        _undo(out, stage, journal)
        _discard(stage, UNDO)
        raise
    _discard(stage, REDO)


def _redo(out: Path, stage: Path, journal: Journal) -> None:
    """Each step may have been done before: a kill leaves the rest to the next run."""
    for path in journal.replace:
        if (stage / "new" / path).exists():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(stage / "new" / path, out / path)
    for path in journal.remove:
        _remove(out, path)
    for folder in {(out / path).parent for path in (*journal.replace, *journal.remove)}:
        _sync(folder)


def _undo(out: Path, stage: Path, journal: Journal) -> None:
    for path in (*journal.replace, *journal.remove):
        old = stage / "old" / path
        untouched = path in journal.remove and (out / path).exists()
        if untouched or (stage / "new" / path).exists():
            continue  # what refused the new file would refuse the old one
        if old.exists():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            os.replace(old, out / path)
        elif path in journal.replace:
            (out / path).unlink(missing_ok=True)
    _remove_folders([out / folder for folder in journal.folders])


# -- after a kill -------------------------------------------------------------------------


def interrupted(out: Path) -> str | None:
    """What a run that was killed has left, in words; None when there is nothing."""
    stage = out / STAGE
    if not os.path.lexists(stage):
        return None
    if not (stage / REDO).is_file():
        return "an igla-gen gen was stopped before it changed anything"
    journal = _read(stage / REDO)
    left = sum((stage / "new" / path).exists() for path in journal.replace)
    return f"an igla-gen gen was stopped with {left} of {len(journal.replace)} files still to be put in place"


def recover(out: Path, *, force: bool) -> str | None:
    """Finishes or discards what a killed run has left; says which.

    Raises:
        WriteError: a file was changed since the kill, and finishing would overwrite it.
    """
    stage = out / STAGE
    if not os.path.lexists(stage):
        return None
    if stage.is_symlink() or not stage.is_dir():
        raise WriteError(f"{stage}: stands in the way of igla-gen's own folder; move it")
    if (stage / UNDO).exists():
        _undo(out, stage, _read(stage / UNDO))
        _discard(stage, UNDO)
        return "restored the files of before an interrupted igla-gen gen"
    if not (stage / REDO).exists():
        _discard(stage, REDO)
        return "removed what an interrupted igla-gen gen had staged; it had changed nothing"
    journal = _read(stage / REDO)
    if not force:
        _refuse_changed(out, stage, journal)
    _redo(out, stage, journal)
    _discard(stage, REDO)
    return "completed an interrupted igla-gen gen"


def _refuse_changed(out: Path, stage: Path, journal: Journal) -> None:
    for path in journal.replace:
        staged = stage / "new" / path
        if staged.exists() and _digest(out / path) not in (
            _digest(staged),
            _digest(stage / "old" / path),
        ):
            raise WriteError(
                f"{out / path}: changed since an igla-gen gen was interrupted; "
                "save your change, then finish with igla-gen gen --force"
            )


# -- small steps --------------------------------------------------------------------------


def _put(path: Path, text: str) -> None:
    """Writes a file and waits until the disk has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _keep_mode(old: Path, new: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        new.chmod(stat.S_IMODE(old.stat().st_mode))


def _copy(source: Path, target: Path) -> None:
    """With times and mode; no hard link, which an editor that writes in place would change too."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _remove(out: Path, path: str) -> None:
    """Removes a stale file, what Python cached of it, and the folders that it leaves empty."""
    target = out / path
    target.unlink(missing_ok=True)
    cache = target.parent / CACHE
    if target.suffix == ".py" and cache.is_dir():
        for compiled in cache.glob(f"{target.stem}.*.pyc"):
            compiled.unlink(missing_ok=True)
    parent = target.parent
    while parent != out and parent.is_dir():
        _remove_folders([parent / CACHE])
        if any(parent.iterdir()):
            return
        parent.rmdir()
        parent = parent.parent


def _missing_folders(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist yet, outermost first."""
    missing = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    return missing


def _remove_folders(folders: list[Path]) -> None:
    """Removes those of the folders that are there and empty, innermost first."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _discard(stage: Path, journal: str) -> None:
    """The journal goes first: without it the rest means nothing."""
    (stage / journal).unlink(missing_ok=True)
    shutil.rmtree(stage)


def _sync(folder: Path) -> None:
    """Waits until the disk has the names in a folder; where folders cannot be opened, it trusts."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)


def _read(path: Path) -> Journal:
    """What a journal says; whoever wrote it, it names nothing outside the output folder.

    Raises:
        WriteError: it is none of igla-gen's.
    """
    try:
        data = json.loads(path.read_text("utf-8"))
        journal = Journal(**{name: tuple(value) for name, value in data.items()})
        for name in (*journal.replace, *journal.remove, *journal.folders):
            refuse_outside(name)
            if any((path.parent.parent / part).is_symlink() for part in Path(name).parents if part.parts):
                raise ValueError(f"{name!r} lies behind a symbolic link")
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise WriteError(
            f"{path} cannot be read ({error}); delete {path.parent}, then run igla-gen gen again"
        ) from error
    return journal


def _digest(path: Path) -> str | None:
    try:
        return digest(path.read_bytes().decode("utf-8", errors="replace"))
    except OSError:
        return None
