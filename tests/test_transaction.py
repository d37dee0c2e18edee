"""All files of a run or none: killed at every step, at random moments, and two runs at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from igla_gen.write import transaction
from igla_gen.write.transaction import STAGE, WriteError, commit, interrupted, recover
from tests.conftest import Workplace

WATCHED = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.chmod"}
MODULE = "generated/igla/architecture/scaling.py"
SPEC = "specs/architecture/scaling.vibee"

BEFORE = {"a/one.py": "one\n", "a/two.py": "two\n", "b/gone.py": "gone\n", "manifest.json": "{1}\n"}
AFTER = {"a/one.py": "ONE\n", "a/two.py": "TWO\n", "c/new.py": "new\n", "manifest.json": "{2}\n"}


def lay(out: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")


def found(out: Path) -> dict[str, str]:
    return {
        p.relative_to(out).as_posix(): p.read_text("utf-8") for p in out.rglob("*") if p.is_file()
    }


def change(out: Path) -> None:
    commit(out, AFTER, ["b/gone.py"])


def kill_at(step: int, out: Path, action: Callable[[], object]) -> bool:
    """Runs the action in a child that dies at its step-th use of the disk; whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def count_down(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal count
            if event in WATCHED and str(out) in str(arguments[0]):
                count += 1
                if count == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count_down)
        try:
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def steps(
    tmp_path: Path, action: Callable[[Path], object], prepare: Callable[[Path], None]
) -> Iterator[Path]:
    """One folder for each step at which the action can be killed, after the kill."""
    for step in range(1, 500):
        out = tmp_path / str(step) / "out"
        prepare(out)
        if not kill_at(step, out, lambda out=out: action(out)):
            assert step > 20, "the action uses the disk more often than that"
            return
        yield out
    raise AssertionError("the action has no end")


def test_killed_at_any_step_it_is_completed_or_undone(tmp_path: Path) -> None:
    outcomes = set()
    for out in steps(tmp_path, change, lambda out: lay(out, BEFORE)):
        left = interrupted(out)
        said = recover(out, force=False)
        files = found(out)
        assert files in (BEFORE, AFTER), f"half-written: {files}"
        assert (left is None) == (said is None)
        assert not (out / STAGE).exists()
        assert (out / "b").exists() == (files == BEFORE)
        outcomes.add((said, files == AFTER))
        change(out)
        assert found(out) == AFTER
    assert {done for _, done in outcomes} == {True, False}
    assert ("completed an interrupted igla-gen gen", True) in outcomes


def test_killed_again_while_it_recovers(tmp_path: Path) -> None:
    """The first kill falls half-way through the renames; the second anywhere in the recovery."""

    def prepare(out: Path) -> None:
        lay(out, BEFORE)
        transaction._stage(out, out / STAGE, AFTER, ["b/gone.py"])
        os.replace(out / STAGE / "new/a/one.py", out / "a/one.py")

    for out in steps(tmp_path, lambda out: recover(out, force=False), prepare):
        recover(out, force=False)
        assert found(out) == AFTER


def test_a_fault_while_files_are_put_in_place_restores_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, moves = os.replace, []
    for number in range(1, 4):
        out = tmp_path / str(number) / "out"
        lay(out, BEFORE)
        moves.clear()

        def replace(source: Path, target: Path, out: Path = out, number: int = number) -> None:
            inside = STAGE not in Path(target).parts and f"{STAGE}/new" in str(source)
            moves.append(target) if inside else None
            if inside and len(moves) == number:
                raise OSError(28, "No space left on device", str(target))
            real(source, target)

        monkeypatch.setattr(os, "replace", replace)
        with pytest.raises(OSError, match="No space"):
            change(out)
        assert found(out) == BEFORE
        assert not (out / "c").exists()
        assert not (out / STAGE).exists()


