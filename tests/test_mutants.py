"""The mutation tool: which mutants it makes, and that it tells killed from surviving ones."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import mutants

MODULE = '''"""A module."""

from __future__ import annotations

__all__ = ["double"]


def double(n: int, step: int = 2) -> int:
    """Twice n, by addition; 1 + 1."""
    total = 0
    for _ in range(n):
        total += step
    if total < 0:
        raise ValueError(f"{total + 1} is negative")
    return total


if __name__ == "__main__":
    print(double(3 + 4))
'''
USER = "from igla.math.double import double\n\n\ndef fourfold(n: int) -> int:\n    return 2 * double(n)\n"
WEAK = "from igla.math.double import double\n\n\ndef test_double() -> None:\n    assert double(3) == 6\n"
FOURFOLD = "from igla.math.fourfold import fourfold\n\n\ndef test_double() -> None:\n    assert fourfold(1) == 4\n"


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    root = tmp_path / "generated"
    files = {
        "igla/__init__.py": "",
        "igla/math/__init__.py": "",
        "igla/math/double.py": MODULE,
        "igla/math/fourfold.py": USER,
        "tests/math/test_double.py": WEAK,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def run(generated: Path, *arguments: str) -> subprocess.CompletedProcess:
    equivalents = generated.parent / "mutants.toml"
    places = ["--generated", str(generated), "--equivalents", str(equivalents)]
    command = [sys.executable, mutants.__file__, *places, *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)


def changes(source: str) -> list[tuple[str, str]]:
    return [(m.before, m.after) for m in mutants.Collector(source).collect()]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("a = b + c", {"a = b - c"}),
        ("a = b % c", {"a = b // c"}),
        ("a = b < c", {"a = b <= c", "a = b >= c"}),
        ("a = b == c", {"a = b != c"}),
        ("a = b in c", {"a = b not in c"}),
        ("a = b and c", {"a = b or c"}),
        ("a = not b", {"a = b"}),
        ("a = -b", {"a = b"}),
        ("a = 0", {"a = 1"}),
        ("a = 1", {"a = 2", "a = 0", "a = -1"}),
        ("a = -1", {"a = 1", "a = -2", "a = -0"}),
        ("a = 0.5", {"a = 1.5", "a = -0.5"}),
        ("a = 1e6", {"a = 2000000.0", "a = -1000000.0"}),
        ("a = True", {"a = False"}),
        ("a *= b", {"a /= b", "a = b"}),
        ("a = min(b, c)", {"a = max(b, c)"}),
        ("a = b.amax(c)", {"a = b.amin(c)"}),
        ("a = b if c else d", {"a = b if not c else d"}),
        ("a = f(mode='x')", {"a = f(mode='x_')"}),
        ("raise ValueError(f'{a + 1}')", {"pass"}),
        ("assert a, f'{b + 1}'", {"assert not a, f'{b + 1}'"}),
        ("if a:\n    b()", {"if not a:"}),
        ("def f(a=3):\n    pass", {"def f(a=4):", "def f(a=-3):"}),
        ("a = [b for b in c if d]", {"a = [b for b in c if not d]"}),
        ("a = f'{b + c}'", {"a = f'{b - c}'"}),
    ],
)
def test_mutants_of_a_statement(statement: str, expected: set[str]) -> None:
    assert {after for _, after in changes(statement)} == expected


@pytest.mark.parametrize(
    "statement",
    [
        '"""1 + 1"""',
        "a: Literal[1, 2]",
        "def f(a: X[1]) -> Y[2]:\n    g()",
        "__all__ = ['a' + 'b']",
        "if __name__ == '__main__':\n    f(1)",
        "warnings.warn(f'{a + 1}')",
        "print(1)",
        "f(help='x', desc='y')",
        "a = 'text'",
    ],
)
def test_what_is_left_alone(statement: str) -> None:
    assert changes(statement) == []


def test_each_mutant_differs_from_the_source_in_one_place() -> None:
    source = (
        "ü = 'é' # ä + b\n\ndef f(a, b=1):\n    return f(\n        'ö', a\n        + b * 3)  # ß\n"
    )
    found = mutants.Collector(source).collect()
    assert {m.line for m in found} == {3, 5, 6}
    assert len({m.source for m in found}) == len(found) == 7  # + * and 1 (three ways) and 3 (two)
    for mutant in found:
        assert ast.dump(ast.parse(mutant.source)) != ast.dump(ast.parse(source))
        assert "# ä + b" in mutant.source and "# ß" in mutant.source
        assert mutant.function == "f"


def test_survivors_are_printed_and_fail(generated: Path) -> None:
    before = {path: path.read_bytes() for path in generated.rglob("*") if path.is_file()}
    result = run(generated, "math/double")
    assert result.returncode == 1, result.stdout + result.stderr
    lines = result.stdout.splitlines()
    # the test passes no step and reaches no guard
    assert sorted(line for line in lines if "->" in line) == [
        "igla/math/double.py:13: if total < 0: -> if total < 1:",
        "igla/math/double.py:13: if total < 0: -> if total <= 0:",
        "igla/math/double.py:14: raise ValueError(f'{total + 1} is negative') -> pass",
    ]
    assert lines[-1] == "6 of 9 mutants killed in 1 modules"
    assert {path: path.read_bytes() for path in generated.rglob("*") if path.is_file()} == before


def test_equivalents_are_accepted_and_must_be_true(generated: Path) -> None:
    listed = generated.parent / "mutants.toml"
    entries = run(generated, "math/double", "--toml").stdout.split("math/double:")[0]
    listed.write_text(entries, encoding="utf-8")
    assert "entry 1 lacks reason" in run(generated, "math/double").stderr
    whole = entries.replace('reason = ""', 'reason = "no caller passes it"')
    listed.write_text(whole, encoding="utf-8")
    assert run(generated, "math/double").returncode == 0
    listed.write_text(whole.replace("if total <= 0:", "if total == 0:"), encoding="utf-8")
    assert "no mutant of math/double" in run(generated, "math/double").stdout
    killed = whole.replace('"if total < 0:"', '"total = 0"').replace(
        '"if total <= 0:"', '"total = 1"'
    )
    listed.write_text(killed, encoding="utf-8")
    result = run(generated, "math/double")
    assert result.returncode == 1
    assert "is listed as equivalent, but test_double fails" in result.stdout


def test_dependent_modules_see_the_mutant(generated: Path) -> None:
    (generated / "tests/math/test_double.py").write_text(FOURFOLD, encoding="utf-8")
    result = run(generated, "math/double", "--verbose", "--limit", "4", "--seed", "3")
    assert "[test_double]" in result.stdout, result.stdout + result.stderr
    assert " of 4 mutants killed" in result.stdout


def test_a_mutant_without_end_is_killed(generated: Path) -> None:
    endless = MODULE.replace("for _ in range(n):", "while n:\n        n = n - 1")
    (generated / "igla/math/double.py").write_text(endless, encoding="utf-8")
    result = run(generated, "math/double", "--verbose", "--limit", "2", "--seed", "0")
    assert "n = n - 1 -> n = n - 0    [did not end in time]" in result.stdout, (
        result.stdout + result.stderr
    )


def test_a_sample_depends_on_the_seed_alone() -> None:
    found = mutants.Collector(MODULE).collect()
    first = mutants.sample(found, 5, 0, "math/double")
    assert first == mutants.sample(found, 5, 0, "math/double")
    assert first != mutants.sample(found, 5, 1, "math/double")
    assert len(first) == 5


def test_tests_that_fail_anyway_are_no_measure(generated: Path) -> None:
    (generated / "tests/math/test_double.py").write_text(WEAK.replace("6", "7"), encoding="utf-8")
    result = run(generated, "math/double")
    assert result.returncode == 1
    assert "its tests fail before any mutant" in result.stderr


def test_an_unknown_module_is_named(generated: Path) -> None:
    result = run(generated, "math/triple")
    assert result.returncode == 1
    assert "no module math/triple" in result.stderr
    assert "Traceback" not in result.stderr
