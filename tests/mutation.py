"""Mutation run (mutmut) over generated modules, each with its own generated tests alone.

    python tests/mutation.py                                 every module
    python tests/mutation.py architecture/attention          one, or several
    python tests/mutation.py --at-least 95                   the kill rate to insist on, in percent
    python tests/mutation.py --sample 600 recipes/quickstart  of a module of thousands: so many, drawn at random
    python tests/mutation.py --fresh                         forget what earlier runs found

mutmut changes one operator, number, string, condition or argument at a time and runs the tests that reach it. A mutant
that no test notices has survived. For each module the kill rate is printed, then each survivor as a
difference; the exit code is 1 if a module stays below the rate. A sample has the rate of all in its interval (Wilson's,
95 %), whose lower end must reach what is insisted on; a larger sample contains the smaller ones. The copies that mutmut
needs lie in out/mutation/, with the results: an interrupted run goes on where it was, and a module is measured anew
only when a file has changed that its tests can reach.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from scipy.stats import binomtest

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ROOT / "generated"
WORK = ROOT / "out" / "mutation"
RATE = 85.0  # percent
SPINNER = tuple("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
# How the tests of a mutant end, by mutmut's exit codes; whatever is in neither set survived.
FAILED = {1, 3}  # a test failed; pytest itself broke
STUCK = {-24, 24, 36, 152, 255}  # killed at the time limit: the mutant loops or waits for ever
# Tests of where a warning points are left out, and those that compile: mutmut's own frame stands between module and
# caller. Without the two plugins pytest does not collect garbage five times over after each mutant, which takes longer
# than most tests.
# mutmut's own limit counts time on the clock, of which a busy machine gives little: it is left to mutants that wait,
# such as one that looks for ranks that nobody started.
SETTINGS = """\
[tool.mutmut]
source_paths = ["igla"]
only_mutate = ["igla/{module}.py"]
pytest_add_cli_args_test_selection = ["tests"]
pytest_add_cli_args = [
  "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception",
  "--import-mode=importlib", "-k", "not line_of_the_caller and not graph_breaks and not compiled_training",
]
use_git_change_detection = false
process_isolation = "forkserver"
timeout_multiplier = 20.0
"""
PLUGIN = '''\
"""Each mutant is a fork that dies in the first test that notices it: what forks share, and what runs first, is time."""

import importlib
import inspect
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from mutmut.state import state

# tyro reads the docstrings of a class from its source; of a module with all its mutants that takes a second a class
inspect.getsource = cache(inspect.getsource)
NEEDED = Path("modules.json")  # what the tests import, some of it late and slowly, as torch does with its compiler
MEASURED = Path("mutmut-stats.json")

if NEEDED.is_file():
    for name in json.loads(NEEDED.read_text("utf-8")):
        with suppress(Exception):
            importlib.import_module(name)
    for value in vars(sys.modules["SUBJECT"]).values():
        if isinstance(value, type) and value.__module__ == "SUBJECT":
            with suppress(OSError):  # a class may be made without a source
                inspect.getsource(value)


def pytest_sessionfinish():
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        NEEDED.write_text(json.dumps(list(sys.modules)), encoding="utf-8")


def pytest_collection_modifyitems(items):
    if not MEASURED.is_file():
        return
    durations = json.loads(MEASURED.read_text("utf-8"))["duration_by_test"]
    items.sort(key=lambda item: durations.get(item.nodeid, 0.0))
    if "__mutmut_" in os.environ.get("MUTANT_UNDER_TEST", ""):
        seconds = 10 * (1 + sum(durations.get(item.nodeid, 0.0) for item in items))
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds), hard))


# What runs in processes of its own is noted in a file: they may die before they could hand anything over.
NOTES = Path("notes.txt").absolute()
NOTING = f"""
from mutmut.state import state
class Notes(set):
    def add(self, name):
        if name not in self:
            super().add(name)
            with open({str(NOTES)!r}, "a") as notes:
                notes.write(name + chr(10))
state()._stats = Notes()
"""


class _NotingPopen(subprocess.Popen):
    def __init__(self, args, *others, **settings):
        if isinstance(args, list) and args[:2] == [sys.executable, "-c"]:
            args = [*args[:2], f"exec({NOTING!r}); {args[2]}", *args[3:]]
        super().__init__(args, *others, **settings)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item, nextitem):
    if NOTES.is_file():
        state()._stats.update(NOTES.read_text("utf-8").split())
        NOTES.unlink()


if os.environ.get("MUTANT_UNDER_TEST") == "stats":
    subprocess.Popen = _NotingPopen
'''

# The server that ranks are forked from is one for all mutants: to start one takes longer than most tests. It knows no
# mutant, so that a rank has to be told from its beginning. What it runs lies where it can be imported by name.
RANK = '''\
"""A rank of the mutant under test."""

import os

from igla.distributed import ranks

_run_rank = ranks._run_rank


def run_rank(mutant, noting, *arguments):
    os.environ["MUTANT_UNDER_TEST"] = mutant
    if mutant == "stats":
        exec(noting)
    _run_rank(*arguments)
'''
RANKS = """

