"""The document parser against PyYAML, on hand-picked and on generated documents."""

from __future__ import annotations

import gc
import math
import time

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from igla_gen.diagnostics import Diagnostic
from igla_gen.syntax import Mapping, Node, Scalar
from igla_gen.syntax import parse_document as parse
from igla_gen.syntax.tree import Sequence, lookup, plain_data
from tests import fuzz
from tests.conftest import REPOSITORY

FAST = settings(max_examples=150)


def parse_document(text: str, file: str) -> tuple[Node | None, list[Diagnostic]]:
    """Tree and faults of one document."""
    document = parse(text, file)
    return document.tree, list(document.faults)


def text_data(node: Node | None) -> object:
    """The tree with every scalar as its text, as yaml.BaseLoader gives it."""
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [text_data(item) for item in node.items]
        case Mapping():
            return {entry.key.text: text_data(entry.value) for entry in node.entries}
    return None


def read(text: str) -> Node:
    tree, faults = parse_document(text, "case.vibee")
    assert not faults, [(f.message, f.span.line, f.span.column) for f in faults]
    assert tree is not None
    return tree


def agree(text: str) -> None:
    assert text_data(read(text)) == yaml.load(text, yaml.BaseLoader)


HAND_PICKED = {
    "plain": "a: b\nc: d e f\n",
    "plain with a colon inside": "a: b:c\nurl: http://x.y/z?q=1#f\ntime: 10:30\n",
    "plain with a hash inside": "a: b#c\nd: e # comment\nf: #only\ng: h\n",
    "formula": "holds: a ~= x / sqrt(mean(x^2, -1) + 1e-6) * w\n",
    "type": "eps: Float = 1e-6 -- added before the root\nn: Enum<rms, layer> = rms\n",
    "single quotes": "a: 'it''s: # fine'\nb: ''\nc: ' spaces '\n",
    "double quotes": 'a: "x\\ty\\n\\"q\\" \\\\ \\u00e9 \\x41 \\U0001F600 \\/ \\e \\0"\nb: ""\n',
    "quoted keys": "'a b': 1\n\"c: d\": 2\n",
    "quoted over lines": "a: \"one\n  two\n\n  three\"\nb: 'x\n  y'\n",
    "escaped line break": 'a: "one \\\n  two"\n',
    "escaped blank before a line break": 'a: "one\\ \n  two"\nb: "x\\\n  \\\n  y"\nc: "x\n  \\\n\n  y"\n',
    "comment below a value in brackets": "a: [x\n  # c\n  , y\n# d: [\n]\nb: {c: d e\n#\n}\n",
    "plain over lines": "a: one\n  two\n  three\nb: c\n",
    "plain over blank lines": "a: one\n\n  two\n\n\n  three\nb: c\n",
    "nested": "a:\n  b:\n    c: 1\n  d: 2\ne: 3\n",
    "deep dedent": "a:\n  b:\n    c:\n      d: 1\ne: 2\n",
    "uneven indentation": "a:\n   b: 1\n   c:\n     d: 2\ne:\n f: 3\n",
    "sequence": "a:\n  - 1\n  - two\n  - 'three'\n",
    "indentless sequence": "a:\n- 1\n- 2\nb: 3\n",
    "indentless within": "x:\n  a:\n  - 1\n  - 2\n  b: 3\ny: 4\n",
    "sequence of mappings": "a:\n  - b: 1\n    c: 2\n  - b: 3\n    d:\n      e: 4\n",
    "indentless mappings": "a:\n- b: 1\n  c:\n  - 2\n  - d: 3\n- e: 4\nf: 5\n",
    "wide dash": "a:\n  -   b: 1\n      c: 2\n  -\n    d: 3\n",
    "sequence of sequences": "a:\n  - - 1\n    - 2\n  - - - 3\n",
    "top sequence": "- a\n- b: c\n",
    "dash in text": "a: -b\nc: x - d\n",
    "empty values": "a:\nb:\n  c:\nd:\n- \n- x\n",
    "block": "a: |\n  one\n   two\n\n  three # no comment\nb: c\n",
    "block strip and keep": "a: |-\n  one\n\nb: |+\n  two\n\nc: d\n",
    "block with an indentation": "a: |2\n    one\n  two\nb: c\n",
    "block at the end": "a: |\n  one\n  two",
    "block with blank lines first": "a: |\n\n\n  one\nb: c\n",
    "block in a sequence": "a:\n  - |\n    x: y\n  - z\n",
    "empty block": "a: |\nb: c\n",
    "block of code": "implementation: |\n  def f(x):\n      return {x: [1]}\nnext: 1\n",
    "flow": "a: {b: 1, c: [1, 2, 'x, y'], d: {}, e: []}\n",
    "flow over lines": "a: {b: 1,\n    c: [1,\n  2]\n  }\nd: [\n  1,\n  2,\n]\n",
    "flow with comments": "a: [1, # one\n  2, # two\n  3]\nb: c\n",
    "flow without values": "a: {b, c: , d: 1}\n",
    "flow pair": "a: [b: 1, c]\n",
    "flow plain": "a: {x: Tensor..., y: a b c, z: -1}\n",
    "flow quoted": "a: {x: \"Tensor[..., D]\", 'y z': 'it''s'}\n",
    "flow at the top": "{a: 1, b: [2, 3]}\n",
    "comments": "# head\na: 1 # tail\n  # odd place\n\n# between\nb:\n  # inside\n  c: 2\n# end\n",
    "unicode": "имя: значение\n数: 値\na: 'é'\nb: 🙂 x\n",
    "keys with odd characters": "1a: x\na-b: y\na.b: z\n$c: w\na b: v\nWhen: u\n",
    "no newline at the end": "a: b",
    "trailing spaces": "a: b   \nc:   \n  d: e  \n",
    "non-breaking space": "a: b\u00a0\nc: \u00a0d\n",
    "question and tilde": "a: ?b\nb: ~\nc: x?\nd: <=3\ne: =\n",
}


