"""Break generated modules one operator at a time, and see whether their own tests notice.

    python tests/mutants.py architecture/normalization          every mutant of one module
    python tests/mutants.py --limit 12                          a seeded sample of every module
    python tests/mutants.py architecture/decoder --list         show the mutants, run nothing
    python tests/mutants.py optimization/loss --toml            survivors as entries for mutants.toml

A mutant is one small change: an arithmetic, comparison or boolean operator, a number, True for False,
a removed `not`, a negated condition, an augmented assignment, min for max, a dropped `raise`, the constant of
a keyword argument. Docstrings, annotations, messages, `__all__` and `if __name__` blocks are left alone.

Nothing is written into generated/: each job has a shadow copy of it, first on the import path, so that
modules that depend on the mutated one see the mutant too. The libraries are imported once; each mutant
then runs in a fork, tests that were quick first, and stops at the first failure.

Mutants that no test can tell from the original are listed in tests/mutants.toml, each with its reason.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Each operator and what it may become; comparisons move their boundary and are negated.
BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
COMPARISON = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
EXTREMES = {
    "min": "max",
    "max": "min",
    "amin": "amax",
    "amax": "amin",
    "minimum": "maximum",
    "maximum": "minimum",
    "clamp_min": "clamp_max",
    "clamp_max": "clamp_min",
}
MESSAGE_CALLS = {"print", "warn", "debug", "info", "warning", "error", "exception", "report"}
MESSAGE_KEYWORDS = {
    "help",
    "desc",
    "unit",
    "title",
    "label",
    "description",
    "metavar",
    "linestyle",
    "color",
}
NEVER_PRELOADED = ("igla", "xllamacpp", "conftest", "test_", "pytest", "_pytest", "__main__")
EXIT_FOREIGN_MODULE = 97


# ---------------------------------------------------------------- 1. making mutants


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: where it is, the statement before and after, and the whole mutated source."""

    line: int
    function: str
    before: str
    after: str
    source: str


@dataclass
class Collector:
    """Walks a module and keeps one mutant for each replacement of each node."""

    text: str
    mutants: list[Mutant] = field(default_factory=list)
    scope: list[str] = field(default_factory=list)
    statement: ast.stmt | None = None
    anchor: ast.AST | None = None

    def collect(self) -> list[Mutant]:
        self.visit(ast.parse(self.text), None, "", None)
        return self.mutants

    def visit(self, node: ast.AST, parent: ast.AST | None, name: str, index: int | None) -> None:
        if is_left_alone(node, parent, name):
            return
        outer = (self.statement, self.anchor)
        if isinstance(node, ast.stmt):
            self.statement, self.anchor = node, None
        if isinstance(node, ast.JoinedStr) and self.anchor is None:
            self.anchor = node  # positions inside f-strings are not exact before Python 3.12
        named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named:
            self.scope.append(node.name)
        for new in replacements(node, parent, name):
            self.keep(node, new, parent, name, index)
        if not isinstance(node, ast.Raise):  # what a raise holds is its message
            for child, child_name, child_index in children(node):
                self.visit(child, node, child_name, child_index)
        if named:
            self.scope.pop()
        self.statement, self.anchor = outer

    def keep(
        self, old: ast.AST, new: ast.AST, parent: ast.AST, name: str, index: int | None
    ) -> None:
        anchor = self.anchor or old
        statement = self.statement if self.statement is not old else None
        before = head(statement or old)
        put(parent, name, index, new)
        fresh = new if anchor is old else anchor
        replaced = splice(self.text, anchor, fresh)
        after = head(statement or new)
        put(parent, name, index, old)
        if before == after:
            before, after = ast.unparse(old), ast.unparse(new)
        self.mutants.append(
            Mutant(
                line=old.lineno,
                function=".".join(self.scope) or "<module>",
                before=before,
                after=after,
                source=replaced,
            )
        )