from functools import partial
from multiprocessing import forkserver, get_context

from igla import rank_of_mutant
from igla.distributed import ranks


class _RankOfMutant:
    \"\"\"Stands for the function of a rank; what a new process is sent names the mutant of the moment.\"\"\"

    def __reduce__(self):
        return partial, (rank_of_mutant.run_rank, os.environ.get("MUTANT_UNDER_TEST", ""), NOTING)


ranks._run_rank = _RankOfMutant()


def _noted(place, arguments):
    exec(NOTING)
    return ranks._load_function(*place)(*arguments)


def _noting(run_ranks):
    def run(function, world_size, arguments=(), **limits):
        if function is None:  # refused
            return run_ranks(function, world_size)
        place = (inspect.getfile(function), function.__module__, function.__name__)
        return run_ranks(_noted, world_size, (place, tuple(arguments)), **limits)

    return run


if os.environ.get("MUTANT_UNDER_TEST") == "stats":
    ranks.run_ranks = _noting(ranks.run_ranks)
elif NEEDED.is_file():
    loaded = [name for name in sys.modules if name == "pytest" or name.startswith("igla.")]
    get_context("forkserver").set_forkserver_preload(ranks._PRELOADED + loaded)
    forkserver.ensure_running()
    forkserver._forkserver.ensure_running = lambda: None  # a fork cannot ask after its parent's child
"""


@dataclass(frozen=True)
class Outcome:
    """How the mutants of one module fared: all of them, or a sample."""

    module: str
    mutants: int
    of: int  # as many as the module has
    stuck: int
    survivors: tuple[str, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Percent of the mutants that a test noticed."""
        return 100 * (self.mutants - len(self.survivors)) / self.mutants

    @property
    def interval(self) -> tuple[float, float]:
        """Percent between which the rate of all mutants lies: Wilson's interval of 95 %."""
        if self.mutants == self.of:
            return self.rate, self.rate
        killed = binomtest(self.mutants - len(self.survivors), self.mutants)
        low, high = killed.proportion_ci(0.95, method="wilson")
        return 100 * low, 100 * high


def modules() -> list[str]:
    """Every generated module that has all of its tests, as `folder/name`."""
    tests = (GENERATED / "tests").rglob("test_*.py")
    names = sorted(
        f"{path.parent.relative_to(GENERATED / 'tests')}/{path.stem.removeprefix('test_')}"
        for path in tests
    )
    return [name for name in names if not is_tested_elsewhere(name)]


def is_tested_elsewhere(module: str) -> bool:
    """Whether another module of the same blueprint has the tests of the program."""
    blueprint = stated("blueprint", f"igla.{module.replace('/', '.')}")
    tested_by = stated("tested_by", blueprint) if blueprint else None
    return tested_by not in (None, f"igla.{module.replace('/', '.')}")


def stated(key: str, module: str) -> str | None:
    """The module that a key of this module's spec names."""
    spec = ROOT / "specs" / f"{module.removeprefix('igla.').replace('.', '/')}.vibee"
    text = spec.read_text("utf-8") if spec.is_file() else ""
    found = re.search(rf"^{key}: (\S+)$", text, re.MULTILINE)
    return found[1] if found else None


def imported(source: str) -> Iterator[str]:
    """Every name that the source imports, or may import if it is a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def reachable(module: str) -> dict[str, str]:
    """The module's tests and every generated module that they import, directly or not: path and text."""
    folder, _, name = module.rpartition("/")
    waiting = [f"tests/{folder}/test_{name}.py", "tests/conftest.py", f"igla/{module}.py"]
    found: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        if path in found or not (GENERATED / path).is_file():
            continue
        found[path] = (GENERATED / path).read_text("utf-8")
        parts = [name.split(".") for name in imported(found[path]) if name.split(".")[0] == "igla"]
        for names in parts:
            waiting += [f"{'/'.join(names[:n])}/__init__.py" for n in range(1, len(names) + 1)]
            waiting.append(f"{'/'.join(names)}.py")
    return found


def results(place: Path, module: str) -> dict[str, int | None]:
    """Exit code of the tests by mutant; none where a run has not come to it, nothing before the first run."""
    try:
        text = (place / "mutants" / "igla" / f"{module}.py.meta").read_text("utf-8")
        return json.loads(text)["exit_code_by_key"]
    except (FileNotFoundError, json.JSONDecodeError):  # the second: killed while it wrote
        return {}


