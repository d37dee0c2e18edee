"""The formatter: the tree and every comment stay, and a second run changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from igla_gen.syntax import parse_document
from igla_gen.syntax.formatter import format_document, same_tree
from igla_gen.syntax.quoting import double_quoted, may_stand_plain
from igla_gen.syntax.tree import Scalar
from tests.test_document import HAND_PICKED

REPOSITORY = Path(__file__).parent.parent
SPECS = sorted((REPOSITORY / "specs").rglob("*.vibee"))
CASES = sorted((REPOSITORY / "tests/cases").rglob("*.vibee"))


def formatted(text: str) -> str:
    """The text in its layout, held to the laws of the formatter."""
    made = format_document(text, "case.vibee").text
    assert made is not None, format_document(text, "case.vibee").faults
    before, after = parse_document(text, "a"), parse_document(made, "a")
    assert not after.faults and before.tree is not None and after.tree is not None
    assert same_tree(before.tree, after.tree)
    words = [[c.text.lstrip("# ").rstrip() for c in doc.comments] for doc in (before, after)]
    assert words[0] == words[1]
    assert format_document(made, "case.vibee").text == made
    assert "\r" not in made and made.endswith("\n") and not made.startswith("\ufeff")
    return made


STYLE = {
    "spaces": ("a:    1\nb :  x\n-   c\n"[:14], "a: 1\nb: x\n"),
    "two-space steps": ("a:\n     b:\n      c: 1\n", "a:\n  b:\n    c: 1\n"),
    "sequence under its key": ("a:\n- 1\n-   2\n", "a:\n  - 1\n  - 2\n"),
    "mapping beside its dash": ("a:\n  -\n    b: 1\n    c: 2\n", "a:\n  - b: 1\n    c: 2\n"),
    "dashes beside each other": ("-   -  1\n    -  2\n", "- - 1\n  - 2\n"),
    "value beside its key": ("a:\n  one\nb:\n   [1]\n", "a: one\nb: [1]\n"),
    "blank lines": ("\n\na: 1\n\n\n\nb: 2\nc: 3\n\n", "a: 1\n\nb: 2\nc: 3\n"),
    "line ends and mark": ("\ufeffa: 1  \r\nb: 2", "a: 1\nb: 2\n"),
    "quotes": ("a: 'x: y'\nb: 'say \"x\"'\nc: 'it''s'\n", "a: \"x: y\"\nb: 'say \"x\"'\nc: \"it's\"\n"),
    "quotes that were not needed": ('a: "1.0.0"\nb: "x"\n', 'a: "1.0.0"\nb: "x"\n'),
    "brackets": ("a: { b: 1 ,c : [ x,y, ] }\n", "a: {b: 1, c: [x, y]}\n"),
    "brackets over lines": ("a: [1,\n  2,\n\n  3\n  ]\n", "a: [1, 2, 3]\n"),
    "pair in brackets": ("a: [b: 1, c]\n", "a: [{b: 1}, c]\n"),
    "key without value": ("a: {b, c: }\n", "a: {b, c}\n"),
    "prose over lines": ("a: one\n     two\n\n     three\n", "a: one\n  two\n\n  three\n"),
    "quoted over lines": ('a: "one\n        two"\n', 'a: "one\n  two"\n'),
    "block": ("a: |\n     one\n       two\n\nb: 1\n", "a: |\n  one\n    two\n\nb: 1\n"),
    "block without an end": ("a: |\n one", "a: |-\n  one\n"),
    "block that keeps its end": ("a: |+\n  one\n\n\nb: 1\n", "a: |+\n  one\n\n\nb: 1\n"),
    "block that begins with spaces": ("a: |4\n      one\n", "a: |2\n    one\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), STYLE.values(), ids=STYLE.keys())
def test_style(text: str, expected: str) -> None:
    assert formatted(text) == expected


COMMENTS = {
    "beside a value": ("a: 1   #one\n", "a: 1 # one\n"),
    "above a key": ("# a\na: 1\n#b\nb: 2\n", "# a\na: 1\n# b\nb: 2\n"),
    "first in a block": ("a:\n      # b\n   b: 1\n", "a:\n  # b\n  b: 1\n"),
    "last in a block": ("a:\n   b: 1\n   # after b\n# c\nc: 2\n", "a:\n  b: 1\n  # after b\n# c\nc: 2\n"),
    "last in a sequence": ("a:\n- 1\n# of b\nb: 1\n", "a:\n  - 1\n# of b\nb: 1\n"),
    "below an empty key": ("a:\n    # none yet\nb: 1\n", "a:\n  # none yet\nb: 1\n"),
    "beside a key": ("a: # why\n    b: 1\n", "a: # why\n  b: 1\n"),
    "beside a dash": ("- # why\n  a: 1\n- 2\n", "- # why\n  a: 1\n- 2\n"),
    "between a key and its value": ("a: # x\n    # y\n    one\n", "a: # x\n  # y\n  one\n"),
    "of a block": ("a: | # raw\n  # text\n  x\n# end\n", "a: | # raw\n  # text\n  x\n# end\n"),
    "inside brackets": ("a: [1, # one\n    # of two\n    2]\nb: 1\n", "a:\n  - 1 # one\n  # of two\n  - 2\nb: 1\n"),
    "after brackets": ("a: [1,\n 2] # both\n", "a: [1, 2] # both\n"),
    "in empty brackets": ("a: [ # none\n  ]\n", "a: []\n  # none\n"),
    "before a closing bracket": ("a: {b: 1\n   # end\n  }\n", "a:\n  b: 1\n  # end\n"),
    "after the last line": ("a: 1\n\n# end", "a: 1\n\n# end\n"),
    "at no level": ("a:\n  b: 1\n      # deep\n  c: 2\n", "a:\n  b: 1\n    # deep\n  c: 2\n"),
    "a rule of dashes": ("#----\na: 1\n#!x\n", "#----\na: 1\n#!x\n"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), COMMENTS.values(), ids=COMMENTS.keys())
def test_comments_stay_with_their_neighbours(text: str, expected: str) -> None:
    assert formatted(text) == expected


def test_brackets_that_do_not_fit_become_lines() -> None:
    long = ", ".join(f"name_{i}: {{low: {i}, high: [{i}, {i}]}}" for i in range(4))
    assert formatted(f"a: {{{long}}} # all\n") == "a: # all\n" + "".join(
        f"  name_{i}: {{low: {i}, high: [{i}, {i}]}}\n" for i in range(4)
    )
    assert len(f"a: [{'x' * 95}]") == 100
    assert formatted(f"a: [{'x' * 95}]\n") == f"a: [{'x' * 95}]\n"
    assert formatted(f"a: [{'x' * 96}]\n") == f"a:\n  - {'x' * 96}\n"


def test_long_prose_is_not_touched() -> None:
    text = f"then: {'word ' * 60}end\nwhen:\n  {'word ' * 60}end\n"
    assert formatted(text) == text


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_shipped_specs_are_formatted(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    assert formatted(text) == text


def test_specs_of_the_cases_keep_the_laws() -> None:
    texts = [path.read_bytes().decode("utf-8") for path in CASES]
    whole = [text for text in texts if not parse_document(text, "a").faults]
    assert len(whole) > 30
    for text in whole:
        formatted(text)


@pytest.mark.parametrize("text", HAND_PICKED.values(), ids=HAND_PICKED.keys())
def test_hand_picked_documents_keep_the_laws(text: str) -> None:
    formatted(text)


@pytest.mark.parametrize("text", ["", "# only\n", "a: b: c\n", "a: [1\n", "a: 1\n\tb: 2\n"])
def test_a_text_with_faults_is_left_alone(text: str) -> None:
    made = format_document(text, "case.vibee")
    assert made.text is None and made.faults == parse_document(text, "case.vibee").faults


# ---------------------------------------------------------------- generated documents

WORDS = st.sampled_from(
    ["x", "1", "-1.5e3", "null", "true", "a b  c", "a:b", "x#y", "~", "f(a, b) == [1]", "é 🙂", "-x", "?x"]
)  # fmt: skip
QUOTED = st.sampled_from(
    ["''", '""', "'a: b'", '"a # b"', "'it''s'", '"\\t\\u0041\\x1b"', "'{'", "'say \"x\"'", '"a\\\\b"', "'\u2028'"]
)  # fmt: skip
KEYS = ["a", "b", "c", "d e", "'q'", '"f: g"', "ключ", "1", "k-e", "null"]
COMMENT = st.sampled_from(["# c", "#c", "#", "# a: [b", "#    x ", "## y", "#!z"])
GAP = st.sampled_from(["", "", "", "\n", "\n\n \n"])


@st.composite
def some_comments(draw: st.DrawFn, indent: int) -> str:
    """Comment lines and blank lines before a line of the document."""
    lines = draw(GAP)
    for text in draw(st.lists(COMMENT, max_size=2)) if draw(st.booleans()) else []:
        column = draw(st.sampled_from([indent, indent, 0, indent + 1, indent + 4]))
        lines += " " * column + text + "\n" + draw(GAP)
    return lines


@st.composite
def line_end(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["", "", "", " ", " #t", "  # tail "])) + "\n"


@st.composite
def flow(draw: st.DrawFn, indent: int, depth: int) -> str:
    """A collection in brackets, over lines or not, with comments between."""
    space = st.sampled_from(["", " ", "  "]) | st.sampled_from(
        [f"\n{' ' * indent}", f" # in\n{' ' * indent}", f"\n{' ' * indent}# own\n{' ' * indent}"]
    )
    inner = st.sampled_from(["x", "1", '"a, b"', "'it''s'", "null", "a b"])
    parts = []
    is_mapping = draw(st.booleans())
    for key in draw(st.lists(st.sampled_from(KEYS), max_size=4, unique=True)):
        nested = depth > 0 and draw(st.integers(0, 3)) == 0
        value = draw(flow(indent, depth - 1)) if nested else draw(inner)
        long = draw(st.sampled_from(["", "", "y" * 40]))
        value = value if nested or value[0] in "\"'" else value + long
        parts.append(draw(space) + (f"{key}: {value}" if is_mapping else value) + draw(space))
    last = "," if parts and draw(st.booleans()) else ""
    body = ",".join(parts) + last + draw(space)
    return f"{{{body}}}" if is_mapping else f"[{body}]"


@st.composite
def leaf(draw: st.DrawFn, indent: int, below: int) -> str:
    """A scalar or a flow collection, beside its key or on the next line, with the line end."""
    beside = draw(st.sampled_from([" ", " ", "   ", f"\n{' ' * below}", f" # k\n{' ' * below}"]))
    kind = draw(
        st.sampled_from(["word", "word", "quoted", "flow", "lines", "quoted lines", "none"])
    )
    if kind == "none":
        return draw(line_end())
    if kind == "flow":
        return beside + draw(flow(below, 2)) + draw(line_end())
    if kind == "lines":
        joint = draw(st.sampled_from(["\n", "\n\n", "  \n"])) + " " * (below + 1)
        return f"{beside}one{joint}two{joint}three" + draw(line_end())
    if kind == "quoted lines":
        joint = draw(st.sampled_from(["\n", "\n\n", "\\\n", "  \n", "\\ \n"])) + " " * (below + 1)
        return f'{beside}"one{joint}two{joint}three"' + draw(line_end())
    return beside + draw(WORDS if kind == "word" else QUOTED) + draw(line_end())


@st.composite
def block(draw: st.DrawFn, below: int) -> str:
    """A `|` block."""
    lines = draw(
        st.lists(st.sampled_from(["one", "  two", "", "   ", "a: b # c", "\tx"]), min_size=1, max_size=5)
    )  # fmt: skip
    keep = draw(st.sampled_from(["", "-", "+"]))
    explicit = draw(st.booleans()) or not lines[0].strip() or lines[0][0] in " \t"
    header = f" |{2 if explicit else ''}{keep}" + draw(st.sampled_from(["", " # h"]))
    return header + "\n" + "".join(" " * below + line + "\n" for line in lines)


@st.composite
def value(draw: st.DrawFn, indent: int, depth: int, beside_dash: bool) -> str:
    """What follows `key:` or `-`, with its line end."""
    kind = draw(st.sampled_from(["leaf", "leaf", "leaf", "block", "mapping", "sequence"]))
    below = indent + draw(st.sampled_from([1, 2, 4]))
    if kind == "block":
        return draw(block(indent + 2))
    if depth == 0 or kind == "leaf":
        return draw(leaf(indent, below))
    make = mapping if kind == "mapping" else sequence
    if beside_dash and draw(st.booleans()):
        gap = below - indent - 1 or 1
        return " " * gap + draw(make(indent + 1 + gap, depth - 1, True))
    indentless = kind == "sequence" and not beside_dash and draw(st.booleans())
    return draw(line_end()) + draw(make(indent if indentless else below, depth - 1, False))


@st.composite
def mapping(draw: st.DrawFn, indent: int, depth: int, begun: bool) -> str:
    lines = ""
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)):
        head = "" if begun else draw(some_comments(indent)) + " " * indent
        lines += f"{head}{key}:" + draw(value(indent, depth, False))
        begun = False
    return lines + draw(some_comments(indent))


@st.composite
def sequence(draw: st.DrawFn, indent: int, depth: int, begun: bool) -> str:
    lines = ""
    for _ in range(draw(st.integers(1, 3))):
        head = "" if begun else draw(some_comments(indent)) + " " * indent
        lines += f"{head}-" + draw(value(indent, depth, True))
        begun = False
    return lines + draw(some_comments(indent))


@settings(max_examples=600)
@given(text=st.integers(0, 2).flatmap(lambda indent: mapping(indent, 3, False)))
def test_generated_documents_keep_the_laws(text: str) -> None:
    if parse_document(text, "case.vibee").faults:
        return
    made = formatted(text)
    try:
        before = yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError:
        return
    assert yaml.load(made, yaml.BaseLoader) == before


@settings(max_examples=400)
@given(text=st.text(st.sampled_from("ab:- \n'\"{}[],|#\\1\r"), max_size=40))
def test_any_text_is_formatted_or_has_faults(text: str) -> None:
    made = format_document(text, "case.vibee")
    if made.text is None:
        assert made.faults == parse_document(text, "case.vibee").faults
    else:
        formatted(text)


@given(text=st.text(max_size=30))
def test_a_text_keeps_itself_in_quotes(text: str) -> None:
    tree = parse_document(f"a: {double_quoted(text)}\n", "case.vibee").tree
    value = tree.get("a") if tree is not None else None
    assert isinstance(value, Scalar) and value.text == text


@given(text=st.text(max_size=12), in_flow=st.booleans())
def test_what_may_stand_plain_is_read_as_itself(text: str, in_flow: bool) -> None:
    if not may_stand_plain(text, in_flow=in_flow):
        return
    document = parse_document(f"a: [{text}]\n" if in_flow else f"a: {text}\n", "case.vibee")
    assert not document.faults
    tree = document.tree.get("a")
    value = tree.items[0] if in_flow else tree
    assert isinstance(value, Scalar) and value.text == text
