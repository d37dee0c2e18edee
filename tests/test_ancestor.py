"""Specs in the form of the public ancestor: recognised, reported once, imported with nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igla_gen.ancestor.forms import is_ancestor
from igla_gen.ancestor.names import module_path
from igla_gen.ancestor.types import translate
from igla_gen.ancestor.writing import write_today
from igla_gen.model.library import load
from igla_gen.rules import run_rules
from igla_gen.syntax import Mapping, Node, Scalar, Sequence, parse_document
from igla_gen.syntax.formatter import format_document
from igla_gen.syntax.tree import plain_data
from tests.conftest import REPOSITORY, Workplace

OLD = """\
# A cache of tiles, written the old way
# φ² + 1/φ² = 3

name: tile_cache
version: "12060"
language: zig
module: tile_cache

sacred_constants:
  phi: 1.618033988749895
  phoenix: 999
  motto: "three"

creation_pattern:
  source: Request
  transformer: fetch
  result: Tile

types:
  - name: State
    enum:
      - fresh  # just drawn
      - stale
  - name: Tile
    description: One square of a map.
    fields:
      - name: class
        type: "[]const u8"
        default: "sea: deep"
      - name: zoom
        type: i32
      - name: state
        type: State
  - name: Tensor
    fields:
      tiles: List<Tile>
      next: "?Tensor"
      by_name: Map<String, Tile>
      seen: Timestamp

behaviors:
  # the only one that matters
  - name: fetch
    given: "A request: zoom and place"
    When: The tile is asked for
    then: |
      The tile is drawn,
        or taken from the cache.
    complexity: O(1)
    test_cases:
      - name: sea
        input: {zoom: 3, place: "0, 0"}
        expected: {result: [1, "2", null, ""]}
        tolerance: 0.5
  - name: list
    given: ""

test_cases:
  - {name: prose, input: a request, expected: ">= 3"}

implementation: |
  fn fetch() !void {
      return;  // 'not' "a comment" # either
  }

pas_analysis: {pattern: D&C, deep: [{a: 1}, [], {}]}
"""
SMALL = "name: old\nlanguage: zig\nmodule: old\n"


def codes(workplace: Workplace, text: str) -> list[str]:
    workplace.write("old.vibee", text)
    result = workplace.run("check", "old.vibee", "--output-format", "json")
    return [item["code"] for item in json.loads(result.out)["findings"]]


def leaves(node: Node) -> Iterator[str]:
    """The text of every value."""
    if isinstance(node, Scalar):
        yield " ".join(node.text.split())
    elif isinstance(node, Mapping):
        for entry in node.entries:
            yield from leaves(entry.value)
    else:
        for item in node.items:
            yield from leaves(item)


def keys(node: Node) -> Iterator[str]:
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield " ".join(entry.key.text.split())
            yield from keys(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from keys(item)


def imported(text: str) -> str:
    """Today's form of an old spec, in its layout."""
    made = write_today(parse_document(text, "old.vibee"), module=None, folder=None)
    formatted = format_document(made.text, "old.vibee")
    assert formatted.text is not None, (made.text, formatted.faults)
    return formatted.text


def assert_kept(old: str, new: str) -> None:
    before, after = parse_document(old, "a"), parse_document(new, "b")
    assert before.tree is not None and after.tree is not None and not after.faults
    said = "\n".join([*leaves(after.tree), *keys(after.tree)])
    assert [leaf for leaf in leaves(before.tree) if leaf not in said] == []
    comments = {comment.text.rstrip() for comment in after.comments}
    assert {comment.text.rstrip() for comment in before.comments} <= comments


def assert_clean(folder: Path, text: str) -> None:
    path = folder / "new.vibee"
    path.write_text(text, encoding="utf-8")
    library = load([path], folder)
    run_rules(library)
    assert [item.message for item in library.findings.items] == []
    assert len(library.requested) == 1


# -- recognised, and reported once ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_old"),
    [
        (SMALL, True),
        ("name: a\nlanguage: varlog\n", True),
        ("name: a\nlanguage: python\nmodule: a\nsacred_constants: {phi: 1}\n", True),
        ("name: a\nlanguage: python\nmodule: a\n", False),
        ("name: a\nlanguage: zig\nmodule: igla.data.a\n", False),
        ("name: a\nlanguage: zig\nmodule: a\nkind: model\n", False),
        ("name: a\nlanguage: zig\nbehaviors: [{name: a, laws: []}]\n", False),
        ("[a]\n", False),
    ],
)
def test_a_file_is_of_one_form(text: str, is_old: bool) -> None:
    tree = parse_document(text, "a").tree
    assert tree is not None and is_ancestor(tree) is is_old