def children(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield value, name, None
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield item, name, index


def put(parent: ast.AST, name: str, index: int | None, value: ast.AST) -> None:
    if index is None:
        setattr(parent, name, value)
    else:
        getattr(parent, name)[index] = value


def is_left_alone(node: ast.AST, parent: ast.AST | None, name: str) -> bool:
    """Annotations, docstrings and other bare strings, messages, __all__, and blocks that do not run on import."""
    if name in {"annotation", "returns", "type_params"} or isinstance(
        node, ast.Import | ast.ImportFrom
    ):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    if isinstance(parent, ast.Assert) and name == "msg":
        return True
    if isinstance(node, ast.Assign) and any(
        getattr(t, "id", "") == "__all__" for t in node.targets
    ):
        return True
    if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
        return True
    if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
        return True
    if isinstance(node, ast.keyword) and node.arg in MESSAGE_KEYWORDS:
        return True
    return isinstance(node, ast.Call) and called_name(node) in MESSAGE_CALLS


def called_name(node: ast.Call) -> str:
    return getattr(node.func, "id", None) or getattr(node.func, "attr", "")


def replacements(node: ast.AST, parent: ast.AST | None, name: str) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        yield changed(node, op=BINARY[type(node.op)]())
    elif isinstance(node, ast.Compare):
        yield from changed_comparisons(node)
    elif isinstance(node, ast.BoolOp):
        yield changed(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from changed_constants(node, parent)
    elif isinstance(node, ast.AugAssign):
        yield changed(node, op=BINARY[type(node.op)]())
        yield ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)
    elif isinstance(node, ast.Raise):
        yield ast.copy_location(ast.Pass(), node)
    elif isinstance(node, ast.Call):
        yield from changed_extremes(node)
    if is_condition(node, name) and not isinstance(
        node, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant
    ):
        yield ast.copy_location(ast.UnaryOp(op=ast.Not(), operand=node), node)


def is_condition(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.expr) and name in {"test", "ifs", "guard"}


def changed(node: ast.AST, **fields: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def changed_comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        for other in COMPARISON[type(operator)]:
            yield changed(node, ops=[*node.ops[:index], other(), *node.ops[index + 1 :]])


def changed_constants(node: ast.Constant, parent: ast.AST | None) -> Iterator[ast.AST]:
    value = node.value
    negated = isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub)
    if isinstance(value, bool):
        yield changed(node, value=not value)
    elif isinstance(value, int | float):
        for other in other_numbers(value):
            if not (negated and other == -value):  # the sign of -1 is removed with its operator
                yield changed(node, value=other)
    elif isinstance(value, str) and isinstance(parent, ast.keyword):
        yield changed(node, value=value + "_")


def other_numbers(value: int | float) -> list[int | float]:
    if value == 0:
        return [value + 1]
    is_large = isinstance(value, float) and abs(value) >= 1000  # one more would be lost in rounding
    raised = value * 2 if is_large else value + 1
    return [raised, value - 1, -value] if value == 1 else [raised, -value]


def changed_extremes(node: ast.Call) -> Iterator[ast.AST]:
    function = node.func
    if isinstance(function, ast.Name) and function.id in EXTREMES:
        yield changed(node, func=changed(function, id=EXTREMES[function.id]))
    if isinstance(function, ast.Attribute) and function.attr in EXTREMES:
        yield changed(node, func=changed(function, attr=EXTREMES[function.attr]))


def head(node: ast.AST) -> str:
    """A statement on one line; of a compound statement the part before its body."""
    bodies = {
        name: []
        for name in ("body", "orelse", "finalbody", "handlers", "cases")
        if hasattr(node, name)
    }
    new = changed(node, **bodies) if isinstance(node, ast.stmt) else node
    return " ".join(ast.unparse(new).split("\n"))


def splice(text: str, old: ast.AST, new: ast.AST) -> str:
    """The text with the segment of `old` replaced; all else, comments included, stays."""
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: old.lineno - 1])) + old.col_offset
    end = sum(map(len, lines[: old.end_lineno - 1])) + old.end_col_offset
    written = ast.unparse(new) if isinstance(new, ast.stmt) else f"({ast.unparse(new)})"
    whole = text.encode()
    return (whole[:start] + written.encode() + whole[end:]).decode()


# ---------------------------------------------------------------- 2. equivalent mutants


@dataclass(frozen=True, kw_only=True)
class Equivalent:
    """A change that no test can see, and why."""

    module: str
    function: str
    before: str
    after: str
    reason: str

    def matches(self, module: str, mutant: Mutant) -> bool:
        theirs = (module, mutant.function, mutant.before, mutant.after)
        return theirs == (self.module, self.function, self.before, self.after)


def read_equivalents(path: Path) -> list[Equivalent]:
    if not path.exists():
        return []
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", [])
    found = []
    for number, entry in enumerate(entries, 1):
        missing = {"module", "function", "before", "after", "reason"} - {
            k for k, v in entry.items() if v
        }
        if missing:
            sys.exit(f"{path}: entry {number} lacks {', '.join(sorted(missing))}")
        found.append(Equivalent(**entry))
    return found


# ---------------------------------------------------------------- 3. running tests in forks


