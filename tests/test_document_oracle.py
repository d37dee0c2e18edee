"""The tree against PyYAML's: documents in random styles, texts in the ancestor's manner, and damaged ones."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from igla_gen.syntax import Document, parse_document
from igla_gen.syntax.tree import plain_data
from tests.fuzz import document
from tests.old_specs import BROKEN, SOUND
from tests.yaml_oracle import core_load, same

# ---------------------------------------------------------------- documents in random styles

KEYS = st.sampled_from(
    ["a", "b c", "3d", "x.y", "1", "1.50", "true", "null", "k#v", "k:v", "-k", "ключ", "名", "😀", "a,b", "When"]
)  # fmt: skip
TEXTS = st.text(st.sampled_from("ab :#-'\"\\{}[],|é\n😀"), max_size=12) | st.sampled_from(
    ["rate: 1", "a #b", "x := y", "[0; 64]", "1e-6 * w", "«q»", "it's", "", " ", "tail ", "~", "<<", "="]
)  # fmt: skip
LEAVES = TEXTS | st.integers() | st.floats() | st.booleans() | st.none()
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=14,
)


class Writer:
    """Writes a tree in styles that are drawn: what PyYAML's own emitter never does is in here."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def one_of(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def gap(self, indent: int) -> str:
        """What may stand between two lines: nothing, blanks, comments at any column."""
        return self.one_of("", "", "", "\n", "# c: [\n", " " * (indent + 3) + "# 'c'\n", "   \n\n")

    def tail(self) -> str:
        return self.one_of("", "", " ", "  # tail: 'x'", " #")

    def mapping(self, data: dict, indent: int) -> str:
        lines = []
        for key, value in data.items():
            head = " " * indent + self.key(key) + self.one_of(":", ":", " :")
            lines.append(self.gap(indent) + head + self.value(value, indent, True))
        return "".join(lines)

    def sequence(self, data: list, indent: int) -> str:
        dash = " " * indent + "-"
        return "".join(self.gap(indent) + dash + self.value(v, indent, False) for v in data)

    def value(self, data: object, indent: int, after_key: bool) -> str:
        if data and isinstance(data, dict | list) and self.draw(st.integers(0, 3)):
            step = self.draw(st.integers(1, 4))
            if isinstance(data, list):
                indentless = after_key and self.draw(st.booleans())
                return (
                    self.tail()
                    + "\n"
                    + self.sequence(data, indent if indentless else indent + step)
                )
            if after_key or self.draw(st.booleans()):
                return self.tail() + "\n" + self.mapping(data, indent + step)
            return " " * step + self.mapping(data, indent + 1 + step).lstrip("# c:[\n'").lstrip()
        if isinstance(data, dict | list):
            return " " + self.flow(data, indent) + self.tail() + "\n"
        if isinstance(data, str) and data and self.draw(st.integers(0, 4)) == 0:
            return self.block(data, indent)
        return self.scalar(data, indent, False) + self.tail() + "\n"

    def flow(self, data: object, indent: int) -> str:
        if not isinstance(data, dict | list):
            return self.scalar(data, indent, True).strip() or '""'
        comma = self.one_of(
            ", ", ",", " , ", ",\n" + " " * (indent + 2), ", # one, [\n" + " " * indent + "  "
        )
        if isinstance(data, list):
            return f"[{comma.join(self.flow(v, indent) for v in data)}]"
        entries = [f"{self.key(k, True)}: {self.flow(v, indent)}" for k, v in data.items()]
        return "{" + comma.join(entries) + self.one_of("", " ", ",") * bool(entries) + "}"

    def key(self, key: str, in_flow: bool = False) -> str:
        style = self.one_of("plain", "single", "double")
        plain = style == "plain" and self.stands(key, in_flow) and key.strip(" ")
        return key if plain else self.quoted(key, style != "double")

    def stands(self, text: str, in_flow: bool) -> bool:
        """Whether a text stands bare here, as PyYAML reads it: type and all."""
        if text != text.strip() or "\n" in text or text == "":
            return False
        try:
            found = core_load(f"[{text}]" if in_flow else f"k: {text}")
        except yaml.YAMLError:
            return False
        return found in ([text], {"k": text})

    def scalar(self, data: object, indent: int, in_flow: bool) -> str:
        if not isinstance(data, str):
            return self.one_of(" ", "  ") + self.number(data)
        style = self.one_of("plain", "plain", "single", "double", "folded")
        if style == "plain" and self.stands(data, in_flow):
            return " " + data
        text = self.quoted(data, style == "single")
        if style == "folded" and " b" in text and "\\" not in text:
            text = text.replace(" b", "\n" + " " * (indent + 1) + "b")
        return " " + text

    def number(self, data: object) -> str:
        if data is None:
            return self.one_of("~", "null", "NULL")
        if isinstance(data, bool):
            return str(data) if self.draw(st.booleans()) else str(data).lower()
        text = repr(data)
        return text.replace("inf", ".inf").replace("nan", ".NaN") if "n" in text else text

    def quoted(self, text: str, single: bool) -> str:
        if single and "\n" not in text:
            return "'" + text.replace("'", "''") + "'"
        escapes = {"\n": "\\n", '"': '\\"', "\\": "\\\\", "é": self.one_of("é", "\\xe9", "\\u00E9")}
        return '"' + "".join(escapes.get(char, char) for char in text) + '"'

    def block(self, text: str, indent: int) -> str:
        body = text.rstrip("\n")
        if not body.strip() or any(line[:1] == " " for line in body.split("\n")):
            return f" {self.quoted(text, False)}\n"
        ends = len(text) - len(body)
        chomp = {0: "-", 1: ""}.get(ends, "+")
        step = self.draw(st.integers(1, 3))
        digit = self.one_of("", str(step))
        lines = [" " * (indent + step) + line if line else "" for line in body.split("\n")]
        return f" |{digit}{chomp}\n" + "\n".join(lines) + "\n" * max(1, ends)


