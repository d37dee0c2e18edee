"""The JSON Schema of specs: valid, as the models are, and of one mind with the compiler."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from igla_gen.editors.keys import KEYS, sentence
from igla_gen.editors.schema import CLASSES, document_schema
from igla_gen.model import component
from igla_gen.model.base import Spec
from igla_gen.syntax import parse_document
from igla_gen.syntax.tree import plain_data
from tests.conftest import SPEC, Workplace

REPOSITORY = Path(__file__).parent.parent
SPECS = sorted((REPOSITORY / "specs").rglob("*.vibee"))
SHIPPED = REPOSITORY / "editors/vibee.schema.json"


def plain(text: str) -> dict[str, object]:
    tree = parse_document(text, "a").tree
    assert tree is not None
    data = plain_data(tree)
    assert isinstance(data, dict)
    return data


def errors(data: object, schema: dict[str, object] | None = None) -> list[str]:
    validator = Draft202012Validator(schema or document_schema())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(data)]


def test_the_shipped_schema_is_what_the_models_give() -> None:
    assert (
        json.loads(SHIPPED.read_text()) == document_schema()
    ), "run: igla-gen schema > editors/vibee.schema.json"


@pytest.mark.parametrize("kind", [None, *CLASSES])
def test_schemas_are_schemas(kind: str | None) -> None:
    Draft202012Validator.check_schema(document_schema(kind))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shipped_specs_are_accepted(path: Path) -> None:
    data = plain(path.read_text(encoding="utf-8"))
    assert errors(data) == []
    assert errors(data, document_schema(str(data.get("kind", "component")))) == []
    other = "recipe" if "kind" not in data else "component"
    assert errors(data, document_schema(other)) != []


WRONG = {
    "unknown key": ("behaviors:", "behaviour:"),
    "unknown key of a behaviour": ("    when:", "    wehn:"),
    "unknown key of a law": ("        saying:", "        says:"),
    "unknown key of a type": ("    constraints:", "    constraint:"),
    "missing key": ("    then: The number times the factor\n", ""),
    "text for a list": ("checks: [scale_of_zero]", "checks: scale_of_zero"),
    "list for text": ("given: A number", "given: [a]"),
    "text for a number": ("saying: x is negative", "tolerance: small"),
    "unknown kind": ("version:", "kind: modle\nversion:"),
    "not a module path": ("module: igla.architecture.scaling", "module: scaling"),
}


@pytest.mark.parametrize(("sound", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_what_the_compiler_refuses_is_refused(sound: str, wrong: str, scaling: Workplace) -> None:
    assert errors(plain(SPEC)) == []
    bad = SPEC.replace(sound, wrong)
    assert errors(plain(bad)) != []
    scaling.write("specs/architecture/scaling.vibee", bad)
    assert scaling.run("check").code == 1


def test_words_that_read_as_numbers_are_texts_too() -> None:
    text = SPEC.replace("- factor > 0", "- true").replace("given: A number", "given: 1.5")
    assert errors(plain(text)) == []


def test_sections_of_a_blueprint() -> None:
    command = [sys.executable, "-m", "igla_gen", "schema"]
    module = ["--blueprint", "igla.models.language_model"]
    made = subprocess.run(
        [*command, *module], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    schema = json.loads(made.stdout)
    Draft202012Validator.check_schema(schema)
    text = (REPOSITORY / "specs/models/igla_tiny.vibee").read_text()
    assert errors(plain(text), schema) == []
    assert errors(plain(text.replace("hidden_size: 512", "hidden_size: 2K")), schema) == []
    for sound, wrong in (
        ("hidden_size: 512", "hiden_size: 512"),
        ("hidden_size: 512", "hidden_size: wide"),
        ("hidden_size: 512", "hidden_size: 5.5"),
        ("  hidden_size: 512\n", ""),
        ("contract:", "contracts:"),
    ):
        assert errors(plain(text.replace(sound, wrong)), schema) != []
    field = schema["$defs"]["model"]["properties"]["architecture"]["properties"]["rope_base"]
    assert field["type"] == ["number", "string"] and field["description"]


def test_usage_errors_are_sentences(workplace: Workplace) -> None:
    assert "did you mean 'model'" in workplace.run("schema", "--kind", "modle").err
    workplace.write("specs/architecture/scaling.vibee", SPEC)
    for arguments in (["igla.architecture.scaling"], ["nowhere"], ["x", "--kind", "component"]):
        result = workplace.run("schema", "--blueprint", *arguments)
        assert (result.code, result.out) == (2, "")


def classes(cls: type[Spec]) -> list[type[Spec]]:
    return [cls, *(below for direct in cls.__subclasses__() for below in classes(direct))]


def test_each_key_has_its_sentence() -> None:
    """Whoever adds a key adds what an editor says about it, in igla_gen/editors/keys.py."""
    models = [cls for cls in classes(Spec) if cls.__module__ == component.__name__]
    for cls in models:
        for name, info in cls.model_fields.items():
            assert sentence(cls.__mro__, info.alias or name), f"{cls.__name__}.{name}"
    known = {
        cls.__name__: {info.alias or name for name, info in cls.model_fields.items()}
        for cls in models
    }
    assert all(set(keys) <= known[name] for name, keys in KEYS.items())
