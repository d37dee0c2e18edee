"""The layout of generated files, ruff's with no settings but these, and the names in them that nothing defines."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

FORMATTER = "ruff"  # pinned: its layout is part of the output
_SETTINGS = ("--isolated", "--no-cache", "--line-length=100", "--target-version=py311")
_PLACE = re.compile(r"(\d+)\.py:\d+:\d+: (.*)")
_UNDEFINED = re.compile(r"(\d+)\.py:(\d+):\d+: F821 .*`(.+)`")


class FormatError(ValueError):
    """Texts that cannot be formatted; `index` is that of the first one that is not Python, if one is not."""

    def __init__(self, index: int | None, message: str) -> None:
        super().__init__(message)
        self.index = index


def formatter_version() -> str:
    return version(FORMATTER)


def formatted(texts: Sequence[str]) -> list[str]:
    """The same Python as ruff lays it out.

    Raises:
        FormatError: one of the texts is not Python, or ruff cannot be run.
    """
    if not texts:
        return []
    with _files(texts) as files:
        done = _ruff("format", *_SETTINGS, files[0].parent)
        if done.returncode:
            raise _fault(done.stderr.strip())
        return [file.read_bytes().decode() for file in files]


def undefined_names(texts: Sequence[str]) -> list[tuple[int, int, str]]:
    """Index of the text, line and name of each name that is read and that nothing there defines.

    Raises:
        FormatError: ruff cannot be run.
    """
    if not texts:
        return []
    with _files(texts) as files:
        settings = ("--isolated", "--no-cache", "--target-version=py311", "--output-format=concise")
        done = _ruff("check", *settings, "--select=F821", files[0].parent)
    found = _UNDEFINED.findall(done.stdout)
    return sorted((int(index), int(line), name) for index, line, name in found)


@contextmanager
def _files(texts: Sequence[str]) -> Iterator[list[Path]]:
    with TemporaryDirectory(prefix="igla-gen-") as name:
        files = [Path(name) / f"{index}.py" for index in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_bytes(text.encode())
        yield files


def _ruff(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    from ruff import find_ruff_bin

    try:
        return subprocess.run(
            [find_ruff_bin(), *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        message = f"ruff cannot be run ({error}); pip install ruff=={formatter_version()}"
        raise FormatError(None, message) from error


def _fault(said: str) -> FormatError:
    places = sorted((int(index), reason) for index, reason in _PLACE.findall(said))
    return FormatError(*places[0]) if places else FormatError(None, f"ruff format: {said}")