@pytest.mark.parametrize("text", HAND_PICKED.values(), ids=HAND_PICKED.keys())
def test_hand_picked(text: str) -> None:
    agree(text)


@pytest.mark.parametrize("text", HAND_PICKED.values(), ids=HAND_PICKED.keys())
def test_crlf_and_bom_change_nothing(text: str) -> None:
    assert text_data(read("\ufeff" + text.replace("\n", "\r\n"))) == text_data(read(text))


ALIKE = """1 -1 +3 0 1.5 -2.5e+3 1.0e-06 .5 true false True FALSE null ~ Null .inf -.inf text 1x 1.2.3 v1.0 0x1F
'quoted' '1' "true" true1 nullish a1"""


@pytest.mark.parametrize("text", ALIKE.split())
def test_values_resolve_as_safe_load_does(text: str) -> None:
    ours, theirs = plain_data(read(f"a: {text}\n")), yaml.safe_load(f"a: {text}\n")
    assert ours == theirs
    assert type(ours["a"]) is type(theirs["a"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-6", 1e-6),
        ("1e5", 1e5),
        ("-2.5e3", -2500.0),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("010", 10),
        ("0o17", 15),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("", None),
    ],
)
def test_values_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    """PyYAML follows 1.1, where `no` is false, 010 is eight and 1e-6 is text."""
    found = plain_data(read(f"a: {text}\n"))["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: [?x, ?i32]", {"a": ["?x", "?i32"]}),
        ("a: {?x: 1, b: ?T}", {"a": {"?x": 1, "b": "?T"}}),
        ("a: ?[]u8", {"a": "?[]u8"}),
    ],
)
def test_a_question_mark_begins_text_where_text_follows_it(text: str, tree: object) -> None:
    """As YAML 1.2 says; PyYAML takes it for a complex key inside brackets."""
    assert plain_data(read(text)) == tree


@pytest.mark.parametrize("text", ["a: [? x]", "a: {? x: 1}", "a: [?]", "? a\n: b\n"])
def test_a_complex_key_is_refused(text: str) -> None:
    assert [fault.message for fault in parse_document(text, "case.vibee")[1]] == ["a complex key"]


def test_not_a_number_resolves() -> None:
    assert math.isnan(plain_data(read("a: .nan\n"))["a"])


# ---------------------------------------------------------------- generated documents


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


KEYS = st.text(
    st.characters(codec="utf-8", categories=["L", "N"]), min_size=1, max_size=8
) | st.sampled_from(
    [
        "a b",
        "a-b",
        "a.b",
        "1a",
        "x: y",
        "#k",
        "'k'",
        "- k",
        "{k",
        "k ",
        "?",
        "a:b",
        "a#b",
        "&k",
        "!k",
        "~",
    ]
)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30)
TRICKY = st.text(st.sampled_from("ab :#-'\"\\{}[],|>&*!%@`?\n\t~=.0"), max_size=14)
NUMBERS = st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
WORDS = st.text(st.sampled_from("abcdefgh ij"), min_size=1, max_size=60)


