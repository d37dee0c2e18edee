"""What `gen` writes, what `gen --check` names, and what neither ever touches."""

from __future__ import annotations

import ast
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from igla_gen.emit import render
from igla_gen.emit.formatting import FormatError, formatted
from igla_gen.write import transaction
from igla_gen.write.manifest import digest
from tests.conftest import REPOSITORY, TEMPLATE, TEST_TEMPLATE, Workplace

MODULE = "generated/igla/architecture/scaling.py"
TESTS = "generated/tests/architecture/test_scaling.py"
SPEC = "specs/architecture/scaling.vibee"
TEMPLATE_FILE = "templates/architecture/scaling.py.j2"
ALL = {
    MODULE,
    TESTS,
    "generated/igla/__init__.py",
    "generated/igla/architecture/__init__.py",
    "generated/tests/conftest.py",
    "generated/manifest.json",
}


@pytest.fixture
def built(scaling: Workplace) -> Workplace:
    result = scaling.run("gen")
    assert result.code == 0, result
    return scaling


def second(workplace: Workplace, name: str = "second") -> None:
    """Adds a component that is like the first under another name."""
    for file in (SPEC, TEMPLATE_FILE, "templates/architecture/test_scaling.py.j2"):
        text = workplace.read(file).replace(
            "architecture import scaling", f"architecture import {name}"
        )
        text = text.replace("igla.architecture.scaling", f"igla.architecture.{name}").replace(
            "scaling.", f"{name}."
        )
        workplace.write(file.replace("scaling", name), text)


# ---------------------------------------------------------------- generating


def test_gen_writes_modules_tests_packages_and_manifest(built: Workplace) -> None:
    assert set(built.files()) == ALL
    for name in ALL - {"generated/manifest.json"}:
        ast.parse(built.read(name))
    assert set(json.loads(built.read("generated/manifest.json"))["files"]) == {
        name.removeprefix("generated/") for name in ALL - {"generated/manifest.json"}
    }


def test_the_generated_tests_pass(scaling: Workplace) -> None:
    case = REPOSITORY / "tests" / "cases" / "one_spec_uses_another"
    for folder in ("specs", "templates"):
        shutil.copytree(case / folder, scaling.root / folder, dirs_exist_ok=True)
    built = scaling
    assert built.run("gen").code == 0
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        os.devnull,
        "generated/tests",
    ]
    environment = {**os.environ, "PYTHONPATH": str(built.root / "generated")}
    result = subprocess.run(
        command, cwd=built.root, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout


def test_output_is_the_same_whatever_the_place_locale_and_hash_seed(
    built: Workplace, tmp_path: Path
) -> None:
    copy = tmp_path / "other place"
    for folder in ("grammar", "templates", "specs"):
        for name, data in built.files(folder).items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(data)
    for name in (REPOSITORY / "igla_gen").rglob("*.py"):
        target = copy / name.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(name.read_bytes())
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "PYTHONHASHSEED": "7",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
    }
    command = [sys.executable, "-m", "igla_gen", "gen"]
    result = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    theirs = {
        p.relative_to(copy).as_posix(): p.read_bytes()
        for p in (copy / "generated").rglob("*")
        if p.is_file()
    }
    assert theirs == built.files()


def test_a_second_run_writes_nothing(built: Workplace) -> None:
    times = {name: (built.root / name).stat().st_mtime_ns for name in ALL}
    assert "up to date" in built.run("gen").out
    assert "0 written, 5 unchanged" in built.run("gen", "specs").out
    assert times == {name: (built.root / name).stat().st_mtime_ns for name in ALL}


def test_a_deleted_file_comes_back(built: Workplace) -> None:
    before = built.files()
    (built.root / MODULE).unlink()
    assert f"wrote {MODULE}" in built.run("gen").out
    assert built.files() == before


def test_generating_part_leaves_the_rest(built: Workplace) -> None:
    second(built)
    assert built.run("gen").code == 0
    before = built.files()
    built.change("specs/architecture/second.vibee", "Multiplies by", "Times")
    result = built.run("gen", "specs/architecture/second.vibee")
    assert result.code == 0, result
    after = built.files()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"generated/igla/architecture/second.py", "generated/manifest.json"}
    assert set(after) == set(before)
    assert built.run("gen", "--check").code == 0


def test_another_output_folder(scaling: Workplace) -> None:
    assert scaling.run("gen", "--out", "elsewhere/code").code == 0
    assert (scaling.root / "elsewhere/code/igla/architecture/scaling.py").exists()
    assert not (scaling.root / "generated").exists()
    assert scaling.run("gen", "--check", "--out", "elsewhere/code").code == 0


