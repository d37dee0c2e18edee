"""`igla-gen plan`: the numbers of a model before it is built are those of the generated functions."""

from __future__ import annotations

import dataclasses
import importlib
import json
import shutil

import pytest

from igla_gen.reports.curve import draw_curve
from tests.conftest import REPOSITORY, Workplace

TINY = "specs/models/igla_tiny.vibee"
QUICKSTART = "specs/recipes/quickstart.vibee"


@pytest.fixture
def shipped(workplace: Workplace) -> Workplace:
    """A workplace with the specs of this repository."""
    shutil.copytree(REPOSITORY / "specs", workplace.root / "specs", dirs_exist_ok=True)
    return workplace


def planned(shipped: Workplace, *arguments: str) -> dict[str, dict[str, object]]:
    result = shipped.run("plan", *arguments, "--output-format", "json")
    assert result.code == 0, result.out + result.err
    return {row["name"]: row for row in json.loads(result.out)["formulas"]}


def test_values_equal_those_of_the_generated_functions(shipped: Workplace) -> None:
    numbers = {"sequence_length": 128, "bytes_per_element": 2, "batch_size": 3, "layer": 1}
    numbers |= {"bytes_per_moment": 4, "bytes_per_master": 4}
    choices = {"packed": True, "policy": "attention"}
    settings = {**numbers, "packed": "true", "policy": "attention"}
    arguments = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    rows = planned(shipped, TINY, *arguments)
    decoder = importlib.import_module("igla.architecture.decoder")
    tiny = importlib.import_module("igla.models.igla_tiny")
    given = {"config": tiny.CONFIG, **numbers, **choices}
    compared = 0
    for row in rows.values():
        if row["module"] == "igla.architecture.decoder":
            function = getattr(decoder, str(row["name"]))
            names = function.__code__.co_varnames[: function.__code__.co_argcount]
            assert row["value"] == function(**{name: given[name] for name in names})
            compared += 1
    assert compared == 22


def test_what_nothing_gives_is_named(shipped: Workplace) -> None:
    rows = planned(shipped, TINY)
    assert rows["num_params"]["value"] == 14684672
    assert rows["num_params"]["shown"] == "14_684_672 (14.68M)"
    assert rows["flops_per_token"]["needs"] == ["sequence_length (Int)"]
    assert rows["flops_per_token"]["value"] is None


def test_a_word_of_a_declared_type_is_taken(shipped: Workplace) -> None:
    before = planned(shipped, QUICKSTART)["run_hours"]
    assert before["needs"] == ["device (Accelerator)"]
    rows = planned(shipped, QUICKSTART, "--set", "device=h100_sxm")
    plan = importlib.import_module("igla.recipes.quickstart").Options().plan
    hours, cost = rows["run_hours"]["value"], rows["run_cost"]["value"]
    assert isinstance(hours, float) and hours > 0 and cost == hours * plan.h100_sxm


def test_bytes_have_both_units(shipped: Workplace) -> None:
    rows = planned(shipped, TINY, "--set", "bytes_per_element=2")
    assert rows["weight_bytes"]["shown"] == "29_369_344 bytes (29.37 MB, 28.01 MiB)"


def test_a_recipe_reads_its_own_sections_and_those_of_its_model(shipped: Workplace) -> None:
    whole, smoke = planned(shipped, QUICKSTART), planned(shipped, QUICKSTART, "--smoke")
    assert whole["num_params"]["value"] == 14684672
    flops = [rows["flops_per_token"]["value"] for rows in (whole, smoke)]  # 256 and 32 tokens
    assert isinstance(flops[0], int) and isinstance(flops[1], int)
    assert flops[0] - flops[1] == 12 * 4 * 512 * (256 - 32)


def test_a_setting_is_held_to_constraints_and_requirements(shipped: Workplace) -> None:
    larger = ("--set", "architecture.num_layers=8")
    result = shipped.run("plan", TINY, *larger)
    assert result.code == 1
    assert "num_params = 27_271_680 (27.27M)\n" in result.out  # what was asked for
    assert "num_params(architecture) == contract.parameters does not hold" in result.err
    assert "num_params(architecture) = 27_271_680, contract.parameters" in result.err
    mended = shipped.run("plan", TINY, *larger, "--set", "contract.parameters=27271680")
    assert "num_params(architecture) ==" not in mended.err
    assert (
        "agrees(contract.training.tokens, chinchilla_tokens(num_active_params(architecture)))"
        in mended.err
    )
    untied = planned(shipped, TINY, "--set", "architecture.init_std=0.01")
    assert untied["num_params"]["value"] == 14684672
    refused = shipped.run("plan", TINY, "--set", "architecture.num_layers=0")
    assert refused.code == 1 and "num_layers > 0 does not hold" in refused.out
    assert "--set architecture.num_layers=0" in refused.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((TINY, "--set", "architecture"), "write section.field=value, or name=value"),
        ((TINY, "--set", "architecture=3"), "is a section; write architecture.field=value"),
        ((TINY, "--set", "architecure.num_layers=2"), "did you mean 'architecture'?"),
        ((TINY, "--set", "sequence_lenght=2"), "did you mean 'sequence_length'?"),
        ((TINY, "--set", "sequence_length=many"), '"many" is not a whole number (Int)'),
        ((TINY, "--set", "architecture.num_layers=[1"), "--set architecture.num_layers=[1: "),
        ((TINY, "--set", "device=v100"), '"v100" is not Accelerator: one of h100_sxm, h200_sxm,'),
        ((TINY, "--output-format", "xml"), "accepted are text, json"),
        (("specs/models/language_model.vibee",), "takes a model or a recipe"),
        (("specs",), "name the spec of one model or recipe"),
        (("nowhere.vibee",), "no such file"),
    ],
)
def test_wrong_usage_is_a_sentence(
    shipped: Workplace, arguments: tuple[str, ...], said: str
) -> None:
    result = shipped.run("plan", *arguments)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize("field", ["num_layer=2", "num_layers=many"])
