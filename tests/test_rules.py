"""Every rule: its bad example triggers it and no other, its good example triggers none."""

from __future__ import annotations

import json
import re

import pytest

from igla_gen.diagnostics import nearest, suggestion
from igla_gen.rules import MODULES, Example, Rule, all_rules, find_rule
from igla_gen.rules.base import RUNS
from tests.conftest import REPOSITORY, Workplace

RULES = all_rules()
SHOWN = [rule for rule in RULES if rule.bad.files]


@pytest.fixture
def examples(workplace: Workplace) -> Workplace:
    workplace.run("list")  # forget the templates of the test before
    return workplace


def settle(workplace: Workplace, example: Example) -> None:
    """Writes every file of the example."""
    for path, content in example.everything.items():
        data = content.encode("utf-8") if isinstance(content, str) else content
        target = workplace.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def reported(workplace: Workplace, example: Example) -> set[tuple[str, str]]:
    """Code and name of all that `check specs` reports of the example."""
    settle(workplace, example)
    result = workplace.run("check", "specs", "--output-format", "json")
    found = json.loads(result.out)["findings"]
    assert result.code == int(any(item["severity"] != "note" for item in found))
    for item in found:
        assert item["message"] and item["line"] >= 1 and item["column"] >= 1
    return {(item["code"], item["name"]) for item in found}


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.name)
def test_the_bad_example_triggers_the_rule_and_nothing_else(
    examples: Workplace, rule: Rule
) -> None:
    found = reported(examples, rule.bad)
    if "IG512" <= rule.code <= "IG517":  # an old spec is a finding, and so is prose in it
        found -= {("IG511", "ancestor-spec"), ("IG512", "prose-only")} - {(rule.code, rule.name)}
    assert found == {(rule.code, rule.name)}


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.name)
def test_the_good_example_triggers_nothing(examples: Workplace, rule: Rule) -> None:
    assert reported(examples, rule.good) == set()


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.name)
def test_the_command_line_shows_the_bad_example(examples: Workplace, rule: Rule) -> None:
    settle(examples, rule.bad)
    result = examples.run("check", "specs")
    assert result.code == (0 if rule.severity == "note" else 1)
    assert f"[{rule.code} {rule.name}]" in result.out
    assert re.search(r"--> (specs|templates)/\S+:\d+:\d+", result.out)


def test_every_rule_file_is_a_rule() -> None:
    folder = REPOSITORY / "igla_gen" / "rules"
    files = {path.stem for path in folder.glob("*.py")} - {
        "__init__", "base", "examples", "suppressions", "templates", "truths", "usage",
    }  # fmt: skip
    assert files == {name.replace("-", "_") for name in MODULES.values()}


def test_rules_are_named_and_described_well() -> None:
    assert len(set(MODULES.values())) == len(MODULES)
    assert list(MODULES) == sorted(MODULES)
    for rule in RULES:
        assert re.fullmatch(r"IG[1-5]\d{2}", rule.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
        assert (rule.code, rule.name) in MODULES.items()
        for text in (rule.what, rule.why):
            assert re.fullmatch(r"[A-Z0-9`].*[.]", text), text


def test_only_faults_of_igla_gen_itself_have_no_example() -> None:
    assert {rule.name for rule in RULES} - {rule.name for rule in SHOWN} == {"not-formatted"}


def test_the_rules_that_run_are_those_that_look_at_specs() -> None:
    assert len(set(RUNS)) == len(RUNS)
    assert {rule.code for rule in RULES if rule.check is not None} == set(RUNS)


def test_a_rule_is_found_by_code_and_by_name() -> None:
    for word in ("IG411", "ig411", "trivial-law"):
        found = find_rule(word)
        assert found is not None and found.code == "IG411"
    assert find_rule("no-such-rule") is None


def pairs_in_the_code() -> set[tuple[str, str]]:
    """Every code with its name that a module of igla_gen writes down, outside of the registry."""
    pairs = set()
    for path in (REPOSITORY / "igla_gen").rglob("*.py"):
        if path.name != "base.py" or path.parent.name != "rules":
            text = path.read_text(encoding="utf-8")
            pairs |= set(re.findall(r'"(IG\d{3})",\s*"([a-z\-0-9]+)"', text))
            pairs |= set(re.findall(r'code="(IG\d{3})",\s*name="([a-z\-0-9]+)"', text))
    return pairs


def test_what_the_code_reports_is_registered_and_nothing_else() -> None:
    """For a new code: one line in MODULES of rules/base.py, one file that documents it."""
    assert pairs_in_the_code() == set(MODULES.items())


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("num_layer", "num_layers"),
        ("hiden_size", "hidden_size"),
        ("epss", "eps"),
        ("behaviours", "behaviors"),
    ],
)
def test_a_near_miss_is_guessed(word: str, found: str) -> None:
    known = ["num_layers", "hidden_size", "eps", "behaviors", "num_heads"]
    assert nearest(word, known) == found
    assert found in suggestion(word, known)


def test_without_a_near_miss_the_accepted_words_are_listed() -> None:
    assert suggestion("zzz", ["eps", "base"]) == "accepted: base, eps"
    assert suggestion("zzz", []) == "nothing is accepted here"
