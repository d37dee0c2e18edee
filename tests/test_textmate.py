"""The grammar for colours: it is what the tables give, its patterns compile, and it tells things apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from igla_gen.editors.textmate import grammar

EDITORS = Path(__file__).parent.parent / "editors"
SHIPPED = json.loads((EDITORS / "vibee.tmLanguage.json").read_text(encoding="utf-8"))


def test_the_shipped_grammar_is_what_the_tables_give() -> None:
    run = "run: python -m igla_gen.editors.textmate > editors/vibee.tmLanguage.json"
    assert grammar() == SHIPPED, run


def every(node: Any) -> Iterator[dict[str, Any]]:
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    ):
        yield from every(child)
    if isinstance(node, dict):
        yield node


def test_each_pattern_compiles_and_each_name_is_there() -> None:
    for node in every(SHIPPED):
        for key in ("match", "begin"):
            if isinstance(node.get(key), str):
                re.compile(node[key])
        if "include" in node:
            assert node["include"].removeprefix("#") in SHIPPED["repository"]


@dataclass
class Painter:
    """A small reader of TextMate grammars: the first pattern with the leftmost match wins."""

    open: list[tuple[dict[str, Any], str]] = field(default_factory=list)

    def patterns(self, listed: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for item in listed:
            if "include" in item:
                yield from self.patterns([SHIPPED["repository"][item["include"][1:]]])
            elif "patterns" in item and "begin" not in item:
                yield from self.patterns(item["patterns"])
            else:
                yield item

    def paint(self, line: str) -> list[tuple[str, str]]:
        """The pieces of a line that have a name, with it."""
        found: list[tuple[str, str]] = []
        at = 0
        while at <= len(line):
            inside, end = self.open[-1] if self.open else (None, None)
            listed = inside.get("patterns", []) if inside else SHIPPED["patterns"]
            matches = [
                (re.compile(p.get("match") or p["begin"]).search(line, at), p)
                for p in self.patterns(listed)
            ]
            if end is not None:
                matches.insert(0, (re.compile(end).search(line, at), {"end": end}))
            matches = [(m, p) for m, p in matches if m is not None]
            if not matches:
                break
            match, pattern = min(matches, key=lambda pair: pair[0].start())
            self.step(match, pattern, found)
            at = match.end() + (match.end() == match.start() and "end" not in pattern)
        if self.open and self.open[-1][0].get("contentName") and not found:
            found.append((line.strip(), self.open[-1][0]["contentName"]))
        return found

    def step(
        self, match: re.Match[str], pattern: dict[str, Any], found: list[tuple[str, str]]
    ) -> None:
        if pattern.keys() == {"end"}:
            self.open.pop()
            return
        if "begin" in pattern:
            end = re.sub(r"\\(\d)", lambda m: re.escape(match.group(int(m[1]))), pattern["end"])
            self.open.append((pattern, end))
        if "name" in pattern:
            found.append((match.group(), pattern["name"]))
        for number, name in pattern.get("captures", pattern.get("beginCaptures", {})).items():
            if match.group(int(number)):
                found.append((match.group(int(number)).strip(), name["name"]))


KEY, TAG, TYPE, HELP = (
    "keyword.other.key",
    "entity.name.tag",
    "storage.type",
    "string.unquoted.help",
)
COMMENT, PROSE, OPERATOR = "comment.line.number-sign", "string.unquoted.prose", "keyword.operator"
NUMBER, ESCAPE, GENERIC = "constant.numeric", "constant.character.escape", "storage.type.generic"
FUNCTION, WORD, CLASS = "support.function", "keyword.operator.word", "entity.name.type"

LINES = {
    "behaviors:": {"behaviors": KEY},
    "  NormConfig:  # why": {"NormConfig": TAG, "# why": COMMENT},
    "  - name: rms_norm": {"-": "punctuation.definition.list", "name": KEY},
    "    given: An Int if 3 # x": {"given": KEY, "An Int if 3": PROSE, "# x": COMMENT},
    "      eps: Float = 1e-6": {"eps": TAG, "Float": TYPE, "=": OPERATOR, "1e-6": NUMBER},
    "      eps: Float -- added, 1 Int": {"Float": TYPE, "-- added, 1 Int": HELP},
    "      kind: Enum<a, b> = a": {"Enum": GENERIC},
    "    returns: Tensor[..., D]": {"returns": KEY, "Tensor": GENERIC},
    "    params: {config: Norm, x: Int}": {"config": TAG, "Norm": CLASS, "x": TAG, "Int": TYPE},
    "        holds: f(x) ~= sqrt(x)": {"holds": KEY, "~=": OPERATOR, "sqrt": FUNCTION},
    "        holds: a and not b": {"holds": KEY, "and": WORD, "not": WORD},
    '    a: "b # \\" c" # d': {'"': "string.quoted.double", '\\"': ESCAPE, "# d": COMMENT},
    "    a: 'it''s'": {"'": "string.quoted.single", "''": ESCAPE},
    "  tie: true": {"true": "constant.language"},
    "# all": {"# all": COMMENT},
    "  version: 1.0.0": {"version": KEY},
}


@pytest.mark.parametrize(("line", "expected"), LINES.items(), ids=LINES.keys())
def test_pieces_of_lines_are_told_apart(line: str, expected: dict[str, str]) -> None:
    found = dict(Painter().paint(line))
    for piece, name in expected.items():
        assert found.get(piece) == f"{name}.vibee", found


def test_numbers_in_versions_and_words_are_not_numbers() -> None:
    for line in ("  a: 1.0.0", "  a: x1", "  a: f16"):
        assert "constant.numeric.vibee" not in [name for _, name in Painter().paint(line)]


def test_a_block_ends_with_its_indentation() -> None:
    painter = Painter()
    lines = ["  then: |  # raw", "    Int: one", "", "      deeper", "  name: x", "end: Int"]
    names = [dict(painter.paint(line)) for line in lines]
    assert names[0]["# raw"] == "comment.line.number-sign.vibee"
    assert names[1] == {"Int: one": "string.unquoted.block.vibee"}
    assert names[3] == {"deeper": "string.unquoted.block.vibee"}
    assert names[4]["name"] == "keyword.other.key.vibee"
    assert names[5]["Int"] == "storage.type.vibee"


def test_a_block_in_a_list_ends_with_its_item() -> None:
    painter = Painter()
    lines = ["  - then: |", "      one", "    name: x", "  - |", "    - two", "  - name: y"]
    names = [dict(painter.paint(line)) for line in lines]
    assert names[1] == {"one": "string.unquoted.block.vibee"}
    assert names[2]["name"] == "keyword.other.key.vibee"
    assert names[4] == {"- two": "string.unquoted.block.vibee"}
    assert names[5]["name"] == "keyword.other.key.vibee"


def test_the_manifest_names_what_is_there() -> None:
    manifest = json.loads((EDITORS / "vscode/package.json").read_text())["contributes"]
    [language], [colours] = manifest["languages"], manifest["grammars"]
    assert language["extensions"] == [".vibee"] and colours["language"] == language["id"]
    assert colours["scopeName"] == SHIPPED["scopeName"]
    assert Path(colours["path"]).name == "vibee.tmLanguage.json"
    rules = json.loads((EDITORS / "vscode" / language["configuration"]).read_text())
    more = re.compile(rules["indentationRules"]["increaseIndentPattern"])
    assert more.match("  fields:") and more.match("- then: |") and more.match("a: # why")
    assert not more.match("a: b") and not more.match("# a:") and not more.match("- b")
    assert re.match(rules["indentationRules"]["decreaseIndentPattern"], "  ]")
