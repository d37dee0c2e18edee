"""`igla-gen ir`: everything that a model holds comes out, with its place."""

from __future__ import annotations

import ast
import json
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from igla_gen.diagnostics import Span
from igla_gen.expressions import Expression
from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec
from igla_gen.model.data import as_data, span_data, tree_data
from igla_gen.model.library import Library, load
from igla_gen.model.types import Type
from igla_gen.syntax.tree import Mapping, Scalar, Sequence
from tests.conftest import REPOSITORY, Workplace

SPECS = sorted((REPOSITORY / "specs").rglob("*.vibee"))


@pytest.fixture(scope="module")
def library() -> Library:
    return load([REPOSITORY / "specs"], REPOSITORY)


def compare(value: object, data: object, seen: set[type]) -> None:
    """Walks model and data side by side; whatever the model holds, the data must hold too."""
    seen.add(type(value))
    match value:
        case Spec():
            assert isinstance(data, dict)
            names = {name: info.alias or name for name, info in type(value).model_fields.items()}
            assert set(data) == {*names.values(), "span"}
            assert data["span"] == span_data(value.node.span)
            for name, key in names.items():
                compare(getattr(value, name), data[key], seen)
        case Scalar() | Mapping() | Sequence():
            assert isinstance(data, dict) and data["span"] == span_data(value.span)
            assert set(data) >= {"value"}
        case Span():
            assert data == span_data(value)
        case dict():
            assert isinstance(data, dict) and list(data) == list(value)
            for key, item in value.items():
                compare(item, data[key], seen)
        case tuple() | list():
            assert isinstance(data, list) and len(data) == len(value)
            for item, part in zip(value, data, strict=True):
                compare(item, part, seen)
        case _ if is_dataclass(value):
            compare_record(value, data, seen)
        case _:
            assert data == value


def compare_record(value: object, data: object, seen: set[type]) -> None:
    assert isinstance(data, dict)
    if isinstance(value, Expression | Type) and "tree" in data:
        assert data["text"]
        data = data["tree"]
        assert isinstance(data, dict) and data["node"]
    for item in fields(value):  # type: ignore[arg-type]
        compare(getattr(value, item.name), data[item.name], seen)


def test_no_field_of_any_model_is_left_out(library: Library) -> None:
    seen: set[type] = set()
    for unit in library.units.values():
        compare(unit.spec, as_data(unit.spec), seen)
    assert {ComponentSpec, BlueprintSpec, InstanceSpec} <= seen
    assert len(seen) > 25


def test_a_field_that_is_new_comes_out_by_itself(library: Library) -> None:
    unit = library.units["igla.architecture.normalization"]
    law = next(law for _, law in unit.spec.laws())
    assert tree_data(law.holds)["node"] == "Comparison"
    assert as_data(law)["tolerance"] == law.tolerance


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_shipped_spec_has_one(
    path: Path, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # the specs and templates of the repository
    result = workplace.run("ir", str(path), "--json")
    assert (result.code, result.err) == (0, "") and result.out.isascii()
    data = json.loads(result.out)
    assert data["version"] == 1
    for source in [
        *data.get("formulas", {}).values(),
        *(law["python"] for law in data.get("laws", ())),
    ]:
        ast.parse(source)
    assert workplace.run("ir", str(path)).out == result.out


def test_names_defaults_and_laws_are_resolved(scaling: Workplace) -> None:
    data = json.loads(scaling.run("ir", "specs/architecture/scaling.vibee").out)
    assert data["module"] == "igla.architecture.scaling"
    assert data["scope"]["area"] == {"kind": "formula", "module": "igla.architecture.scaling"}
    factor = data["spec"]["types"]["ScaleConfig"]["fields"]["factor"]
    assert (factor["type"]["text"], factor["default"], factor["help"]) == (
        "Int",
        2,
        "the multiplier",
    )
    assert data["spec"]["version"] == {"text": "1.0.0", "value": "1.0.0", "span": [2, 10, 2, 17]}
    assert "return config.width * config.factor" in data["formulas"]["area"]
    law = data["laws"][0]
    assert law["subject"] == "area" and "def test_area_multiplies()" in law["python"]


def test_sections_have_their_complete_values(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    path = REPOSITORY / "specs" / "models" / "igla_tiny.vibee"
    data = json.loads(workplace.run("ir", str(path)).out)
    for section in data["sections"].values():
        for values in (section["values"], section["smoke"]):
            assert values["given"].items() <= values["complete"].items()
    assert data["blueprint"]["module"] == "igla.models.language_model" and data["model"] is None
    path = REPOSITORY / "specs" / "recipes" / "quickstart.vibee"
    data = json.loads(workplace.run("ir", str(path)).out)
    assert data["model"]["module"].startswith("igla.models.")
    sections = data["sections"].values()
    assert any(item["smoke"]["complete"] != item["values"]["complete"] for item in sections)
    assert any(len(item["values"]["complete"]) > len(item["values"]["given"]) for item in sections)


def test_a_spec_with_errors_has_none(scaling: Workplace) -> None:
    scaling.change("specs/architecture/scaling.vibee", "    example:", "    exampel:")
    result = scaling.run("ir", "specs/architecture/scaling.vibee")
    assert result.code == 1 and "IG203" in result.out and "{" not in result.out[:1]


@pytest.mark.parametrize("arguments", [("nowhere.vibee",), ("specs",), ()])
def test_wrong_usage(scaling: Workplace, arguments: tuple[str, ...]) -> None:
    result = scaling.run("ir", *arguments)
    assert result.code == 2 and result.out == "" and result.err.startswith("igla-gen: ")
