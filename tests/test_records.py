"""Fields that hold records: evaluated, typed, edited and compared at any depth.

What is reported of them, and what is generated, is in the cases `model_with_records`,
`model_with_faulty_records` and `faulty_records_in_a_component`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from igla_gen.diagnostics import Span, SpecError
from igla_gen.editors.answers import complete, hover
from igla_gen.editors.project import Project
from igla_gen.expressions import EvaluationError, evaluate, parse_expression
from igla_gen.expressions.emit import Scope, emit
from igla_gen.expressions.infer import Inference
from igla_gen.expressions.kinds import INT, Function, Maybe, Param, Record, Words
from igla_gen.expressions.tree import Expression
from igla_gen.model import library as libraries
from igla_gen.model.library import load
from igla_gen.model.records import given_of
from igla_gen.model.sections import formula_functions, section_values
from igla_gen.rules import run_rules
from igla_gen.syntax import parse_document
from igla_gen.syntax.tree import Scalar, plain_data
from tests import sensitivity
from tests.conftest import Workplace

CASE = Path(__file__).parent / "cases" / "model_with_records"
SMALL = "specs/models/small.vibee"
ROUTING = Record("Routing", {"top_k": INT, "num_experts": INT})
CONFIG = Record("Config", {"moe": Maybe(ROUTING), "size": INT, "shared": ROUTING})
KINDS = {
    "config": CONFIG,
    "moe": Maybe(ROUTING),
    "count": Function("count", (Param("routing", ROUTING, True),), INT),
    "count_all": Function("count_all", (Param("routing", Maybe(ROUTING), True),), INT),
}


@pytest.fixture
def models(workplace: Workplace) -> Workplace:
    """The specs of the case of a model with records."""
    for folder in ("specs", "templates"):
        shutil.copytree(CASE / folder, workplace.root / folder, dirs_exist_ok=True)
    return workplace


def expression(text: str) -> Expression:
    return parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))


@pytest.mark.parametrize(
    "text",
    [
        "config.shared.top_k",
        "config.moe.top_k if config.moe != none else 0",
        "0 if config.moe == none else config.moe.top_k",
        "0 if none == config.moe else config.moe.top_k",
        "config.moe.top_k if config.moe else 0",
        "config.moe.top_k if not config.moe == none else 0",
        "moe.top_k if moe != none and moe.top_k > 1 else 0",
        "moe == none or moe.top_k <= moe.num_experts",
        "not (moe == none or config.moe == none) and moe.top_k == config.moe.top_k",
        "moe == none or config.moe == none or moe.top_k == config.moe.top_k",
        "(moe.top_k if config.size > 1 else moe.num_experts) if moe != none else 0",
        "count(moe) if moe != none else 0",
        "count_all(moe)",
        "count(config.shared)",
    ],
)
def test_a_record_that_is_asked_for_first_is_read(text: str) -> None:
    inference = Inference(KINDS)
    inference.infer(expression(text))
    assert inference.faults == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("config.moe.top_k", "config.moe may be none, and none has no field 'top_k'"),
        ("config.moe.top_k if moe != none else 0", "config.moe may be none"),
        ("config.moe.top_k if config.moe == none else 0", "config.moe may be none"),
        ("0 if config.moe != none else config.moe.top_k", "config.moe may be none"),
        ("moe.top_k > 1 and moe != none", "moe may be none"),
        ("moe != none or moe.top_k > 1", "moe may be none"),
        ("moe == none and moe.top_k > 1", "moe may be none"),
        ("(moe.top_k if moe != none else 0) + moe.top_k", "moe may be none"),
        ("moe.top_k if not (moe != none and config.moe != none) else 0", "moe may be none"),
        ("moe.top_k if moe != none or config.moe != none else 0", "moe may be none"),
        ("count(moe)", "routing is a Routing, not a Routing or none"),
        ("count(config.moe) if moe != none else 0", "routing is a Routing, not a Routing or none"),
        ("config.moe.topk if config.moe != none else 0", "Routing has no field 'topk'"),
        ("config.shared.topk", "Routing has no field 'topk'"),
    ],
)
def test_a_record_that_may_be_none_is_reported_once(text: str, fault: str) -> None:
    inference = Inference(KINDS)
    inference.infer(expression(text))
    (found,) = inference.faults
    assert found.message.startswith(fault)


def test_a_field_of_none_has_no_value_and_a_place() -> None:
    with pytest.raises(EvaluationError, match="no field 'top_k': config.moe is none") as caught:
        evaluate(expression("1 + config.moe.top_k"), {"config": {"moe": None}})
    assert (caught.value.span.column, caught.value.span.end_column) == (5, 21)


def test_defaults_of_records_are_there_and_told_from_what_is_given(models: Workplace) -> None:
    library = load([models.root / SMALL], models.root)
    unit = library.units["igla.models.small"]
    stack = section_values(library, unit, "stack", smoke=False)
    assert stack["moe"] == {"num_experts": 8, "top_k": 2, "dispatch": "dropless"}
    assert given_of(stack["moe"]) == {"num_experts": 8, "top_k": 2}
    smoke = section_values(library, unit, "stack", smoke=True)
    assert given_of(smoke) == given_of(stack) | {"moe": {"num_experts": 3, "top_k": 2}}


def test_formulas_of_other_specs_see_their_own_scope_and_types_can_be_made(
    models: Workplace,
) -> None:
    models.change(
        "specs/architecture/stack.vibee",
        "      shared: config.shared",
        "      shared: Routing(num_experts=config.shared.num_experts)",
    )
    library = load([models.root / SMALL], models.root)
    functions = formula_functions(library, library.units["igla.models.family"])
    values = section_values(library, library.units["igla.models.small"], "stack", smoke=False)
    assert functions["num_params"](values) == 99  # router_params is of the routing spec
    with pytest.raises(EvaluationError, match=r"Routing needs 0 < top_k <= num_experts"):
        evaluate(expression("Routing(num_experts=1)"), formula_functions(library, _stack(library)))
    with pytest.raises(EvaluationError, match=r"Routing lacks num_experts"):
        evaluate(expression("Routing(top_k=1)"), formula_functions(library, _stack(library)))


def _stack(library):
    return library.units["igla.architecture.stack"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("replace(config.shared, top_k=2).top_k", None),
        ("count(replace(config.shared, top_k=2, num_experts=4))", None),
        ("replace(config, moe=none).size", None),
        ("replace(config.shared, topk=2)", "Routing has no parameter 'topk'"),
        ("replace(config.shared, top_k='two')", 'top_k is an Int, not the text "two"'),
        ("replace(3, top_k=2)", "3 is an Int: replace takes a record"),
        ("replace(moe, top_k=2)", "moe is a Routing or none: replace takes a record"),
        ("replace(moe, top_k=2) if moe != none else config.shared", None),
        ("device == 'fast'", None),
        ("device == 'fats'", '"fats" is none of slow, fast'),
    ],
)
def test_replace_and_words_of_declared_types_are_typed(text: str, fault: str | None) -> None:
    inference = Inference({**KINDS, "device": Words(("slow", "fast"))})
    inference.infer(expression(text))
    assert [found.message for found in inference.faults] == ([fault] if fault else [])


def test_replace_makes_another_record_that_keeps_its_constraints(models: Workplace) -> None:
    library = load([models.root / SMALL], models.root)
    stack = section_values(library, library.units["igla.models.small"], "stack", smoke=False)
    values = {"stack": stack}
    assert evaluate(expression("replace(stack, num_layers=3).num_layers"), values) == 3
    assert evaluate(expression("replace(stack.moe, top_k=4).num_experts"), values) == 8
    assert stack["num_layers"] == 2
    with pytest.raises(EvaluationError, match="StackConfig needs hidden_size > 0"):
        evaluate(expression("replace(stack, hidden_size=0)"), values)
    with pytest.raises(EvaluationError, match="Routing has no field topk"):
        evaluate(expression("replace(stack.moe, topk=4)"), values)
    with pytest.raises(EvaluationError, match="replace takes a record"):
        evaluate(expression("replace(3, topk=4)"), values)


def test_replace_is_that_of_dataclasses() -> None:
    scope = Scope({"config": "config"})
    assert emit(expression("replace(config, a=1)"), scope) == "dataclasses.replace(config, a=1)"
    for text in ("replace(config)", "replace(a=1)", "replace(config, 2, a=1)"):
        with pytest.raises(SpecError, match="replace takes a record, and field=value"):
            emit(expression(text), scope)


def test_a_declared_type_of_words_takes_its_words(models: Workplace) -> None:
    models.change(
        "specs/architecture/routing.vibee",
        "  Routing:\n",
        "  Order:\n    description: Who comes first.\n    variants: [near, far]\n  Routing:\n",
    )
    models.change(
        "specs/architecture/routing.vibee",
        "    constraints:\n",
        "      order: Option<Order> = none\n    constraints:\n",
    )
    models.change(SMALL, "    top_k: 2\n", "    top_k: 2\n    order: near\n")
    assert "error" not in models.run("check").out
    models.change(SMALL, "order: near", "order: nearer")
    result = models.run("check")
    assert '"nearer" is not an Order' in result.out
    assert f"{SMALL}:15:12" in result.out and "one of near, far" in result.out


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("1e400", "1e400 is more than a float holds"),
        (".inf", ".inf is no finite number"),
        (".nan", ".nan is no finite number"),
        ("", "nothing is not a number (Float)"),
    ],
)
def test_a_number_of_an_instance_is_finite(models: Workplace, said: str, message: str) -> None:
    models.change(
        "specs/architecture/routing.vibee", "    constraints:\n", "      jitter: Float = 0.1\n    constraints:\n"
    )
    models.change(SMALL, "    top_k: 2\n", "    top_k: 2\n    jitter: 0.5\n")
    assert "IG206" not in models.run("check").out
    models.change(SMALL, "jitter: 0.5", f"jitter: {said}".rstrip())
    result = models.run("check")
    assert f"error[IG206 wrong-type]: {message}" in result.out
    assert f"{SMALL}:15:" in result.out


def test_a_recipe_has_a_model_and_a_model_none(models: Workplace) -> None:
    models.change(SMALL, "kind: model", "kind: recipe")
    result = models.run("check")
    assert 'error[IG204 missing-key]: the key "model" is missing' in result.out
    assert "add 'model: ...', or say 'kind: model'" in result.out
    models.change(SMALL, "kind: recipe", "kind: model\nmodel: igla.models.other")
    result = models.run("check")
    assert 'error[IG203 unknown-key]: "model" is not a key of a model' in result.out
    assert f"{SMALL}:3:1" in result.out


def test_generated_tests_of_records_pass(models: Workplace) -> None:
    assert models.run("gen").code == 0
    folder = models.root / "generated"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode()


def test_a_mixture_in_a_record_sums_to_one(models: Workplace) -> None:
    models.change(
        "specs/architecture/routing.vibee",
        "      num_experts: Int -- experts of a layer",
        '      num_experts: Int\n      parts: "Mixture = {a: 1}"',
    )
    models.change(SMALL, "    top_k: 2\n", "    top_k: 2\n    parts: {a: 0.5, b: 0.4}\n")
    result = models.run("check")
    assert "IG303" in result.out and f"{SMALL}:15:12" in result.out


@pytest.mark.parametrize(
    ("path", "old", "new", "place"),
    [
        (SMALL, "    num_experts: 8\n    top_k: 2\n", "    top_k: 2\n    num_experts: 8\n", "13:5"),
        ("specs/architecture/stack.vibee", "{num_experts: 5, top_k: 1}\n",
         "{top_k: 1, num_experts: 5}\n", "24:16"),
    ],
)  # fmt: skip
def test_fields_of_records_stand_in_order(
    models: Workplace, path: str, old: str, new: str, place: str
) -> None:
    models.change(path, old, new)
    result = models.run("check")
    assert "IG426" in result.out and f"{path}:{place}" in result.out


def test_the_schema_knows_records(models: Workplace) -> None:
    schema = json.loads(models.run("schema", "--blueprint", "igla.models.family").out)
    validator = Draft202012Validator(schema)
    text = models.read(SMALL)
    sound = plain_data(parse_document(text, "a").tree)
    assert [e.message for e in validator.iter_errors(sound)] == []
    for old, new in (("    top_k: 2", "    topk: 2"), ("top_k: 1}", "top_k: [1]}"),
                     ("{num_experts: 3, top_k: 1}", "{top_k: 1}")):  # fmt: skip
        assert old in text
        wrong = plain_data(parse_document(text.replace(old, new), "a").tree)
        assert list(validator.iter_errors(wrong)) != [], new


def test_a_type_that_holds_itself_has_a_schema(models: Workplace) -> None:
    models.change(
        "specs/architecture/routing.vibee",
        "      num_experts: Int -- experts of a layer",
        "      num_experts: Int\n      next: Option<Routing> = none",
    )
    assert models.run("check", "specs/models").code in (0, 1)
    assert models.run("schema", "--blueprint", "igla.models.family").code == 0
    models.change(SMALL, "    top_k: 2\n", "    top_k: 2\n    next: {num_experts: 1}\n")
    result = models.run("check", "specs/models")
    assert "IG301" in result.out and f"{SMALL}:15:25" in result.out


def labels(models: Workplace, text: str) -> list[str]:
    """What is offered at the end of the text of the model."""
    path, project = models.root / SMALL, Project(models.root)
    project.check(path)
    project.open(path, text)
    lines = text.split("\n")
    return [item.label for item in complete(project, path, len(lines) - 1, len(lines[-1]))]


def test_completion_inside_records(models: Workplace) -> None:
    head = models.read(SMALL).partition("stack:")[0]
    assert labels(models, head + "stack:\n  moe:\n    ") == ["num_experts", "top_k", "dispatch"]
    assert labels(models, head + "stack:\n  moe: {top_k: 2, ") == ["num_experts", "dispatch"]
    assert labels(models, head + "stack:\n  moe: {dispatch: ") == ["dropless", "capacity"]
    assert labels(models, head + "smoke:\n  stack:\n    shared: {") == [
        "num_experts", "top_k", "dispatch",
    ]  # fmt: skip
    assert labels(models, head + "stack:\n  hidden_size: {") == []


def test_completion_and_help_in_examples_and_sections(models: Workplace) -> None:
    path = models.root / "specs/architecture/stack.vibee"
    text = models.read("specs/architecture/stack.vibee")
    lines = text.split("\n")
    row = next(i for i, line in enumerate(lines) if "moe: {num_experts: 6}" in line)
    project = Project(models.root)
    project.open(path, text)
    project.open(models.root / SMALL, models.read(SMALL))
    project.check(path)
    offered = complete(project, path, row, lines[row].index("num_experts"))
    assert [item.label for item in offered] == ["num_experts", "top_k", "dispatch"]
    small = models.read(SMALL).split("\n")
    row = next(i for i, line in enumerate(small) if "top_k: 2" in line)
    said = hover(project, models.root / SMALL, row, small[row].index("top_k") + 1)
    assert said is not None and "experts that a token sees" in said


def test_ir_tells_what_is_given_in_records(models: Workplace) -> None:
    data = json.loads(models.run("ir", SMALL).out)["sections"]["stack"]
    assert data["values"]["given"]["moe"] == {"num_experts": 8, "top_k": 2}
    assert data["values"]["complete"]["moe"]["dispatch"] == "dropless"
    assert data["smoke"]["given"]["moe"] == {"num_experts": 3, "top_k": 2}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    num_experts: 8", "    num_experts: 6",
         "checkpoint: stack.moe.num_experts is 6, it was 8 (the parameter formula router_params reads it)"),
        ("    top_k: 2", "    top_k: 3", "numerics: stack.moe.top_k is 3, it was 2"),
        ("  moe:\n    num_experts: 8\n    top_k: 2\n", "",
         "checkpoint: stack.moe is none, it was {num_experts: 8, top_k: 2}"),
        ("    top_k: 2\n", "", "docs: stack.moe.top_k is left to its default"),
        ("{num_experts: 3, top_k: 1}", "{num_experts: 4, top_k: 1}",
         "checkpoint: stack.shared.num_experts is 4, it was 3 (the parameter formula router_params reads it)"),
        ("parameters: 99", "parameters: 98",
         "checkpoint: contract.promise.parameters is 98, it was 99 (it is the number of parameters)"),
        ("moe: {num_experts: 3}", "moe: {num_experts: 4}",
         "tests: smoke.stack.moe.num_experts is 4, it was 3"),
    ],
)  # fmt: skip
def test_the_semantic_diff_looks_into_records(
    models: Workplace, old: str, new: str, said: str
) -> None:
    shutil.copytree(models.root / "specs", models.root / "before/specs")
    models.change(SMALL, old, new)
    done = models.run("diff", "before/specs", "specs", "--output-format", "json")
    (module,) = json.loads(done.out)["modules"]
    found = [f"{row['class']}: {row['message']}" for row in module["changes"]]
    assert any(text.startswith(said) for text in found), found


@pytest.mark.parametrize("text", ["word", "1 / 0"])
def test_a_constant_without_a_value_is_reported_at_its_place_alone(text: str) -> None:
    """Also where a recipe has records of the component: their constraints are checked with its constants."""
    bench = sensitivity.bench()
    name = "specs/optimization/optimizer.vibee"
    changed = bench.texts()[name].replace("constants:\n", f"constants:\n  BROKEN: {text}\n")
    library = bench.loaded(name, changed)
    (unit,) = library.requested
    libraries._load_uses(library, sensitivity.ROOT)
    run_rules(library, sensitivity.readers(library, unit))
    errors = [item for item in library.findings.items if item.severity == "error"]
    line = changed[: changed.index("BROKEN")].count("\n") + 1
    assert errors and {(item.span.file, item.span.line) for item in errors} == {(name, line)}
