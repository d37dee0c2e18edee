"""The loop over Lark's tables says what Lark's own loop says: the same tree, or a fault at the same place."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import UnexpectedInput

from igla_gen.diagnostics import Span
from igla_gen.expressions import parse as expressions
from igla_gen.syntax import parser as documents
from igla_gen.syntax.tree import Scalar
from tests import fuzz

PIECES = st.sampled_from(
    ["a", "b_1", "12", "1.5e-3", ".5", "'t'", "...", ":", ",", "(", ")", "[", "]", ".", "f(", "x=", "-", "+", "*",
     "//", "^", "**", "@", "<", "~=", "in", "not", "and", "or", "if", "else", "=", "!", "[1, 2,]", "x[1:]", "(a,)"]
)  # fmt: skip


def said(read, text: str) -> tuple[str, object]:
    """What a parser makes of a text, as a comparable value."""
    try:
        return "read", repr(read(text))
    except UnexpectedInput as error:
        kind = getattr(getattr(error, "token", None), "type", None)
        return type(error).__name__, (error.pos_in_stream, kind)
    except expressions.SpecError as error:
        return "refused", error.diagnostic


@settings(max_examples=600)
@given(st.lists(PIECES, max_size=12).map(" ".join) | st.lists(PIECES, max_size=6).map("".join))
def test_expressions_are_read_as_by_lark(text: str) -> None:
    tables, builder = expressions._parser()
    builder.scalar = Scalar(text, "plain", Span("a", 1, 1, 1, len(text) + 1))
    assert said(tables.parse, text) == said(tables.lark.parse, text)


class LarkRun:
    """Lark's own loop under the names of ours."""

    def __init__(self, tables: documents.Tables) -> None:
        self._state = tables.lark.parse_interactive(start=tables.start).parser_state
        self.feed_token = self._state.feed_token
        self.value_stack, self.state_stack = self._state.value_stack, self._state.state_stack

    def end(self) -> object:
        return self._state.feed_token(documents.Token("$END", ""), True)


def test_damaged_documents_are_read_as_by_lark(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [fuzz.document(5, number) for number in range(600)]
    ours = [documents.parse_document(text, "a.vibee") for text in texts]
    monkeypatch.setattr(documents, "Run", LarkRun)
    for text, found in zip(texts, ours, strict=True):
        assert documents.parse_document(text, "a.vibee") == found, text
    assert sum(not found.faults for found in ours) > 20 and sum(bool(f.faults) for f in ours) > 100
