"""Each generated line leads back: to its spec by a comment, to its template by `where`."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from igla_gen.emit.formatting import formatted
from igla_gen.emit.provenance import Lines, carried, spec_above
from igla_gen.emit.render import render_unit
from igla_gen.emit.templates import template_texts
from igla_gen.model.library import load
from igla_gen.write.plan import generating_units
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


def test_a_fixture_belongs_to_the_first_test_that_uses_it_by_name(scaling: Workplace) -> None:
    file = "templates/architecture/test_scaling.py.j2"
    fixture = "@pytest.fixture\ndef _{0}() -> None: ...\n\n\n"
    fixtures = "".join(fixture.format(name) for name in ("named", "unnamed"))
    scaling.change(
        file,
        "#% check scale_of_zero\n",
        fixtures + '#% check scale_of_zero\n@pytest.mark.usefixtures("_named")\n',
    )
    assert scaling.run("gen").code == 0
    place = line_of(scaling, "checks: [scale_of_zero]")
    assert commented(scaling, "_named", TESTS) == place
    assert commented(scaling, "_unnamed", TESTS) is None


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


# ---------------------------------------------------------------- templates


@pytest.fixture(scope="module")
def traced() -> dict[str, tuple[list[str], str, tuple[int, ...]]]:
    """For every output: its template, its formatted text, the template line of each line."""
    library = load([REPOSITORY / "specs"], REPOSITORY)
    outputs = [o for unit in generating_units(library) for o in render_unit(library, unit)]
    found = {}
    for output, text in zip(outputs, formatted([o.text for o in outputs]), strict=True):
        template = template_texts()[output.template].split("\n")
        found[output.path] = template, text, carried(output.lines, text)
    return found


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@pytest.mark.parametrize("name", OWN)
def test_each_line_holds_what_its_template_line_holds(traced: dict, name: str) -> None:
    """Holes apart; a line that formatting put together of several names the first of them."""
    template, text, origins = traced[name]
    rows = text.split("\n")
    assert text == (GENERATED / name).read_text("utf-8")
    assert len(origins) == len(rows)
    for number, (row, origin) in enumerate(zip(rows, origins, strict=True), start=1):
        if row.startswith("# spec: "):
            continue  # the compiler's, above what stands on the template line
        if not origin:
            assert not row or re.match(r"(import|from|    [A-Za-z_]+,|\))", row), f"{number}: {row}"
            continue
        last = next((o for o in origins[number:] if o > origin), origin + 1)
        source = "\n".join(template[origin - 1 : max(last, origin)])
        if "{{" not in source and "#% " not in template[origin - 1] and "import " not in source:
            assert words(row) <= words(source), f"line {number} {row!r}, template line {origin}"


def test_most_lines_are_their_template_line_alone(traced: dict) -> None:
    exact = others = 0
    for template, text, origins in traced.values():
        for row, origin in zip(text.split("\n"), origins, strict=True):
            source = template[origin - 1] if origin else "{{"
            if (
                row
                and row[:7] != "# spec:"
                and "{{" not in source
                and "#% " not in source
                and "import " not in source
            ):
                same = words(row) <= words(source)
                exact, others = exact + same, others + (not same)
    assert exact > 5000
    assert others < exact / 100


def test_strings_that_formatting_joins_keep_the_line_of_the_first() -> None:
    before = 'f(\n    f"{x}"\n    "b",\n    "c",\n)\ny = 1\n'
    after = 'f(f"{x}b", "c")\ny = 1\n'
    assert carried(Lines(before, tuple(range(1, 8))), after) == (1, 6, 0)
    split = 'f(\n    f"{x}b",\n    "c",\n)\ny = 1\n'
    assert carried(Lines(before, tuple(range(1, 8))), split) == (1, 2, 4, 4, 6, 0)


def test_formatting_that_changes_tokens_is_noticed() -> None:
    with pytest.raises(ValueError):
        carried(Lines("x = 1\n", (1, 1)), "x = 1\ny = 2\n")


# ---------------------------------------------------------------- igla-gen where


@pytest.fixture
def built(scaling: Workplace) -> Workplace:
    result = scaling.run("gen")
    assert result.code == 0, result
    return scaling


def number_of(workplace: Workplace, text: str, file: str = MODULE) -> int:
    rows = workplace.read(file).split("\n")
    return next(i for i, row in enumerate(rows, 1) if text in row)


def where(workplace: Workplace, place: str) -> dict:
    result = workplace.run("where", place, "--output-format", "json")
    assert result.code == 0, result
    return json.loads(result.out)


@pytest.mark.parametrize(
    ("line", "spec", "template"),
    [
        ("return math.fabs(x)", "- name: scale", "return math.fabs(x) * config.factor"),
        ("def scale(", "- name: scale", "def scale(x: float, config: ScaleConfig) -> float:"),
        ("The number times", "- name: scale", '"""{{ doc }}"""'),
        ("factor: int = 2", "factor: Int = 2 -- the multiplier", "{{ types }}"),
        ("The multiplier.", "factor: Int = 2 -- the multiplier", "{{ types }}"),
        ("if not self.width > 0", "- width > 0", "{{ types }}"),
        ("class ScaleConfig", "ScaleConfig:", "{{ types }}"),
        ("return config.width", "area:", "{{ formulas }}"),
        (
            "Multiplies by a factor.",
            "description: Multiplies by a factor.",
            '"""{{ module_doc }}"""',
        ),
        ("import math", None, "import math"),
        ("from dataclasses", None, None),
    ],
)
def test_where(built: Workplace, line: str, spec: str | None, template: str | None) -> None:
    found = where(built, f"{MODULE}:{number_of(built, line)}")
    assert found["version"] == 1
    assert (found["spec"] and found["spec"]["text"].strip()) == spec
    assert (found["template"] and found["template"]["text"].strip()) == template
    if template is None:
        assert found["note"] == "the compiler put this line here by itself"


def test_each_line_has_an_answer_also_blank_ones(built: Workplace) -> None:
    for file in (MODULE, TESTS):
        for number in range(1, built.read(file).count("\n") + 1):
            found = where(built, f"{file}:{number}")
            assert found["spec"] or found["template"] or found["note"]
    blank = number_of(built, "# spec: ") - 1
    assert built.read(MODULE).split("\n")[blank - 1] == ""
    assert where(built, f"{MODULE}:{blank}")["spec"]["text"].strip() == "ScaleConfig:"


@pytest.mark.parametrize(
    "place",
    [
        "{tests}::test_scale_multiplies",
        "FAILED {tests}::test_scale_multiplies[1-2] - assert 1 == 2",
        "{tests}:{line}: AssertionError",
        "{tests}:{line}: in test_scale_multiplies",
        '  File "/opt/elsewhere/site/{short}", line {line}, in test_scale_multiplies',
        "{short}:{line}",
        "./{tests}:{line}:5",
    ],
)
def test_where_takes_what_tools_print(built: Workplace, place: str) -> None:
    line = number_of(built, "def test_scale_multiplies", TESTS)
    text = place.format(tests=TESTS, line=line, short=TESTS.removeprefix("generated/"))
    found = where(built, text)
    assert (found["file"], found["line"]) == (TESTS, line)
    assert found["spec"]["text"].strip() == "- name: multiplies"


def test_where_in_words(built: Workplace) -> None:
    result = built.run("where", f"{MODULE}:{number_of(built, 'return math.fabs')}")
    place = line_of(built, "- name: scale")
    assert result.out.splitlines() == [
        f"{MODULE}:{number_of(built, 'return math.fabs')}",
        f"  spec      {place}: - name: scale",
        "  template  templates/architecture/scaling.py.j2:20: return math.fabs(x) * config.factor",
    ]


def test_where_of_an_edited_file_says_so(built: Workplace) -> None:
    built.change(MODULE, "    if x < 0:", "    x = x + 0\n    if x < 0:")
    found = where(built, f"{MODULE}:{number_of(built, 'return math.fabs')}")
    assert found["note"] == "the file was edited by hand, elsewhere"
    assert found["template"]["text"].strip() == "return math.fabs(x) * config.factor"
    found = where(built, f"{MODULE}:{number_of(built, 'x = x + 0')}")
    assert found["note"] == "the file was edited by hand, here: no template makes this line"
    assert found["template"] is None
    assert found["spec"]["text"].strip() == "- name: scale"
    built.write(MODULE, "def broken(:\n")
    assert where(built, f"{MODULE}:1")["template"] is None


def test_where_of_a_file_that_is_behind_says_so(built: Workplace) -> None:
    built.change("templates/architecture/scaling.py.j2", "x < 0:", "x < 0.0:")
    found = where(built, f"{MODULE}:{number_of(built, 'return math.fabs')}")
    assert found["note"].startswith("spec, template or igla-gen changed since")
    assert found["template"]["line"] == 20


def test_where_of_files_that_are_the_same_for_all_specs(built: Workplace) -> None:
    for file in ("generated/tests/conftest.py", "generated/igla/architecture/__init__.py"):
        found = where(built, f"{file}:1")
        assert found["spec"] is found["template"] is None
        assert found["note"].startswith("igla-gen writes this file")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nonsense", "names no line of a generated file"),
        ("generated/igla/nothing.py:3", "no spec makes this file"),
        ("igla_gen/cli/gen.py:3", "no spec makes this file"),
        (f"{MODULE}:9999", "so there is no line 9999"),
        (f"{MODULE}:0", "there is no line 0"),
        (f"{MODULE}:" + "9" * 5000, "names no line of a generated file"),
        (f"{TESTS}::test_of_nothing", "defines no test_of_nothing"),
    ],
)
def test_where_without_an_answer_is_a_sentence(built: Workplace, place: str, said: str) -> None:
    result = built.run("where", place)
    assert result.code == 2
    assert said in result.err


def test_where_before_gen_and_with_faulty_specs(scaling: Workplace) -> None:
    assert "run igla-gen gen" in scaling.run("where", f"{MODULE}:3").err
    scaling.change(SPEC, "types:", "typs:")
    result = scaling.run("where", f"{MODULE}:3")
    assert result.code == 1
    assert "run igla-gen check" in result.err