@dataclass
class Slot:
    """A shadow copy of generated/, used by one fork at a time."""

    folder: Path

    @property
    def generated(self) -> Path:
        return self.folder / "generated"

    @property
    def report(self) -> Path:
        return self.folder / "report.json"

    @property
    def output(self) -> Path:
        return self.folder / "output.txt"


@dataclass
class Job:
    """One fork: its process, its limits and the mutant it holds (None: the untouched module)."""

    pid: int
    slot: Slot
    deadline: float
    mutant: Mutant | None
    status: int | None = None


class Order:
    """A pytest plugin: quick tests first, each within its time, and a report of durations and failures."""

    def __init__(self, durations: dict[str, float]) -> None:
        self.known = durations
        self.durations: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_collection_modifyitems(self, items: list) -> None:
        items.sort(key=lambda item: self.known.get(item.nodeid.split("::", 1)[-1], 0.0))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test that needs many times its own processor time is ended by SIGPROF, and the run with it."""
        known = self.known.get(nodeid.split("::", 1)[-1])
        if known is not None:
            signal.setitimer(signal.ITIMER_PROF, 2 + 5 * known)

    def pytest_runtest_logreport(self, report: object) -> None:
        test = report.nodeid.split("::", 1)[-1]
        self.durations[test] = self.durations.get(test, 0.0) + report.duration
        if report.failed:
            self.failed.append(test)


class Runner:
    """Forks test runs of one generated tree, at most `jobs` at a time."""

    def __init__(self, generated: Path, jobs: int, work: Path) -> None:
        self.slots = [Slot(work / f"job{number}") for number in range(jobs)]
        for slot in self.slots:
            shutil.copytree(
                generated, slot.generated, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )
            (slot.folder / "pytest.ini").write_text("[pytest]\n")
            (slot.folder / "cwd").mkdir()
        self.durations: dict[str, float] = {}
        self.cpu_limit = 600
        self.wall_limit = 600.0

    def baseline(self, module: str, source: str) -> float:
        """Run the untouched module twice: to learn what it imports, then how long it takes."""
        self.durations, self.cpu_limit, self.wall_limit = {}, 600, 600.0
        if "torch" in source + self.test_file(self.slots[0], module).read_text(encoding="utf-8"):
            preload(["torch"])
        for _ in range(2):
            started = time.monotonic()
            job = self.start(self.slots[0], module, source, None)
            self.wait([job])
            if job.status != 0:
                raise SystemExit(
                    f"{module}: its tests fail before any mutant\n{read_text(job.slot.output)}"
                )
            seconds = time.monotonic() - started
            report = json.loads(job.slot.report.read_text(encoding="utf-8"))
            preload(report["modules"])
            self.durations = report["durations"]
        self.cpu_limit = int(5 + 4 * report["cpu"])
        self.wall_limit = 30 + 20 * seconds
        return seconds

    def run(
        self, module: str, source: str, mutants: list[Mutant]
    ) -> Iterator[tuple[Mutant, bool, str]]:
        """Yield each mutant, whether it survived, and the test that killed it."""
        waiting, idle, running = list(reversed(mutants)), list(self.slots), []
        try:
            while waiting or running:
                while waiting and idle:
                    mutant = waiting.pop()
                    running.append(self.start(idle.pop(), module, mutant.source, mutant))
                for job in self.wait(running):
                    running.remove(job)
                    idle.append(job.slot)
                    yield job.mutant, job.status == 0, killer(job)
        finally:
            for job in running:  # stopped from outside: no fork is left behind
                end_group(job.pid)
        for slot in self.slots:
            self.module_file(slot, module).write_text(source, encoding="utf-8")

    def module_file(self, slot: Slot, module: str) -> Path:
        return slot.generated / "igla" / f"{module}.py"

    def test_file(self, slot: Slot, module: str) -> Path:
        group, _, name = module.rpartition("/")
        return slot.generated / "tests" / group / f"test_{name}.py"

    def start(self, slot: Slot, module: str, source: str, mutant: Mutant | None) -> Job:
        self.module_file(slot, module).write_text(source, encoding="utf-8")
        slot.report.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            self.child(slot, module)
        return Job(pid, slot, time.monotonic() + self.wall_limit, mutant)

    def child(self, slot: Slot, module: str) -> None:
        """In the fork: limits, silence, the shadow first on the path, pytest, and out without clean-up."""
        status = 70
        try:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            set_limits(self.cpu_limit)
            silence(slot.output)
            os.chdir(slot.folder / "cwd")
            sys.path.insert(0, str(slot.generated))
            os.environ["PYTHONPATH"] = os.pathsep.join(
                [str(slot.generated), os.environ.get("PYTHONPATH", "")]
            )
            status = self.run_pytest(slot, module)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def run_pytest(self, slot: Slot, module: str) -> int:
        import pytest

        order = Order(self.durations)
        options = [
            "-x",
            "-q",
            "--assert=plain",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "--tb=short",
        ]
        places = ["-c", str(slot.folder / "pytest.ini"), "--basetemp", str(slot.folder / "tmp")]
        status = int(
            pytest.main([*options, *places, str(self.test_file(slot, module))], plugins=[order])
        )
        loaded = sys.modules.get("igla." + module.replace("/", "."))
        if loaded is not None and not str(loaded.__file__).startswith(str(slot.generated)):
            return EXIT_FOREIGN_MODULE
        usage = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(
            resource.RUSAGE_CHILDREN
        )
        report = {
            "durations": order.durations,
            "failed": order.failed,
            "cpu": sum(part.ru_utime + part.ru_stime for part in usage),
            "modules": importable_modules(),
        }
        slot.report.write_text(json.dumps(report), encoding="utf-8")
        return status

    def wait(self, running: list[Job]) -> list[Job]:
        """Block until at least one of the jobs has ended; what runs over its time is ended here."""
        while True:
            for job in running:
                pid, status = os.waitpid(job.pid, os.WNOHANG)
                if pid == 0 and time.monotonic() > job.deadline:
                    end_group(job.pid)
                    pid, status = os.waitpid(job.pid, 0)
                if pid:
                    job.status = os.waitstatus_to_exitcode(status)
                    end_group(job.pid)
            done = [job for job in running if job.status is not None]
            if done:
                return done
            time.sleep(0.005)


def killer(job: Job) -> str:
    """The first failed test, or how the run ended without one."""
    if job.status == EXIT_FOREIGN_MODULE:
        raise SystemExit(
            f"the tests imported another igla than the shadow copy in {job.slot.folder}"
        )
    try:
        failed = json.loads(job.slot.report.read_text(encoding="utf-8"))["failed"]
    except (OSError, ValueError):
        return "did not end in time" if job.status < 0 else "crashed"
    return failed[0] if failed else "did not import"


def end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def set_limits(cpu_seconds: int) -> None:
    """A mutant may loop or allocate without end: bound processor time, memory and file size."""
    gibibyte = 1 << 30
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (gibibyte, gibibyte))
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 8 * gibibyte, used + 8 * gibibyte))


def silence(output: Path) -> None:
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(target, 1)
    os.dup2(target, 2)


def importable_modules() -> list[str]:
    """What this run imported, in order, and a later run could find loaded already."""
    return [
        name
        for name, module in list(sys.modules.items())
        if not name.startswith(NEVER_PRELOADED)
        and getattr(module, "__spec__", None)
        and module.__spec__.origin
    ]


def preload(names: list[str]) -> None:
    for name in names:
        if name in sys.modules or name.startswith(NEVER_PRELOADED):
            continue
        with contextlib.suppress(Exception):  # what cannot be preloaded each run imports itself
            importlib.import_module(name)


def read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


# ---------------------------------------------------------------- 4. the command


@dataclass
class Tally:
    killed: int = 0
    total: int = 0
    equivalent: int = 0
    survivors: int = 0
    stale: int = 0


def find_modules(generated: Path, wanted: list[str]) -> list[str]:
    package = generated / "igla"
    names = sorted(
        str(p.relative_to(package))[:-3] for p in package.rglob("*.py") if p.name != "__init__.py"
    )
    if not wanted:
        return names
    modules = [name.removesuffix(".py").removeprefix("igla/") for name in wanted]
    unknown = [name for name in modules if name not in names]
    if unknown:
        sys.exit(
            f"no module {', '.join(unknown)} in {package}; there are {', '.join(names) or 'none'}"
        )
    return modules


def sample(mutants: list[Mutant], limit: int | None, seed: int, module: str) -> list[Mutant]:
    if limit is None or len(mutants) <= limit:
        return mutants
    chosen = random.Random(f"{seed}:{module}").sample(range(len(mutants)), limit)
    return [mutants[index] for index in sorted(chosen)]


def run_module(
    runner: Runner, module: str, options: argparse.Namespace, listed: list[Equivalent]
) -> Tally:
    source = runner.module_file(runner.slots[0], module).read_text(encoding="utf-8")
    everything = Collector(source).collect()
    known = [m for m in everything if any(e.matches(module, m) for e in listed)]
    mutants = sample([m for m in everything if m not in known], options.limit, options.seed, module)
    if not runner.test_file(runner.slots[0], module).exists():
        sys.exit(f"{module} has no test file generated/tests/{module}")
    seconds = runner.baseline(module, source)
    started, tally = time.monotonic(), Tally(total=len(mutants), equivalent=len(known))
    for mutant, survived, test in runner.run(module, source, mutants):
        tally.killed += not survived
        if survived:
            tally.survivors += 1
            print(
                toml_entry(module, mutant) if options.toml else describe(module, mutant), flush=True
            )
        elif options.verbose:
            print(f"{describe(module, mutant)}    [{test}]", flush=True)
    if options.limit is None:
        tally.stale = report_stale(module, everything, listed) + report_killed(
            runner, module, source, known
        )
    spent = time.monotonic() - started
    print(
        f"{module}: {tally.killed} of {tally.total} mutants killed, {tally.equivalent} equivalent"
        f" ({spent:.1f} s, {spent / max(1, tally.total):.2f} s a mutant; its tests take {seconds:.1f} s)",
        flush=True,
    )
    return tally


def report_stale(module: str, mutants: list[Mutant], listed: list[Equivalent]) -> int:
    stale = [
        e for e in listed if e.module == module and not any(e.matches(module, m) for m in mutants)
    ]
    for entry in stale:
        print(
            f"mutants.toml: no mutant of {module} is {entry.function}: {entry.before} -> {entry.after}"
        )
    return len(stale)


def report_killed(runner: Runner, module: str, source: str, known: list[Mutant]) -> int:
    """An entry that a test kills after all is no equivalent mutant."""
    killed = [(m, test) for m, survived, test in runner.run(module, source, known) if not survived]
    for mutant, test in killed:
        print(f"mutants.toml: {describe(module, mutant)} is listed as equivalent, but {test} fails")
    return len(killed)


def describe(module: str, mutant: Mutant) -> str:
    return f"igla/{module}.py:{mutant.line}: {mutant.before} -> {mutant.after}"


def toml_entry(module: str, mutant: Mutant) -> str:
    fields = {
        "module": module,
        "function": mutant.function,
        "before": mutant.before,
        "after": mutant.after,
    }
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join([f"# line {mutant.line}", "[[equivalent]]", *lines, 'reason = ""', ""])


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Mutate generated modules and run their own generated tests."
    )
    parser.add_argument(
        "modules", nargs="*", help="such as architecture/normalization (default: all)"
    )
    parser.add_argument("--limit", type=int, help="at most so many mutants of each module")
    parser.add_argument("--seed", type=int, default=0, help="of the sample that --limit takes")
    parser.add_argument(
        "--jobs", type=int, default=min(2, os.cpu_count() or 1), help="forks at a time"
    )
    parser.add_argument("--list", action="store_true", help="show the mutants, run nothing")
    parser.add_argument(
        "--toml", action="store_true", help="print survivors as entries for mutants.toml"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="print killed mutants too, with the test"
    )
    parser.add_argument(
        "--generated", type=Path, default=ROOT / "generated", help="holds igla/ and tests/"
    )
    parser.add_argument("--equivalents", type=Path, default=ROOT / "tests" / "mutants.toml")
    return parser.parse_args(arguments)


def set_environment() -> None:
    """One thread for each fork, no byte code (two mutants of one second would share it), no stray plugin."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ.update(
        PYTHONDONTWRITEBYTECODE="1", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", MPLBACKEND="Agg"
    )
    os.environ.pop("PYTEST_ADDOPTS", None)
    sys.dont_write_bytecode = True


def main(arguments: list[str] | None = None) -> int:
    options = parse_options(arguments)
    options.generated = options.generated.resolve()
    modules = find_modules(options.generated, options.modules)
    listed = read_equivalents(options.equivalents)
    if options.list:
        for module in modules:
            source = (options.generated / "igla" / f"{module}.py").read_text(encoding="utf-8")
            for mutant in Collector(source).collect():
                print(describe(module, mutant))
        return 0
    set_environment()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    importlib.import_module("pytest")
    with tempfile.TemporaryDirectory(prefix="igla-mutants-") as work:
        runner = Runner(options.generated, options.jobs, Path(work).resolve())
        tallies = [run_module(runner, module, options, listed) for module in modules]
    killed, total = sum(t.killed for t in tallies), sum(t.total for t in tallies)
    print(f"{killed} of {total} mutants killed in {len(modules)} modules")
    return 1 if any(t.survivors or t.stale for t in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
