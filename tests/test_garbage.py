"""Whatever is in a file, the answer is a result or a located diagnostic: never a traceback, never half an output."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igla_gen import cli
from igla_gen.diagnostics import Span, SpecError
from igla_gen.model.types import parse_field, parse_type
from igla_gen.syntax.tree import Scalar
from tests.conftest import REPOSITORY, SPEC, Result, Workplace

REAL = sorted((REPOSITORY / "specs").rglob("*.vibee"))
PIECES = [
    "",
    " ",
    "  ",
    "\t",
    ":",
    ": ",
    "- ",
    "'",
    '"',
    "{",
    "}",
    "[",
    "]",
    ",",
    "|",
    "#",
    " #",
    "\n",
    "\n  ",
    "\x00",
    "\u2028",
    "é",
    "0",
    "-1",
    "1e999",
    "inf",
    "nan",
    "true",
    "none",
    "x",
    "_",
    ".",
    "(",
    ")",
    "^",
    "**",
    "~=",
    "~",
    "&",
    "*",
    "!",
    ">",
    "%",
    "@",
    "`",
    "\\",
    "\\u",
    "...",
    "---",
    "Tensor[",
    "Enum<",
    "List<",
    ">",
    "= ",
    " -- ",
    "config",
    "lambda",
    "class",
    "__class__",
    "name: ",
    "laws:\n",
    "kind: model\n",
    "kind: recipe\nblueprint: igla.x.y\n",
    "uses: [igla.architecture.decoder]\n",
]


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """The text with a few slips: pieces put in, left out, doubled or exchanged."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(["put", "put", "drop", "line", "double", "cut"]))
        if kind == "put":
            text = text[:start] + draw(st.sampled_from(PIECES)) + text[start:]
        elif kind == "drop":
            text = text[:start] + text[start + draw(st.integers(1, 12)) :]
        elif kind == "cut":
            text = text[:start]
        else:
            lines = text.split("\n")
            index = draw(st.integers(0, len(lines) - 1))
            lines[index : index + 1] = [] if kind == "line" else [lines[index], lines[index]]
            text = "\n".join(lines)
    return text


def is_an_answer(result: Result) -> None:
    assert result.code in (0, 1)
    assert "Traceback" not in result.out + result.err
    if result.code == 1:
        assert re.search(r"^(error|warning)\[IG\d{3} [a-z\-0-9]+\]: \S", result.out, re.MULTILINE), result
        assert re.search(r"^  --> \S+:\d+:\d+$", result.out, re.MULTILINE), result
    assert result.err == ""


@settings(max_examples=80)
@given(data=st.binary(max_size=200))
def test_bytes(scaling: Workplace, data: bytes) -> None:
    (scaling.root / "spec.vibee").write_bytes(data)
    result = scaling.run("check", "spec.vibee")
    is_an_answer(result)
    assert result.code == 1


@settings(max_examples=150)
@given(text=damaged(SPEC))
def test_a_damaged_spec(scaling: Workplace, text: str) -> None:
    scaling.write("spec.vibee", text)
    is_an_answer(scaling.run("check", "spec.vibee"))


@settings(max_examples=25)
@given(text=damaged(SPEC))
def test_generating_from_a_damaged_spec(scaling: Workplace, text: str) -> None:
    scaling.write("spec.vibee", text)
    before = scaling.files()
    result = scaling.run("gen", "spec.vibee")
    assert result.code in (0, 1)
    assert "Traceback" not in result.out + result.err
    if result.code == 1:
        assert scaling.files() == before
    for name in scaling.files():
        if name.endswith(".py"):
            ast.parse(scaling.read(name))


@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_real_spec(
    data: st.DataObject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = data.draw(st.sampled_from(REAL))
    text = data.draw(damaged(path.read_text(encoding="utf-8")))
    (tmp_path / "spec.vibee").write_bytes(text.encode("utf-8"))
    is_an_answer(Workplace(tmp_path).run("check", "spec.vibee"))


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"name: \xe9\n",
        b"name: x\n\x00\n",
        b"a" * 100_000,
        b"[" * 5000,
        b"{a: " * 3000,
        b"- " * 3000 + b"x",
        b"a:\n" * 3000,
        b"\n".join(b" " * i + b"a:" for i in range(800)),
        b"name: '" + b"x" * 100_000,
        b"\r" * 100,
        b"\xef\xbb\xbf",
    ],
)
def test_odd_files(scaling: Workplace, text: bytes) -> None:
    (scaling.root / "spec.vibee").write_bytes(text)
    result = scaling.run("check", "spec.vibee")
    is_an_answer(result)
    assert result.code == 1