def nested(leaves: st.SearchStrategy, keys: st.SearchStrategy = KEYS) -> st.SearchStrategy:
    inner = st.recursive(
        leaves,
        lambda children: (
            st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=4)
        ),
        max_leaves=12,
    )
    return st.dictionaries(keys, inner, min_size=1, max_size=4)


@FAST
@given(
    data=nested(TEXT | TRICKY | WORDS),
    flow=st.sampled_from([None, True, False]),
    style=st.sampled_from([None, "'", '"', "|"]),
    width=st.sampled_from([12, 40, 1000]),
    indent=st.sampled_from([2, 4, 7]),
    unicode=st.booleans(),
)
@example(data={"a": "\n"}, flow=False, style=None, width=40, indent=2, unicode=True)
@example(data={"a": ["x\n y\n"]}, flow=False, style="|", width=40, indent=2, unicode=True)
def test_what_pyyaml_writes_is_read_alike(
    data: dict, flow: bool | None, style: str | None, width: int, indent: int, unicode: bool
) -> None:
    text = yaml.dump(
        data,
        Dumper=Dumper,
        default_flow_style=flow,
        default_style=style,
        width=width,
        indent=indent,
        allow_unicode=unicode,
        sort_keys=False,
    )
    if any(mark in text for mark in ("? ", "? |", "%YAML", "!!", "...\n")):
        return  # complex keys, tags and directives are not part of the language
    agree(text)


@FAST
@given(
    data=nested(
        NUMBERS | st.sampled_from(["word", "two words", "x1"]),
        st.sampled_from(["a", "b c", "d1", "_"]),
    )
)
def test_values_of_generated_documents(data: dict) -> None:
    text = yaml.dump(data, Dumper=Dumper, sort_keys=False)
    if "? " in text or "!!" in text:
        return
    assert plain_data(read(text)) == yaml.safe_load(text)


PLAIN = st.sampled_from(
    [
        "x",
        "a b",
        "b:c",
        "d#e",
        "1e-6",
        "f(x, y)",
        "x^2 + 1",
        "-1",
        "Tensor<T>",
        "é",
        "a  b",
        "'q",
        "?x",
        "a,b",
    ]
)
QUOTED = st.sampled_from(
    [
        "''",
        '""',
        "'a: b'",
        '"a # b"',
        "'it''s'",
        '"\\t\\u0041"',
        "'{'",
        '"[x]"',
        '"a\\\\b"',
        "' x '",
    ]
)
FLOW = st.sampled_from(
    [
        "{}",
        "[]",
        "{a: 1, b: [x, y]}",
        "[1, 2 , 3,]",
        "{'k': v}",
        "[{a: b}, c]",
        '{a: "x, y"}',
        "[\n      1,\n      2]",
    ]
)
SCALARS = (PLAIN | QUOTED | FLOW | st.just("")).flatmap(
    lambda value: st.sampled_from([value, value, value + "  ", value + " # why"])
)
NAMES = st.sampled_from(
    ["a", "b", "name", "x y", "'q'", '"d"', "ключ", "1k", "k-e", "k.e", "$k", "a:b"]
)


@st.composite
def block_value(draw: st.DrawFn, indent: int, depth: int) -> str:
    """What follows `key:` or `-`, with its line end."""
    kind = draw(
        st.sampled_from(
            ["scalar", "scalar", "scalar", "block", "mapping", "sequence", "indentless"]
        )
    )
    if depth == 0 or kind == "scalar":
        return f" {draw(SCALARS)}\n"
    deeper = indent + draw(st.sampled_from([1, 2, 4]))
    if kind == "block":
        lines = draw(
            st.lists(st.sampled_from(["one", "  two", "", "a: b # c", "- x", "{["]), max_size=4)
        )
        body = "".join(f"{' ' * deeper}{line}\n" if line else "\n" for line in ["first", *lines])
        return f" |{draw(st.sampled_from(['', '-', '+']))}\n{body}"
    if kind == "mapping":
        return "\n" + draw(block_mapping(deeper, depth - 1))
    return "\n" + draw(block_sequence(indent if kind == "indentless" else deeper, depth - 1))


