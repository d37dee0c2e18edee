"""The layout of generated files: ruff's, for all of them in one run, with no settings but these."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

FORMATTER = "ruff"  # pinned: its layout is part of the output
_SETTINGS = ("--isolated", "--no-cache", "--line-length=100", "--target-version=py311")
_PLACE = re.compile(r"(\d+)\.py:\d+:\d+: (.*)")


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
    from ruff import find_ruff_bin

    if not texts:
        return []
    with TemporaryDirectory(prefix="igla-gen-") as name:
        files = [Path(name) / f"{index}.py" for index in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_bytes(text.encode())
        try:
            command = [find_ruff_bin(), "format", *_SETTINGS, name]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            message = f"ruff cannot be run ({error}); pip install ruff=={formatter_version()}"
            raise FormatError(None, message) from error
        if done.returncode:
            raise _fault(done.stderr.strip())
        return [file.read_bytes().decode() for file in files]


def _fault(said: str) -> FormatError:
    places = sorted((int(index), reason) for index, reason in _PLACE.findall(said))
    return FormatError(*places[0]) if places else FormatError(None, f"ruff format: {said}")
