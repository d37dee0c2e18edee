"""Puts new text in place of a file's, whole or not at all, and shows what would change."""

from __future__ import annotations

import difflib
import os
import re
import tempfile
from pathlib import Path


class RewriteError(ValueError):
    """A file cannot be replaced; it is as it was."""


def replace_file(path: Path, text: str) -> None:
    """The file with the new text and its old mode, or a new one; a link keeps pointing where it points.

    Raises:
        RewriteError: the folder or the disk refuses.
    """
    target = path.resolve()
    try:
        mode = target.stat().st_mode & 0o7777 if target.exists() else _new_mode()
        handle, staged = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
            os.chmod(staged, mode)
            os.replace(staged, target)
        except BaseException:
            os.unlink(staged)
            raise
    except OSError as error:
        raise RewriteError(
            f"{path}: cannot be written ({error.strerror}); it is as it was"
        ) from error


def _new_mode() -> int:
    """What the system would give a new file."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def unified_diff(shown: str, before: str, after: str) -> str:
    """What changes in a file, as `diff -u` and git show it; CR and a byte order mark are spelled out."""
    pair = [re.findall(r"[^\n]*\n|[^\n]+", _visible(text)) for text in (before, after)]
    lines = difflib.unified_diff(*pair, fromfile=shown, tofile=shown)
    end = "\n\\ No newline at end of file\n"
    return "".join(line if line.endswith("\n") else line + end for line in lines)


def _visible(text: str) -> str:
    return text.replace("\r", "\\r").replace("\ufeff", "\\ufeff")