def test_a_folder_that_takes_no_file_gets_none_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What refuses a new file refuses the old one too: only what was replaced is put back."""
    out, real = tmp_path / "out", os.replace
    lay(out, BEFORE)

    def replace(source: Path, target: Path) -> None:
        if Path(target) == out / "a/two.py":
            raise PermissionError(13, "Permission denied", str(source), None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(PermissionError) as refused:
        change(out)
    assert refused.value.filename2 == str(out / "a/two.py")
    assert found(out) == BEFORE
    assert not (out / STAGE).exists() and not (out / "c").exists()


def test_a_fault_while_staging_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(transaction, "_put", full)
    with pytest.raises(OSError):
        change(tmp_path / "deep" / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_change_since_the_kill_is_not_overwritten(tmp_path: Path) -> None:
    lay(tmp_path, BEFORE)
    transaction._stage(tmp_path, tmp_path / STAGE, AFTER, ["b/gone.py"])
    lay(tmp_path, {"a/two.py": "mine\n"})
    with pytest.raises(WriteError, match="a/two.py: changed since an igla-gen gen was interrupted"):
        recover(tmp_path, force=False)
    assert found(tmp_path)["a/two.py"] == "mine\n"
    assert recover(tmp_path, force=True) == "completed an interrupted igla-gen gen"
    assert found(tmp_path) == AFTER


@pytest.mark.parametrize("journal", ["redo", "undo"])
@pytest.mark.parametrize("key", ["replace", "remove"])
@pytest.mark.parametrize("name", ["../precious", "a/../../precious", "{tmp}/precious", "link/precious"])
def test_a_journal_names_nothing_outside_the_folder(tmp_path: Path, journal: str, key: str, name: str) -> None:
    out, precious = tmp_path / "out", tmp_path / "precious"
    precious.write_text("kept\n")
    lay(out, {f"{STAGE}/new/x": ""})
    (out / "link").symlink_to(tmp_path)
    said = {"replace": [], "remove": [], "folders": []} | {key: [name.format(tmp=tmp_path)]}
    (out / STAGE / f"{journal}.json").write_text(json.dumps(said))
    with pytest.raises(WriteError, match=f"{journal}.json cannot be read"):
        recover(out, force=True)
    assert precious.read_text() == "kept\n"


@pytest.mark.parametrize("text", ["", "garbage", "[]", "{}", '{"replace": 1}', '{"remove": [1]}', "\xff"])
def test_a_damaged_journal_is_a_sentence(built: Workplace, text: str) -> None:
    built.write(f"generated/{STAGE}/redo.json", "").write_bytes(text.encode("latin-1"))
    for arguments in (("gen",), ("gen", "--force"), ("gen", "--check")):
        result = built.run(*arguments)
        assert result.code == 1 and "redo.json cannot be read" in result.err, result
        assert "delete generated/.igla-gen-stage, then run igla-gen gen again" in result.err


def test_modes_are_kept(tmp_path: Path) -> None:
    lay(tmp_path, BEFORE)
    (tmp_path / "a/one.py").chmod(0o751)
    (tmp_path / "a/two.py").chmod(0o440)
    change(tmp_path)
    assert stat.S_IMODE((tmp_path / "a/one.py").stat().st_mode) == 0o751
    assert stat.S_IMODE((tmp_path / "a/two.py").stat().st_mode) == 0o440
    assert found(tmp_path) == AFTER


# ---------------------------------------------------------------- igla-gen gen


@pytest.fixture
def built(scaling: Workplace) -> Workplace:
    result = scaling.run("gen")
    assert result.code == 0, result
    return scaling


def test_gen_says_and_mends_what_a_killed_run_left(built: Workplace) -> None:
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    out = built.root / "generated"
    texts = {"igla/architecture/scaling.py": built.read(MODULE).replace("= 2", "= 3")}
    transaction._stage(out, out / STAGE, texts, [])
    result = built.run("gen", "--check")
    assert result.code == 1
    assert (
        f"{STAGE}: interrupted: an igla-gen gen was stopped with 1 of 1 files still" in result.out
    )
    result = built.run("gen")
    assert result.code == 0, result
    assert "completed an interrupted igla-gen gen" in result.out
    assert built.run("gen", "--check").code == 0
    (out / STAGE / "new").mkdir(parents=True)
    assert "stopped before it changed anything" in built.run("gen", "--check").out
    assert "it had changed nothing" in built.run("gen").out
    assert not (out / STAGE).exists()


def start(workplace: Workplace, *arguments: str) -> subprocess.Popen[str]:
    """`igla-gen ARGUMENTS` in a process of its own, with the workplace for its home."""
    code = (
        "import sys; from pathlib import Path; from igla_gen import cli, resources\n"
        "from igla_gen.write import fresh\n"
        "resources.resource_root = fresh.resource_root = lambda: Path.cwd()\n"
        f"sys.argv = ['igla-gen', *{list(arguments)!r}]; cli.main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=workplace.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_killed_at_random_moments_it_never_leaves_half_of_a_run(built: Workplace) -> None:
    draw = random.Random(0)
    one = built.files()
    built.change(SPEC, "Multiplies by a factor.", "Times a factor.")
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    began = time.monotonic()
    done = start(built, "gen")
    assert done.wait(60) == 0
    length = time.monotonic() - began
    two = built.files()
    assert sum(one[name] != two[name] for name in one) >= 3
    for turn in range(4):
        texts = ("Times", "Multiplies by") if turn % 2 == 0 else ("Multiplies by", "Times")
        built.change(SPEC, f"{texts[0]} a factor.", f"{texts[1]} a factor.")
        numbers = (3, 2) if turn % 2 == 0 else (2, 3)
        built.change(SPEC, f"factor: Int = {numbers[0]}", f"factor: Int = {numbers[1]}")
        run = start(built, "gen")
        time.sleep(length * (0.5 + 0.5 * draw.random()))
        run.kill()
        run.wait()
        result = built.run("gen")
        assert result.code == 0, result
        assert built.files() == (one if turn % 2 == 0 else two)


def test_two_runs_at_once_take_turns(built: Workplace) -> None:
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    runs = [start(built, "gen") for _ in range(3)]
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], said
    assert built.run("gen", "--check").code == 0


def test_a_run_that_does_not_end_is_named(built: Workplace) -> None:
    out = built.root / "generated"
    busy = pytest.raises(WriteError, match="another igla-gen gen is writing there")
    with transaction.locked(out), busy, transaction.locked(out, patience=0.1):
        raise AssertionError("two runs at once")
    with transaction.locked(built.root / "generated", patience=0):
        pass


# ---------------------------------------------------------------- what stands in the way


def unchanged(workplace: Workplace, said: str) -> None:
    """A run that must refuse with this sentence, and change nothing."""
    before = workplace.files()
    result = workplace.run("gen")
    assert result.code == 1, result
    assert said in result.err
    assert "Traceback" not in result.err
    assert workplace.files() == before


def test_a_folder_where_a_file_belongs(scaling: Workplace) -> None:
    (scaling.root / MODULE).mkdir(parents=True)
    unchanged(scaling, f"{MODULE}: a folder stands where a file belongs")


def test_a_file_where_a_folder_belongs(scaling: Workplace) -> None:
    scaling.write("generated/igla/architecture", "mine")
    unchanged(scaling, "a file stands where one of its folders belongs")


@pytest.mark.parametrize("link", ["igla", "igla/architecture", "igla/architecture/scaling.py"])
def test_links_are_not_followed_out(scaling: Workplace, link: str) -> None:
    elsewhere = scaling.root / "elsewhere"
    elsewhere.mkdir()
    place = scaling.root / "generated" / link
    place.parent.mkdir(parents=True, exist_ok=True)
    target = elsewhere / "file.py" if link.endswith(".py") else elsewhere
    if link.endswith(".py"):
        target.write_text("")
    place.symlink_to(target)
    unchanged(scaling, "symbolic link")
    assert [p.name for p in elsewhere.iterdir()] == (["file.py"] if link.endswith(".py") else [])
    assert scaling.run("gen", "--force").code == 1


def test_a_stale_file_behind_a_link_stays(built: Workplace) -> None:
    elsewhere = built.root / "elsewhere"
    shutil.move(built.root / "generated/igla/architecture", elsewhere)
    (built.root / "generated/igla/architecture").symlink_to(elsewhere)
    for file in (SPEC, "templates/architecture/scaling.py.j2"):
        text = built.read(file).replace("igla.architecture", "igla.data")
        built.write(file.replace("architecture", "data"), text)
    tests = "templates/architecture/test_scaling.py.j2"
    built.write(
        tests.replace("architecture", "data"),
        built.read(tests).replace("igla.arch", "igla.d").replace("igla.ditecture", "igla.data"),
    )
    shutil.rmtree(built.root / "specs/architecture")
    result = built.run("gen")
    assert result.code == 1, result
    assert (elsewhere / "scaling.py").is_file()


def test_two_modules_that_are_one_where_case_is_ignored(scaling: Workplace) -> None:
    for file in (
        SPEC,
        "templates/architecture/scaling.py.j2",
        "templates/architecture/test_scaling.py.j2",
    ):
        text = scaling.read(file).replace("architecture.scaling", "architecture.Scaling")
        text = text.replace("architecture import scaling", "architecture import Scaling").replace(
            "scaling.", "Scaling."
        )
        scaling.write(file.replace("scaling", "Scaling"), text)
    result = scaling.run("gen")
    assert result.code == 1
    assert "are one file on disks that ignore case" in result.err
    assert scaling.files() == {}


def test_modes_are_kept_by_gen(built: Workplace) -> None:
    (built.root / MODULE).chmod(0o755)
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    assert built.run("gen").code == 0
    assert stat.S_IMODE((built.root / MODULE).stat().st_mode) == 0o755
    assert "factor: int = 3" in built.read(MODULE)


# ---------------------------------------------------------------- verified before they are written

TEMPLATE = "templates/architecture/scaling.py.j2"
TEST_TEMPLATE = "templates/architecture/test_scaling.py.j2"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (TEMPLATE, "{{ formulas }}", "#% if false\n{{ formulas }}\n#% endif", "area is missing"),
        (TEMPLATE, "{{ types }}", "{{ types }}\n\n\n{{ types }}", "ScaleConfig is defined 2 times"),
        (TEMPLATE, "#% behavior scale\n", "#% if false\n#% behavior scale\n", "scale is missing"),
        (TEST_TEMPLATE, "{{ laws }}", "{{ laws }}\n\n\n{{ laws }}", "is defined 2 times"),
        (
            TEST_TEMPLATE,
            "{{ laws }}",
            "#% if false\n{{ laws }}\n#% endif",
            "test_area_multiplies is missing",
        ),
        (
            TEMPLATE,
            "    if x < 0:",
            "    return 1\n    if x < 0:\n        break",
            "'break' outside loop",
        ),
    ],
)
def test_a_file_without_what_its_spec_promises_is_not_written(
    built: Workplace, file: str, old: str, new: str, said: str
) -> None:
    built.change(file, old, new)
    if "#% behavior" in old:
        built.change(file, "#% endbehavior", "#% endbehavior\n#% endif")
    before = built.files()
    result = built.run("gen")
    assert result.code == 1, result
    assert said in result.err
    assert file in result.err
    assert built.files() == before


def test_a_name_that_nothing_defines_is_said_with_the_line_of_the_template(
    built: Workplace,
) -> None:
    """As after a constant was renamed in the spec."""
    rows = built.read(TEMPLATE).split("\n")
    line = next(number for number, row in enumerate(rows, 1) if "    if x < 0:" in row)
    built.change(TEMPLATE, "    if x < 0:", "    if x < LEAST:")
    before = built.files()
    result = built.run("gen")
    assert result.code == 1 and built.files() == before
    said = f"{TEMPLATE}:{line}: what it renders to for specs/architecture/scaling.vibee reads LEAST, which nothing"
    assert said in result.err and "declare LEAST in the spec, or change the template" in result.err
