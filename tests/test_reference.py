"""Pages made from the code: they are as the code makes them, and hold all that the code has."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from igla_gen.expressions.emit import VOCABULARY
from igla_gen.model.component import (
    Behavior,
    BlueprintSpec,
    ComponentSpec,
    Formula,
    InstanceSpec,
    Law,
    TypeSpec,
)
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS
from igla_gen.reference.language import (
    OPERATORS,
    expressions_page,
    keys_page,
    order_of,
    types_page,
)
from igla_gen.reference.pages import MARK
from igla_gen.resources import grammar_text
from igla_gen.rules import MODULES
from igla_gen.write import transaction
from tests.conftest import REPOSITORY, Workplace


@pytest.fixture
def made(workplace: Workplace) -> Workplace:
    """A workplace with all pages."""
    result = workplace.run("docs")
    assert (result.code, result.err) == (0, "")
    return workplace


@pytest.fixture
def followed(workplace: Workplace) -> Workplace:
    """A workplace with the component that writing-components.md shows, as it stands there."""
    page = (REPOSITORY / "docs" / "writing-components.md").read_text("utf-8")
    found = re.findall(r"(?:^(?: {4}.*)?\n)+", page, re.M)
    blocks = [textwrap.dedent(block).strip("\n") + "\n" for block in found]
    places = re.findall(r"^ {4}((?:specs|templates)/\S+)", page, re.M)
    begins = ("name: ", '"""{{ module_doc }}"""', '"""{{ test_doc }}"""')
    for place, begin in zip(places, begins, strict=True):
        (text,) = (block for block in blocks if block.startswith(begin))
        workplace.write(place, text)
    return workplace


def test_the_component_of_the_page_has_no_fault(followed: Workplace) -> None:
    result = followed.run("check", "specs")
    assert (result.code, result.out) == (0, "1 spec, no errors\n")
    result = followed.run("fmt", "--check", "specs")
    assert (result.code, result.out) == (0, "0 would be formatted, 1 unchanged\n")


def test_the_component_of_the_page_passes_its_tests(followed: Workplace) -> None:
    result = followed.run("gen")
    assert (result.code, result.err) == (0, "")
    environment = os.environ | {"PYTHONPATH": "generated", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "generated/tests"]
    run = subprocess.run(
        command, cwd=followed.root, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"^\d\d passed in", run.stdout, re.M)


@pytest.mark.slow  # `make check` does the same before every `make test`
def test_the_pages_of_the_repository_are_up_to_date(workplace: Workplace) -> None:
    result = workplace.run("docs", "--check", "--out", str(REPOSITORY / "docs"))
    assert result.code == 0, result.out + result.err


def test_links_between_pages_lead_somewhere(made: Workplace) -> None:
    pages = [*(made.root / "docs").rglob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([\w./-]+\.md)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"
    for name in ("README.md", "docs/language.md", "docs/writing-components.md"):
        page = REPOSITORY / name
        for link in re.findall(r"\]\(((?!http)[\w./-]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page}: {link}"


def test_the_same_pages_come_out_every_time(made: Workplace) -> None:
    before = made.files("docs")
    result = made.run("docs")
    assert result.out == f"0 written, {len(before)} unchanged, 0 removed\n"
    assert made.files("docs") == before and made.run("docs", "--check").code == 0
    for content in before.values():
        text = content.decode("utf-8")
        assert text.startswith(MARK) and str(made.root) not in text and "/tmp" not in text


def test_every_rule_has_its_page(made: Workplace) -> None:
    index = made.read("docs/rules/README.md")
    for code, name in MODULES.items():
        page = made.read(f"docs/rules/{name}.md")
        assert f"# {name} ({code})" in page and f"| {code} | [{name}]({name}.md)" in index
        if code != "IG115":
            assert f"[{code} {name}]" in page


@pytest.mark.parametrize("change", ["edited", "missing", "stale"])
def test_drift_is_named_and_mended(made: Workplace, change: str) -> None:
    before = made.files("docs")
    path = "docs/rules/old-rule.md" if change == "stale" else "docs/rules/trivial-law.md"
    if change == "missing":
        (made.root / path).unlink()
    else:
        made.write(path, MARK + "other text\n")
    result = made.run("docs", "--check")
    assert result.code == 1 and path in result.out and "run igla-gen docs" in result.err
    assert made.run("docs").code == 0
    assert made.files("docs") == before


def test_files_of_others_are_left_alone(made: Workplace) -> None:
    made.write("docs/rules/notes.md", "mine\n")
    made.write("docs/language.md", "mine\n")
    assert made.run("docs").code == 0 and made.run("docs", "--check").code == 0
    made.write("docs/cli.md", "mine\n")
    made.write("docs/rules/trivial-law.md", MARK)
    before = made.files("docs")
    result = made.run("docs")
    assert result.code == 1 and "docs/cli.md: written by hand" in result.err
    assert made.files("docs") == before


def test_a_disk_that_refuses_changes_nothing(
    made: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("trivial-law", "unknown-key", "bad-type"):
        made.write(f"docs/rules/{name}.md", MARK)
    before = made.files("docs")
    replace, calls = transaction.os.replace, []

    def refuse(source: object, target: object) -> None:
        calls.append(target)
        if Path(str(target)).name == "trivial-law.md" and len(calls) < 5:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(transaction.os, "replace", refuse)
    result = made.run("docs")
    assert result.code == 1 and "no page was changed" in result.err
    assert made.files("docs") == before


def test_every_word_of_expressions_is_on_its_page() -> None:
    page = expressions_page()
    assert set(re.findall(r"^\| `(\w+)", page, re.M)) - {"a", "or", "and", "not", "in", "x"} >= (
        VOCABULARY - {"in"}
    )
    assert not re.search(r"\{\w*\}", page)


def test_the_operators_are_those_of_the_grammar() -> None:
    grammar = grammar_text("expressions")
    signs = set()
    for terminal in ("COMPARISON", "SUM_OPERATOR", "PRODUCT_OPERATOR", r"POWER\.2"):
        line = re.search(rf"^{terminal}: (.*)$", grammar, re.M)
        assert line is not None
        signs |= set(re.findall(r'"([^"]+)"', line.group(1)))
    shown = {sign for signs, _ in OPERATORS for sign in signs.split()}
    words = {"a", "if", "c", "else", "b", "or", "and", "not", "in", "-x", "+x", "x.name", "f(...)"}
    assert shown - words - {"x[...]"} == signs


def test_every_type_and_key_is_on_its_page() -> None:
    page = types_page()
    for name in (*SCALARS, *FOREIGN, *GENERICS):
        assert re.search(rf"^\| `{name}\W", page, re.M)
    keys = keys_page()
    for cls in (BlueprintSpec, TypeSpec, Formula, Law, Behavior):
        for name, info in cls.model_fields.items():
            assert f"| `{info.alias or name}` |" in keys


def test_keys_are_listed_in_the_order_that_they_are_held_to() -> None:
    """Each key that a class has has a place in the order, and the page lists them by it."""
    tables = re.findall(r"(?:^\| .*\n)+", keys_page(), re.M)
    listed = [tuple(re.findall(r"^\| `(\w+)` \|", table, re.M)) for table in tables]
    for cls in (ComponentSpec, BlueprintSpec, InstanceSpec, TypeSpec, Formula, Law, Behavior):
        keys = {info.alias or name for name, info in cls.model_fields.items()}
        assert keys <= set(order_of(cls))
        shown = keys - {"sections"} if cls is InstanceSpec else keys
        assert tuple(key for key in order_of(cls) if key in shown) in listed


def test_every_option_is_on_the_page_of_commands(made: Workplace) -> None:
    page = made.read("docs/cli.md")
    from igla_gen.cli import COMMANDS

    for command in COMMANDS:
        said = made.run(command, "--help").out
        section = page.partition(f"## igla-gen {command}\n")[2].partition("\n## ")[0]
        for option in set(re.findall(r"^  (--[\w-]+)", said, re.M)) - {"--help"}:
            assert f"`{option}`" in section, (command, option)