@st.composite
def documents(draw: st.DrawFn) -> str:
    data = draw(st.dictionaries(KEYS, TREES, min_size=1, max_size=4))
    text = Writer(draw).mapping(data, 0)
    if "|+" not in text:
        text += draw(st.sampled_from(["", "# end", "    # end\n", "\n \n"]))
    return draw(st.sampled_from(["", "", "\ufeff"])) + text


def agree(text: str) -> None:
    read = parse_document(text, "case.vibee")
    assert not read.faults, (text, read.faults)
    assert read.tree is not None
    assert same(plain_data(read.tree), core_load(text)), text


@settings(max_examples=600)
@given(text=documents(), newline=st.sampled_from(["\n", "\r\n", "\r"]))
def test_documents_in_random_styles(text: str, newline: str) -> None:
    try:
        core_load(text)
    except yaml.YAMLError:
        return  # the writer went past what PyYAML reads
    agree(text.replace("\n", newline))


def test_most_random_documents_are_yaml() -> None:
    """The test above would say nothing if its writer wrote nonsense."""
    found = []

    @settings(max_examples=200)
    @given(text=documents())
    def look(text: str) -> None:
        try:
            found.append(isinstance(core_load(text), dict))
        except yaml.YAMLError:
            found.append(False)

    look()
    assert sum(found) > 0.8 * len(found)


@pytest.mark.parametrize("text", SOUND.values(), ids=SOUND.keys())
def test_texts_in_the_manner_of_the_ancestor(text: str) -> None:
    agree(text)
    agree(text.rstrip("\n"))
    agree("\ufeff" + text.replace("\n", "\r\n"))


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_broken_texts_are_broken_to_both(text: str) -> None:
    assert parse_document(text, "case.vibee").faults
    with pytest.raises(yaml.YAMLError):
        core_load(text)


# ---------------------------------------------------------------- damaged documents

# what the language refuses of what PyYAML reads; "The document" of docs/language.md says why
REFUSED = {
    "unsupported-syntax",  # anchors, aliases, tags, folded blocks, markers, directives, complex keys
    "duplicate-key",
    "bad-escape",  # half a character
    "number-too-long",
    "nested-too-deep",
    "control-character",
    "bidi-control",
}
AT_THE_COLUMN_OF_ITS_KEY = "a value at the column of its key"


def is_read_otherwise(text: str) -> bool:
    """Whether PyYAML's YAML 1.1 reads a character of the text otherwise than YAML 1.2 does."""
    return any(char in text for char in "\x85\u2028\u2029\t?\ufeff\0\x7f\x1b") or any(
        len(line) > 1000 for line in text.split("\n")
    )


def verdict(read: Document) -> set[str]:
    return {f.name for f in read.faults if f.message != AT_THE_COLUMN_OF_ITS_KEY} - REFUSED


@pytest.mark.parametrize("part", range(4))
def test_a_damaged_text_is_read_as_pyyaml_reads_it_or_refused_by_both(part: int) -> None:
    compared = 0
    for number in range(part * 400, part * 400 + 400):
        text = document(11, number * 20 + 1)
        if is_read_otherwise(text) or len(text) > 4000:
            continue
        read = parse_document(text, "case.vibee")
        try:
            expected = core_load(text)
        except (yaml.YAMLError, TypeError, ValueError):
            assert read.faults, text
            continue
        if not isinstance(expected, dict):
            continue
        assert not verdict(read), (text, read.faults)
        if not read.faults or {f.name for f in read.faults} == {"duplicate-key"}:
            assert read.tree is not None
            assert same(plain_data(read.tree), expected), text
            compared += 1
    assert compared > 20
