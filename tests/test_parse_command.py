"""`igla-gen parse`: a line for each file, whatever is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Workplace
from tests.yaml_oracle import core_load

KEYS = ["version", "file", "tree", "diagnostics"]
FINDING = [
    "code", "name", "severity", "message", "hint", "line", "column", "end_line", "end_column",
]  # fmt: skip


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_line_a_file_in_order_with_the_keys_as_documented(workplace: Workplace) -> None:
    workplace.write("b/two.vibee", "z: 1\na: [x, {b: null}]\n")
    workplace.write("b/one.vibee", "a: b: c\n")
    workplace.write("b/notes.md", "not: read\n")
    result = workplace.run("parse", "b")
    found = lines(result.out)
    assert result.code == 1
    assert [item["file"] for item in found] == ["b/one.vibee", "b/two.vibee"]
    assert all(list(item) == KEYS and item["version"] == 1 for item in found)
    assert found[1]["tree"] == {"z": 1, "a": ["x", {"b": None}]}
    assert list(found[1]["tree"]) == ["z", "a"] and found[1]["diagnostics"] == []
    (finding,) = found[0]["diagnostics"]
    assert list(finding) == FINDING
    assert (finding["code"], finding["line"], finding["column"]) == ("IG105", 1, 5)


def test_a_file_of_any_name_is_read_and_clean_ones_exit_with_zero(workplace: Workplace) -> None:
    workplace.write("notes.md", "any: key\n1: {true: 0o17}\n1.50: x\n")
    result = workplace.run("parse", "notes.md", "--format", "jsonl")
    assert result.code == 0
    assert lines(result.out)[0]["tree"] == {"any": "key", "1": {"true": 15}, "1.50": "x"}


def test_what_cannot_be_read_has_a_line_too(workplace: Workplace) -> None:
    (workplace.root / "a.vibee").write_bytes(b"a: 1\nb: \xff\n")
    workplace.write("b.vibee", "")
    workplace.write("c.vibee", "# nothing\n\n")
    (workplace.root / "d.vibee").mkdir()
    (workplace.root / "e.vibee").symlink_to("nowhere")
    with (workplace.root / "f.vibee").open("wb") as file:
        file.truncate(70 * 1024 * 1024)
    workplace.write("g.vibee", "a: 1\n")
    result = workplace.run("parse", ".")
    found = lines(result.out)
    assert result.code == 1
    names = [[d["name"] for d in item["diagnostics"]] for item in found]
    assert names == [
        ["not-utf-8"], ["empty-file"], ["empty-file"], ["unreadable-file"], ["unreadable-file"],
        ["unreadable-file"], [],
    ]  # fmt: skip
    assert [item["tree"] for item in found] == [None] * 6 + [{"a": 1}]


def test_wrong_usage_exits_with_two(workplace: Workplace) -> None:
    workplace.write("a.vibee", "a: 1\n")
    assert workplace.run("parse").code == 2
    assert workplace.run("parse", "nowhere.vibee").code == 2
    result = workplace.run("parse", "a.vibee", "--format", "xml")
    assert result.code == 2 and "accepted is jsonl" in result.err


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_the_output_is_utf_8_in_every_locale(tmp_path: Path, locale: str) -> None:
    text = 'a: "é 😀 \\0 \\x7f \\ud800 \\u2028"\nb: \x01\nc: [.inf, -.inf, .nan, 12345678901234567890123]\n'
    (tmp_path / "é.vibee").write_text(text, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "igla_gen", "parse", "."],
        cwd=tmp_path,
        capture_output=True,
        env={"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONPATH": str(REPOSITORY)},
    )
    assert result.returncode == 1 and result.stderr == b""
    found = json.loads(result.stdout.decode("utf-8"))
    assert "é 😀" in result.stdout.decode("utf-8")
    assert len(result.stdout.decode("utf-8").splitlines()) == 1
    assert found["tree"]["a"] == "é 😀 \0 \x7f \ufffd \u2028"
    assert (
        found["tree"]["c"][0] == float("inf") and found["tree"]["c"][3] == 12345678901234567890123
    )
    assert [d["name"] for d in found["diagnostics"]] == ["bad-escape", "control-character"]


def test_each_shipped_spec_is_read_as_a_yaml_loader_reads_it(workplace: Workplace) -> None:
    result = workplace.run("parse", str(REPOSITORY / "specs"))
    found = lines(result.out)
    assert result.code == 0 and len(found) >= 20
    for item in found:
        assert item["tree"] == core_load(Path(str(item["file"])).read_text(encoding="utf-8"))
