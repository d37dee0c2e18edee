"""Each generated line leads back: to its spec by a comment, to its template by `where`."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from igla_gen.emit.provenance import spec_above
from tests.conftest import REPOSITORY, Workplace

GENERATED = REPOSITORY / "generated"
FILES = sorted(p.relative_to(GENERATED).as_posix() for p in GENERATED.rglob("*.py"))
OWN = [name for name in FILES if Path(name).name not in ("__init__.py", "conftest.py")]
MODULE = "generated/igla/architecture/scaling.py"
TESTS = "generated/tests/architecture/test_scaling.py"
SPEC = "specs/architecture/scaling.vibee"


def definitions(text: str) -> list[tuple[str, int]]:
    """Name and first line of every class and function of a module."""
    parts = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    return [(n.name, min([n.lineno, *(d.lineno for d in n.decorator_list)])) for n in parts]


# ---------------------------------------------------------------- comments


@pytest.mark.parametrize("name", OWN)
def test_each_class_function_and_test_names_a_line_of_a_spec(name: str) -> None:
    text = (GENERATED / name).read_text("utf-8")
    rows = text.split("\n")
    for defined, line in definitions(text):
        origin = spec_above(rows, line)
        assert origin is not None, f"{defined} in line {line} names no spec"
        file, number = origin.rsplit(":", 1)
        spec = (REPOSITORY / file).read_text("utf-8").split("\n")
        assert spec[int(number) - 1].strip(), f"{origin} is a blank line"


def test_the_comments_name_the_things_they_stand_above() -> None:
    rows = (GENERATED / "tests/architecture/test_normalization.py").read_text("utf-8").split("\n")
    spec = (REPOSITORY / "specs/architecture/normalization.vibee").read_text("utf-8").split("\n")
    laws = 0
    for index, row in enumerate(rows):
        if row.startswith("# spec: ") and rows[index + 1].startswith("def test_"):
            said = spec[int(row.rsplit(":", 1)[1]) - 1].strip().removeprefix("- name: ").rstrip(":")
            if spec[int(row.rsplit(":", 1)[1]) - 1].strip().startswith("- name: "):
                laws += 1
                assert rows[index + 1].startswith("def test_") and said in rows[index + 1]
    assert laws > 5


def commented(scaling: Workplace, name: str, file: str = MODULE) -> str | None:
    """The comment above a definition of a generated file."""
    text = scaling.read(file)
    return spec_above(text.split("\n"), dict(definitions(text))[name])


def line_of(scaling: Workplace, text: str) -> str:
    rows = scaling.read(SPEC).split("\n")
    return f"{SPEC}:{next(i for i, row in enumerate(rows, 1) if text in row)}"


def test_helpers_belong_to_the_first_thing_that_needs_them(scaling: Workplace) -> None:
    file = "templates/architecture/scaling.py.j2"
    helpers = (
        "def _inner(x: float) -> float:\n    return x\n\n\n"
        "def _outer(x: float) -> float:\n    return _inner(x)\n\n\n"
        "def _nobody() -> None: ...\n\n\n"
    )
    scaling.change(file, "#% behavior scale\n", helpers + "#% behavior scale\n")
    scaling.change(file, "math.fabs(x)", "_outer(_own(x))")
    scaling.change(
        file,
        "#% endbehavior",
        "\n\n@staticmethod\ndef _own(x: float) -> float:\n    return x\n#% endbehavior",
    )
    result = scaling.run("gen")
    assert result.code == 0, result
    place = line_of(scaling, "- name: scale\n".strip())
    assert [commented(scaling, n) for n in ("scale", "_outer", "_inner", "_own")] == [place] * 4
    assert commented(scaling, "_nobody") is None


def test_further_tests_of_a_check_name_its_line(scaling: Workplace) -> None:
    file = "templates/architecture/test_scaling.py.j2"
    more = "\n\n# why\ndef test_scale_of_zero_twice() -> None:\n    pass\n#% endcheck"
    scaling.change(file, "#% endcheck", more)
    scaling.change(
        file, "#% check scale_of_zero\n", "#% check scale_of_zero\n# first\n@pytest.mark.slow\n"
    )
    result = scaling.run("gen")
    assert result.code == 0, result
    place = line_of(scaling, "checks: [scale_of_zero]")
    for name in ("test_scale_of_zero", "test_scale_of_zero_twice"):
        assert commented(scaling, name, TESTS) == place
    assert scaling.read(TESTS).count(place) == 2
    assert commented(scaling, "test_scale_config_refuses", TESTS) == line_of(
        scaling, "ScaleConfig:"
    )


# ---------------------------------------------------------------- what a failing test says


def broken_run(workplace: Workplace, old: str, new: str, *arguments: str) -> str:
    """What pytest says of the generated tests once the module is broken."""
    assert workplace.run("gen").code == 0
    workplace.change(MODULE, old, new)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull]
    environment = {**os.environ, "PYTHONPATH": str(workplace.root / "generated")}
    done = subprocess.run(
        [*command, "--import-mode=importlib", *arguments, "generated/tests"],
        cwd=workplace.root, env=environment, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_a_failing_law_says_its_spec_line_its_prose_and_the_law(scaling: Workplace) -> None:
    report = broken_run(scaling, "* config.factor\n", "* config.factor + 1\n", "--tb=line")
    place = line_of(scaling, "holds: scale(4.0")
    file, number = place.rsplit(":", 1)
    assert f" spec: {file}:{int(number) - 1} -" in report
    assert "Law: scale(4.0, ScaleConfig(width=1)) == 8.0" in report
    assert (
        "scale: The number times the factor.\n\nGiven: A number.\nWhen: It is scaled.\n" in report
    )
    assert "Raises:" not in report


def test_a_failing_default_says_its_type(scaling: Workplace) -> None:
    report = broken_run(scaling, "factor: int = 2", "factor: int = 3", "--tb=line")
    assert f" spec: {line_of(scaling, 'ScaleConfig:')} -" in report
    assert "ScaleConfig has the defaults of the spec.\n\nScaleConfig: By how much." in report


def test_only_what_failed_says_it(scaling: Workplace) -> None:
    report = broken_run(scaling, "x < 0:", "x < -1:", "--tb=line")
    assert report.count(" spec: ") == 1
    assert "Refused: scale(0 - 1.0, ScaleConfig(width=1))" in report