@st.composite
def block_mapping(draw: st.DrawFn, indent: int, depth: int) -> str:
    lines = []
    for name in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
        lines.append(
            draw(st.sampled_from(["", "", "", "\n", "# note\n", f"{' ' * (indent + 3)}# note\n"]))
        )
        lines.append(f"{' ' * indent}{name}:" + draw(block_value(indent, depth)))
    return "".join(lines)


@st.composite
def block_sequence(draw: st.DrawFn, indent: int, depth: int) -> str:
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        if depth > 0 and draw(st.booleans()):
            gap = draw(st.sampled_from([1, 1, 3]))
            inner = draw(block_mapping(indent + 1 + gap, depth - 1)).lstrip("\n ")
            if inner.startswith("#"):
                inner = inner.split("\n", 1)[1].lstrip("\n ")
            lines.append(f"{' ' * indent}-{' ' * gap}{inner}")
        else:
            lines.append(f"{' ' * indent}- {draw(SCALARS)}\n")
    return "".join(lines)


@settings(max_examples=400)
@given(text=block_mapping(0, 3))
def test_generated_blocks(text: str) -> None:
    try:
        expected = yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError:
        return  # a plain value that YAML refuses, such as an unclosed quote
    agree(text)
    assert text_data(read(text)) == expected


# ---------------------------------------------------------------- places


def test_every_node_knows_its_place() -> None:
    tree = read("a: 1\nb:\n  - x: 'é'\n    y: [p, q]\n")
    assert [e.key.span.line for e in tree.entries] == [1, 2]
    assert (tree.get("a").span.line, tree.get("a").span.column) == (1, 4)
    item = tree.get("b").items[0]
    assert (item.get("x").span.line, item.get("x").span.column) == (3, 8)
    assert (item.get("y").items[1].span.line, item.get("y").items[1].span.column) == (4, 12)
    assert lookup(tree, ("b", 0, "y", 1)).column == 12
    assert lookup(tree, ("b", 7)).line == 2


def test_escapes_and_blocks_keep_the_place_of_each_character() -> None:
    quoted = read('a: "x\\ty"\n').get("a")
    assert [quoted.place(i) for i in range(3)] == [(1, 5), (1, 6), (1, 8)]
    block = read("a: |\n  one\n  two\n").get("a")
    assert block.text == "one\ntwo\n"
    assert block.place(block.text.index("two")) == (3, 3)


# ---------------------------------------------------------------- faults

FAULTS = {
    "a tab in the indentation": ("a:\n\tb: 1\n", "tab-in-indentation", 2, 1),
    "a tab after spaces": ("a:\n  b: 1\n \t c: 2\n", "tab-in-indentation", 3, 2),
    "a tab before a nested block": ("a:\n-\tb: 1\n", "tab-in-indentation", 2, 2),
    "a blank line deeper than its block": ("a: |\n     \n  b\n", "bad-indentation", 2, 3),
    "a marker in quotes": ("a: 'x\n--- y'\nb: 1\n", "unclosed-quote", 1, 4),
    "a dedent to no level": ("a:\n    b: 1\n  c: 2\n", "bad-indentation", 3, 3),
    "an indent after a value": ("a: 1\n   b: 2\n", None, 2, None),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
    "a duplicate key in a flow": ("a: {b: 1, b: 2}\n", "duplicate-key", 1, 11),
    "a duplicate key below": ("x:\n  a: 1\n  a: 2\n", "duplicate-key", 3, 3),
    "a duplicate key in quotes": ("a: 1\n'a': 2\n", "duplicate-key", 2, 1),
    "an unclosed quote": ("a: 'b\nc: d\n", "unclosed-quote", 1, 4),
    "an unclosed brace": ("a: {b: 1\nc: d\n", "unclosed-bracket", 1, 4),
    "an unclosed bracket": ("a: [1, 2\n", "unclosed-bracket", 1, 4),
    "a colon in a plain value": ("a: b: c\n", "colon-in-plain-value", 1, 5),
    "a bad escape": ('a: "\\q"\n', "bad-escape", 1, 5),
    "an anchor": ("a: &x 1\n", "unsupported-syntax", 1, 4),
    "an alias": ("a: *x\n", "unsupported-syntax", 1, 4),
    "a tag": ("a: !!str 1\n", "unsupported-syntax", 1, 4),
    "a folded block": ("a: >\n  b\n", "unsupported-syntax", 1, 4),
    "two documents": ("a: 1\n---\nb: 2\n", "unsupported-syntax", 2, 1),
    "text after a quote": ("a: 'b' c\n", "unexpected-text", 1, 8),
    "text after a flow": ("a: [1] c\n", "unexpected-text", 1, 8),
    "nothing": ("", "empty-file", 1, 1),
    "comments alone": ("# x\n\n# y\n", "empty-file", 1, 1),
    "a word alone among keys": ("a: 1\nword\nb: 2\n", None, 2, None),
}


