"""Every rule: its bad example is reported by it and by no other, its good example is clean."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from igla_gen.diagnostics import nearest, suggestion
from igla_gen.model.library import load
from igla_gen.rules import Rule, all_rules, run_rules
from igla_gen.rules.base import MODULES
from tests.conftest import REPOSITORY, Workplace

RULES = all_rules()

TEMPLATE = '''\
"""{{ module_doc }}"""

import torch
from torch import Tensor

{{ constants }}

{{ types }}


#% behavior rms_norm
def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """{{ doc }}"""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight
#% endbehavior
'''

TEST_TEMPLATE = '''\
"""{{ test_doc }}"""

{{ laws }}


#% check gradient_is_exact
def test_gradient_is_exact() -> None:
    """{{ doc }}"""
#% endcheck
'''

FAMILY = """\
name: igla_example_family
kind: blueprint
version: "1.0.0"
language: python
module: igla.models.family
description: Models of one family.
types:
  ModelConfig:
    description: Dimensions.
    fields:
      hidden_size: Int
      num_layers: Int = 1
      num_heads: Int = 4
    constraints:
      - num_layers > 0
      - hidden_size % num_heads == 0
    example: {hidden_size: 8}
  Contract:
    description: What the model promises.
    fields:
      parameters: Int
formulas:
  num_params:
    description: All of them.
    params: {config: ModelConfig}
    returns: Int
    is: config.num_layers * config.hidden_size^2
    laws:
      - name: squares
        holds: num_params(ModelConfig(hidden_size=8)) == 64
sections: {dimensions: ModelConfig, contract: Contract}
requires:
  - num_params(dimensions) == contract.parameters
"""
FAMILY_TEMPLATE = '''\
"""{{ module_doc }}"""

{{ types }}

{{ formulas }}

DIMENSIONS = {{ section_dimensions }}
CONTRACT = {{ section_contract }}
'''
# the example templates hold one block and one check; examples that are about something else lack them
ASIDE = {"block-without-behavior", "test-without-check"}


@pytest.fixture
def examples(workplace: Workplace) -> Workplace:
    workplace.write("templates/architecture/normalization.py.j2", TEMPLATE)
    workplace.write("templates/architecture/test_normalization.py.j2", TEST_TEMPLATE)
    workplace.write("templates/models/family.py.j2", FAMILY_TEMPLATE)
    workplace.write("templates/models/test_family.py.j2", '"""{{ test_doc }}"""\n\n{{ laws }}\n')
    workplace.write("specs/models/family.vibee", FAMILY)
    workplace.run("list")  # forget the templates of the test before
    return workplace


def findings(workplace: Workplace, text: str) -> set[str]:
    library = load([workplace.write("spec.vibee", text)], Path.cwd())
    run_rules(library)
    for item in library.findings.items:
        assert item.message and item.span.line >= 1 and item.span.column >= 1
    return {item.name for item in library.findings.items}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_bad_example_is_reported(examples: Workplace, rule: Rule) -> None:
    assert rule.name in findings(examples, rule.bad)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_good_example_is_clean(examples: Workplace, rule: Rule) -> None:
    found = findings(examples, rule.good)
    assert rule.name not in found
    assert found <= ASIDE


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_command_line_shows_the_bad_example(examples: Workplace, rule: Rule) -> None:
    examples.write("spec.vibee", rule.bad)
    result = examples.run("check", "spec.vibee")
    assert result.code == 1
    assert f"error[{rule.code} {rule.name}]: " in result.out
    assert re.search(r"--> (spec\.vibee|templates/\S+):\d+:\d+", result.out)


def test_every_rule_file_is_a_rule() -> None:
    folder = REPOSITORY / "igla_gen" / "rules"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base", "templates"}
    assert files == set(MODULES)


def test_rules_are_named_well() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"IG\d{3}", rule.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
        assert rule.why and not rule.why.endswith(".")
        assert rule.check.__doc__


def test_a_code_has_one_name_and_a_name_one_code() -> None:
    pairs = set()
    for path in (REPOSITORY / "igla_gen").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        pairs |= set(re.findall(r'"(IG\d{3})",\s*"([a-z\-0-9]+)"', text))
        pairs |= set(re.findall(r'code="(IG\d{3})",\s*name="([a-z\-0-9]+)"', text))
    assert len(pairs) > 30
    assert (
        len({code for code, _ in pairs}) == len({name for _, name in pairs}) == len(pairs)
    ), sorted(pairs)


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
