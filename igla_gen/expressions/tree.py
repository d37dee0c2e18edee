"""Nodes of an expression; each knows where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from igla_gen.diagnostics import Span
from igla_gen.frozen import frozen


@frozen
class Number:
    value: int | float
    span: Span


@frozen
class Text:
    value: str
    span: Span


@frozen
class Name:
    name: str
    span: Span


@frozen
class Attribute:
    owner: Expression
    name: str
    span: Span


@frozen
class Call:
    function: Expression
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[str, Expression], ...]
    span: Span


@frozen
class Index:
    owner: Expression
    subscripts: tuple[Expression, ...]
    span: Span


@frozen
class Slice:
    start: Expression | None
    stop: Expression | None
    span: Span


@frozen
class Ellipsis_:
    span: Span


@frozen
class Unary:
    """`-x`, `+x` or `not x`."""

    operator: str
    operand: Expression
    span: Span


@frozen
class Binary:
    operator: str
    left: Expression
    right: Expression
    span: Span


@frozen
class Comparison:
    """`a < b <= c`: one more operand than operators."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]
    span: Span


@frozen
class Logical:
    """`a and b and c`, or the same with `or`."""

    operator: str
    operands: tuple[Expression, ...]
    span: Span


@frozen
class Conditional:
    """`a if condition else b`."""

    condition: Expression
    then: Expression
    otherwise: Expression
    span: Span


@frozen
class Items:
    """`[a, b]`, or `(a, b)` when `is_tuple`."""

    items: tuple[Expression, ...]
    is_tuple: bool
    span: Span


Expression = (
    Number
    | Text
    | Name
    | Attribute
    | Call
    | Index
    | Slice
    | Ellipsis_
    | Unary
    | Binary
    | Comparison
    | Logical
    | Conditional
    | Items
)


_PARTS: dict[type, Callable[[Any], tuple[Expression, ...]]] = {
    Attribute: lambda node: (node.owner,),
    Call: lambda node: (node.function, *node.arguments, *(value for _, value in node.keywords)),
    Index: lambda node: (node.owner, *node.subscripts),
    Slice: lambda node: tuple(part for part in (node.start, node.stop) if part is not None),
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    Comparison: lambda node: node.operands,
    Logical: lambda node: node.operands,
    Conditional: lambda node: (node.then, node.condition, node.otherwise),
    Items: lambda node: node.items,
}


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct parts of a node, left to right."""
    parts = _PARTS.get(type(node))
    return parts(node) if parts is not None else ()


def depth_of(node: Expression) -> int:
    """Levels of the expression; a name or number alone has one."""
    depth, level = 0, [node]
    while level:
        depth += 1
        level = [child for part in level for child in children(part)]
    return depth


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything below it, each before its parts."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if (parts := _PARTS.get(type(part))) is not None:
            waiting.extend(reversed(parts(part)))


def names(node: Expression) -> tuple[Name, ...]:
    """Every name that the expression reads, in order; the callee of a call is one too."""
    known = _names_of.get(id(node))
    if known is None or known[0] is not node:
        if len(_names_of) >= _MOST_KNOWN:
            _names_of.clear()
        found = tuple(part for part in walk(node) if part.__class__ is Name)
        known = _names_of[id(node)] = node, found
    return known[1]  # type: ignore[return-value]


# of the expressions that were asked for last, by their identity; each is kept with its names, so
# that no other one can have it
_names_of: dict[int, tuple[Expression, tuple[Expression, ...]]] = {}
_MOST_KNOWN = 1 << 14


_LOOSEST, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(10)
_BINARY_LEVEL = {"+": _SUM, "-": _SUM, "^": _POWER} | dict.fromkeys(
    ("*", "/", "//", "%", "@"), _PRODUCT
)


def show(node: Expression) -> str:
    """The expression as text, in the language's own form."""
    return _show(node, _LOOSEST)


def _show(node: Expression, level: int) -> str:
    text, own = _render(node)
    return f"({text})" if own < level else text


def _render(node: Expression) -> tuple[str, int]:
    match node:
        case Number(value):
            return repr(value), _ATOM
        case Text(value):
            return f'"{value}"', _ATOM
        case Name(name):
            return name, _ATOM
        case Ellipsis_():
            return "...", _ATOM
        case Attribute(owner, name):
            return f"{_show(owner, _ATOM)}.{name}", _ATOM
        case Call(function, arguments, keywords):
            parts = [show(a) for a in arguments] + [f"{k}={show(v)}" for k, v in keywords]
            return f"{_show(function, _ATOM)}({', '.join(parts)})", _ATOM
        case Index(owner, subscripts):
            return f"{_show(owner, _ATOM)}[{', '.join(map(show, subscripts))}]", _ATOM
        case Slice(start, stop):
            return f"{show(start) if start else ''}:{show(stop) if stop else ''}", _ATOM
        case Items(items, is_tuple):
            inner = ", ".join(map(show, items)) + ("," if is_tuple and len(items) == 1 else "")
            return (f"({inner})" if is_tuple else f"[{inner}]"), _ATOM
    return _render_operator(node)


def _render_operator(node: Expression) -> tuple[str, int]:
    match node:
        case Unary("not", operand):
            return f"not {_show(operand, _NOT)}", _NOT
        case Unary(operator, operand):
            return f"{operator}{_show(operand, _UNARY)}", _UNARY
        case Binary("^", left, right):
            return f"{_show(left, _ATOM)}^{_show(right, _UNARY)}", _POWER
        case Binary(operator, left, right):
            own = _BINARY_LEVEL[operator]
            return f"{_show(left, own)} {operator} {_show(right, own + 1)}", own
        case Comparison(operands, operators):
            parts = [_show(operands[0], _SUM)]
            for operator, operand in zip(operators, operands[1:], strict=True):
                parts += [operator, _show(operand, _SUM)]
            return " ".join(parts), _COMPARE
        case Logical(operator, operands):
            own = _AND if operator == "and" else _OR
            return f" {operator} ".join(_show(operand, own + 1) for operand in operands), own
        case Conditional(condition, then, otherwise):
            shown = (
                f"{_show(then, _OR)} if {_show(condition, _OR)} else {_show(otherwise, _LOOSEST)}"
            )
            return shown, _LOOSEST
    raise AssertionError(node)