@pytest.mark.parametrize(("text", "name", "line", "column"), FAULTS.values(), ids=FAULTS.keys())
def test_faults_are_named_and_placed(
    text: str, name: str | None, line: int, column: int | None
) -> None:
    _, faults = parse_document(text, "case.vibee")
    assert faults
    places = [(f.name, f.span.line, f.span.column) for f in faults]
    if name is None:
        assert faults[0].span.line == line, places
    else:
        assert (name, line, column) in places
    assert all(f.hint for f in faults)


def test_all_faults_of_a_file_are_reported() -> None:
    _, faults = parse_document('a: x\nb: 1\nb: 2\nd: &y 4\ne: f: g\nh: "\\q"\n', "case.vibee")
    assert [(f.name, f.span.line) for f in sorted(faults, key=lambda f: f.span.line)] == [
        ("duplicate-key", 3),
        ("unsupported-syntax", 4),
        ("colon-in-plain-value", 5),
        ("bad-escape", 6),
    ]


def test_lines_below_a_tab_are_not_guessed_at() -> None:
    """They stand at no column; the next outermost key does, and so does what stands before."""
    text = "a: &x 1\nb:\n\tc: 3\n\td: f: g\n  h: : :\ne: 4: 5\nf: 6\n"
    tree, faults = parse_document(text, "case.vibee")
    assert text_data(tree) == {"a": "1", "b": "", "e": "4: 5", "f": "6"}
    assert [(f.name, f.span.line) for f in faults] == [
        ("unsupported-syntax", 1),
        ("tab-in-indentation", 3),
        ("tab-in-indentation", 4),
        ("colon-in-plain-value", 6),
    ]


def test_a_document_nested_too_deep_is_a_fault() -> None:
    for text in ("[" * 100, "- " * 100 + "x", "".join(" " * i + "a:\n" for i in range(100))):
        tree, faults = parse_document(text, "case.vibee")
        assert tree is None
        assert "nested-too-deep" in {f.name for f in faults}
    assert read("[" * 60 + "]" * 60)


@settings(max_examples=300)
@given(st.text(st.sampled_from("ab:- \n\t'\"{}[],|#&\\x1"), max_size=40) | st.text(max_size=40))
def test_any_text_gives_a_tree_or_a_located_fault(text: str) -> None:
    tree, faults = parse_document(text, "case.vibee")
    assert tree is not None or faults
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for fault in faults:
        assert 1 <= fault.span.line <= lines + 1
        assert fault.span.column >= 1
        assert fault.message


@settings(max_examples=300)
@given(text=block_mapping(0, 3), data=st.data())
def test_what_is_accepted_is_what_yaml_reads(text: str, data: st.DataObject) -> None:
    """A slip of one character is a fault, or the tree is still YAML's."""
    place = data.draw(st.integers(0, len(text)))
    slip = data.draw(
        st.sampled_from(["", " ", ":", "-", "\n", "'", '"', "[", "}", "#", ",", "|", "x"])
    )
    drop = data.draw(st.integers(0, 1))
    text = text[:place] + slip + text[place + drop :]
    tree, faults = parse_document(text, "case.vibee")
    if faults or tree is None:
        return
    try:
        expected = yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError:
        return
    assert text_data(tree) == expected


# ---------------------------------------------------------------- several faults in one run