def test_imports_that_nothing_uses_are_dropped(built: Workplace) -> None:
    text = built.read(MODULE)
    assert "import math" in text
    assert "import os" in built.read(TEMPLATE_FILE)
    assert "import os" not in text


# ---------------------------------------------------------------- drift


def test_nothing_differs_after_gen(built: Workplace) -> None:
    result = built.run("gen", "--check")
    assert result.code == 0
    assert "all as the specs make them" in result.out


@pytest.mark.parametrize("file", [MODULE, TESTS, "generated/igla/architecture/__init__.py"])
def test_a_file_edited_by_hand_is_named(built: Workplace, file: str) -> None:
    built.write(file, built.read(file) + "# mine\n")
    result = built.run("gen", "--check")
    assert result.code == 1
    assert f"{file}: edited: edited by hand since" in result.out
    assert "    -# mine\n" in result.out
    assert "then igla-gen gen --force" in result.out
    assert "1 file differs" in result.out


@pytest.mark.parametrize("file", [MODULE, TESTS])
def test_a_deleted_file_is_named(built: Workplace, file: str) -> None:
    (built.root / file).unlink()
    result = built.run("gen", "--check")
    assert result.code == 1
    assert f"{file}: missing: deleted since it was generated\n" in result.out


def test_a_file_made_unreadable_as_text_is_named(built: Workplace) -> None:
    (built.root / MODULE).write_bytes(b"\xff\xfe\x00")
    result = built.run("gen", "--check")
    assert result.code == 1
    assert MODULE in result.out


def test_a_changed_spec_is_named_as_the_cause(built: Workplace) -> None:
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    result = built.run("gen", "--check")
    assert result.code == 1
    assert f"{MODULE}: spec-newer: {SPEC} changed since it was generated\n" in result.out
    assert f"{TESTS}: spec-newer: {SPEC}" in result.out
    assert "\n    -    factor: int = 2\n    +    factor: int = 3\n" in result.out
    assert "  mend it: igla-gen gen\n" in result.out


def test_a_changed_template_is_named_as_the_cause(built: Workplace) -> None:
    built.change(TEMPLATE_FILE, "if x < 0:", "if x < 0.0:")
    result = built.run("gen", "--check")
    assert result.code == 1
    assert f"{MODULE}: template-newer: {TEMPLATE_FILE} changed since it was generated" in result.out
    assert TESTS not in result.out


def test_a_new_spec_that_was_not_generated_is_named(built: Workplace) -> None:
    second(built)
    result = built.run("gen", "--check")
    assert result.code == 1
    assert (
        "generated/igla/architecture/second.py: missing: specs/architecture/second.vibee was never generated"
        in result.out
    )


def test_a_stale_file_is_named_then_removed_with_its_empty_folder(built: Workplace) -> None:
    second(built)
    assert built.run("gen").code == 0
    for name in (
        "specs/architecture/second.vibee",
        "templates/architecture/second.py.j2",
        "templates/architecture/test_second.py.j2",
    ):
        (built.root / name).unlink()
    result = built.run("gen", "--check")
    assert result.code == 1
    assert (
        "generated/igla/architecture/second.py: orphaned: specs/architecture/second.vibee no longer makes it"
        in result.out
    )
    assert "removed generated/igla/architecture/second.py" in built.run("gen").out
    assert set(built.files()) == ALL


def test_a_stranger_is_named_and_never_removed(built: Workplace) -> None:
    built.write("generated/igla/architecture/mine.py", "x = 1\n")
    built.write("generated/notes.txt", "mine\n")
    result = built.run("gen", "--check")
    assert result.code == 1
    assert "generated/igla/architecture/mine.py: foreign: igla-gen did not write it" in result.out
    assert "generated/notes.txt: foreign" in result.out
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    assert built.run("gen").code == 0
    assert built.read("generated/igla/architecture/mine.py") == "x = 1\n"
    assert built.read("generated/notes.txt") == "mine\n"


def test_check_writes_nothing(built: Workplace) -> None:
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    before = built.files()
    assert built.run("gen", "--check").code == 1
    assert built.files() == before


def test_a_hand_edit_is_found_even_when_the_inputs_are_those_of_the_last_run(
    built: Workplace,
) -> None:
    """The quick answer of a no-op run looks at the outputs too."""
    before = built.files()
    built.write(MODULE, built.read(MODULE).replace("x < 0", "x < 1"))
    assert built.run("gen").code == 1
    assert f"wrote {MODULE}" in built.run("gen", "--force").out
    assert built.files() == before