def test_no_shipped_spec_is_old() -> None:
    for path in (REPOSITORY / "specs").rglob("*.vibee"):
        tree = parse_document(path.read_text("utf-8"), path.name).tree
        assert tree is not None and not is_ancestor(tree)


def test_each_thing_is_reported_once(workplace: Workplace) -> None:
    found = codes(workplace, OLD)
    assert sorted(found) == ["IG511", "IG512", "IG513", "IG514", "IG515", "IG517"]


def test_no_cascade_of_unknown_keys(workplace: Workplace) -> None:
    text = SMALL + "".join(f"section_{n}: {{a: [1, 2]}}\n" for n in range(40))
    assert codes(workplace, text) == ["IG511", "IG514"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("types:\n  Node:\n    fields: {axe: List<AxeNode>, other: AxeNode}\n", "IG406"),
        ("types: [{name: A}, {name: A}]\n", "IG408"),
        ("types: {A: {fields: {a: [1]}}}\n", "IG205"),
        ("types: prose\n", "IG205"),
        ("behaviors: [prose]\n", "IG205"),
        ("test_cases: [{name: a, input: {a: 1}, behavior: no_such}]\n", "IG516"),
        ("test_cases: [{name: a, input: {a: 1}, tolerance: near}]\n", "IG205"),
        ("test_cases: [{name: a, input: {a: 1}, tolerance: -1}]\n", "IG205"),
    ],
)
def test_real_faults_are_errors(workplace: Workplace, text: str, code: str) -> None:
    assert codes(workplace, SMALL + text) == ["IG511", code]


def test_what_has_another_shape_says_what_to_write(workplace: Workplace) -> None:
    text = (
        "behaviors: [prose, {given: x}, {name: a, then: b}]\n"
        "types:\n  A: [x]\n  B: {fields: x}\n  C: {fields: {w: {}}}\n  D: {fields: [w]}\n"
    )
    workplace.write("old.vibee", SMALL + text)
    data = json.loads(workplace.run("check", "old.vibee", "--output-format", "json").out)
    found = {f["message"]: f["hint"] for f in data["findings"] if f["code"] == "IG205"}
    assert found == {
        "text stands where a mapping with a name (in behaviors) is expected": "begin with '- name: ...'",
        "a mapping without a name stands where a mapping with a name (in behaviors) is expected": (
            "begin with '- name: ...'"
        ),
        "a list stands where a type: fields, or variants is expected": (
            "write 'fields: {name: Type}', or 'variants: [word, word]' below it"
        ),
        "text stands where fields, by name or as a list is expected": "write 'name: Type', one a line",
        "a mapping stands where the type of the field w is expected": "write 'w: Type'",
        "text stands where a mapping with a name (in fields) is expected": "write 'name: Type', one a line",
    }


def test_known_keys_of_another_shape_have_a_meaning(workplace: Workplace) -> None:
    """They are kept below notes; to say that they mean nothing would be wrong."""
    text = SMALL + "version: [1, 2]\ntypes:\ntest_cases: {a: b}\n"
    text += "behaviors: [{name: a, when: [b, c], then: {d: e}, test_cases: [f], other: g}]\n"
    workplace.write("old.vibee", text)
    data = json.loads(workplace.run("check", "old.vibee", "--output-format", "json").out)
    found = [f for f in data["findings"] if f["code"] in ("IG205", "IG514")]
    assert [(f["line"], f["message"]) for f in found] == [
        (4, "a list stands where text (of version) is expected"),
        (6, "a mapping stands where a list of test cases is expected"),
        (7, "a list stands where text (of when) is expected"),
        (7, "a mapping stands where text (of then) is expected"),
        (7, "text stands where a test case is expected"),
        (7, "other has no meaning here"),
    ]
    assert {f["severity"] for f in found} == {"warning"}
    assert workplace.run("import", "old.vibee").code == 0


