"""The semantic diff: a case for every class of change, git refs, and properties over the shipped specs.

    tests/diff_cases/NAME.txt     lines of base.vibee that change (- old, + new; an empty line ends an edit),
                                  then what `igla-gen diff` says

`UPDATE_CASES=1 pytest tests/test_compare.py` writes what is found as expected; read the difference before keeping it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from igla_gen.compare.changes import KINDS
from igla_gen.compare.compare import Comparison, compare
from igla_gen.compare.meaning import roles_of
from igla_gen.compare.sides import Tree
from igla_gen.compare.trees import read_paths
from igla_gen.compare.versions import bump_made, is_enough
from igla_gen.model.library import Library
from tests import sensitivity
from tests.conftest import REPOSITORY, Workplace

CASES = REPOSITORY / "tests" / "diff_cases"
NAMES = sorted(path.stem for path in CASES.glob("*.txt"))
BASE = (CASES / "base.vibee").read_text("utf-8")
RULER = "----\n"


def edited(text: str, edits: str) -> str:
    """The text after the edits of a case."""
    for edit in edits.strip("\n").split("\n\n"):
        lines = edit.split("\n")
        old, new = ("\n".join(line[2:] for line in lines if line[:1] == sign) for sign in "-+")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, workplace: Workplace) -> None:
    path = CASES / f"{name}.txt"
    edits = path.read_text("utf-8").partition(RULER)[0]
    workplace.write("old.vibee", BASE)
    workplace.write("new.vibee", edited(BASE, edits))
    result = workplace.run("diff", "old.vibee", "new.vibee")
    said = f"{result.out}{result.err}exit {result.code}\n"
    if os.environ.get("UPDATE_CASES"):
        path.write_text(f"{edits}{RULER}{said}", "utf-8")
    assert said == path.read_text("utf-8").partition(RULER)[2]


def test_the_cases_show_every_class() -> None:
    text = "".join((CASES / f"{name}.txt").read_text("utf-8") for name in NAMES)
    for kind in KINDS:
        assert re.search(rf"^  {kind} ", text, re.MULTILINE) or kind == "template", kind


# -- git ----------------------------------------------------------------------------------


def git(*arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(scaling: Workplace) -> Workplace:
    """The workplace with one component, committed."""
    git("init", "-q", "-b", "trunk")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    return scaling


SCALING = "specs/architecture/scaling.vibee"


def test_the_working_tree_against_a_commit(repository: Workplace) -> None:
    assert "no specs differ in meaning" in repository.run("diff", "HEAD").out
    repository.change(SCALING, "factor: Int = 2", "factor: Int = 3")
    result = repository.run("diff", "HEAD")
    assert result.code == 0
    assert "ScaleConfig.factor is 3 by default, it was 2" in result.out
    assert "asks for minor; version is 1.0.0 as before: not enough" in result.out
    assert repository.run("diff", f"HEAD:{SCALING}").out.count("by default") == 1
    assert repository.run("diff", "HEAD", "HEAD").out.startswith("no specs differ")


def test_two_commits(repository: Workplace) -> None:
    repository.change(SCALING, "raises: ValueError", "raises: TypeError")
    git("commit", "-qam", "two")
    out = repository.run("diff", "HEAD~1", "trunk").out
    assert "api " in out and "scale raises TypeError, it raised ValueError" in out


def test_a_template_alone(repository: Workplace) -> None:
    repository.change("templates/architecture/scaling.py.j2", "math.fabs(x)", "abs(x)")
    out = repository.run("diff", "HEAD").out
    assert "template " in out and "what that does to the numbers is not known" in out
    repository.change("templates/architecture/test_scaling.py.j2", "== 0.0", "< 1.0")
    assert "test_scaling.py.j2 changed: its checks prove something else" in (
        repository.run("diff", "HEAD").out
    )


MODULE = """