def test_a_manifest_that_is_behind_is_named(built: Workplace) -> None:
    built.change("generated/manifest.json", '"igla_gen": "', '"igla_gen": "9')
    result = built.run("gen", "--check")
    assert result.code == 1
    assert "manifest.json: manifest-stale" in result.out
    assert built.run("gen").code == 0
    assert built.run("gen", "--check").code == 0


def test_a_spec_whose_change_alters_no_file_is_named(built: Workplace) -> None:
    built.change(SPEC, "name: igla", "# a comment\nname: igla")
    built.change(SPEC, "\n\ntypes:", "\ntypes:")  # the lines below stay where they were
    result = built.run("gen", "--check")
    assert result.code == 1
    assert f"manifest.json: manifest-stale: {SPEC} changed" in result.out


def report(workplace: Workplace, *arguments: str) -> dict[str, dict[str, str]]:
    """The drift of each file, from the JSON report."""
    result = workplace.run("gen", "--check", "--output-format", "json", *arguments)
    data = json.loads(result.out)
    assert data["version"] == 1
    assert data["clean"] is (result.code == 0)
    return {drift["path"]: drift for drift in data["drift"]}


def test_the_json_report_says_what_where_why_and_the_remedy(built: Workplace) -> None:
    assert report(built) == {}
    built.change(TEMPLATE_FILE, "if x < 0:", "if x < 0.0:")
    (drift,) = report(built).values()
    assert drift["path"] == "igla/architecture/scaling.py"
    assert drift["kind"] == "template-newer"
    assert (drift["spec"], drift["template"]) == (SPEC, TEMPLATE_FILE)
    assert "-    if x < 0:\n+    if x < 0.0:" in drift["diff"]
    assert drift["remedy"] == "igla-gen gen"
    found = report(built, "--out", "generated", SPEC)
    assert found["igla/architecture/scaling.py"]["remedy"] == f"igla-gen gen {SPEC}"


def test_the_json_report_of_a_faulty_spec_is_json(built: Workplace) -> None:
    built.change(SPEC, "factor > 0", "factr > 0")
    result = built.run("gen", "--check", "--output-format", "json")
    assert result.code == 1
    data = json.loads(result.out)
    assert data["clean"] is False
    assert "factr" in data["diagnostics"][0]["message"]


def test_a_used_spec_is_named_as_the_cause(scaling: Workplace) -> None:
    case = REPOSITORY / "tests" / "cases" / "one_spec_uses_another"
    for folder in ("specs", "templates"):
        shutil.copytree(case / folder, scaling.root / folder, dirs_exist_ok=True)
    assert scaling.run("gen").code == 0
    manifest = json.loads(scaling.read("generated/manifest.json"))["files"]
    path, facts = next((p, f) for p, f in manifest.items() if len(f["specs"]) == 2)
    own, used = facts["specs"]
    facts["specs"][used] = "0" * 16
    facts["sha256"] = digest("made of another one\n")
    data = {"note": "", "version": 2, "igla_gen": "0.1.0", "files": manifest}
    scaling.write("generated/manifest.json", json.dumps(data))
    scaling.write(f"generated/{path}", "made of another one\n")
    drift = report(scaling)[path]
    assert drift["kind"] == "spec-newer"
    assert drift["cause"] == f"{used} changed since it was generated ({own} uses it)"


@pytest.mark.parametrize("maker", ["igla_gen", "ruff"])
def test_a_newer_generator_is_named_as_the_cause(built: Workplace, maker: str) -> None:
    data = json.loads(built.read("generated/manifest.json"))
    data[maker] = "0.0.1"
    data["files"]["igla/architecture/scaling.py"]["sha256"] = digest("of another version\n")
    built.write("generated/manifest.json", json.dumps(data))
    built.write(MODULE, "of another version\n")
    drift = report(built)["igla/architecture/scaling.py"]
    assert drift["kind"] == "generator-newer"
    assert drift["cause"].startswith(f"{maker.replace('_', '-')} 0.0.1 made it, this is ")


def test_a_change_of_the_generator_within_a_version_is_named(built: Workplace) -> None:
    data = json.loads(built.read("generated/manifest.json"))
    data["files"]["igla/architecture/scaling.py"]["sha256"] = digest("of another version\n")
    built.write("generated/manifest.json", json.dumps(data))
    built.write(MODULE, "of another version\n")
    drift = report(built)["igla/architecture/scaling.py"]
    assert (drift["kind"], drift["cause"][:15]) == ("generator-newer", "igla-gen itself")


def test_a_lost_manifest_is_named_and_costs_nothing_where_files_are_right(built: Workplace) -> None:
    before = built.files()
    (built.root / "generated/manifest.json").unlink()
    assert [d["kind"] for d in report(built).values()] == ["manifest-missing"]
    assert built.run("gen").code == 0
    assert built.files() == before


