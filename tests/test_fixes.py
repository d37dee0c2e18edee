"""Fixes: after one, its finding is gone, the rest of the tree is as it was, and every comment is kept."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span, respelling
from igla_gen.fixes import TextPlaces, apply_fixes, fix_texts
from igla_gen.model.library import load
from igla_gen.rules.base import Rule, all_rules, run_rules
from igla_gen.syntax import parse_document
from igla_gen.syntax.editing import remove_entry, remove_item
from igla_gen.syntax.tree import Mapping as MappingNode
from igla_gen.syntax.tree import Sequence, plain_data
from tests.conftest import SPEC, Workplace

PLACE = "specs/architecture/scaling.vibee"
LAW = "        holds: scale(4.0, ScaleConfig(width=1)) == 8.0\n"

INPUTS = "        for: {x: 4.0, y: 2}\n"
WHERE = "    where: {twice: 2, once: 1}\n    is: once * config"
KIND = "kind: componnt\nversion:"
X_LAW = LAW.replace("4.0", "x")

# what is wrong -> (the sound line, the faulty one, the code, the line after the fix, unsafe)
CASES = {
    "colon in a value": ("given: A number", "given: A number: any # y", "IG105", 'given: "A number: any" # y', False),
    "colon in an item": ("      - factor > 0", "      - a: b: c", "IG105", '      - a: "b: c"', False),
    "backslash": ("given: A number", 'given: "A \\number \\d"', "IG107", 'given: "A \\number \\\\d"', False),
    "half a character": ("given: A number", 'given: "A \\ud800"', "IG107", 'given: "A \\\\ud800"', True),
    "no character": ("given: A number", 'given: "A \\U00110000"', "IG107", 'given: "A \\\\U00110000"', True),
    "text after quotes": ("given: A number", 'given: "A" number # y', "IG103", 'given: "\\"A\\" number" # y', False),
    "reserved character": ("given: A number", "given: @number", "IG104", 'given: "@number"', False),
    "capital key": ("    when: It", "    When: It", "IG203", "    when: It", False),
    "near key": ("    when: It", "    whne: It", "IG203", "    when: It", True),
    "near key in brackets": ("behaviors:", "behaviour:", "IG203", "behaviors:", True),
    "near type": ("width: Int --", "width: Imt --", "IG406", "width: Int --", True),
    "near name": ("is: config.width * config", "is: config.width * confg", "IG212", "is: config.width * config", True),
    "near kind": ("version:", KIND, "IG208", KIND.replace("nnt", "nent"), True),
    "tolerance of nothing": (LAW, LAW + "        tolerance: 1e-3\n", "IG412", LAW, False),
    "seed of nothing": (LAW, LAW + "        seed: 3\n", "IG417", LAW, False),
    "input of nothing": (LAW, '        for: {x: "4.0"} # none\n' + LAW, "IG417", None, False),
    "one input of several": (LAW, INPUTS + X_LAW, "IG417", INPUTS.replace(", y: 2", "") + X_LAW, False),
    "all inputs": (LAW, "        for: {x: 4.0}\n" + LAW, "IG417", LAW, False),
    "value of nothing": ("    is: config", WHERE, "IG417", WHERE.replace("twice: 2, ", ""), False),
}  # fmt: skip


def check(workplace: Workplace, *arguments: str) -> str:
    return workplace.run("check", *arguments, PLACE).out


@pytest.mark.parametrize(
    ("sound", "faulty", "code", "mended", "unsafe"), CASES.values(), ids=CASES.keys()
)
def test_a_fix_mends_its_finding_and_nothing_else(
    scaling: Workplace, sound: str, faulty: str, code: str, mended: str | None, unsafe: bool
) -> None:
    assert sound in SPEC
    bad = "# first\n" + SPEC.replace(sound, faulty, 1) + "# last\n"
    scaling.write(PLACE, bad)
    assert f"error[{code} " in check(scaling)
    check(scaling, "--fix")
    if unsafe:
        assert scaling.read(PLACE) == bad
        check(scaling, "--fix", "--unsafe-fixes")
    expected = bad if mended is None else "# first\n" + SPEC.replace(sound, mended, 1) + "# last\n"
    assert scaling.read(PLACE) == expected
    assert (f"error[{code} " in check(scaling)) == (mended is None)


def test_a_module_that_nothing_names_leaves_uses(scaling: Workplace) -> None:
    other = SPEC.replace("scaling", "other").replace("ScaleConfig", "OtherConfig")
    other = other.replace("area", "space").replace("scale", "other_scale")
    for name in ("one", "two"):
        scaling.write(
            f"specs/data/{name}.vibee",
            other.replace("igla.architecture.other", f"igla.data.{name}"),
        )
    for uses, left in (
        ("uses: [igla.data.one]\n", ""),
        ("uses: [igla.data.one, igla.data.two]\n", ""),
        ("uses:\n  - igla.data.one\n  # why\n  - igla.data.two\n", "uses:\n  # why\n  - igla.data.two\n"),
    ):  # fmt: skip
        scaling.write(PLACE, SPEC.replace("\ntypes:", f"{uses}\ntypes:", 1))
        assert check(scaling).count("IG417") == uses.count("igla.")
        check(scaling, "--fix")
        assert scaling.read(PLACE) == SPEC.replace("\ntypes:", f"{left}\ntypes:", 1)


def test_a_key_that_is_there_already_is_not_written_twice(scaling: Workplace) -> None:
    bad = SPEC.replace("    when: It", "    When: Now\n    when: It")
    scaling.write(PLACE, bad)
    check(scaling, "--fix", "--unsafe-fixes")
    assert scaling.read(PLACE) == bad


def test_tabs_become_spaces_where_they_alone_indent() -> None:
    def find(text: str) -> list[Fix | None]:
        return [fault.fix for fault in parse_document(text, "a").faults]

    text = "a:\n\tb: 1\n\tc:\n\t\t- 2 # x\n"
    fixed = fix_texts(
        {"a": text}, lambda new: parse_document(new.get("a", text), "a").faults, ["safe"]
    )
    assert fixed.texts == {"a": "a:\n  b: 1\n  c:\n    - 2 # x\n"} and fixed.count == 3
    assert find("a:\n\tb: 1\nc:\n  d: 1\n") == [None]
    assert None in find("a:\n\tb: |\n\t\tc\n")


def test_line_ends_and_byte_order_mark_stay(scaling: Workplace) -> None:
    bad = "\ufeff" + SPEC.replace("given: A number", "given: A: number").replace("\n", "\r\n")
    scaling.write(PLACE, bad)
    check(scaling, "--fix")
    text = (scaling.root / PLACE).read_bytes().decode()
    assert text == bad.replace("A: number", '"A: number"')


def test_what_was_done_and_what_remains_is_said(scaling: Workplace) -> None:
    bad = SPEC.replace("given: A number", "given: A: number").replace("behaviors:", "behaviorz:")
    scaling.write(PLACE, bad)
    result = scaling.run("check", "--diff")
    assert result.code == 1 and scaling.read(PLACE) == bad
    assert '\n-    given: A: number\n+    given: "A: number"\n' in result.out
    result = scaling.run("check", "--fix")
    assert result.code == 1 and "IG203 unknown-key" in result.out
    assert result.err == (
        "igla-gen: 1 fixed, 1 remains; 1 more with --unsafe-fixes, to be looked at after\n"
    )
    result = scaling.run("check", "--fix", "--unsafe-fixes")
    assert (result.code, result.err) == (0, "igla-gen: 1 fixed, 0 remain\n")
    assert scaling.run("check", "--diff").code == 0
    assert scaling.run("check", "--unsafe-fixes").code == 2


def test_a_difference_to_show_is_a_finding(scaling: Workplace) -> None:
    scaling.write(PLACE, SPEC.replace(LAW, LAW + "        seed: 3\n"))
    assert scaling.run("check", "--diff").code == 1
    assert scaling.run("check", "--fix").code == 0


def test_specs_that_were_not_named_are_not_written(scaling: Workplace) -> None:
    scaling.write(
        "specs/data/one.vibee",
        SPEC.replace("given: A", "given: A: b").replace("architecture.scaling", "data.one"),
    )
    scaling.write(PLACE, SPEC.replace("\ntypes:", "uses: [igla.data.one]\n\ntypes:", 1))
    before = scaling.files("specs")
    scaling.run("check", "--fix", "--unsafe-fixes", PLACE)
    assert scaling.files("specs") == before


# ---------------------------------------------------------------- the engine


def fix(*edits: tuple[int, int, int, int, str]) -> Fix:
    return Fix("x", tuple(Edit(Span("a", *edit[:4]), edit[4]) for edit in edits))


def test_near_keys_of_sections_are_written(workplace: Workplace) -> None:
    case = Path(__file__).parent / "cases/model_that_keeps_its_contract"
    for folder in ("specs", "templates"):
        shutil.copytree(case / folder, workplace.root / folder, dirs_exist_ok=True)
    sound = workplace.read("specs/models/small.vibee")
    assert workplace.run("check", "specs").code == 0
    for old, new in (("dimensions:", "dimension:"), ("num_layers:", "num_layer:")):
        assert old in sound
        workplace.write("specs/models/small.vibee", sound.replace(old, new, 1))
        assert workplace.run("check", "--fix", "specs").code == 1
        assert workplace.run("check", "--fix", "--unsafe-fixes", "specs").code == 0
        assert workplace.read("specs/models/small.vibee") == sound


def test_a_word_that_is_near_to_two_is_not_guessed() -> None:
    span = Span("a", 1, 1, 1, 4)
    assert respelling("hen", ["when", "then"], span) is None
    assert respelling("wehn", ["when", "then"], span) is not None
    assert respelling("xyz", ["when", "then"], span) is None


def test_fixes_that_touch_wait_for_the_next_round() -> None:
    text = "abcdef\nghi\n"
    assert apply_fixes(text, [fix((1, 1, 1, 3, "X")), fix((1, 2, 1, 4, "Y"))]) == (
        "Xcdef\nghi\n",
        1,
    )
    assert apply_fixes(
        text, [fix((1, 1, 1, 2, "X"), (2, 1, 2, 2, "Z")), fix((2, 1, 2, 1, "Y"))]
    ) == ("Xbcdef\nZhi\n", 1)
    assert apply_fixes(text, [fix((1, 1, 1, 2, "X")), fix((1, 1, 1, 2, "X"))]) == (
        "Xbcdef\nghi\n",
        2,
    )
    assert apply_fixes(text, [fix((2, 1, 3, 1, ""))]) == ("abcdef\n", 1)
    assert apply_fixes("a\nb", [fix((2, 1, 3, 1, ""))]) == ("a\n", 1)


def test_a_fix_that_makes_a_file_unreadable_is_not_taken() -> None:
    def find(_: Mapping[str, str]) -> list[Diagnostic]:
        return [Diagnostic("IG417", "x", "x", Span("a", 1, 1, 1, 2), fix=fix((1, 1, 1, 2, "[")))]

    fixed = fix_texts({"a": "b: 1\n"}, find, ["safe"])
    assert (fixed.texts, fixed.count, fixed.refused) == ({}, 0, {"a"})


def test_fixes_that_undo_each_other_end() -> None:
    def find(texts: Mapping[str, str]) -> list[Diagnostic]:
        old = texts.get("a", "b: 1\n")
        put = "c" if old[0] == "b" else "b"
        return [Diagnostic("IG417", "x", "x", Span("a", 1, 1, 1, 2), fix=fix((1, 1, 1, 2, put)))]

    assert fix_texts({"a": "b: 1\n"}, find, ["safe"]).texts


@given(text=st.text(st.sampled_from("ab\r\n\ufeff"), max_size=12))
def test_places_are_those_of_the_reader(text: str) -> None:
    places = TextPlaces(text)
    read = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(read, 1):
        for column, char in enumerate(line, 1):
            assert text[places.offset(number, column)] == char


@given(
    keys=st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=5, unique=True),
    in_flow=st.booleans(), as_list=st.booleans(), data=st.data(),
)  # fmt: skip
def test_what_is_removed_is_gone_and_the_rest_stays(
    keys: list[str], in_flow: bool, as_list: bool, data: st.DataObject
) -> None:
    values = [data.draw(st.sampled_from(["1", "[x, {y: 2}]", '"p, q"', "", "a b"])) for _ in keys]
    parts = [f"{v or 'z'}" if as_list else f"{k}: {v}" for k, v in zip(keys, values, strict=True)]
    comma = data.draw(st.sampled_from([", ", ",", " ,\n     "]))
    brackets = "[]" if as_list else "{}"
    body = f" {brackets[0]}{comma.join(parts)}{brackets[1]}\n"
    lines = "\n" + "".join(f"    {'- ' if as_list else ''}{part}\n" for part in parts)
    text = "top:\n  in:" + (body if in_flow else lines) + "end: 1\n"
    tree = parse_document(text, "a").tree
    node = tree.get("top").get("in")
    index = data.draw(st.integers(0, len(keys) - 1))
    if as_list:
        assert isinstance(node, Sequence)
        made = remove_item(text, node, index)
    else:
        assert isinstance(node, MappingNode)
        made = remove_entry(text, node, keys[index])
    assert made is not None
    after = parse_document(apply_fixes(text, [made])[0], "a")
    expected = plain_data(tree)
    del expected["top"]["in"][index if as_list else keys[index]]
    assert not after.faults and plain_data(after.tree) == expected


@pytest.mark.parametrize(
    "text", ["a: 1\nb: 2 # why\n", "a: 1\n# why\nb: 2\n", "a: 1\nb: |\n  x\n", "b: 2\n", "{a: 1, # x\n b: 2}\n"]
)  # fmt: skip
def test_a_line_that_is_spoken_of_is_left_to_a_person(text: str) -> None:
    tree = parse_document(text, "a").tree
    assert isinstance(tree, MappingNode)
    assert remove_entry(text, tree, "b") is None
    assert remove_entry(text, tree, "c") is None


RULES = [rule for rule in all_rules() if rule.bad.files]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_say_how_safe_their_fixes_are(rule: Rule, workplace: Workplace) -> None:
    """Where the bad example has a fix, it is of the safety that the rule's page tells."""
    for path, text in rule.bad.everything.items():
        target = workplace.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
    library = load([workplace.root / "specs"], workplace.root)
    run_rules(library)
    fixes = [item.fix for item in library.findings.items if item.code == rule.code and item.fix]
    assert {item.safety for item in fixes} <= {rule.fix}
