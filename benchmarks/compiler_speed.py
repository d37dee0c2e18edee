"""How long igla-gen takes, and how fast it reads documents beside PyYAML.

    python benchmarks/compiler_speed.py [--repeat 5]

Commands are whole processes, interpreter start included, each in a folder of its own with nothing
cached but the bytecode of Python, which is written at the first start; the median and the range of
wall-clock seconds are printed beside the budget. The parse rate is that of our parser and of PyYAML's
pure-Python SafeLoader on the same texts, in turns, in one process: of the specs here, and of texts in
the manner of the public `.vibee` files.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from igla_gen.syntax import parse_document

ROOT = Path(__file__).resolve().parent.parent
CHANGED = Path("specs") / "architecture" / "normalization.vibee"
BUDGETS = {
    "check specs/, cold": 0.6,
    "gen, cold": 10.0,
    "gen, nothing to do": 0.6,
    "gen, one spec changed": 1.0,
}  # seconds, on two idle cores


def seconds(arguments: list[str], folder: Path) -> float:
    """Wall-clock seconds of one igla-gen process; a failure stops the benchmark."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "igla_gen", *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def change(spec: Path, number: int) -> None:
    """Another description, so that what the spec becomes differs."""
    lines = spec.read_text("utf-8").split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith("description:"))
    lines[at] = f"description: Normalisation, changed {number} times."
    spec.write_text("\n".join(lines), encoding="utf-8")


def command_times(repeat: int) -> dict[str, list[float]]:
    """Seconds of each command, `repeat` times each."""
    times: dict[str, list[float]] = {label: [] for label in BUDGETS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "specs", folder / "specs")
        for number in range(repeat):
            for made in ("generated", ".igla-gen"):
                shutil.rmtree(folder / made, ignore_errors=True)
            times["check specs/, cold"].append(seconds(["check", "specs"], folder))
            times["gen, cold"].append(seconds(["gen"], folder))
            times["gen, nothing to do"].append(seconds(["gen"], folder))
            change(folder / CHANGED, number + 1)
            times["gen, one spec changed"].append(seconds(["gen"], folder))
    return times


def ancestor_like(number: int) -> str:
    """A document in the manner of the public files: header, types, many behaviours in prose."""
    types = "".join(
        f"  Record{i}:\n    fields:\n      name{i}: String\n      values: List<Float>\n      limit: Option<Int>\n"
        for i in range(4)
    )
    behaviors = "".join(
        f'  - name: step_{i}\n    given: "Input {i}"\n    when: Processing part {i}\n'
        f"    then: Returns φ^{i} * {number}\n"
        "    test_cases:\n      - name: first\n        input: {value: 1, flag: true}\n"
        "        expected: [1, 2.5, null]\n"
        for i in range(8)
    )
    return (
        f'# sample {number}\nname: sample_{number}\nversion: "{number}.0.0"\nlanguage: zig\nmodule: sample\n\n'
        f"constants:\n  phi: 1.618033988749895\n\ntypes:\n{types}\nbehaviors:\n{behaviors}"
    )


def parse_rates(texts: list[str], repeat: int) -> tuple[float, float]:
    """Megabytes a second of our parser and of PyYAML, the best of `repeat` turns each."""
    size = sum(len(text.encode()) for text in texts) / 1e6

    def rate(read: Callable[[str], object]) -> float:
        start = time.perf_counter()
        for text in texts:
            read(text)
        return size / (time.perf_counter() - start)

    ours, theirs = [], []
    for _ in range(repeat):
        ours.append(rate(lambda text: parse_document(text, "x")))
        theirs.append(rate(lambda text: yaml.load(text, Loader=yaml.SafeLoader)))
    return max(ours), max(theirs)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5, help="runs for each figure (default: 5)")
    repeat = parser.parse_args().repeat
    print(f"seconds of a process, median (range) of {repeat} runs, and the budget")
    for label, found in command_times(repeat).items():
        median = statistics.median(found)
        verdict = "" if median < BUDGETS[label] else "  OVER"
        print(
            f"  {label:24} {median:6.2f}  ({min(found):.2f} to {max(found):.2f})  < {BUDGETS[label]:g}{verdict}"
        )
    specs = [path.read_text("utf-8") for path in sorted((ROOT / "specs").rglob("*.vibee"))]
    print(f"parse rate, MB/s, best of {repeat}")
    for label, texts in (
        ("specs/", specs),
        ("ancestor-like", [ancestor_like(i) for i in range(40)]),
    ):
        ours, theirs = parse_rates(texts, repeat)
        print(
            f"  {label:16} igla-gen {ours:5.2f}   PyYAML {theirs:5.2f}   ratio {ours / theirs:.1f}"
        )


if __name__ == "__main__":
    main()