def test_a_lost_manifest_does_not_make_igla_gen_overwrite(built: Workplace) -> None:
    """What only says that igla-gen wrote it may have been edited since."""
    (built.root / "generated/manifest.json").unlink()
    edited = built.read(MODULE) + "# mine\n"
    built.write(MODULE, edited)
    built.write("generated/igla/__init__.py", "x = 1\n")
    kinds = {path: drift["kind"] for path, drift in report(built).items()}
    assert kinds == {
        "igla/__init__.py": "foreign",
        "igla/architecture/scaling.py": "unvouched",
        "manifest.json": "manifest-missing",
    }
    (built.root / "generated/igla/__init__.py").unlink()
    result = built.run("gen")
    assert result.code == 1
    assert f"{MODULE}: in no manifest, and not as planned" in result.err
    assert built.read(MODULE) == edited
    assert built.run("gen", "--force").code == 0
    assert "# mine" not in built.read(MODULE)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"igla_gen": "0.1.0", "files": {"../x": {}}}', "<<<<<<< HEAD\n"]
)
def test_a_damaged_manifest_is_named_and_force_mends_it(built: Workplace, text: str) -> None:
    before = built.files()
    built.write("generated/manifest.json", text)
    kind = "foreign" if text == "[]" else "damaged"
    assert report(built)["manifest.json"]["kind"] == f"manifest-{kind}"
    result = built.run("gen")
    assert result.code == 1
    assert "manifest.json" in result.err
    result = built.run("gen", "--force")
    assert result.code == (1 if kind == "foreign" else 0)
    if kind == "damaged":
        assert built.files() == before
    else:
        assert built.read("generated/manifest.json") == text


def test_crlf_in_the_output_is_no_edit_and_is_mended(built: Workplace) -> None:
    before = built.files()
    for name, data in before.items():
        (built.root / name).write_bytes(data.replace(b"\n", b"\r\n"))
    assert {drift["kind"] for drift in report(built).values()} == {"line-endings"}
    assert built.run("gen").code == 0
    assert built.files() == before


def test_whole_differences_on_request(built: Workplace) -> None:
    built.write(MODULE, "\n".join(f"line {i}" for i in range(40)))
    short, long = built.run("gen", "--check").out, built.run("gen", "--check", "--diff").out
    assert "more lines: --diff\n" in short
    assert "line 39" in long
    assert "line 39" not in short
    assert len(short.splitlines()) == 1 + 10 + 1 + 1 + 1


@pytest.mark.parametrize(
    "arguments", [("--diff",), ("--output-format", "json"), ("--check", "--force")]
)
def test_options_that_do_not_go_together_are_refused(
    built: Workplace, arguments: tuple[str, ...]
) -> None:
    assert built.run("gen", *arguments).code == 2


# ---------------------------------------------------------------- edited by hand


def test_an_edited_file_is_not_overwritten_without_force(built: Workplace) -> None:
    built.write(TESTS, built.read(TESTS).replace("== 15", "== 16"))
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    before = built.files()
    result = built.run("gen")
    assert result.code == 1
    assert f"{TESTS}: edited by hand" in result.err
    assert "== 16" in result.err
    assert "1 file differs from what igla-gen wrote, and nothing was written" in result.err
    assert "igla-gen gen --force" in result.err
    assert built.files() == before
    assert built.run("gen", "--force").code == 0
    assert "== 15" in built.read(TESTS)
    assert built.run("gen", "--check").code == 0


def test_an_edit_that_makes_what_the_spec_makes_is_no_edit(built: Workplace) -> None:
    """As after a merge: the text is right, only the manifest is not."""
    for file in (SPEC, MODULE):
        built.change(file, "Multiplies by a factor.", "Times a factor.")
    assert built.run("gen").code == 0
    assert built.run("gen", "--check").code == 0


def drop_second(workplace: Workplace) -> None:
    for name in (
        "specs/architecture/second.vibee",
        "templates/architecture/second.py.j2",
        "templates/architecture/test_second.py.j2",
    ):
        (workplace.root / name).unlink()


def test_an_edited_orphan_is_kept_and_named_until_forced(built: Workplace) -> None:
    second(built)
    assert built.run("gen").code == 0
    orphan = "generated/igla/architecture/second.py"
    built.write(orphan, "x = 1\n")
    drop_second(built)
    for _ in range(2):
        result = built.run("gen")
        assert result.code == 1
        assert f"{orphan}: no spec makes it any more, and it was edited" in result.err
        assert built.read(orphan) == "x = 1\n"
    found = report(built)
    assert list(found) == ["igla/architecture/second.py"]
    assert found["igla/architecture/second.py"]["kind"] == "orphaned"
    assert found["igla/architecture/second.py"]["remedy"] == "delete it, or igla-gen gen --force"
    assert f"removed {orphan}" in built.run("gen", "--force").out
    assert set(built.files()) == ALL


