"""Where the cursor is and what may stand there, in whole documents and in cut ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igla_gen.editors import answers
from igla_gen.editors.context import ITEM, Context, context_at
from igla_gen.editors.expected import Expected, expected_at
from igla_gen.editors.project import Project
from igla_gen.model.component import BlueprintSpec, ComponentSpec
from tests.conftest import Workplace

REPOSITORY = Path(__file__).parent.parent
SPECS = sorted((REPOSITORY / "specs").rglob("*.vibee"))

ITEMS = "behaviors:\n  - name: a\n    gi<|>\n    then: b\n  - name: c\n    when: d\n"
NEW = "types:\n  A:\n    a: 1\n    <|>\n    c: 1\n  B:\n    d: 1\n"

# `<|>` is the cursor; then the path, the key whose value it is in, the word before it, the other keys
PLACES = {
    "top": ("name: x\nver<|>\n", (), None, "ver", {"name"}),
    "top value": ("name: x\nkind: mo<|>\n", (), "kind", "mo", {"name"}),
    "block": ("types:\n  A:\n    fields:\n      a: I<|>\n      b: Int\n", ("types", "A", "fields"), "a", "I", {"b"}),
    "new key in a block": (NEW, ("types", "A"), None, "", {"a", "c"}),
    "item": ("uses:\n  - a\n  - b<|>\n", ("uses", ITEM), None, "b", set()),
    "indentless item": ("uses:\n- a\n- b<|>\nname: x\n", ("uses", ITEM), None, "b", set()),
    "mapping in an item": (ITEMS, ("behaviors", ITEM), None, "gi", {"name", "then"}),
    "first key of an item": ("laws:\n  - na<|>\n    holds: x\n  - name: y\n", ("laws", ITEM), None, "na", {"holds"}),
    "items in items": ("a:\n  - b:\n      - c: 1\n        d: <|>\n", ("a", ITEM, "b", ITEM), "d", "", {"c"}),
    "brackets": ("uses: [a.b, c<|>]\n", ("uses", ITEM), None, "c", {"a.b"}),
    "key in brackets": ("p: {x: Int, y<|>}\n", ("p",), None, "y", {"x"}),
    "value in brackets": ("p: {x: Int, y: F<|>}\n", ("p",), "y", "F", {"x"}),
    "after brackets": ("p: {x: [1]} <|>\n", (), "p", "{x: [1]} ", set()),
    "brackets in brackets": ("cases: [{a: 1}, {b: <|>", ("cases", ITEM), "b", "", set()),
    "brackets in quotes": ('p: {x: "[", y: <|>', ("p",), "y", "", {"x"}),
    "text block": ("a:\n  b: |\n    <|>\n    text\n", ("a", "b"), "", "", set()),
    "empty document": ("<|>", (), None, "", set()),
}  # fmt: skip


def at(text: str) -> Context:
    before, _, after = text.partition("<|>")
    lines = (before + after).split("\n")
    return context_at(lines, before.count("\n"), len(before.rpartition("\n")[2]))


@pytest.mark.parametrize(
    ("text", "path", "key", "word", "keys"), PLACES.values(), ids=PLACES.keys()
)
def test_the_cursor_is_found(
    text: str, path: tuple[str, ...], key: str | None, word: str, keys: set[str]
) -> None:
    here = at(text)
    assert (here.path, here.key, here.word, here.keys) == (path, key, word, keys)


def test_the_models_say_what_may_stand_there() -> None:
    def shape(*path: str) -> Expected:
        return expected_at(ComponentSpec, path)

    assert shape("types", "A", "fields", "x").scalar == "field"
    assert shape("behaviors", ITEM, "laws", ITEM, "for", "x").scalar == "expression"
    assert shape("behaviors", ITEM, "returns").scalar == "type"
    assert shape("behaviors", ITEM, "laws", ITEM, "seed").scalar == "integer"
    assert shape("uses").shape == "items" and shape("types").shape == "table"
    assert shape("nothing", "here").shape == "anything"
    assert shape("uses", "no item").shape == "anything"
    assert expected_at(BlueprintSpec, ("requires", ITEM)).scalar == "expression"


@pytest.fixture(scope="module")
def project() -> Project:
    return Project(REPOSITORY)


@settings(max_examples=150)
@given(path=st.sampled_from(SPECS), data=st.data())
def test_every_cut_of_a_spec_is_answered(project: Project, path: Path, data: st.DataObject) -> None:
    text = path.read_text(encoding="utf-8")
    cut = text[: data.draw(st.integers(0, len(text)))] + data.draw(
        st.sampled_from(["", " ", "\n", "\n  ", "{", "- ", '"', ": ", "\n    x"])
    )
    rest = data.draw(st.sampled_from(["", text[len(cut) :]]))
    project.open(path, cut + rest)
    line, column = cut.count("\n"), len(cut.rpartition("\n")[2])
    project.check(path)
    for ask in (answers.complete, answers.hover, answers.definitions, answers.implementations):
        ask(project, path, line, column)
    answers.symbols(project, path)
    project.close(path)


def test_a_changed_template_is_noticed(scaling: Workplace) -> None:
    path = scaling.root / "specs/architecture/scaling.vibee"
    project = Project(scaling.root)
    project.open(path, path.read_text())
    assert project.check(path) == []
    scaling.change("templates/architecture/scaling.py.j2", "#% behavior scale", "#% behavior scal")
    assert {item.code for item in project.check(path)} == {"IG404"}


def test_names_of_an_unreadable_text_are_those_it_last_had(scaling: Workplace) -> None:
    path = scaling.root / "specs/architecture/scaling.vibee"
    project = Project(scaling.root)
    project.open(path, path.read_text())
    names = set(project.names(path))
    assert names == {"ScaleConfig", "area", "scale"}
    project.open(path, "")
    assert set(project.names(path)) == names
