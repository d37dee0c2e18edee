"""How long the commands of igla-gen take: `check`, a full cold `gen`, a `gen` with nothing to do.

    python benchmarks/compiler_speed.py [--repeat 5]

Prints the median and the range of wall-clock seconds of whole processes, interpreter start included.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def seconds(arguments: list[str], folder: Path) -> float:
    """Wall-clock seconds of one igla-gen process; a failure stops the benchmark."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "igla_gen", *arguments]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=5, help="processes for each figure")
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "specs", folder / "specs")
        rows: dict[str, list[float]] = {"check specs/": [], "gen, cold": [], "gen, nothing to do": []}
        for _ in range(repeat):
            rows["check specs/"].append(seconds(["check", "specs"], folder))
            shutil.rmtree(folder / "generated", ignore_errors=True)
            shutil.rmtree(folder / ".igla-gen", ignore_errors=True)
            rows["gen, cold"].append(seconds(["gen"], folder))
            rows["gen, nothing to do"].append(seconds(["gen"], folder))
    for label, found in rows.items():
        median = statistics.median(found)
        print(f"{label:20} {median:6.2f} s  ({min(found):.2f} to {max(found):.2f}, {repeat} runs)")


if __name__ == "__main__":
    main()
