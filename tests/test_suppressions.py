"""Suppressions: where they stand, what they allow, and what is wrong with those that allow nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from igla_gen.diagnostics import Diagnostic
from igla_gen.model.library import Library, load
from igla_gen.rules import all_rules, run_rules
from igla_gen.rules.examples import SOUND, component
from tests.conftest import Workplace

HOLDS = "        holds: rms_norm(x, ones(8), 1e-6) ~= rms_norm(x, ones(8), 1e-6)"
TRIVIAL = SOUND[: SOUND.index("        holds:")] + HOLDS + "\n"
ALLOW = "# igla: allow trivial-law -- known"


def checked(workplace: Workplace, text: str) -> Library:
    return checked_files(workplace, component(text).everything)


def checked_files(workplace: Workplace, files: Mapping[str, str | bytes]) -> Library:
    for path, content in files.items():
        assert isinstance(content, str)
        workplace.write(path, content)
    workplace.run("list")  # forget the templates of the test before
    library = load([Path("specs")], Path.cwd())
    run_rules(library)
    return library


def names(library: Library) -> list[str]:
    return sorted(item.name for item in library.findings.items)


def allowed(library: Library) -> list[tuple[str, str]]:
    return [(item.name, reason) for item, reason in library.suppressed]


@pytest.mark.parametrize(
    "comment",
    [ALLOW, ALLOW.replace("trivial-law", "IG411"), ALLOW.replace("trivial-law", "ig411"),
     "#igla:allow trivial-law -- known", "#  igla:  allow  trivial-law  --  known  "],
)  # fmt: skip
def test_at_the_end_of_the_line(workplace: Workplace, comment: str) -> None:
    library = checked(workplace, TRIVIAL.replace(HOLDS, f"{HOLDS}  {comment}"))
    assert names(library) == []
    assert allowed(library) == [("trivial-law", "known")]


@pytest.mark.parametrize(
    "between", ["", "        # a remark\n", f"  {ALLOW.replace('411', '410')}\n"]
)
def test_alone_on_the_line_before(workplace: Workplace, between: str) -> None:
    library = checked(workplace, TRIVIAL.replace(HOLDS, f"        {ALLOW}\n{between}{HOLDS}"))
    assert ("trivial-law", "known") in allowed(library)
    assert names(library) == ["unused-suppression"] * between.count("allow")


@pytest.mark.parametrize(
    "text",
    [
        TRIVIAL.replace(HOLDS, f"        {ALLOW}\n\n{HOLDS}"),
        TRIVIAL.replace("laws:", f"laws:  {ALLOW}"),
        TRIVIAL.replace(HOLDS, f"{HOLDS}\n        {ALLOW}"),
    ],
)
def test_elsewhere_it_allows_nothing(workplace: Workplace, text: str) -> None:
    library = checked(workplace, text)
    assert names(library) == ["trivial-law"]
    assert allowed(library) == []


def test_before_a_value_of_several_lines(workplace: Workplace) -> None:
    block = HOLDS.replace("holds: ", "holds: |\n          ").replace(" ~=", "\n          ~=")
    assert names(checked(workplace, TRIVIAL.replace(HOLDS, block))) == ["trivial-law"]
    library = checked(workplace, TRIVIAL.replace(HOLDS, f"        {ALLOW}\n{block}"))
    assert names(library) == []
    assert allowed(library) == [("trivial-law", "known")]


def test_several_rules_in_one_comment(workplace: Workplace) -> None:
    text = TRIVIAL + "        tolerance: 2\n"
    assert names(checked(workplace, text)) == ["trivial-law", "useless-tolerance"]
    text = text.replace("tolerance: 2", "tolerance: 2  # igla: allow useless-tolerance, IG411 -- x")
    library = checked(workplace, text)
    assert allowed(library) == [("useless-tolerance", "x")]
    assert names(library) == ["trivial-law"]


def test_a_reason_is_asked_for_and_the_finding_is_still_allowed(workplace: Workplace) -> None:
    for tail in ("", " --", " --   "):
        library = checked(
            workplace, TRIVIAL.replace(HOLDS, f"{HOLDS}  # igla: allow trivial-law{tail}")
        )
        assert names(library) == ["suppression-without-reason"]
        assert allowed(library) == [("trivial-law", "")]


def test_a_firm_rule_goes_on_reporting(workplace: Workplace) -> None:
    text = SOUND.replace("ones(8), 1e-6)", "weight, 1e-6)")
    library = checked(workplace, text.replace("+ 1e-6)\n", "+ 1e-6)  # igla: allow IG212 -- no\n"))
    assert names(library) == ["firm-rule", "unknown-name"]
    assert allowed(library) == []


@pytest.mark.parametrize(
    "comment",
    ["# igla: ignore trivial-law", "# igla:", "# igla: allow", "# igla: allow -- because",
     "# igla allow trivial-law -- known", "# IGLA: allow trivial-law -- known",
     "# igla-gen: allow trivial-law -- known", "# igla: allow trivial law -- known",
     "# igla: allow trivial-law, -- known", "# igla: allow trivial-law - known"],
)  # fmt: skip
def test_a_comment_that_cannot_be_read_is_reported(workplace: Workplace, comment: str) -> None:
    library = checked(workplace, TRIVIAL.replace(HOLDS, f"{HOLDS}  {comment}"))
    assert names(library) == ["bad-suppression", "trivial-law"]


@pytest.mark.parametrize(
    "comment", ["# igla is the name", "# see igla.models", "# allow: trivial-law", "# noqa"]
)
def test_other_comments_are_left_alone(workplace: Workplace, comment: str) -> None:
    assert names(checked(workplace, f"{SOUND}{comment}\n")) == []


def test_text_that_looks_like_a_comment_is_none(workplace: Workplace) -> None:
    text = SOUND.replace("Norms of hidden states.", f'"Norms. {ALLOW}"')
    assert names(checked(workplace, text)) == []


def mended(text: str, findings: list[Diagnostic]) -> str:
    """The text with the edits of all fixes, applied from the last to the first."""
    lines = text.splitlines(keepends=True)
    edits = [edit for item in findings if item.fix for edit in item.fix.edits]
    for edit in sorted(edits, key=lambda e: (e.span.line, e.span.column), reverse=True):
        start = sum(map(len, lines[: edit.span.line - 1])) + edit.span.column - 1
        end = sum(map(len, lines[: edit.span.end_line - 1])) + edit.span.end_column - 1
        text = text[:start] + edit.text + text[end:]
    return text


@pytest.mark.parametrize(
    ("with_comment", "without"),
    [
        (SOUND.replace("laws:", f"laws:  {ALLOW}"), SOUND),
        (SOUND.replace("    laws:", f"    {ALLOW}\n    laws:"), SOUND),
        (f"{SOUND}{ALLOW}\n", SOUND),
        (SOUND.replace("laws:", "laws:  # igla: allow IG411, IG412 -- a"), SOUND),
        (
            TRIVIAL.replace(HOLDS, f"{HOLDS}  # igla: allow IG412, IG411, trivial-law -- known"),
            TRIVIAL.replace(HOLDS, f"{HOLDS}  # igla: allow IG411 -- known"),
        ),
    ],
)
def test_what_is_unused_can_be_removed(
    workplace: Workplace, with_comment: str, without: str
) -> None:
    library = checked(workplace, with_comment)
    assert set(names(library)) == {"unused-suppression"}
    assert mended(with_comment, library.findings.sorted()) == without
    assert names(checked(workplace, without)) == []


def test_a_file_with_errors_is_not_told_of_unused_suppressions(workplace: Workplace) -> None:
    text = SOUND.replace("laws:", f"laws:  {ALLOW}").replace("eps: Float", "epsilon: Float")
    assert names(checked(workplace, text)) == ["signature-mismatch"]


def test_a_file_that_no_rule_looked_at_is_not_told_either(workplace: Workplace) -> None:
    checked(workplace, SOUND.replace("laws:", f"laws:  {ALLOW}"))
    library = load([Path("specs")], Path.cwd())
    run_rules(library, [])
    assert names(library) == []


def test_generation_goes_on_after_what_is_allowed(workplace: Workplace) -> None:
    checked(workplace, TRIVIAL)
    assert workplace.run("gen").code == 1
    assert not (workplace.root / "generated").exists()
    checked(workplace, TRIVIAL.replace(HOLDS, f"{HOLDS}  {ALLOW}"))
    assert workplace.run("gen").code == 0
    assert (workplace.root / "generated/igla/architecture/normalization.py").exists()


def test_what_the_output_needs_is_firm() -> None:
    """Everything that an earlier pass reports, and the rules that templates and values depend on."""
    allowed = {rule.name for rule in all_rules() if rule.suppressible}
    assert not {rule.name for rule in all_rules() if rule.check is None} & allowed
    assert not allowed & {
        "reserved-name", "duplicate-name", "cyclic-uses", "unresolved-type", "missing-template",
        "missing-hole", "behavior-without-block", "behavior-without-test", "check-without-test",
        "law-shape", "unknown-name", "constraint-violated", "contract-mismatch",
    }  # fmt: skip


@pytest.mark.parametrize("rule", [r for r in all_rules() if r.suppressible], ids=lambda r: r.name)
def test_every_suppressible_rule_can_be_suppressed(workplace: Workplace, rule) -> None:
    files = dict(rule.bad.everything)
    found = checked_files(workplace, files).findings.sorted()
    place = found[0].span.file
    lines = files[place].splitlines()
    for line in sorted({item.span.line for item in found}, reverse=True):
        indent = " " * (len(lines[line - 1]) - len(lines[line - 1].lstrip()))
        lines.insert(line - 1, f"{indent}# igla: allow {rule.name} -- as an example")
    library = checked_files(workplace, files | {place: "\n".join(lines) + "\n"})
    assert names(library) == []
    assert len(library.suppressed) == len(found)
