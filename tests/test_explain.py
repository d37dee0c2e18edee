"""`igla-gen explain`: every rule, by code and name, with what its bad example is reported as."""

from __future__ import annotations

import json

import pytest

from igla_gen.reference.rules import fence, first_sentence, table
from igla_gen.reference.trial import said_of, try_example
from igla_gen.rules import Rule, all_rules
from tests.conftest import Workplace

RULES = all_rules()
SHOWN = [rule for rule in RULES if rule.bad.files]


@pytest.mark.parametrize("rule", SHOWN, ids=lambda rule: rule.name)
def test_the_examples_are_run(rule: Rule) -> None:
    found = try_example(rule.bad).findings.sorted()
    codes = {item.code for item in found}
    if "IG512" <= rule.code <= "IG517":  # an old spec is a finding, and so is prose in it
        codes -= {"IG511", "IG512"} - {rule.code}
    assert codes == {rule.code}
    assert f"[{rule.code} {rule.name}]" in said_of(rule)
    assert try_example(rule.good).findings.sorted() == []


def test_an_example_leaves_nothing_behind(scaling: Workplace) -> None:
    before = scaling.files("."), scaling.run("check", "specs")
    try_example(SHOWN[-1].bad)
    assert (scaling.files("."), scaling.run("check", "specs")) == before


@pytest.mark.parametrize("word", ["IG411", "ig411", "trivial-law", "Trivial-Law"])
def test_a_rule_is_explained(scaling: Workplace, word: str) -> None:
    result = scaling.run("explain", word)
    assert (result.code, result.err) == (0, "")
    for part in ("# trivial-law (IG411)", "## Why", "## Bad", "error[IG411 trivial-law]: both sides",
                 "## Good", "## Fix", "# igla: allow trivial-law -- "):  # fmt: skip
        assert part in result.out


def test_explained_as_data(scaling: Workplace) -> None:
    data = json.loads(scaling.run("explain", "IG203", "--output-format", "json").out)
    assert (data["version"], data["code"], data["fix"]) == (1, "IG203", "unsafe")
    assert "unknown-key" in data["reported"] and data["bad"] and data["good"]
    for rule in RULES:
        data = json.loads(scaling.run("explain", rule.code, "--output-format", "json").out)
        assert data["name"] == rule.name


def test_all_rules_are_listed(scaling: Workplace) -> None:
    lines = scaling.run("explain", "--list").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in RULES]
    data = json.loads(scaling.run("explain", "--list", "--output-format", "json").out)
    assert [rule["code"] for rule in data["rules"]] == [rule.code for rule in RULES]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trival_law",), "did you mean 'trivial-law'?"),
        (("ig4111",), "did you mean 'IG411'?"),
        ((), "name one rule"),
        (("IG411", "--list"), "name one rule"),
        (("IG411", "--output-format", "yaml"), "'text', 'json'"),
    ],
)
def test_wrong_usage(scaling: Workplace, arguments: tuple[str, ...], said: str) -> None:
    result = scaling.run("explain", *arguments)
    assert result.code == 2 and said in result.err and result.out == ""


def test_markdown_holds_whatever_is_in_it() -> None:
    assert fence("a ``` b").split("\n")[0] == "````text"
    assert table(("A",), [("x | y",)]).endswith("| x \\| y |")
    assert first_sentence("One. Two.") == "One."
    assert first_sentence("Not e.g. here. Two.") == "Not e.g. here."