def test_folders_and_caches_of_removed_modules_go_and_others_stay(scaling: Workplace) -> None:
    for file in (SPEC, TEMPLATE_FILE, "templates/architecture/test_scaling.py.j2"):
        text = scaling.read(file).replace("igla.architecture", "igla.data")
        scaling.write(file.replace("architecture", "data"), text)
    assert scaling.run("gen").code == 0
    scaling.write("generated/igla/data/__pycache__/scaling.cpython-311.pyc", "")
    scaling.write("generated/igla/data/__pycache__/__init__.cpython-311.pyc", "")
    scaling.write("generated/tests/data/notes.txt", "mine")
    shutil.rmtree(scaling.root / "specs/data")
    assert scaling.run("gen").code == 0
    assert not (scaling.root / "generated/igla/data").exists()
    assert set(scaling.files()) == ALL | {"generated/tests/data/notes.txt"}


# ---------------------------------------------------------------- nothing half-written

BROKEN_TEMPLATES = {
    "an unknown hole": ("{{ constants }}", "{{ no_such_hole }}"),
    "not Python after rendering": (
        "return math.fabs(x) * config.factor",
        "return math.fabs(x) * * config.factor",
    ),
    "a block never closed": ("#% endbehavior\n", ""),
    "an unknown control line": ("{{ constants }}", "#% unless true"),
    "an unfinished hole": ("{{ constants }}", "{{ constants"),
    "a raw string in a hole": ("{{ constants }}", "{{ 'x = 1' }}"),
    "an attack on the sandbox": ("{{ constants }}", "{{ doc.__class__.__mro__ }}"),
}


@pytest.mark.parametrize(("old", "new"), BROKEN_TEMPLATES.values(), ids=BROKEN_TEMPLATES.keys())
def test_a_broken_template_leaves_generated_untouched(built: Workplace, old: str, new: str) -> None:
    second(built)
    before = built.files()
    built.change(TEMPLATE_FILE, old, new)
    result = built.run("gen")
    assert result.code == 1
    assert "templates/architecture/scaling.py.j2" in result.err + result.out
    assert built.files() == before


def test_without_its_formatter_nothing_is_written(
    built: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.files()
    monkeypatch.setattr("ruff.find_ruff_bin", lambda: "no/such/ruff")
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    result = built.run("gen")
    assert result.code == 1
    assert "ruff cannot be run" in result.err and "pip install ruff==" in result.err
    assert built.files() == before


def test_formatting_keeps_the_order_of_files_and_names_the_one_at_fault() -> None:
    texts = [f"x = ( {number} )\n" for number in range(12)]
    assert formatted(texts) == [f"x = {number}\n" for number in range(12)]
    assert formatted([]) == []
    texts[2] = texts[10] = "x = = 1\n"
    with pytest.raises(FormatError, match="Expected an expression") as caught:
        formatted(texts)
    assert caught.value.index == 2


def test_a_faulty_spec_leaves_generated_untouched(built: Workplace) -> None:
    second(built)
    before = built.files()
    built.change(SPEC, "factor > 0", "factr > 0")
    result = built.run("gen")
    assert result.code == 1
    assert "factr" in result.out
    assert built.files() == before


def test_a_missing_test_template_leaves_generated_untouched(built: Workplace) -> None:
    before = built.files()
    (built.root / "templates/architecture/test_scaling.py.j2").unlink()
    result = built.run("gen")
    assert result.code == 1
    assert "test_scaling.py.j2" in result.out + result.err
    assert built.files() == before


def test_a_file_that_is_not_ours_is_not_overwritten(scaling: Workplace) -> None:
    scaling.write(MODULE, "print('mine')\n")
    before = scaling.files()
    result = scaling.run("gen")
    assert result.code == 1
    assert MODULE in result.err
    assert "igla-gen did not write it" in result.err
    assert scaling.files() == before


def test_a_broken_manifest_is_reported_and_nothing_is_written(built: Workplace) -> None:
    built.write("generated/manifest.json", "{")
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    before = built.files()
    for arguments in (("gen",), ("gen", "--check")):
        result = built.run(*arguments)
        assert result.code == 1
        assert "manifest.json cannot be read" in result.err + result.out
    assert built.files() == before


def test_a_file_too_large_for_a_spec_is_not_read(built: Workplace) -> None:
    with built.write("specs/large.vibee", "").open("wb") as file:
        file.truncate(1 << 40)  # a hole: it takes no room
    result = built.run("gen")
    assert result.code == 1 and "more than 16 million characters" in result.out


@pytest.mark.parametrize("name", ["a\nprint(1)\n#", "a\rb", "a\u2028b", "a\u202eb", "s\udcff", "caf\u00e9"])
def test_no_name_of_a_folder_becomes_code(scaling: Workplace, name: str) -> None:
    folder = scaling.root / name
    (scaling.root / "specs/architecture").rename(folder)
    result = scaling.run("gen", name)
    assert result.code == 0, result
    tree = ast.parse(scaling.read(MODULE))
    assert not any(isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) for node in tree.body)
    comments = [line for line in scaling.read(MODULE).split("\n") if line.startswith("# spec:")]
    assert comments and all(line.isprintable() and ".vibee:" in line for line in comments)