# two slips, each in an entry of its own: both are reported, neither makes another, and the rest is read
SLIPS = {
    "unexpected-text": "one:\n  a: 1\n  stray words\n  b: 2\n",
    "a line at the outermost column": "one:\n  m: 0\n0\n",
    "text after a quote": "one: 'b' c\n",
    "colon-in-plain-value": "one: b: c\n",
    "bad-escape": 'one: "\\q"\n',
    "unclosed-quote": "one: 'b\n",
    "unclosed-quote in a list": "one:\n  - 'b\n  - c\n",
    "unclosed-bracket": "one: [b, {c: d}\n",
    "unclosed-bracket over lines": "one: {b: 1,\n  c: [2,\n",
    "a bracket that is crossed": "one: [{b: 1]\n",
    "a comma too many": "one: [b,, c]\n",
    "no comma": "one: {b: 1 'c': 2}\n",
    "bad-indentation": "one:\n    b: 1\n  c: 2\n",
    "a whole block at a wrong column": "one:\n    b: 1\n   c: 2\n   d: 3\n   e: 4\n",
    "a key deeper than its mapping": "one: 1\n  b: 2\n",
    "tab-in-indentation": "one:\n\tb: 1\n",
    "duplicate-key": "one: 1\none: 2\n",
    "an anchor": "one: &x 1\n",
    "a folded block": "one: >\n  b: c\n  d: e\n",
    "a complex key": "? one\n: b\n",
    "a marker": "one: 1\n---\n",
    "text after a bar": "one: | b\n  c\n",
    "a list behind its key": "one: - a\n",
    "a list among keys": "one: 1\n- a\n- b\n- c: d\n",
    "control-character": "one: \x00\n",
}


@pytest.mark.parametrize("first", SLIPS.values(), ids=SLIPS.keys())
@pytest.mark.parametrize(
    "second", ["bad-escape", "unclosed-bracket", "unexpected-text", "bad-indentation"]
)
def test_two_slips_are_two_findings(first: str, second: str) -> None:
    other = SLIPS[second].replace("one", "other")
    alone = [len(parse_document(text, "case.vibee")[1]) for text in (first, other)]
    assert alone == [1, 1]
    text = f"before: 1\n{first}between: [x]\n{other}after: 2\n"
    tree, faults = parse_document(text, "case.vibee")
    assert len(faults) == 2, [(f.name, f.span.line) for f in faults]
    line = text.split("\n").index("between: [x]") + 1
    assert sorted(f.span.line > line for f in faults) == [False, True]
    assert {"before", "between", "after"} <= set(text_data(tree))


def test_a_file_that_is_no_spec_says_so_once() -> None:
    text = "// header\nuse std::json\n\nstruct A {\n    id: Int,\n    name: String,\n}\n\nfn main() {\n    f()\n}\n"
    tree, faults = parse_document(text, "case.vibee")
    assert tree is None
    assert [(f.name, f.span.line, f.span.column) for f in faults] == [("unexpected-text", 1, 1)]
    tree, faults = parse_document("# a comment\n\nfoo bar\nname: x\nversion: 1: 2\n", "case.vibee")
    assert text_data(tree) == {"name": "x", "version": "1: 2"}
    assert [(f.name, f.span.line) for f in faults] == [
        ("unexpected-text", 3),
        ("colon-in-plain-value", 5),
    ]


def test_a_run_of_lines_that_fit_nowhere_is_one_finding() -> None:
    tree, faults = parse_document("a: 1\nfoo\nbar\nbaz {\nb: 2\nqux\n", "case.vibee")
    assert text_data(tree) == {"a": "1", "b": "2"}
    assert [f.span.line for f in faults] == [2, 6]


def test_faults_have_a_bound() -> None:
    _, faults = parse_document("".join(f"k{i}: b: c\n" for i in range(1000)), "case.vibee")
    assert len(faults) == 200
    assert "the rest of the file is not read" in (faults[-1].hint or "")


# ---------------------------------------------------------------- comments


def test_every_comment_is_kept_and_nothing_else() -> None:
    text = """\
# head
a: 'it''s # text' # one
b: |  # two
  # text
  x
c: [1, # three
  # four
  "# text", x#y] # five
d: # six
   # seven
  - e: f #
  -   # eight
    g
h: plain # nine
    # ten
"""
    comments = parse(text, "case.vibee").comments
    assert [(c.text, c.alone) for c in comments] == [
        ("# head", True), ("# one", False), ("# two", False), ("# three", False), ("# four", True),
        ("# five", False), ("# six", False), ("# seven", True), ("#", False), ("# eight", False),
        ("# nine", False), ("# ten", True),
    ]  # fmt: skip
    lines = text.split("\n")
    for comment in comments:
        span = comment.span
        assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == comment.text


# ---------------------------------------------------------------- abuse