def test_one_of_a_thing_is_not_named_as_many(workplace: Workplace) -> None:
    text = SMALL + "types: {A: {fields: {a: int}}}\nbehaviors: [{name: a, then: b}]\n"
    text += "test_cases: [{name: c, input: prose, expected: 1}]\n"
    workplace.write("old.vibee", text)
    assert "the input of 1 test case is prose\n" in workplace.run("check", "old.vibee").out
    said = workplace.run("import", "old.vibee").err
    assert "old.vibee: 1 type, 1 behaviour (pending) -> " in said


def test_the_capital_key_is_fixed(workplace: Workplace) -> None:
    workplace.write("old.vibee", OLD)
    workplace.run("check", "old.vibee", "--fix")
    assert "    when: The tile is asked for\n" in workplace.read("old.vibee")


# -- imported ------------------------------------------------------------------------------


def test_the_import_keeps_every_leaf_and_comment(tmp_path: Path) -> None:
    new = imported(OLD)
    assert_kept(OLD, new)
    assert_clean(tmp_path, new)


def test_the_import_maps_types_and_marks_behaviors_as_pending() -> None:
    new = imported(OLD)
    assert "      zoom: Int -- i32 in the old spec\n" in new
    assert '      class_: "String -- class in the old spec; []const u8 in the old spec;' in new
    assert "      next: Option<Tensor_> -- ?Tensor in the old spec\n" in new
    assert "    variants: [fresh, stale]\n" in new
    assert new.count('    pending: "imported: no law or check yet"\n') == 2


def test_the_import_is_formatted_and_stable() -> None:
    new = imported(OLD)
    assert format_document(new, "a").text == new


def test_the_command_prints_the_spec_and_reports_beside_it(workplace: Workplace) -> None:
    workplace.write("old.vibee", OLD)
    result = workplace.run("import", "old.vibee")
    assert result.code == 0
    assert result.out.startswith("# A cache of tiles")
    assert "3 types, 2 behaviours (all pending) -> igla.imported.tile_cache" in result.err
    assert "renamed: list is now list_" in result.err
    workplace.write("new.vibee", result.out)
    assert workplace.run("check", "new.vibee").code == 0


def test_it_overwrites_nothing_unless_forced(workplace: Workplace) -> None:
    workplace.write("old.vibee", OLD)
    workplace.write("new.vibee", "mine\n")
    result = workplace.run("import", "old.vibee", "-o", "new.vibee")
    assert result.code == 2 and "add --force" in result.err
    assert workplace.read("new.vibee") == "mine\n"
    assert workplace.run("import", "old.vibee", "-o", "new.vibee", "--force").code == 0
    assert "tile_cache" in workplace.read("new.vibee")


def test_several_go_to_a_folder(workplace: Workplace) -> None:
    workplace.write("a/one.vibee", OLD)
    workplace.write("a/two.vibee", OLD.replace("tile_cache", "other_cache"))
    assert workplace.run("import", "a", "-o", "new/specs").code == 0
    assert workplace.run("check", "new/specs").code == 0


def test_a_folder_becomes_a_folder_though_it_holds_one_spec(workplace: Workplace) -> None:
    workplace.write("a/one.vibee", OLD)
    assert workplace.run("import", "a", "-o", "new/specs").code == 0
    assert "tile_cache" in workplace.read("new/specs/one.vibee")
    workplace.write("file.vibee", "mine\n")
    result = workplace.run("import", "a", "-o", "file.vibee", "--force")
    assert result.code == 2 and "name a folder" in result.err
    assert workplace.read("file.vibee") == "mine\n"


@pytest.mark.parametrize(
    "text",
    [
        "name: [\n",
        SMALL + "types: {A: [1]}\n",
        "language: zig\n",
        "",
        "name: a\nlanguage: python\n",
    ],
)
def test_what_cannot_be_read_is_located_and_nothing_is_written(
    workplace: Workplace, text: str
) -> None:
    workplace.write("a/good.vibee", OLD)
    workplace.write("a/poor.vibee", text)
    result = workplace.run("import", "a", "-o", "new")
    assert result.code == 1
    assert "--> a/poor.vibee:" in result.err and "nothing was written" in result.err
    assert not (workplace.root / "new").exists()


@pytest.mark.parametrize(
    "options",
    [["--module", "a.b"], ["--module", "igla.a.b", "--folder", "a"], ["--folder", "../a"]],
)
def test_wrong_options_are_refused(workplace: Workplace, options: list[str]) -> None:
    workplace.write("old.vibee", OLD)
    assert workplace.run("import", "old.vibee", *options).code == 2


