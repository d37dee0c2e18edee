"""Mutation run (mutmut) over generated modules, each with its own generated tests alone.

    python tests/mutation.py                                 every module
    python tests/mutation.py architecture/attention          one, or several
    python tests/mutation.py --at-least 95                   the kill rate to insist on, in percent

mutmut changes one operator, number, string, condition or argument at a time and runs the tests that reach it. A mutant
that no test notices has survived. For each module the kill rate is printed, then each survivor as a
difference; the exit code is 1 if a module stays below the rate. The copies that mutmut needs lie in out/mutation/.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "generated"
WORK = ROOT / "out" / "mutation"
RATE = 85.0  # percent
SPINNER = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
# How the tests of a mutant end, by mutmut's exit codes; whatever is in neither set survived.
FAILED = {1, 3}  # a test failed; pytest itself broke
STUCK = {-24, 24, 36, 152, 255}  # killed at the time limit: the mutant loops or waits for ever
# tests of where a warning points are left out: mutmut's own frame stands between module and caller
SETTINGS = """\
[tool.mutmut]
source_paths = ["igla"]
only_mutate = ["igla/{module}.py"]
pytest_add_cli_args_test_selection = ["tests"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "--import-mode=importlib", "-k", "not line_of_the_caller"]
use_git_change_detection = false
process_isolation = "forkserver"
"""


@dataclass(frozen=True)
class Outcome:
    """How the mutants of one module fared."""

    module: str
    mutants: int
    stuck: int
    survivors: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Percent of the mutants that a test noticed."""
        return 100 * (self.mutants - len(self.survivors)) / self.mutants


def modules() -> list[str]:
    """Every generated module that has tests, as `folder/name`."""
    tests = (GENERATED / "tests").rglob("test_*.py")
    return sorted(
        f"{path.parent.relative_to(GENERATED / 'tests')}/{path.stem.removeprefix('test_')}"
        for path in tests
    )


def settle(module: str) -> Path:
    """A folder of its own with all modules, the tests of this one, and mutmut's settings."""
    folder, _, name = module.rpartition("/")
    place = WORK / module
    shutil.rmtree(place, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(GENERATED / "igla", place / "igla", ignore=ignore)
    (place / "tests" / folder).mkdir(parents=True)
    for test in (f"{folder}/test_{name}.py", "conftest.py"):
        if (GENERATED / "tests" / test).exists():
            shutil.copy(GENERATED / "tests" / test, place / "tests" / test)
    (place / "pyproject.toml").write_text(SETTINGS.format(module=module), encoding="utf-8")
    return place


def mutmut(place: Path, *arguments: str) -> str:
    """What `mutmut ARGUMENTS` says; stops the run where it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if result.returncode:
        said = (result.stdout + result.stderr).split("\n")
        last = "\n".join(line for line in said if not line.lstrip("\r").startswith(SPINNER))[-2000:]
        sys.exit(f"mutmut {' '.join(arguments)} failed in {place}:\n{last}")
    return result.stdout


def run(module: str, jobs: int) -> Outcome:
    """Every mutant of the module against the module's tests."""
    place = settle(module)
    mutmut(place, "run", "--max-children", str(jobs))
    facts = json.loads((place / "mutants" / "igla" / f"{module}.py.meta").read_text("utf-8"))
    codes: dict[str, int | None] = facts["exit_code_by_key"]
    unknown = [name for name, code in codes.items() if code is None]
    if not codes or unknown:
        sys.exit(f"{module}: {len(unknown)} of {len(codes)} mutants have no result")
    stuck = sum(code in STUCK for code in codes.values())
    survivors = sorted(name for name, code in codes.items() if code not in FAILED | STUCK)
    return Outcome(module, len(codes), stuck, tuple(survivors))


def show(outcome: Outcome) -> None:
    for name in outcome.survivors:
        print(mutmut(WORK / outcome.module, "show", name).rstrip(), end="\n\n")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help="such as architecture/attention; default: all")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--at-least", type=float, default=RATE, help=f"percent (default: {RATE})")
    parser.add_argument("--quiet", action="store_true", help="do not show the survivors")
    options = parser.parse_args()
    known = modules()
    for module in options.modules:
        if module not in known:
            sys.exit(f"{module}: no such generated module; there are {', '.join(known)}")
    outcomes = []
    for module in options.modules or known:
        outcome = run(module, options.jobs)
        outcomes.append(outcome)
        killed = outcome.mutants - len(outcome.survivors)
        stuck = f"  ({outcome.stuck} by the time limit)" if outcome.stuck else ""
        print(
            f"{module:28} {killed:5} of {outcome.mutants:5} killed  {outcome.rate:5.1f} %{stuck}",
            flush=True,
        )
    if not options.quiet:
        for outcome in outcomes:
            show(outcome)
    low = [outcome.module for outcome in outcomes if outcome.rate < options.at_least]
    if low:
        sys.exit(f"below {options.at_least:g} %: {', '.join(low)}")


if __name__ == "__main__":
    main()