def test_a_setting_that_does_not_fit_its_section_is_a_finding(
    shipped: Workplace, field: str
) -> None:
    result = shipped.run("plan", TINY, "--set", f"architecture.{field}")
    assert result.code == 1 and f"--set architecture.{field}" in result.out


def test_a_formula_of_a_fraction_of_the_run_is_drawn(shipped: Workplace) -> None:
    """The learning rate over the run: the numbers are those of the generated program."""
    arguments = (QUICKSTART, "--set", "schedule.schedule=trinity", "--set", "training.steps=1000")
    row = planned(shipped, *arguments)["learning_rate"]
    assert row["value"] is None and row["needs"] == ["run"]
    pretrain = importlib.import_module("igla.recipes.quickstart")
    options = pretrain.Options()
    training = dataclasses.replace(options.training, steps=1000)
    schedule = dataclasses.replace(options.schedule, schedule="trinity")
    assert row["curve"] == [
        pretrain.learning_rate(i / 60, training, schedule, options.optimizer, options.curriculum)
        for i in range(61)
    ]
    result = shipped.run("plan", *arguments)
    assert result.code == 0
    lines = result.out.splitlines()
    start = lines.index("learning_rate over run from 0 to 1: 5e-05 to 0.001")
    top, bottom, axis = lines[start + 3], lines[start + 10], lines[start + 11]
    assert top.startswith("    0.001 |") and bottom.startswith("        0 |")
    assert 45 <= top.count("#") <= 50 and 70 <= len(bottom) <= 72
    assert axis.split() == ["0", "%", "50", "%", "100", "%"] and len(axis) == 11 + 61
    assert all(planned(shipped, TINY)[name]["curve"] is None for name in ("num_params",))


@pytest.mark.parametrize("plain", [False, True])
def test_a_curve_is_drawn_in_eighths_of_a_line(plain: bool) -> None:
    full, half = ("#", "#") if plain else ("█", "▄")
    lines = draw_curve([0.0, 1.0, 8.0, 7.5, -3.0], plain=plain)
    assert [line.partition("|")[2] for line in lines[:8]] == [
        f"  {full}{half}",
        *[f"  {full}{full}"] * 6,
        f" {full}{full}{full}",
    ]
    assert lines[0].startswith("    8 |") and lines[7].startswith("    0 |")
    for nothing in ([0.0, 0.0], [-1.0, 0.0], [float("inf"), 1.0]):
        assert draw_curve(nothing) == []


def test_a_broken_promise_is_located_at_what_was_promised(shipped: Workplace) -> None:
    """Not at another value that the promise is computed from."""
    text = shipped.read("specs/models/igla_7b.vibee")
    line = next(n for n, row in enumerate(text.split("\n"), 1) if row.startswith("    flops:"))
    shipped.change("specs/models/igla_7b.vibee", "flops: 5.661e21", "flops: 5.7e21")
    found = shipped.run("plan", "specs/models/igla_7b.vibee").out
    first, place = found.splitlines()[:2]
    assert first.startswith(
        "error[IG302 contract-mismatch]: agrees(contract.training.flops, contract.training.tokens"
    )
    assert place == f"  --> specs/models/igla_7b.vibee:{line}:12"


def test_a_number_that_no_float_holds_is_named(shipped: Workplace) -> None:
    huge = "architecture.vocab_size=1" + "0" * 900
    for form in ("text", "json"):
        result = shipped.run("plan", TINY, "--set", huge, "--output-format", form)
        assert result.code == 1 and "more than a float holds" in result.out, result.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("num_params(config)", "formulas call each other without end"),
        ("twice_39(config.num_layers)", "call each other more than 5000 times"),
    ],
)
def test_formulas_that_call_each_other_without_end_are_named(
    shipped: Workplace, more: str, said: str
) -> None:
    text = shipped.read("specs/architecture/decoder.vibee")
    for depth in range(40):
        value = f"twice_{depth - 1}(rows) + twice_{depth - 1}(rows + 1)" if depth else "rows"
        formula = "    description: Twice.\n    params: {rows: Int}\n    returns: Int\n"
        formula = f"  twice_{depth}:\n{formula}    is: {value}\n    checks: [counts_match_the_built_decoder]\n"
        text = text.replace("formulas:\n", f"formulas:\n{formula}", 1)
    text = text.replace("    is: num_embedding_params", f"    is: {more} + num_embedding_params")
    shipped.write("specs/architecture/decoder.vibee", text)
    for command in (("plan", TINY), ("check", TINY)):
        result = shipped.run(*command)
        assert result.code == 1 and said in result.out, result
