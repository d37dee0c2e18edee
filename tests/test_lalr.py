"""The tables are those that Lark makes, and the loop over them says what Lark's own loop says: the
same tree, or a fault at the same place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, UnexpectedInput
from lark.lexer import Token

from igla_gen.cli import main
from igla_gen.diagnostics import Span, SpecError
from igla_gen.expressions import parse as expressions
from igla_gen.model import types
from igla_gen.resources import table_text
from igla_gen.syntax import lalr, tables
from igla_gen.syntax import parser as documents
from igla_gen.syntax.tree import Scalar
from tests import fuzz

EXPRESSION_PIECES = st.sampled_from(
    ["a", "b_1", "12", "1.5e-3", ".5", "'t'", "...", ":", ",", "(", ")", "[", "]", ".", "f(", "x=", "-", "+", "*",
     "//", "^", "**", "@", "<", "~=", "in", "not", "and", "or", "if", "else", "=", "!", "[1, 2,]", "x[1:]", "(a,)"]
)  # fmt: skip
TYPE_PIECES = st.sampled_from(
    ["Int", "Enum", "Enum<a, b-1>", "Tensor", "Tensor[", "B", "2", "*", "...", "]", "List<", "Map<", "Option<Float>",
     ">", ",", "=", "none", "1e-6", "80GB", "'t'", '"a\\n"', "[1, x]", "{a: 1}", "{", "}", "[", ":",
     "--", "-- help", "!"]
)  # fmt: skip
QUANTITY_PIECES = st.sampled_from(
    ["4", "1_000", ".5", "1e3", "-", "$", "%", "/", "h", "M", "tokens", "GB", "4.", " ", "+"]
)

SPEC = Path(documents.__file__).parents[2] / "specs" / "optimization" / "scheduler.vibee"
BUILDER = documents._Builder()


class Places:
    """Keeps the terminals of a quantity with all that is known of them."""

    def quantity(self, parts: list) -> list[tuple[str, str, int, int] | None]:
        return [p and (p.type, str(p), p.start_pos, p.end_pos) for p in parts]


QUANTITIES = Places()


def texts(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(pieces, max_size=12).map(" ".join) | st.lists(pieces, max_size=6).map("".join)


def said(read, text: str) -> tuple[str, object]:
    """What a parser makes of a text, as a comparable value."""
    try:
        return "read", repr(read(text))
    except lalr.UnexpectedError as error:
        return "unexpected", error.offset
    except UnexpectedInput as error:
        is_end = getattr(getattr(error, "token", None), "type", None) == "$END"
        return "unexpected", len(text) if is_end else error.pos_in_stream
    except SpecError as error:
        return "refused", error.diagnostic


@cache
def lark_of(grammar: str, builder: object) -> Lark:
    return tables.lark_of(grammar, builder)


def compare(ours: lalr.Tables, builder: object, start: str, text: str) -> None:
    lark = lark_of(ours.grammar, builder)
    assert said(ours.parse, text) == said(lambda text: lark.parse(text, start=start), text)


def whole(text: str) -> Scalar:
    return Scalar(text, "plain", Span("a", 1, 1, 1, len(text) + 1))


@pytest.mark.parametrize("grammar", tables.STARTS)
def test_the_table_is_what_lark_makes_of_the_grammar(grammar: str) -> None:
    assert table_text(grammar) == tables.table_of(grammar), "run python -m igla_gen.syntax.tables"


def test_every_grammar_has_a_table() -> None:
    folder = Path(documents.__file__).parents[2] / "grammar"
    assert {path.stem for path in folder.glob("*.lark")} == set(tables.STARTS)


def test_tables_do_not_depend_on_the_order_of_sets() -> None:
    code = "from igla_gen.syntax.tables import table_of; print(table_of('types'), end='')"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout == table_text("types")


@pytest.mark.parametrize(
    "damage", [lambda text: text.replace('made_from": "', 'made_from": "0'), lambda text: text[:-9]]
)
def test_a_stale_or_damaged_table_is_refused(
    damage: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(lalr, "table_text", lambda name: damage(table_text(name)))
    monkeypatch.setattr(lalr, "_table", lalr._table.__wrapped__)
    monkeypatch.setattr(sys, "argv", ["igla-gen", "parse", str(SPEC)])
    documents._tables.cache_clear()
    with pytest.raises(SystemExit) as stopped:
        main()
    documents._tables.cache_clear()
    assert stopped.value.code == 1
    said = capsys.readouterr().err
    assert "grammar/document.json was not made from grammar/document.lark as it is" in said
    assert "python -m igla_gen.syntax.tables" in said


@settings(max_examples=600)
@given(texts(EXPRESSION_PIECES))
def test_expressions_are_read_as_by_lark(text: str) -> None:
    ours, builder = expressions._parser()
    builder.scalar = whole(text)
    compare(ours, builder, "start", text)


@settings(max_examples=400)
@given(texts(TYPE_PIECES), st.sampled_from(tables.STARTS["types"]))
def test_types_are_read_as_by_lark(text: str, start: str) -> None:
    ours, builder = types._parser(start)
    builder.scalar = whole(text)
    compare(ours, builder, start, text)


@settings(max_examples=200)
@given(texts(QUANTITY_PIECES))
def test_quantities_are_read_as_by_lark(text: str) -> None:
    compare(lalr.Tables("quantities", "quantity", QUANTITIES), QUANTITIES, "quantity", text)


class LarkRun:
    """Lark's own loop under the names of ours."""

    def __init__(self, ours: lalr.Tables) -> None:
        lark = lark_of("document", BUILDER)
        start = "flow" if ours is documents._tables("flow") else "start"
        self._state = lark.parse_interactive(start=start).parser_state
        self.value_stack, self.state_stack = self._state.value_stack, self._state.state_stack

    def feed_token(self, token: object) -> None:
        try:
            self._state.feed_token(token)
        except UnexpectedInput:
            raise lalr.UnexpectedError(token) from None

    def end(self) -> object:
        return self._state.feed_token(Token("$END", ""), True)


def test_damaged_documents_are_read_as_by_lark(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [fuzz.document(5, number) for number in range(600)]
    ours = [documents.parse_document(text, "a.vibee") for text in texts]
    monkeypatch.setattr(documents, "Run", LarkRun)
    for text, found in zip(texts, ours, strict=True):
        assert documents.parse_document(text, "a.vibee") == found, text
    assert sum(not found.faults for found in ours) > 20 and sum(bool(f.faults) for f in ours) > 100