LONG = 100_000
ABUSE = {
    "a long line": "a: " + "x" * 3_000_000,
    "colons": "a: " + ":a" * 1_000_000,
    "hashes": "a: b" + "#a" * 1_000_000,
    "quotes": "a: '" + "''" * LONG + "'",
    "escapes": 'a: "' + "\\t" * LONG + '"',
    "blanks": "a: b" + "\n" * LONG + "c: d",
    "lines of one plain scalar": "a: b\n" + "  c\n" * LONG,
    "lines of one quoted scalar": "a: 'b\n" + "  c\n" * LONG + "'",
    "comments": "# x\n" * LONG + "a: b",
    "open brackets on lines": "a: [\n" * LONG,
    "brackets that close too soon": "a: [\n" + "b: [\nc: ]\n" * 20_000,
    "quotes never closed": "a: \"x\nb: 'y\n" * LONG,
    "closing brackets": "a: [" + "}" * LONG,
    "tabs": "a:\n" + "\tb: c\n" * LONG,
    "colons in values": "a: b: " + " " * LONG + "c",
    "dashes": "- " * LONG,
    "no spec": "foo bar\n" * LONG,
    "zeros": "\0\n" * LONG,
    "digits": "a: " + "9" * 1_000_000,
}


@pytest.mark.parametrize("text", ABUSE.values(), ids=ABUSE.keys())
def test_no_text_takes_long(text: str) -> None:
    start = time.process_time()
    document = parse(text, "case.vibee")
    assert time.process_time() - start < 5
    assert document.tree is not None or document.faults


def test_time_grows_with_the_size_and_no_faster() -> None:
    def seconds(keys: int) -> float:
        text = "".join(f"k{i}: [a, 'b', {{c: d}}]\n" for i in range(keys))
        gc.disable()  # its time grows with what the tests before have left
        try:
            start = time.process_time()
            assert not parse(text, "case.vibee").faults
            return time.process_time() - start
        finally:
            gc.enable()

    assert seconds(16_000) < 10 * min(seconds(4_000), seconds(4_000))


def test_numbers_without_bound_are_no_numbers() -> None:
    for text in ("9" * 1001, "0x" + "f" * 5000, "-" + "1" * 5000):
        tree, faults = parse_document(f"a: {text}\n", "case.vibee")
        assert [f.name for f in faults] == ["number-too-long"]
        assert plain_data(tree) == {"a": text}
    assert plain_data(read(f"a: {'9' * 1000}\nb: '{'9' * 5000}'\n"))["a"] == int("9" * 1000)
    assert plain_data(read("a: 1e999\nb: -1e999\n")) == {"a": math.inf, "b": -math.inf}


def test_what_a_reviewer_cannot_see_is_a_fault() -> None:
    for char in "\x00\x07\x0b\x1b\x7f\x80\x9f\ufffe\u202e\u2066":
        for text in (f"a: x{char}y\n", f"a: 'x{char}'\n", f"a: 1 # {char}\n", f"a: |\n  {char}\n"):
            _, faults = parse_document(text, "case.vibee")
            name = "bidi-control" if char in "\u202e\u2066" else "control-character"
            assert [f.name for f in faults] == [name], (char, text)
            place = faults[0].span
            assert text.split("\n")[place.line - 1][place.column - 1] == char
    assert read('a: "\\x1b \\u202e"\nb: \u200f\u05d0 \x85 \u2028 \ufeff\n')


def test_a_marker_before_the_document_can_be_taken_away() -> None:
    document = parse("---\na: 1\n", "case.vibee")
    assert plain_data(document.tree) == {"a": 1}
    (fault,) = document.faults
    assert fault.fix is not None and fault.fix.safety == "safe"
    (edit,) = fault.fix.edits
    assert (edit.span.line, edit.span.column, edit.span.end_line, edit.span.end_column) == (
        1,
        1,
        2,
        1,
    )


# ---------------------------------------------------------------- a few damaged documents; `make fuzz` runs many


def test_damaged_documents_end_well() -> None:
    gc.freeze()  # what other tests left behind is not looked through meanwhile, which takes seconds
    figures = fuzz.run(3, range(2000), REPOSITORY / "specs/architecture/normalization.vibee")
    gc.unfreeze()
    assert figures.failure is None, figures.failure
    assert figures.ends["read"] > 100 and figures.ends["read in part"] > 100