def test_a_file_that_is_not_utf8_is_named_with_its_line(scaling: Workplace) -> None:
    (scaling.root / "spec.vibee").write_bytes(b"name: x\ndescription: \xff\n")
    result = scaling.run("check", "spec.vibee")
    assert result.code == 1
    assert "not-utf-8" in result.out and "spec.vibee:2:" in result.out


def test_an_unknown_command_is_a_sentence(scaling: Workplace) -> None:
    result = scaling.run("frobnicate")
    assert result.code == 2
    assert "frobnicate" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("start", "name"),
    [
        ([sys.executable, "-m", "igla_gen"], "python -m igla_gen"),
        ([str(Path(sys.executable).with_name("igla-gen"))], "igla-gen"),
    ],
)
def test_wrong_usage_names_the_program_as_it_was_started(start: list[str], name: str) -> None:
    for arguments, command in ((["chekc"], ""), (["check", "--fixx"], " check")):
        done = subprocess.run([*start, *arguments], capture_output=True, text=True)
        assert done.returncode == 2
        assert f"(see {name}{command} --help)" in done.stderr, done.stderr
    done = subprocess.run([*start, "gen", "--help"], capture_output=True, text=True)
    assert done.stdout.startswith(f"Usage: {name} gen [OPTIONS]"), done.stdout