def test_an_output_folder_need_not_be_utf_8(scaling: Workplace) -> None:
    assert scaling.run("gen", "--out", "out\udcff").code == 0


def test_a_manifest_cannot_point_outside_the_output_folder(built: Workplace) -> None:
    victim = built.write("precious.py", "x = 1\n")
    manifest = json.loads(built.read("generated/manifest.json"))
    manifest["files"]["../precious.py"] = manifest["files"]["igla/__init__.py"]
    manifest["files"][str(victim)] = manifest["files"]["igla/__init__.py"]
    built.write("generated/manifest.json", json.dumps(manifest))
    built.run("gen")
    assert victim.read_text() == "x = 1\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_a_sentence(built: Workplace) -> None:
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    folder = built.root / "generated"
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        result = built.run("gen")
    finally:
        folder.chmod(stat.S_IRWXU)
    assert result.code == 1
    assert "cannot be written" in result.err


def test_a_file_that_cannot_be_put_in_place_is_named_itself(
    built: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the copy of it that was staged."""
    before, real = built.files(), os.replace
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")

    def replace(source: Path, target: Path) -> None:
        if Path(target).name == "scaling.py":
            raise PermissionError(13, "Permission denied", str(source), None, str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    result = built.run("gen")
    assert result.code == 1
    assert f"{MODULE}: cannot be written (Permission denied); nothing was changed" in result.err
    assert built.files() == before


def test_specs_that_cannot_be_seen_are_not_taken_for_gone(
    built: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they make would be removed as if they had been deleted."""
    second(built)
    (built.root / "specs/data").mkdir()
    for name in (f"{folder}second.{end}" for folder, end in (("", "py.j2"), ("test_", "py.j2"))):
        text = built.read(f"templates/architecture/{name}").replace("architecture", "data")
        built.write(f"templates/data/{name}", text)
    text = built.read("specs/architecture/second.vibee").replace("architecture", "data")
    built.write("specs/data/second.vibee", text)
    drop_second(built)
    assert built.run("gen").code == 0
    before, real = built.files(), os.scandir

    def scandir(folder: str | Path | int = ".") -> object:
        if (
            not isinstance(folder, int)
            and Path(folder).name == "data"
            and "specs" in Path(folder).parts
        ):
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    for arguments in (("gen",), ("gen", "--check"), ("check",), ("fmt",)):
        result = built.run(*arguments)
        assert (result.code, result.out) == (2, "")
        assert result.err == "igla-gen: specs/data: Permission denied\n"
    assert built.files() == before


def test_what_no_spec_makes_alone_has_a_cause_too(scaling: Workplace) -> None:
    out = scaling.run("gen", "--check").out
    assert f"{MODULE}: missing: {SPEC} was never generated\n" in out
    assert "generated/igla/__init__.py: missing: was never generated\n" in out


def test_an_output_folder_that_is_a_file_is_a_sentence(scaling: Workplace) -> None:
    scaling.write("generated", "a file")
    result = scaling.run("gen")
    assert result.code == 2
    assert "generated' is a file" in result.err
    assert scaling.read("generated") == "a file"


@pytest.mark.parametrize("command", [("gen",), ("gen", "--check"), ("docs",), ("where", "x.py:1")])
@pytest.mark.parametrize(
    ("out", "message"),
    [("", "no folder is named; . is the one here"), ("a/b/c", "'a' is a file; name a folder")],
)
def test_what_is_no_output_folder_is_refused_before_any_work(
    scaling: Workplace, command: tuple[str, ...], out: str, message: str
) -> None:
    """The empty word is that of a variable which is not set, and not the folder here."""
    scaling.write("a", "a file")
    before = scaling.files()
    result = scaling.run(*command, "--out", out)
    assert result.code == 2 and message in result.err
    assert scaling.files() == before


def test_a_disk_that_fills_up_leaves_the_old_files(
    built: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.files()
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    real = transaction._put

    def full(path: Path, text: str) -> None:
        if path.name == "test_scaling.py":
            raise OSError(28, "No space left on device", str(path))
        real(path, text)

    monkeypatch.setattr(transaction, "_put", full)
    result = built.run("gen")
    assert result.code == 1
    assert "No space left on device" in result.err
    assert built.files() == before


# ---------------------------------------------------------------- a string from a spec is never code


HOSTILE = [
    '"""',
    "'''",
    "\\",
    '"""\\nimport os\\n"""',
    "{{ 1 }}",
    "#% if x",
    "${x}",
    "\\N{DASH}",
    "%s {x} {0}",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_cannot_become_code(scaling: Workplace, text: str) -> None:
    quoted = "'" + text.replace("'", "''") + " tail'"
    for old in (
        "Multiplies by a factor.",
        "By how much.",
        "Width times factor.",
        "A number\n",
        "It is scaled",
        "The number times the factor",
        "ValueError if x is negative",
    ):
        scaling.change(SPEC, old, quoted + ("\n" if old.endswith("\n") else ""))
    scaling.change(SPEC, "-- the multiplier", "-- the multiplier " + text)
    law = "\n      - name: says\n        refuses: scale(0 - 2.0, ScaleConfig(width=1))\n        saying: "
    scaling.change(SPEC, "saying: x is negative", f"saying: x is negative{law}{quoted}")
    result = scaling.run("gen")
    if result.code:
        assert "error[" in result.out or "templates/" in result.err, result
        assert scaling.files() == {}
        return
    tree = ast.parse(scaling.read(MODULE))
    assert [type(node).__name__ for node in tree.body] == [
        "Expr", "ImportFrom", "Import", "ImportFrom", "ClassDef", "FunctionDef", "FunctionDef",
    ]  # fmt: skip
    assert ast.dump(tree.body[-1].body[1]) == ast.dump(ast.parse(TEMPLATE_GUARD).body[0])
    ast.parse(scaling.read(TESTS))


TEMPLATE_GUARD = 'if x < 0:\n    raise ValueError(f"x is negative: {x}")\n'
assert TEMPLATE_GUARD.splitlines()[0] in TEMPLATE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("module: igla.architecture.scaling", "module: igla.architecture.../../x"),
        ("module: igla.architecture.scaling", "module: igla.architecture.class"),
        ("module: igla.architecture.scaling", "module: os.path.join"),
        ("module: igla.architecture.scaling", "module: igla.architecture.scaling; import os"),
        ("name: needs_a_positive_number", "name: 'x() -> None: pass'"),
        ("params: {config: ScaleConfig}", "params: {'config=print(1)': ScaleConfig}"),
        ("  area:\n", "  'area()':\n"),
        ("factor: Int = 2", "'factor=1; x': Int = 2"),
        ("  ScaleConfig:\n    desc", "  'ScaleConfig(object)':\n    desc"),
        (
            "      - name: multiplies\n        holds: area",
            "      - name: 'a b'\n        holds: area",
        ),
        (
            "      - name: multiplies\n        holds: area",
            "      - name: x\n        for: {'a; b': 1}\n        holds: area",
        ),
        (
            "      - name: multiplies\n        holds: area",
            "      - name: x\n        cases: [{'a; b': 1}]\n        holds: area",
        ),
        ("    is: config", "    where: {'a; b': 1}\n    is: config"),
        ("formulas:", "constants: {'X = 1; Y': 2}\nformulas:"),
        ("is: config.width", "is: config.__class__"),
        ("is: config.width", "is: __import__"),
    ],
)
def test_names_cannot_become_code_or_paths(scaling: Workplace, old: str, new: str) -> None:
    scaling.change(SPEC, old, new)
    result = scaling.run("gen")
    assert result.code == 1, result
    assert "error[" in result.out, result
    assert scaling.files() == {}


# ---------------------------------------------------------------- only what changed is made again


def made(workplace: Workplace, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[str]:
    """The modules that one run renders."""
    found: list[str] = []
    real = render.drafts
    with monkeypatch.context() as patch:
        patch.setattr(
            render, "drafts", lambda lib, unit, *e: found.append(unit.module) or real(lib, unit, *e)
        )
        result = workplace.run("gen", *arguments)
    assert result.code == 0, result
    return sorted(found)


FIRST, SECOND = "igla.architecture.scaling", "igla.architecture.second"


def test_one_changed_spec_is_all_that_is_rendered(
    built: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    second(built)
    assert made(built, monkeypatch) == [SECOND]
    built.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    assert made(built, monkeypatch) == [FIRST]
    built.change("templates/architecture/test_second.py.j2", "scale(0.0", "scale(0.00")
    assert made(built, monkeypatch) == [SECOND]
    before = built.files()
    shutil.rmtree(built.root / "generated")
    assert made(built, monkeypatch) == sorted([FIRST, SECOND])
    assert built.files() == before


def test_a_used_spec_whose_interface_changed_makes_its_users_again(
    scaling: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = REPOSITORY / "tests" / "cases" / "one_spec_uses_another"
    for folder in ("specs", "templates"):
        shutil.copytree(case / folder, scaling.root / folder, dirs_exist_ok=True)
    assert len(made(scaling, monkeypatch)) == 2
    scaling.change(SPEC, "name: igla", "# a comment\nname: igla")
    assert made(scaling, monkeypatch) == [FIRST]
    scaling.change(SPEC, "factor: Int = 2", "factor: Int = 3")
    assert len(made(scaling, monkeypatch)) == 2
    assert scaling.run("gen", "--check").code == 0


def test_a_changed_output_or_a_damaged_note_is_made_again(
    built: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.files()
    built.write(MODULE, built.read(MODULE).replace("x < 0", "x < 1"))
    assert made(built, monkeypatch, "--force") == [FIRST]
    assert built.files() == before
    (notes,) = (built.root / ".igla-gen").glob("*.units.json")
    for text in ("{", "[]", '{"igla.architecture.scaling": 3}', "\x00"):
        notes.write_text(text)
        assert made(built, monkeypatch, "specs") == [FIRST]
        assert made(built, monkeypatch, "specs") == []
    assert built.files() == before


def test_what_a_change_leaves_as_it_was_is_not_formatted_again(
    scaling: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spec is rendered anew for all that read it; what then differs is formatted, and nothing else."""
    other = scaling.read(SPEC).replace("scaling", "other").replace("ScaleConfig", "OtherConfig")
    other = other.replace("area", "space").replace("scale", "stretch")
    law = "space(OtherConfig(factor=3, width=5)) == 15"
    other = other.replace(law, f"{law} and area(ScaleConfig(width=1)) == 2")
    other = other.replace("\ntypes:", "uses: [igla.architecture.scaling]\n\ntypes:", 1)
    scaling.write("specs/architecture/other.vibee", other)
    for name, text in (("other", TEMPLATE), ("test_other", TEST_TEMPLATE)):
        text = text.replace("scaling", "other").replace("ScaleConfig", "OtherConfig")
        scaling.write(f"templates/architecture/{name}.py.j2", text.replace("scale", "stretch"))
    result = scaling.run("gen")
    assert result.code == 0, result.out
    made_anew: list[str] = []
    whole = render.finished
    monkeypatch.setattr(
        render, "finished", lambda made: made_anew.extend(o.path for o in made) or whole(made)
    )
    scaling.change(SPEC, "Multiplies by a factor", "Multiplies")
    before = scaling.files()
    assert scaling.run("gen").code == 0
    assert made_anew == ["igla/architecture/scaling.py"]
    kept = scaling.files()
    shutil.rmtree(scaling.root / ".igla-gen")
    assert scaling.run("gen").code == 0 and scaling.files() == kept != before
    made_anew.clear()
    place = "generated/tests/architecture/test_other.py"
    scaling.write(place, scaling.read(place).replace("\n", "\r\n"))  # as some checkouts do
    scaling.change(SPEC, "Multiplies.", "Multiplies two.")
    assert scaling.run("gen").code == 0
    assert sorted(made_anew) == ["igla/architecture/scaling.py", "tests/architecture/test_other.py"]


@pytest.mark.parametrize("char", ["\\u202e", "\\u2066", "\\e", "\\0"])
def test_what_no_reviewer_sees_stays_an_escape_in_what_is_generated(scaling: Workplace, char: str) -> None:
    """A spec can only say these characters by an escape, which its reviewer sees."""
    for place in ("description:", "then:"):
        line = next(row for row in scaling.read(SPEC).split("\n") if row.strip().startswith(place))
        if not line.endswith(("|", place)):
            scaling.change(SPEC, line, f'{line.split(":")[0]}: "Returns a{char}b"')
    row = next(r for r in scaling.read(SPEC).split("\n") if "-- the multiplier" in r)
    scaling.change(SPEC, row, f'{row.replace(": ", chr(58) + " " + chr(34), 1)} a{char}b"')
    assert scaling.run("gen").code == 0
    text = scaling.read(MODULE)
    assert text.count(f"a{char}b".replace("\\e", "\\x1b").replace("\\0", "\\x00")) >= 2
    hidden = char.encode().decode("unicode_escape") if char != "\\e" else "\x1b"
    assert hidden not in text and f"a{hidden}b" in str(ast.get_docstring(ast.parse(text)))
