"""Text to expression tree, with exact positions inside the scalar."""

from __future__ import annotations

import keyword
import math
import re
from functools import cache, lru_cache

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
from igla_gen.syntax.lalr import Tables, Token, UnexpectedError
from igla_gen.syntax.tree import MAX_DIGITS, Scalar

MAX_DEPTH = 48  # four brackets a level when emitted, and Python reads 200


@cache
def _parser() -> tuple[Tables, _Builder]:
    """The parser and the builder of its nodes, which works while it parses: no tree in between."""
    builder = _Builder()
    return Tables("expressions", "start", builder), builder


@lru_cache(8192)  # an editor, and who checks one spec again and again, changes one line of many
def parse_expression(scalar: Scalar) -> Expression:
    """Reads the expression that a scalar holds.

    Raises:
        SpecError: at the character where the text stops making sense.
    """
    if len(scalar.text) > MAX_DEPTH:  # what is nested deeper has more characters
        _refuse_deep_brackets(scalar)
    parser, builder = _parser()
    builder.scalar = scalar
    try:
        node = parser.parse(scalar.text)
        depth = depth_of(node) if len(scalar.text) > MAX_DEPTH else 0
    except UnexpectedError as error:
        offset = error.offset
        rest = scalar.text[offset : offset + 20].split("\n")[0]
        message = f"{rest!r} cannot stand here" if rest else "the expression breaks off"
        hint = "operators: + - * / // % ^ @ == != < <= > >= ~= and or not in, a if c else b"
        if not rest and scalar.style == "block":
            hint = f"line {scalar.place(len(scalar.text.rstrip()))[0] + 1} does not go on with it; {hint}"
        before = scalar.text[:offset].rstrip()
        if rest and "\n" in scalar.text[len(before) : offset]:
            ending, line = before.split("\n")[-1].strip()[-20:], scalar.place(len(before))[0]
            hint = f"{ending!r} at the end of line {line} does not go on so; {hint}"
        raise _error(scalar, offset, message, hint) from None
    except RecursionError:
        raise _too_deep(scalar) from None
    if depth > MAX_DEPTH:
        raise _too_deep(scalar)
    return node


def _refuse_deep_brackets(scalar: Scalar) -> None:
    depth = 0
    for bracket in re.finditer(r"[()\[\]]", scalar.text):
        depth += 1 if bracket[0] in "([" else -1
        if depth > MAX_DEPTH:
            message = f"brackets are nested more than {MAX_DEPTH} deep"
            raise _error(scalar, bracket.start(), message, None)


def _too_deep(scalar: Scalar) -> SpecError:
    return _error(
        scalar, 0, f"operators are nested more than {MAX_DEPTH} deep", "split it with 'where'"
    )


def _error(scalar: Scalar, offset: int, message: str, hint: str | None) -> SpecError:
    span = scalar.part(offset, offset + 1)
    return SpecError(Diagnostic("IG202", "bad-expression", message, span, hint))


class _Builder:
    """Makes the nodes of one expression; `scalar` is the text that is being parsed."""

    scalar: Scalar

    def _at(self, token: Token) -> Span:
        return self.scalar.part(token.start_pos, token.end_pos)

    def number(self, children):
        (token,) = children
        text = token.replace("_", "")
        if len(text) > MAX_DIGITS:
            message = f"a number of more than {MAX_DIGITS} digits"
            raise _error(self.scalar, token.start_pos, message, "no quantity needs them")
        value = int(text) if text.isdigit() else float(text)
        if value == math.inf:
            message = f"{token} is more than a float holds"
            raise _error(self.scalar, token.start_pos, message, "write inf if infinity is meant")
        return Number(value, self._at(token))

    def string(self, children):
        return Text(str(children[0])[1:-1], self._at(children[0]))

    def name(self, children):
        return Name(str(children[0]), self._at(children[0]))

    def ellipsis(self, children):
        return Ellipsis_(self._at(children[0]))

    def attribute(self, children):
        owner, name = children
        if name.startswith("_"):
            raise _error(self.scalar, name.start_pos, f"{str(name)!r} is private", None)
        self._refuse_keyword(name)
        return Attribute(owner, str(name), owner.span.to(self._at(name)))

    def keyword(self, children):
        name, value = children
        self._refuse_keyword(name)
        return (str(name), value)

    def _refuse_keyword(self, name: Token) -> None:
        if keyword.iskeyword(name):
            message = f"{str(name)!r} is a word of Python, not a name"
            raise _error(self.scalar, name.start_pos, message, None)

    def call(self, children):
        function, *arguments, closing = [child for child in children if child is not None]
        positional = tuple(a for a in arguments if not isinstance(a, tuple))
        keywords = tuple(a for a in arguments if isinstance(a, tuple))
        return Call(function, positional, keywords, function.span.to(self._at(closing)))

    def index(self, children):
        owner, *subscripts, closing = children
        return Index(owner, tuple(subscripts), owner.span.to(self._at(closing)))

    def slice(self, children):
        start, colon, stop = children
        first, last = start or stop, stop or start
        span = first.span.to(last.span) if first else self._at(colon)
        return Slice(start, stop, span)

    def tuple(self, children):
        return self._items(children, is_tuple=True)

    def list(self, children):
        return self._items(children, is_tuple=False)

    def _items(self, children, *, is_tuple: bool):
        opening, *items, closing = children
        span = self._at(opening).to(self._at(closing))
        return Items(tuple(c for c in items if c is not None), is_tuple, span)

    def unary(self, children):
        operator, operand = children
        return Unary(str(operator), operand, self._at(operator).to(operand.span))

    negation = unary

    def binary(self, children):
        node, *rest = children
        for operator, right in zip(rest[::2], rest[1::2], strict=True):
            sign = "^" if operator == "**" else str(operator)
            node = Binary(sign, node, right, node.span.to(right.span))
        return node

    def comparison(self, children):
        operators = tuple(str(child) for child in children[1::2])
        operands = tuple(children[::2])
        return Comparison(operands, operators, operands[0].span.to(operands[-1].span))

    def conjunction(self, children):
        return Logical("and", tuple(children), children[0].span.to(children[-1].span))

    def disjunction(self, children):
        return Logical("or", tuple(children), children[0].span.to(children[-1].span))

    def conditional(self, children):
        then, condition, otherwise = children
        return Conditional(condition, then, otherwise, then.span.to(otherwise.span))
