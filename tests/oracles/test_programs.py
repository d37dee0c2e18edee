"""The programs of the generated library, each in a process of its own, beside what a shell does to them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SHARED = {"igla.recipes.bitnet", "igla.recipes.igla_1_5b", "igla.recipes.medium"}  # as quickstart


def programs() -> list[str]:
    """Modules that say how they are called."""
    texts = {path: path.read_text("utf-8") for path in sorted((ROOT / "generated" / "igla").rglob("*.py"))}
    named = (re.search(r'prog="python -m (igla[\w.]+)"', text) for text in texts.values())
    return sorted({name[1] for name in named if name} - SHARED)


def ended(program: str, output: int) -> tuple[int, str]:
    """Exit status and errors of --help, printed to a file descriptor, which is closed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "generated")}
    environment.pop("PYTHONUNBUFFERED", None)  # argparse would not say what it could not print
    done = subprocess.run(
        [sys.executable, "-m", program, "--help"], stdout=output, stderr=subprocess.PIPE, text=True,
        env=environment, timeout=300,
    )  # fmt: skip
    os.close(output)
    return done.returncode, done.stderr


def test_there_are_programs() -> None:
    assert {"igla.recipes.quickstart", "igla.export.gguf", "igla.data.pipeline"} <= set(programs())


@pytest.mark.parametrize("program", programs())
def test_output_that_is_refused_ends_without_a_traceback(program: str) -> None:
    """Nobody reads, as after head and in a pager that is left; the disk is full."""
    reading, writing = os.pipe()
    os.close(reading)
    assert ended(program, writing) == (1, "")
    full = ended(program, os.open("/dev/full", os.O_WRONLY))
    assert full == (1, "error: [Errno 28] No space left on device\n")