def test_module_and_folder_are_taken(workplace: Workplace) -> None:
    workplace.write("old.vibee", OLD)
    module = workplace.run("import", "old.vibee", "--module", "igla.data.tiles").out
    assert "module: igla.data.tiles\n" in module
    folder = workplace.run("import", "old.vibee", "--folder", "data").out
    assert "module: igla.data.tile_cache\n" in folder


def test_a_module_that_a_template_builds_is_not_taken(scaling: Workplace) -> None:
    scaling.write("templates/optimization/optimizer.py.j2", '"""{{ module_doc }}"""\n')
    old = OLD.replace("name: tile_cache", "name: igla_training_optimizer")
    scaling.write("old.vibee", old)
    assert "module: igla.imported.optimizer\n" in scaling.run("import", "old.vibee").out


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("igla_training_optimizer", "igla.optimization.optimizer"),
        ("igla_training_data_pipeline", "igla.data.pipeline"),
        ("igla_training_architecture", "igla.architecture.decoder"),
        ("igla_training_fusion", "igla.planning.fusion"),
        ("igla_finetuning_lora", "igla.finetuning.lora"),
        ("igla_alignment_dpo", "igla.alignment.dpo"),
        ("igla_model_7b", "igla.models.igla_7b"),
        ("igla_model_koshey", "igla.models.koshey"),
        ("igla_training_else", "igla.imported.else_"),
        ("Tile Cache v2.1", "igla.imported.tile_cache_v2_1"),
        ("кэш", "igla.imported.spec"),
        ("../../etc", "igla.imported.spec"),
    ],
)
def test_a_name_has_its_module(name: str, module: str) -> None:
    assert module_path(name) == module


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("i32", "Int"), ("u64", "Int"), ("f32", "Float"), ("bool", "Bool"), ("str?", "Option<String>"),
        ("[]const u8", "String"), ("?i32", "Option<Int>"), ("[]f64", "List<Float>"),
        ("[8]i32", "List<Int>"), ("[Tile]", "List<Tile>"), ("Vec<u8>", "List<Int>"),
        ("HashMap<String, List<i32>>", "Map<String, List<Int>>"), ("Option<Tile>", "Option<Tile>"),
        ("Timestamp", "Any"), ("Object", "Any"), ("fn(u8) bool", "Any"), ("Result<A, B>", "Any"),
        ("Nope", "Any"), ("List<Nope>", "List<Any>"), ("[]", "Any"), ("Map<", "Any"),
    ],
)  # fmt: skip
def test_an_old_type_has_its_word(old: str, today: str) -> None:
    assert translate(old, {"Tile": "Tile"}).text == today


# -- any old spec ---------------------------------------------------------------------------

