"""`igla-gen fmt`: what is written, what is only shown, and what is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from igla_gen import rewriting
from igla_gen.rewriting import unified_diff
from tests.conftest import SPEC, Workplace

UGLY = SPEC.replace("width: Int", "width:   Int").replace("constraints:", "constraints:   # kept")
NEAT = SPEC.replace("constraints:", "constraints: # kept")
PLACE = "specs/architecture/scaling.vibee"


def test_a_file_is_formatted_and_the_rest_is_not_touched(workplace: Workplace) -> None:
    ugly, neat = workplace.write(PLACE, UGLY), workplace.write("specs/data/neat.vibee", SPEC)
    ugly.chmod(0o640)
    os.utime(neat, ns=(1, 1))
    result = workplace.run("fmt")
    assert (result.code, result.err) == (0, "")
    assert result.out == f"formatted {PLACE}\n1 formatted, 1 unchanged\n"
    assert workplace.read(PLACE) == NEAT
    assert ugly.stat().st_mode & 0o7777 == 0o640
    assert neat.stat().st_mtime_ns == 1
    assert [p.name for p in ugly.parent.iterdir()] == ["scaling.vibee"]
    assert workplace.run("fmt", "specs").out == "0 formatted, 2 unchanged\n"


def test_check_names_what_would_change_and_writes_nothing(workplace: Workplace) -> None:
    workplace.write(PLACE, UGLY)
    result = workplace.run("fmt", "--check", PLACE)
    assert result.code == 1
    assert result.out == f"would format {PLACE}\n1 would be formatted, 0 unchanged\n"
    assert workplace.read(PLACE) == UGLY
    workplace.write(PLACE, NEAT)
    assert workplace.run("fmt", "--check", PLACE).code == 0


def test_diff_shows_what_would_change_and_writes_nothing(workplace: Workplace) -> None:
    workplace.write(PLACE, UGLY)
    result = workplace.run("fmt", "--diff", "specs")
    assert result.code == 1
    assert result.out.startswith(f"--- {PLACE}\n+++ {PLACE}\n@@")
    assert "\n-      width:   Int -- channels\n" in result.out
    assert "\n+      width: Int -- channels\n" in result.out
    assert workplace.read(PLACE) == UGLY


def test_a_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    before, after = "a: 1\nb: \x85 2\nc: \u2028 3", "a: 1\nb: \x85 2\nc: \u2028 4\n"
    (tmp_path / "x").write_text(before, newline="")
    patch = unified_diff("x", before, after).encode()
    subprocess.run(["git", "apply", "-p0", "-"], input=patch, cwd=tmp_path, check=True)
    assert (tmp_path / "x").read_bytes().decode() == after
    assert "\\ufeff" in unified_diff("x", "\ufeffa: 1\r\n", "a: 1\n")


def test_a_file_with_faults_is_left_alone_and_reported(workplace: Workplace) -> None:
    workplace.write("specs/bad.vibee", "a:   1\nb: c: d\n")
    workplace.write("specs/bytes.vibee", "a").write_bytes(b"a: \xff\n")
    workplace.write("specs/good.vibee", "a:   1\n")
    result = workplace.run("fmt")
    assert result.code == 1
    assert "IG105 colon-in-plain-value" in result.err and "specs/bad.vibee:2:5" in result.err
    assert "IG111 not-utf-8" in result.err
    assert result.out.endswith("1 formatted, 0 unchanged, 2 left alone (they have faults)\n")
    assert workplace.read("specs/bad.vibee") == "a:   1\nb: c: d\n"
    assert workplace.read("specs/good.vibee") == "a: 1\n"


@pytest.mark.parametrize(
    ("arguments", "text", "code", "out"),
    [
        (["-"], b"\xef\xbb\xbfa:   1\r\n", 0, b"a: 1\n"),
        (["-", "--check"], b"a:   1\n", 1, b"would format <stdin>\n1 would be formatted, 0 unchanged\n"),
        (["-", "--check"], b"a: 1\n", 0, b"0 would be formatted, 1 unchanged\n"),
        (["-"], b"a: [1\n", 1, b""),
        (["-"], b"\xff", 1, b""),
        (["-", "x"], b"", 2, b""),
    ],
)  # fmt: skip
def test_standard_input(arguments: list[str], text: bytes, code: int, out: bytes) -> None:
    command = [sys.executable, "-m", "igla_gen", "fmt", *arguments]
    result = subprocess.run(command, input=text, capture_output=True, check=False)
    assert (result.returncode, result.stdout) == (code, out), result.stderr
    assert b"Traceback" not in result.stderr
    assert bool(result.stderr) == (code != 0 and not out)


def test_a_link_stays_a_link(workplace: Workplace) -> None:
    real = workplace.write("elsewhere/real.vibee", "a:   1\n")
    link = workplace.root / "specs/link.vibee"
    link.symlink_to(real)
    assert workplace.run("fmt", "specs").code == 0
    assert link.is_symlink() and real.read_text() == "a: 1\n"


def test_what_cannot_be_written_stays_as_it_was(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.write(PLACE, UGLY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(rewriting.os, "replace", full)
    result = workplace.run("fmt", "specs")
    assert result.code == 1
    assert result.err == (
        f"igla-gen: {PLACE}: cannot be written (No space left on device); it is as it was\n"
    )
    assert workplace.files("specs") == {PLACE: UGLY.encode()}


def test_without_specs_the_user_is_asked_for_paths(workplace: Workplace) -> None:
    (workplace.root / "specs").rmdir()
    result = workplace.run("fmt")
    assert (result.code, result.out) == (2, "")
    assert "name the files" in result.err
    assert workplace.run("fmt", "nowhere").code == 2


def test_standard_input_without_end_is_not_read_on() -> None:
    command = [sys.executable, "-m", "igla_gen", "fmt", "-"]
    with open("/dev/zero", "rb") as endless:
        result = subprocess.run(command, stdin=endless, capture_output=True, check=False, timeout=60)
    assert result.returncode == 1 and b"more than 16 million characters" in result.stderr


def test_a_file_without_end_is_not_read_on(workplace: Workplace) -> None:
    result = workplace.run("fmt", "/dev/zero")
    assert result.code == 1 and "more than 16 million characters" in result.err


def test_a_link_to_itself_is_a_finding(workplace: Workplace) -> None:
    workplace.write("specs/good.vibee", "a:   1\n")
    (workplace.root / "specs/loop.vibee").symlink_to("loop.vibee")
    for command in ("fmt", "check", "parse"):
        result = workplace.run(command, "specs")
        assert result.code == 1 and "IG112" in result.err + result.out, result
