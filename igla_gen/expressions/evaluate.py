"""Evaluates expressions over plain values: what the linter and the planner need, without torch."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from collections.abc import Mapping as MappingABC

from igla_gen.diagnostics import Span
from igla_gen.expressions.tree import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Expression,
    Index,
    Items,
    Logical,
    Name,
    Number,
    Text,
    Unary,
    show,
)

TOLERANCE = 1e-9  # of `~=` where a law gives no other, relative and absolute
MAX_EXPONENT = 4096
MAX_BITS = 1 << 13  # of a whole number: Python writes out 14,000
MAX_ITEMS = 1 << 16  # of a text, a list or a range
MAX_DIGITS = 400  # that `round` may be asked for: a float has no more


class EvaluationError(ValueError):
    """The expression has no value; `span` is the part that fails."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def _items_in(value: object) -> int:
    """How many values a list holds, those of the lists in it counted too; a number holds one."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        return len(value) + sum(_items_in(item) for item in value if isinstance(item, list | tuple))
    return 1


def _bounded(value: object) -> object:
    if _items_in(value) > MAX_ITEMS:
        raise ValueError(f"more than {MAX_ITEMS} items")
    return value


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > MAX_ITEMS:
        raise ValueError(f"a range of more than {MAX_ITEMS} numbers")
    return found


def _round(number: float, digits: int | None = None) -> float:
    if digits is not None and abs(digits) > MAX_DIGITS:
        raise ValueError(f"more than {MAX_DIGITS} digits")
    return round(number, digits)


def _text(value: object) -> str:
    if isinstance(value, list | tuple | range):
        raise ValueError("str takes a number or a text")
    return str(value)


def _replace(record: object, **changes: object) -> object:
    """A record with other values of some fields; it refuses what its type refuses."""
    replaced = getattr(record, "replaced", None)
    if replaced is None:
        raise ValueError("replace takes a record")
    return replaced(changes)


FUNCTIONS: dict[str, Callable[..., object]] = {
    "sqrt": math.sqrt, "exp": math.exp, "log": math.log, "log2": math.log2, "sin": math.sin,
    "cos": math.cos, "tanh": math.tanh, "erf": math.erf, "abs": abs, "floor": math.floor,
    "ceil": math.ceil, "round": _round, "min": min, "max": max, "sum": lambda items: sum(items),
    "len": len, "range": _range, "all": all, "any": any, "isfinite": math.isfinite,
    "isnan": math.isnan, "float": float, "int": int, "list": list, "tuple": tuple, "str": _text,
    "clamp": lambda x, low, high: min(max(x, low), high),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)), "replace": _replace,
}  # fmt: skip
CONSTANTS = {
    "pi": math.pi, "inf": math.inf, "true": True, "false": False, "none": None,
}  # fmt: skip

_BINARY: dict[str, Callable[[object, object], object]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "//": operator.floordiv, "%": operator.mod,
}  # fmt: skip
_COMPARE: dict[str, Callable[[object, object], object]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "in": lambda a, b: a in b,
    "~=": lambda a, b: math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE),
}  # fmt: skip


def evaluate(node: Expression, values: MappingABC[str, object]) -> object:
    """Value of the expression where the names have these values.

    A record (a value with fields) is a mapping; a callable value may be called.

    Raises:
        EvaluationError: unknown name, wrong types, division by zero, a number out of range, formulas
            that call each other without end.
    """
    try:
        return _EVALUATED.get(node.__class__, _tensor)(node, values)
    except EvaluationError:
        raise
    except ZeroDivisionError:
        raise EvaluationError("division by zero", node.span) from None
    except RecursionError:
        raise EvaluationError("formulas call each other without end", node.span) from None
    except (TypeError, ValueError, OverflowError, KeyError, IndexError, AttributeError) as error:
        raise EvaluationError(f"cannot be evaluated: {error}", node.span) from None


_Values = MappingABC[str, object]


def _literal(node: Number | Text, _values: _Values) -> object:
    return node.value


def _name(node: Name, values: _Values) -> object:
    name = node.name
    for scope in (values, CONSTANTS, FUNCTIONS):
        if name in scope:
            return scope[name]
    raise EvaluationError(f"{name!r} is not known here", node.span)


def _attribute(node: Attribute, values: _Values) -> object:
    record, name = evaluate(node.owner, values), node.name
    if not isinstance(record, dict | MappingABC) or name not in record:
        reason = f": {show(node.owner)} is none" if record is None else ""
        raise EvaluationError(f"there is no field {name!r}{reason}", node.span)
    return record[name]


def _call(node: Call, values: _Values) -> object:
    callee = evaluate(node.function, values)
    if not callable(callee):
        raise EvaluationError("this is not a function", node.function.span)
    arguments = [evaluate(argument, values) for argument in node.arguments]
    return callee(*arguments, **{key: evaluate(v, values) for key, v in node.keywords})


def _index(node: Index, values: _Values) -> object:
    if len(node.subscripts) != 1:
        return _tensor(node, values)
    return evaluate(node.owner, values)[evaluate(node.subscripts[0], values)]  # type: ignore[index]


def _unary(node: Unary, values: _Values) -> object:
    operand = evaluate(node.operand, values)
    if node.operator == "not":
        return not operand
    return -operand if node.operator == "-" else +operand  # type: ignore[operator]


def _logical(node: Logical, values: _Values) -> object:
    """The operand that decides, as in Python; those after it are not looked at."""
    for operand in node.operands:
        found = evaluate(operand, values)
        if bool(found) == (node.operator == "or"):
            break
    return found


def _comparison(node: Comparison, values: _Values) -> bool:
    """`a < b < c`, as in Python: what follows a link that does not hold is not looked at."""
    left = evaluate(node.operands[0], values)
    for sign, operand in zip(node.operators, node.operands[1:], strict=True):
        right = evaluate(operand, values)
        if not _COMPARE[sign](left, right):
            return False
        left = right
    return True


def _conditional(node: Conditional, values: _Values) -> object:
    return evaluate(node.then if evaluate(node.condition, values) else node.otherwise, values)


def _items(node: Items, values: _Values) -> object:
    made = [evaluate(item, values) for item in node.items]
    return _bounded(tuple(made) if node.is_tuple else made)


def _tensor(node: Expression, _values: _Values) -> object:
    raise EvaluationError("this needs a tensor and cannot be evaluated here", node.span)


def _real(number: object) -> object:
    if isinstance(number, complex):
        raise ValueError("a fractional power of a negative number")
    return number


def _check_repetition(node: Binary, left: object, right: object) -> None:
    """`[0] * n` and `"x" * n` are lists and texts of bounded length."""
    for items, times in ((left, right), (right, left)):
        is_repetition = isinstance(items, str | list | tuple) and isinstance(times, int)
        if is_repetition and _items_in(items) * times > MAX_ITEMS:
            raise EvaluationError("the list is too large", node.span)


def _check_product(node: Binary, left: object, right: object) -> None:
    """A chain of squares doubles its digits at each step."""
    is_whole = isinstance(left, int) and isinstance(right, int)
    if is_whole and left.bit_length() + right.bit_length() > MAX_BITS:
        raise EvaluationError("the number is too large", node.span)


def _binary(node: Binary, values: _Values) -> object:
    left, right = evaluate(node.left, values), evaluate(node.right, values)
    if node.operator == "^":
        if isinstance(right, int | float) and abs(right) > MAX_EXPONENT:
            raise EvaluationError(f"an exponent over {MAX_EXPONENT}", node.span)
        if isinstance(left, int) and left.bit_length() * abs(right) > MAX_BITS:
            raise EvaluationError("the number is too large", node.span)
        return _real(left**right)
    if node.operator == "*":
        _check_repetition(node, left, right)
        _check_product(node, left, right)
    if node.operator == "+" and isinstance(left, str | list | tuple):
        return _bounded(left + right)
    if node.operator == "%" and isinstance(left, str):  # Python would take it for a format
        raise EvaluationError("% needs numbers", node.span)
    if node.operator not in _BINARY:
        raise EvaluationError(f"{node.operator!r} needs tensors", node.span)
    return _BINARY[node.operator](left, right)


_EVALUATED: dict[type, Callable[..., object]] = {
    Number: _literal, Text: _literal, Name: _name, Attribute: _attribute, Call: _call,
    Index: _index, Unary: _unary, Binary: _binary, Comparison: _comparison, Logical: _logical,
    Conditional: _conditional, Items: _items,
}  # fmt: skip