def test_interrupted_while_modules_load(
    scaling: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which takes most of the time of a short command: there too Ctrl-C is no traceback."""

    def interrupted(_names: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "make_app", interrupted)
    assert scaling.run("check", "specs/") == Result(130, "", "")


def test_wrong_usage_in_a_process_of_another_name_names_the_command(scaling: Workplace) -> None:
    assert "(see igla-gen check --help)" in scaling.run("check", "--fixx").err


@pytest.mark.parametrize(
    "command",
    [("--help",), ("check", "--help"), ("gen", "--help"), ("list", "--help"), ("--version",)],
)
def test_help(scaling: Workplace, command: tuple[str, ...]) -> None:
    result = scaling.run(*command)
    assert result.code == 0
    assert result.out.strip()


# ---------------------------------------------------------------- types


def scalar(text: str) -> Scalar:
    return Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1))


@settings(max_examples=200)
@given(
    st.text(st.sampled_from("IntFloaBlmEupMyT<>[], =-.1e\"'_*/~x"), max_size=25)
    | st.text(max_size=12)
)
def test_any_text_is_a_type_or_a_diagnostic(text: str) -> None:
    for read in (parse_type, parse_field):
        try:
            read(scalar(text))
        except SpecError as error:
            assert error.diagnostic.span.line == 1 and error.diagnostic.message


@pytest.mark.parametrize(
    ("text", "shown", "default", "help_"),
    [
        ("Int", "Int", None, ""),
        ("Int = 3", "Int", 3, ""),
        ("Float = 1e-6 -- added before the root", "Float", 1e-6, "added before the root"),
        ("Float = 3", "Float", 3.0, ""),
        ("Float = -0.5", "Float", -0.5, ""),
        ("Bool = true", "Bool", True, ""),
        ("Bool = false -- off: a - b -- c", "Bool", False, "off: a - b -- c"),
        ('String = "a b"', "String", "a b", ""),
        ("Path = out/here", "Path", "out/here", ""),
        ("Enum<rms, layer> = layer", "Enum<rms, layer>", "layer", ""),
        ("Option<Int> = none", "Option<Int>", None, ""),
        ("Option<Float> = 2", "Option<Float>", 2.0, ""),
        ("List<Int> = [1, 2]", "List<Int>", [1, 2], ""),
        ("List<Int> = []", "List<Int>", [], ""),
        ("Map<String, List<Float>>", "Map<String, List<Float>>", None, ""),
        ("Tensor[B, T, D]", "Tensor[B, T, D]", None, ""),
        ("Tensor[...]", "Tensor[...]", None, ""),
        ("Tensor[..., 2 * D] -- doubled", "Tensor[..., 2*D]", None, "doubled"),
        ("Tensor[]", "Tensor[]", None, ""),
        ("Int = 1_000", "Int", 1000, ""),
        ("Int -- help = not a default", "Int", None, "help = not a default"),
    ],
)
def test_fields(text: str, shown: str, default: object, help_: str) -> None:
    from igla_gen.model.types import show

    field = parse_field(scalar(text))
    assert (show(field.type), field.default, field.help) == (shown, default, help_)
    assert type(field.default) is type(default)
    assert field.has_default == (" = " in text.split("--")[0])


@pytest.mark.parametrize(
    ("text", "name", "column"),
    [
        ("Int = 1.5", "wrong-type", 7),
        ("Int = true", "wrong-type", 7),
        ("Int = x", "wrong-type", 7),
        ("Float = none", "wrong-type", 9),
        ("Bool = 1", "wrong-type", 8),
        ("Enum<a, b> = c", "wrong-type", 14),
        ("List<Int> = [1, x]", "wrong-type", 13),
        ("String = 3", "wrong-type", 10),
        ("Tensor[B] = 1", "wrong-type", 13),
        ("Float = 1e400", "wrong-type", 9),
        ("List<Float> = [1, -1e400]", "wrong-type", 19),
        ("", "bad-type", 1),
        ("Int Int", "bad-type", 5),
        ("List", "bad-type", 1),
        ("List<Int", "bad-type", 9),
        ("Map<Int>", "bad-type", 1),
        ("Foo<Int>", "bad-type", 1),
        ("Enum<>", "bad-type", 1),
        ("Enum<a, a>", "bad-type", 1),
        ("Int =", "bad-type", 6),
        ("3", "bad-type", 1),
        ("Int | None", "bad-type", 5),
    ],
)
def test_what_is_no_field_is_refused_at_its_place(text: str, name: str, column: int) -> None:
    with pytest.raises(SpecError) as caught:
        parse_field(scalar(text))
    assert (caught.value.diagnostic.name, caught.value.diagnostic.span.column) == (name, column)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("float = 1e-6", "did you mean 'Float'?"),
        ("int = 5", "did you mean 'Int'?"),
        ("Norm = 5", "accepted: Bool, "),
    ],
)
def test_a_default_of_a_type_that_is_misspelt_names_the_type(text: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_field(scalar(text))
    assert (caught.value.diagnostic.hint or "").startswith(hint)


@pytest.mark.parametrize("name", ["factor", "ScaleConfig", "area", "scale", "x", "config"])
@pytest.mark.parametrize("odd", [")(", "*", "[a", "\\", "{2}", "?"])
def test_a_name_that_means_something_in_a_pattern_is_refused(
    scaling: Workplace, name: str, odd: str
) -> None:
    """Names are looked for in templates and other specs by regular expressions."""
    scaling.write("specs/architecture/other.vibee", SPEC.replace("scaling", "other"))
    declared = re.compile(rf"(?<=[ {{,]){name}:|(?<=name: ){name}$", re.MULTILINE)
    changed, count = declared.subn(lambda match: match[0].replace(name, f"'{odd}'"), SPEC)
    assert count
    scaling.write("specs/architecture/scaling.vibee", changed)
    result = scaling.run("check", "specs/")
    is_an_answer(result)
    assert result.code == 1


@pytest.mark.parametrize("command", ["check specs/", "check spec.vibee", "gen"])
def test_a_copy_at_the_place_of_a_module_that_it_uses(scaling: Workplace, command: str) -> None:
    """What it uses is looked for at its own place, where it stands itself: once, and not for ever."""
    uses = "module: igla.architecture.other\nuses: [igla.architecture.scaling]"
    text = SPEC.replace("module: igla.architecture.scaling", uses)
    scaling.write("specs/architecture/scaling.vibee", text)
    scaling.write("spec.vibee", text)
    result = scaling.run(*command.split())
    assert result.code == 1
    assert "no spec writes the module igla.architecture.scaling" in result.out


@pytest.mark.parametrize(
    "module", ["igla." + "x" * 5000, "igla.a/../../b", "igla./etc/passwd", "igla.a b.c"]
)
def test_a_module_that_no_file_can_have_is_unresolved(scaling: Workplace, module: str) -> None:
    scaling.write("spec.vibee", SPEC.replace("\ntypes:", f"uses: ['{module}']\n\ntypes:", 1))
    result = scaling.run("check", "spec.vibee")
    assert result.code == 1
    assert "unresolved-module" in result.out