_NAMES = st.one_of(
    st.sampled_from(
        ["list", "class", "Int", "Tensor", "self", "_a", "2x", "кэш", "a b", "norm", "E"]
    ),
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,8}", fullmatch=True),
)
_TYPES = st.sampled_from(
    [
        "Int",
        "i32",
        "[]const u8",
        "?Tile",
        "List<Tile>",
        "Map<String, f64>",
        "Nope",
        "fn(u8) bool",
        "a: b",
    ]
)
_PROSE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Cf")), min_size=1).filter(
        str.strip
    ),
    st.sampled_from(
        ["yes: no", "# x", "12", "null", '"""', "{{ x }}", "line\nother\n", "a\n\n  b\n", "-- x"]
    ),
)
_VALUES = st.recursive(
    st.one_of(_PROSE, st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.dictionaries(_NAMES, _TYPES, min_size=1, max_size=4)
_OLD_TYPES = st.dictionaries(
    _NAMES,
    st.one_of(
        st.fixed_dictionaries({"fields": _FIELDS}),
        st.fixed_dictionaries({"enum": st.lists(_PROSE, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"description": _PROSE}, optional={"more": _VALUES}),
    ),
    max_size=3,
)
_BEHAVIORS = st.lists(
    st.fixed_dictionaries(
        {"name": _NAMES},
        optional={
            "given": _PROSE, "When": _PROSE, "then": _PROSE, "complexity": _VALUES,
            "test_cases": st.lists(st.dictionaries(_NAMES, _VALUES, min_size=1), max_size=2),
        },
    ),
    max_size=3,
)  # fmt: skip
_SPECS = st.fixed_dictionaries(
    {"name": _PROSE, "language": st.just("zig")},
    optional={
        "version": _PROSE, "module": st.just("old"), "description": _PROSE, "types": _OLD_TYPES,
        "behaviors": _BEHAVIORS, "sacred_constants": st.dictionaries(_NAMES, _VALUES, max_size=4),
        "constants": _VALUES, "pas_analysis": _VALUES, "implementation": _PROSE,
        "creation_pattern": _VALUES,
    },
)  # fmt: skip


@settings(max_examples=150)
@given(_SPECS)
def test_every_old_spec_becomes_one_that_is_clean_and_says_all(
    tmp_path_factory: pytest.TempPathFactory, spec: dict[str, object]
) -> None:
    old = json.dumps(spec, ensure_ascii=False) + "\n"
    new = imported(old)
    assert_kept(old, new)
    assert_clean(tmp_path_factory.mktemp("new"), new)


_CASES = st.lists(
    st.fixed_dictionaries(
        {"input": st.dictionaries(_NAMES, _VALUES, max_size=3) | _PROSE},
        optional={
            "name": _PROSE, "expected": _VALUES, "tolerance": st.floats(0, 1), "note": _VALUES,
        },
    ),
    min_size=1,
    max_size=3,
)  # fmt: skip
_OWN_KEYS = st.fixed_dictionaries(
    {"name": st.just("old"), "language": st.just("zig"), "test_cases": _CASES},
    optional={
        "creation_pattern": st.dictionaries(_NAMES, _VALUES, min_size=1, max_size=3),
        "functions": st.lists(st.dictionaries(_NAMES, _VALUES, min_size=1), min_size=1, max_size=2),
        "imports": st.lists(_PROSE, min_size=1, max_size=3),
        "sacred_formula": _PROSE,
        "behaviors": st.lists(
            st.fixed_dictionaries({"name": st.just("draw"), "test_cases": _CASES}), max_size=1
        ),
    },
)


def in_order(cases: list[object]) -> dict[str, object]:
    return {f"case_{number}": case for number, case in enumerate(cases, start=1)}


@settings(max_examples=100)
@given(_OWN_KEYS)
def test_what_only_the_ancestor_has_stands_below_notes_value_for_value(
    spec: dict[str, object],
) -> None:
    old = parse_document(json.dumps(spec, ensure_ascii=False) + "\n", "old").tree
    new = parse_document(imported(json.dumps(spec, ensure_ascii=False) + "\n"), "new").tree
    assert isinstance(old, Mapping) and isinstance(new, Mapping)
    before, notes = plain_data(old), plain_data(new)["notes"]
    assert notes["test_cases"] == in_order(before["test_cases"])
    for key in ("creation_pattern", "functions", "imports", "sacred_formula"):
        assert key not in before or notes[key] == before[key]
    for behavior in before.get("behaviors", ()):
        assert notes["behaviors"]["draw"]["test_cases"] == in_order(behavior["test_cases"])


@pytest.mark.parametrize(
    ("key", "said"),
    [("test_cases", "write it as a law"), ("functions", "as a behaviour"), ("imports", "'uses'"),
     ("creation_pattern", "'notes'"), ("implementation", "the template")],
)  # fmt: skip
def test_todays_form_says_what_stands_in_place_of_an_old_key(
    scaling: Workplace, key: str, said: str
) -> None:
    place = "specs/architecture/scaling.vibee"
    text = scaling.read(place)
    line = f"    {key}: [{{input: {{x: 2.0}}, expected: 4.0}}]\n"
    for changed in (
        text.replace("    given: A number\n", f"    given: A number\n{line}"),
        f"{text}{line.strip()}\n",
    ):
        scaling.write(place, changed)
        found = scaling.run("check").out
        assert f'"{key}" is not a key here' in found and said in found, found


def test_what_import_itself_notes_covers_nothing_that_the_old_spec_says(workplace: Workplace) -> None:
    workplace.write("old.vibee", OLD + "renamed_by_import: precious\nconstants: {class: 3, vast: 1e999}\n")
    assert workplace.run("import", "old.vibee", "-o", "new.vibee").code == 0
    result = workplace.run("check", "new.vibee")
    assert result.code == 0, result
    text = workplace.read("new.vibee")
    assert "renamed_by_import: precious" in text and "vast: 1e999" in text and "class_: class" in text