def settle(module: str, fresh: bool = False) -> Path:
    """A folder with all that the tests reach and mutmut's settings; the one that is there if nothing has changed."""
    place = WORK / module
    files = reachable(module)
    subject = f"igla.{module.replace('/', '.')}"
    files["pyproject.toml"] = SETTINGS.format(module=module)
    plugin = PLUGIN
    if "igla/distributed/ranks.py" in files:
        plugin += RANKS
        files["igla/rank_of_mutant.py"] = RANK
    files[f"tests/{module.rpartition('/')[0]}/conftest.py"] = plugin.replace("SUBJECT", subject)
    text = json.dumps([version("mutmut"), sorted(files.items())])
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    note = place / "fingerprint"
    unchanged = note.is_file() and note.read_text("utf-8") == fingerprint
    if unchanged and not fresh and results(place, module):
        return place
    shutil.rmtree(place, ignore_errors=True)
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_text(content, encoding="utf-8")
    note.write_text(fingerprint, encoding="utf-8")
    return place


def generate(place: Path, module: str) -> None:
    """Makes the mutants and measures the tests. mutmut does so before it finds that no mutant has this name."""
    if not results(place, module):
        with suppress(SystemExit):
            mutmut(place, "run", "none")


def drawn(names: Iterable[str], number: int) -> list[str]:
    """So many of the names, always the same; a larger number adds to a smaller one's."""
    shuffled = sorted(names)
    random.Random(0).shuffle(shuffled)
    return shuffled[:number]


def mutmut(place: Path, *arguments: str) -> str:
    """What `mutmut ARGUMENTS` says; stops the run where it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the generated tests need none
    result = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=place, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    if result.returncode:
        said = (result.stdout + result.stderr).split("\n")
        last = "\n".join(line for line in said if not line.lstrip("\r").startswith(SPINNER))[-2000:]
        sys.exit(f"mutmut {' '.join(arguments)} failed in {place}:\n{last}")
    return result.stdout


def spent() -> float:
    """Seconds of processor time in the processes that have ended: on a busy machine the clock says little."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run(module: str, jobs: int, fresh: bool = False, sample: int | None = None) -> Outcome:
    """Every mutant of the module, or a sample of them, against the module's tests."""
    place = settle(module, fresh)
    clock = place / "seconds"
    seconds = float(clock.read_text("utf-8")) if clock.is_file() else 0.0
    start = spent()
    try:
        if sample is not None:
            generate(place, module)
        names, waiting = chosen(place, module, sample)
        if waiting or not names:
            mutmut(place, "run", "--max-children", str(jobs), *(waiting if sample else ()))
    finally:
        seconds += spent() - start
        clock.write_text(str(seconds), encoding="utf-8")
    codes = results(place, module)
    names, waiting = chosen(place, module, sample)
    if waiting or not names:
        sys.exit(f"{module}: {len(waiting)} of {len(codes)} mutants have no result")
    stuck = sum(codes[name] in STUCK for name in names)
    survivors = sorted(name for name in names if codes[name] not in FAILED | STUCK)
    return Outcome(module, len(names), len(codes), stuck, tuple(survivors), seconds)


def chosen(place: Path, module: str, sample: int | None) -> tuple[list[str], list[str]]:
    """The mutants to judge, and those among them that have no result yet."""
    codes = results(place, module)
    names = list(codes) if sample is None else drawn(codes, sample)
    return names, [name for name in names if codes[name] is None]


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
    parser.add_argument("--fresh", action="store_true", help="measure every mutant again")
    parser.add_argument(
        "--sample", type=positive, metavar="N", help="so many mutants of each module (default: all)"
    )
    parser.add_argument("--quiet", action="store_true", help="do not show the survivors")
    options = parser.parse_args()
    known = modules()
    for module in options.modules:
        if module not in known:
            sys.exit(f"{module}: no such generated module; there are {', '.join(known)}")
    outcomes = []
    for module in options.modules or known:
        outcome = run(module, options.jobs, options.fresh, options.sample)
        outcomes.append(outcome)
        killed = outcome.mutants - len(outcome.survivors)
        stuck = f"  ({outcome.stuck} by the time limit)" if outcome.stuck else ""
        sampled = ""
        if outcome.mutants < outcome.of:
            low, high = outcome.interval
            sampled = f"  (a sample of {outcome.of}: between {low:.1f} and {high:.1f} %)"
        print(
            f"{module:28} {killed:5} of {outcome.mutants:5} killed  {outcome.rate:5.1f} %  "
            f"{outcome.seconds / 60:5.1f} min{stuck}{sampled}",
            flush=True,
        )
    if not options.quiet:
        for outcome in outcomes:
            show(outcome)
    below = [outcome.module for outcome in outcomes if outcome.interval[0] < options.at_least]
    if below:
        sys.exit(f"below {options.at_least:g} %: {', '.join(below)}")


def positive(text: str) -> int:
    """A number of mutants as given on the command line."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text}: not a number of mutants, such as 600")
    return int(text)


if __name__ == "__main__":
    main()