class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.register_buffer("table", torch.ones(2))
"""


def test_parameters_in_a_template_are_read(repository: Workplace) -> None:
    path = "templates/architecture/scaling.py.j2"
    repository.write(path, repository.read(path) + MODULE)
    git("commit", "-qam", "module")
    repository.change(path, "self.weight", "self.gain")
    repository.change(path, "torch.ones(2)", "torch.ones(4)")
    out = repository.run("diff", "HEAD").out
    assert "checkpoint " in out
    assert "of Scale: weight gone; gain new; table made otherwise" in out
    repository.change(path, "    def __init__", "    # a comment\n    def __init__")
    assert repository.run("diff", "HEAD").out == out


def test_breaking(repository: Workplace) -> None:
    assert repository.run("breaking", "--against", "HEAD").code == 0
    repository.change(SCALING, "name: scale\n", "name: multiply\n")
    result = repository.run("breaking", "--against", "HEAD")
    assert result.code == 1
    assert f"{SCALING}:29: api: the function scale is now multiply" in result.out
    assert "asks for major; version is 1.0.0 as before: not enough" in result.out
    assert repository.run("breaking", "specs/architecture", "--against", "trunk").code == 1
    repository.change(SCALING, '"1.0.0"', '"2.0.0"')
    assert repository.run("breaking", "--against", "HEAD").code == 0


def test_what_does_not_break(repository: Workplace) -> None:
    repository.change(SCALING, "factor: Int = 2", "factor: Int = 3")
    repository.change(SCALING, "description: By how much.", "description: How much.")
    assert repository.run("breaking", "--against", "HEAD").code == 0


def test_a_spec_that_is_gone_or_unreadable_breaks(repository: Workplace) -> None:
    for word in ("other", "another"):
        text = repository.read(SCALING).replace("scaling", word)
        repository.write(f"specs/architecture/{word}.vibee", text)
    (repository.root / SCALING).unlink()
    result = repository.run("breaking", "--against", "HEAD")
    assert result.code == 1 and "igla.architecture.scaling is gone" in result.out
    repository.write(SCALING, "name: [")
    result = repository.run("breaking", "--against", "HEAD")
    assert result.code == 1 and f"{SCALING}:1: cannot be read" in result.out
    for command in (("breaking", "--against", "HEAD"), ("diff", "HEAD")):  # it was not compared
        assert "is gone" not in repository.run(*command).out


def test_specs_that_did_not_parse_are_reported(repository: Workplace) -> None:
    text = repository.read(SCALING)
    repository.write(SCALING, text.replace("version:", "versoin:"))
    git("commit", "-qam", "broken")
    repository.write(SCALING, text)
    result = repository.run("diff", "HEAD")
    assert result.code == 1
    assert "could not be read in HEAD (old), and was not compared:" in result.out
    assert repository.run("breaking", "--against", "HEAD").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diff", "nowhere"], "no such file or folder, and no commit that git knows here"),
        (["diff", ""], "an empty word names no specs"),
        (["diff", "HEAD", ""], "an empty word names no specs"),
        (["diff", "HEAD:nowhere"], "nowhere is not in HEAD"),
        (["diff", "HEAD:../.."], "is not in HEAD"),
        (["diff", "--output-format", "xml", "HEAD"], "accepted are text, json"),
        (["diff", "HEAD", "--", "--help"], "no such file or folder"),
        (["breaking", "--against", "nowhere"], "git knows no commit 'nowhere'"),
        (["breaking", "--against", "--output=x"], "is no commit"),
        (["breaking", "--against", "HEAD", ".."], "is not below this folder"),
    ],
)
def test_wrong_usage(repository: Workplace, arguments: list[str], said: str) -> None:
    result = repository.run(*arguments)
    assert result.code == 2 and said in result.err
    assert not (repository.root / "x").exists()


def test_outside_a_repository(scaling: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(scaling.root.parent))
    result = scaling.run("breaking", "--against", "HEAD")
    assert result.code == 2 and "this folder is in no git repository" in result.err
    assert scaling.run("diff", "HEAD").code == 2
    monkeypatch.setenv("PATH", "")
    assert "git cannot be run" in scaling.run("breaking", "--against", "HEAD").err


def test_the_old_tree_is_never_checked_out(repository: Workplace) -> None:
    before = repository.files(".")
    repository.change(SCALING, "factor: Int = 2", "factor: Int = 3")
    after = repository.files(".")
    repository.run("diff", "HEAD")
    repository.run("breaking", "--against", "HEAD")
    assert repository.files(".") == after != before


def test_json(repository: Workplace) -> None:
    repository.change(SCALING, "factor: Int = 2", "factor: Int = 3")
    data = json.loads(repository.run("diff", "HEAD", "--output-format", "json").out)
    assert data["version"] == 1 and data["old"] == "HEAD" and data["new"] == "the working tree"
    (module,) = data["modules"]
    assert (module["module"], module["asked"], module["made"], module["enough"]) == (
        "igla.architecture.scaling", "minor", "none", False,
    )  # fmt: skip
    assert module["changes"] == [
        {
            "class": "config default",
            "bump": "minor",
            "subject": "ScaleConfig.factor",
            "message": "ScaleConfig.factor is 3 by default, it was 2",
            "old": {"file": SCALING, "line": 11, "column": 15},
            "new": {"file": SCALING, "line": 11, "column": 15},
        }
    ]


# -- versions -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "made", "enough_for"),
    [
        ("1.0.0", "1.0.0", "none", "none"),
        ("1.0.0", "1.0.1", "patch", "patch"),
        ("1.0.9", "1.1.0", "minor", "minor"),
        ("1.9.9", "2.0.0", "major", "major"),
        ("0.1.0", "0.2.0", "minor", "major"),
        ("1.0.1", "1.0.0", None, "none"),
        ("1.0", "1.1", None, "none"),
        ("a", "a", "none", "none"),
    ],
)
def test_steps(old: str, new: str, made: str | None, enough_for: str) -> None:
    assert bump_made(old, new) == made
    order = ["none", "patch", "minor", "major"]
    expected = [step for step in order if order.index(step) <= order.index(enough_for)]
    assert [step for step in order if is_enough(step, old, new)] == expected  # type: ignore[arg-type]


# -- the shipped specs --------------------------------------------------------------------


def shipped() -> Tree:
    bench = sensitivity.bench()
    library = Library(dict(bench.base.units), list(bench.base.units.values()))
    return Tree("old", library, roles_of(library), None)


def compared(name: str, text: str) -> Comparison | None:
    """The shipped specs against themselves with one text in place; None where it has faults."""
    old = shipped()
    library = sensitivity.bench().loaded(name, text)
    if library.findings.items:
        return None
    library.requested = list(library.units.values())
    return compare(old, Tree("new", library, roles_of(library), None))


SHIPPED = sorted(
    p.relative_to(REPOSITORY).as_posix() for p in (REPOSITORY / "specs").rglob("*.vibee")
)


def test_a_tree_does_not_differ_from_itself() -> None:
    old, new = (read_paths([REPOSITORY / "specs"], REPOSITORY, word) for word in "ab")
    assert compare(old, new).modules == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_writing_does_not_show(name: str) -> None:
    """Comments, blank lines, quotes, line ends."""
    text = (REPOSITORY / name).read_text("utf-8")
    lines = text.split("\n")
    commented = "\n".join(
        f"{line}  # said" if re.fullmatch(r" *\w+:", line) else line for line in lines
    )
    quoted = re.sub(
        r"^( *(?:given|when|language|module): )(\w[\w ,.]*)$", r"\1'\2'", text, flags=re.M
    )
    for other in (commented, quoted, "\ufeff" + text.replace("\n", "\r\n"), "# first\n\n" + text):
        assert other != text
        comparison = compared(name, other)
        assert comparison is not None and comparison.modules == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_no_change_of_a_leaf_goes_unseen(name: str) -> None:
    """A sample of all mutations of leaves; every one that the compiler reads must show."""
    text = (REPOSITORY / name).read_text("utf-8")
    kinds = ("delete-leaf", "change-scalar")
    seen = 0
    for mutation in list(sensitivity.mutations(name, text, kinds))[:: sensitivity.STRIDE]:
        comparison = compared(name, mutation.text)
        if comparison is not None:
            assert comparison.modules, f"{name}:{mutation.line} {mutation.kind} {mutation.what}"
            seen += 1
    assert seen


def test_the_instance_that_holds_all_checks_is_compared() -> None:
    name = "specs/recipes/pretrain.vibee"
    text = (REPOSITORY / name).read_text("utf-8")
    line = "\ntested_by: igla.recipes.quickstart\n"
    for there, kind, said in (
        ("\n", "tests", "the instance whose tests hold all checks is gone"),
        (line.replace("quickstart", "medium"), "tests", "is worded otherwise"),
    ):
        comparison = compared(name, text.replace(line, there))
        assert comparison is not None
        changes = [change for module in comparison.modules for change in module.changes]
        assert [(change.kind, said in change.message) for change in changes] == [(kind, True)]


@pytest.mark.parametrize(
    "old, new, kind",
    [
        ("    loss: 2.4768", "    loss: 2.477", "config default"),
        ("    tokens: 30.02B", "    tokens: 30.03B", "config default"),
        (
            "  vocabulary: 32000",
            "  vocabulary: 32001",
            "config default",
        ),  # compared, too, but with no count
        ("  parameters: 1500899840", "  parameters: 1500899841", "checkpoint"),
    ],
)
def test_of_a_contract_only_the_count_of_parameters_is_the_checkpoint(
    old: str, new: str, kind: str
) -> None:
    """What another requirement computes from the count promises no parameter."""
    name = "specs/models/igla_1_5b.vibee"
    text = (REPOSITORY / name).read_text("utf-8")
    assert text.count(old) == 1
    comparison = compared(name, text.replace(old, new))
    assert comparison is not None
    changes = [change for module in comparison.modules for change in module.changes]
    assert [change.kind for change in changes] == [kind]
    assert changes[0].message.endswith("(it is the number of parameters)") == (kind == "checkpoint")
