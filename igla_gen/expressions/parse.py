"""Text to expression tree, with exact positions inside the scalar."""

from __future__ import annotations

from functools import cache

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError
from lark.visitors import v_args

from igla_gen.diagnostics import Diagnostic, Span, SpecError
from igla_gen.expressions.tree import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Ellipsis_,
    Expression,
    Index,
    Items,
    Logical,
    Name,
    Number,
    Slice,
    Text,
    Unary,
    depth_of,
)
from igla_gen.resources import grammar_text
from igla_gen.syntax.tree import Scalar

MAX_DEPTH = 48  # four brackets a level when emitted, and Python reads 200


@cache
def _parser() -> Lark:
    return Lark(
        grammar_text("expressions"),
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=True,
    )


def parse_expression(scalar: Scalar) -> Expression:
    """Reads the expression that a scalar holds.

    Raises:
        SpecError: at the character where the text stops making sense.
    """
    depth = 0
    for offset, char in enumerate(scalar.text):
        depth += (char in "([") - (char in ")]")
        if depth > MAX_DEPTH:
            raise _error(scalar, offset, f"brackets are nested more than {MAX_DEPTH} deep", None)
    try:
        node = _Builder(scalar).transform(_parser().parse(scalar.text))
    except VisitError as error:
        if isinstance(error.orig_exc, RecursionError):
            raise _too_deep(scalar) from None
        raise error.orig_exc from None
    except UnexpectedInput as error:
        offset = error.pos_in_stream
        if (
            offset is None
            or offset < 0
            or getattr(getattr(error, "token", None), "type", "") == "$END"
        ):
            offset = len(scalar.text)
        rest = scalar.text[offset : offset + 20]
        message = f"{rest!r} cannot stand here" if rest else "the expression breaks off"
        raise _error(
            scalar,
            offset,
            message,
            "operators: + - * / // % ^ @ == != < <= > >= ~= and or not in, a if c else b",
        ) from None
    except RecursionError:
        raise _too_deep(scalar) from None
    if depth_of(node) > MAX_DEPTH:
        raise _too_deep(scalar)
    return node


def _too_deep(scalar: Scalar) -> SpecError:
    return _error(
        scalar, 0, f"operators are nested more than {MAX_DEPTH} deep", "split it with 'where'"
    )


def _error(scalar: Scalar, offset: int, message: str, hint: str | None) -> SpecError:
    span = scalar.part(offset, offset + 1)
    return SpecError(Diagnostic("IG202", "bad-expression", message, span, hint))


@v_args(meta=True)
class _Builder(Transformer):
    """Lark tree to Expression."""

    def __init__(self, scalar: Scalar) -> None:
        super().__init__()
        self._scalar = scalar

    def _span(self, meta) -> Span:
        return self._scalar.span if meta.empty else self._scalar.part(meta.start_pos, meta.end_pos)

    def number(self, meta, children):
        text = str(children[0]).replace("_", "")
        return Number(int(text) if text.isdigit() else float(text), self._span(meta))

    def string(self, meta, children):
        return Text(str(children[0])[1:-1], self._span(meta))

    def name(self, meta, children):
        return Name(str(children[0]), self._span(meta))

    def ellipsis(self, meta, _children):
        return Ellipsis_(self._span(meta))

    def attribute(self, meta, children):
        owner, name = children
        if name.startswith("_"):
            raise _error(self._scalar, name.start_pos, f"{str(name)!r} is private", None)
        return Attribute(owner, str(name), self._span(meta))

    def keyword(self, _meta, children):
        name, value = children
        return (str(name), value)

    def call(self, meta, children):
        function, *arguments = [child for child in children if child is not None]
        positional = tuple(a for a in arguments if not isinstance(a, tuple))
        keywords = tuple(a for a in arguments if isinstance(a, tuple))
        return Call(function, positional, keywords, self._span(meta))

    def index(self, meta, children):
        owner, *subscripts = children
        return Index(owner, tuple(subscripts), self._span(meta))

    def slice(self, meta, children):
        start, _colon, stop = children
        return Slice(start, stop, self._span(meta))

    def tuple(self, meta, children):
        return Items(tuple(c for c in children if c is not None), True, self._span(meta))

    def list(self, meta, children):
        return Items(tuple(c for c in children if c is not None), False, self._span(meta))

    def unary(self, meta, children):
        operator, operand = children
        return Unary(str(operator), operand, self._span(meta))

    def negation(self, meta, children):
        return Unary("not", children[0], self._span(meta))

    def binary(self, meta, children):
        node, *rest = children
        for operator, right in zip(rest[::2], rest[1::2], strict=True):
            sign = "^" if operator == "**" else str(operator)
            node = Binary(sign, node, right, node.span.to(right.span))
        return node

    def comparison(self, meta, children):
        operators = tuple(str(child) for child in children if isinstance(child, Token))
        operands = tuple(child for child in children if not isinstance(child, Token))
        return Comparison(operands, operators, self._span(meta))

    def conjunction(self, meta, children):
        return Logical("and", tuple(children), self._span(meta))

    def disjunction(self, meta, children):
        return Logical("or", tuple(children), self._span(meta))

    def conditional(self, meta, children):
        then, condition, otherwise = children
        return Conditional(condition, then, otherwise, self._span(meta))
