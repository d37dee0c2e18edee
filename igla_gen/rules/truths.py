"""What can be known of a statement without running it: is it true whatever the code returns?

Both sides of a comparison are brought into one form (sums and products without order, equal terms
cancelled, inputs of the law put in for their names); what then says the same on both sides, or
compares two numbers, says nothing about the code.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise

from igla_gen.expressions import Expression, names, show
from igla_gen.expressions.emit import SEEDED
from igla_gen.expressions.tree import (
    Attribute,
    Binary,
    Call,
    Comparison,
    Conditional,
    Ellipsis_,
    Index,
    Items,
    Logical,
    Name,
    Number,
    Slice,
    Text,
    Unary,
    walk,
)

Form = tuple  # nested tuples of texts and numbers
Inputs = Mapping[str, Expression]
_MIRRORED = {">": "<", ">=": "<="}
MAX_SIZE = 400  # nodes of an input with those that it names
# from where to where the values of a function go, whatever it is called with
_RANGES = {
    **dict.fromkeys(("abs", "len", "norm", "std", "var", "sqrt", "exp", "argmax"), (0, math.inf)),
    **dict.fromkeys(("sigmoid", "softmax"), (0, 1)),
    **dict.fromkeys(("tanh", "sin", "cos"), (-1, 1)),
}
_ANYWHERE = (-math.inf, math.inf)


def inlined(inputs: Inputs) -> Inputs:
    """The inputs that give the same value wherever they stand: nothing drawn, no method called.

    Those that would grow beyond what a person can read are left out, and those that name what
    comes after them.
    """
    found: dict[str, Expression] = {}
    sizes: dict[str, int] = {}
    pending = set(inputs)
    for name, value in inputs.items():
        parts = list(walk(value))
        calls = [part.function for part in parts if isinstance(part, Call)]
        is_plain = all(isinstance(call, Name) and call.name not in SEEDED for call in calls)
        read = [part.name for part in parts if isinstance(part, Name)]
        size = len(parts) + sum(sizes.get(word, 0) for word in read)
        if is_plain and size <= MAX_SIZE and pending.isdisjoint(read):
            found[name], sizes[name] = value, size
        pending.discard(name)
    return found


def expanded_names(node: Expression, inputs: Inputs) -> set[str]:
    """Every name that the expression reads, itself or through the inputs that it names."""
    found: set[str] = set()
    pending = [name.name for name in names(node)]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if name in inputs:
                pending += [part.name for part in names(inputs[name])]
    return found


def always_holds(node: Expression, inputs: Inputs, declared: Collection[str]) -> bool:
    """Whether the statement is true for any code; comparing two runs bit by bit is a statement."""
    match node:
        case Logical("and", operands):
            return all(always_holds(part, inputs, declared) for part in operands)
        case Logical("or", operands):
            is_true = any(always_holds(part, inputs, declared) for part in operands)
            return is_true or _are_opposites(operands, inputs)
        case Unary("not", operand):
            return never_holds(operand, inputs)
        case Conditional(condition, then, otherwise):
            taken = (then,) if always_holds(condition, inputs, ()) else (then, otherwise)
            return all(always_holds(part, inputs, declared) for part in taken)
        case Comparison(operands, operators):
            links = zip(operators, pairwise(operands), strict=True)
            return all(_link_holds(sign, *pair, inputs, declared) for sign, pair in links)
        case Call(Name("all" | "any"), (argument, *_)):
            return always_holds(argument, inputs, declared)
        case Call(Name("allclose"), (left, right)):
            return form(left, inputs) == form(right, inputs)
    return form(node, inputs) == ("name", "true")


def never_holds(node: Expression, inputs: Inputs) -> bool:
    """Whether the statement is false for any code."""
    match node:
        case Comparison((left, right), (sign,)):
            a, b = form(left, inputs), form(right, inputs)
            both = _numbers(a, b)
            if both is not None:
                return not _compare(sign, *both)
            return a == b and sign in ("!=", "<", ">")
        case Unary("not", operand):
            return always_holds(operand, inputs, ())
    return form(node, inputs) == ("name", "false")


def _link_holds(
    sign: str, left: Expression, right: Expression, inputs: Inputs, declared: Collection[str]
) -> bool:
    a, b = form(left, inputs), form(right, inputs)
    both = _numbers(a, b)
    if both is not None:
        return _compare(sign, *both)
    if a == b:
        is_rerun = sign == "==" and not _looks_at_shape(left) and _calls(left, inputs, declared)
        return sign in ("==", "~=", "<=", ">=") and not is_rerun
    if sign in (">", ">="):
        sign, a, b = _MIRRORED[sign], b, a
        left, right = right, left
    if sign in ("<", "<="):
        highest, lowest = _range(left, inputs)[1], _range(right, inputs)[0]
        return highest < lowest or (highest == lowest and sign == "<=")
    return sign == "in" and isinstance(right, Items) and a in b[1:]


def _looks_at_shape(node: Expression) -> bool:
    return (
        isinstance(node, Call) and isinstance(node.function, Name) and node.function.name == "shape"
    )


def _calls(node: Expression, inputs: Inputs, declared: Collection[str]) -> bool:
    return bool(expanded_names(node, inputs) & set(declared))


def _are_opposites(operands: tuple[Expression, ...], inputs: Inputs) -> bool:
    forms = {form(part, inputs) for part in operands}
    return any(_negated(part) in forms for part in forms)


def _negated(item: Form) -> Form:
    if item[0] == "compare" and len(item) == 2 and item[1][0] in ("==", "!="):
        sign, *sides = item[1]
        return ("compare", ("!=" if sign == "==" else "==", *sides))
    return item[1] if item[0] == "not" else ("not", item)


def _range(node: Expression, inputs: Inputs) -> tuple[float, float]:
    """From where to where the value may go, as far as the outermost function says."""
    kind, *value = form(node, inputs)
    if kind == "number":
        return value[0], value[0]
    match node:
        case Name(name) if name in inputs:
            return _range(inputs[name], inputs)
        case Call(Name("min" | "max" | "float"), (argument,)) | Call(Name("mean"), (argument, *_)):
            return _range(argument, inputs)
        case Call(Name("sum"), (argument, *_)):
            return (0, math.inf) if _range(argument, inputs)[0] >= 0 else _ANYWHERE
        case Call(Name("clamp"), (_, low, high)):
            return _range(low, inputs)[0], _range(high, inputs)[1]
        case Call(Name(name), _):
            return _RANGES.get(name, _ANYWHERE)
        case Binary("^", _, Number(power)) if power % 2 == 0:
            return 0, math.inf
    return _ANYWHERE


def _numbers(*forms: Form) -> list[int | float] | None:
    return [f[1] for f in forms] if all(f[0] == "number" for f in forms) else None


def _compare(sign: str, a: float, b: float) -> bool:
    return {
        "==": a == b, "~=": abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1), "!=": a != b,
        "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b,
    }.get(sign, False)  # fmt: skip


# -- one form for what means the same ------------------------------------------------------------


def form(node: Expression, inputs: Inputs) -> Form:
    """The expression as nested tuples, the same for expressions that are equal by plain algebra."""

    def part(child: Expression) -> Form:
        return form(child, inputs)

    match node:
        case Number(value):
            return ("number", value)
        case Text(value):
            return ("text", value)
        case Name(name):
            return form(inputs[name], inputs) if name in inputs else ("name", name)
        case Attribute(owner, name):
            return ("attribute", part(owner), name)
        case Call(function, arguments, keywords):
            pairs = sorted((key, part(value)) for key, value in keywords)
            return ("call", part(function), *map(part, arguments), *pairs)
        case Index(owner, subscripts):
            return ("index", part(owner), *map(part, subscripts))
        case Slice(start, stop):
            return ("slice", *(part(end) if end is not None else () for end in (start, stop)))
        case Ellipsis_():
            return ("...",)
        case Items(items):
            return ("items", *map(part, items))
    return _form_of_operator(node, inputs)


def _form_of_operator(node: Expression, inputs: Inputs) -> Form:
    def part(child: Expression) -> Form:
        return form(child, inputs)

    match node:
        case Unary("not", operand):
            return _negated(part(operand))
        case Unary() | Binary("+" | "-"):
            return _sum(node, inputs)
        case Binary("*" | "/" | "^"):
            return _product(node, inputs)
        case Binary(operator, left, right):
            return (operator, part(left), part(right))
        case Comparison(operands, operators):
            links = zip(operators, pairwise(map(part, operands)), strict=True)
            return ("compare", *(_link(sign, *pair) for sign, pair in links))
        case Logical(operator, operands):
            return (operator, *sorted(map(part, operands), key=repr))
        case Conditional(condition, then, otherwise):
            if always_holds(condition, inputs, ()) or part(then) == part(otherwise):
                return part(then)
            return ("if", part(condition), part(then), part(otherwise))
    return ("as written", show(node))


def _link(sign: str, a: Form, b: Form) -> Form:
    if sign in _MIRRORED:
        return (_MIRRORED[sign], b, a)
    return (sign, a, b) if sign in ("<", "<=", "in") else (sign, *sorted((a, b), key=repr))


def _sum(node: Expression, inputs: Inputs) -> Form:
    """A sum by its terms: how often each one counts, and the number that stands alone."""
    terms: dict[Form, int | float] = {}
    constant: int | float = 0
    for sign, term in _terms(node, 1):
        factor, rest = _split(form(term, inputs))
        if rest is None:
            constant += sign * factor
        elif rest[0] == "sum":  # an input of the law that is a sum itself
            constant += sign * factor * rest[1]
            for count, inner in rest[2:]:
                terms[inner] = terms.get(inner, 0) + sign * factor * count
        else:
            terms[rest] = terms.get(rest, 0) + sign * factor
    kept = sorted(((count, term) for term, count in terms.items() if count), key=repr)
    if not kept:
        return ("number", constant)
    if constant == 0 and len(kept) == 1:
        count, term = kept[0]
        return term if count == 1 else ("product", count, (1, term))
    return ("sum", constant, *kept)


def _terms(node: Expression, sign: int) -> Iterator[tuple[int, Expression]]:
    match node:
        case Unary("-" | "+" as operator, operand):
            yield from _terms(operand, -sign if operator == "-" else sign)
        case Binary("+" | "-" as operator, left, right):
            yield from _terms(left, sign)
            yield from _terms(right, -sign if operator == "-" else sign)
        case _:
            yield sign, node


def _split(item: Form) -> tuple[int | float, Form | None]:
    """A term as a number and what it multiplies; None where it is a number alone."""
    if item[0] == "number":
        return item[1], None
    if item[0] == "product":
        factor, rest = item[1], item[2:]
        is_single = len(rest) == 1 and rest[0][0] == 1
        return factor, rest[0][1] if is_single else ("product", 1, *rest)
    return 1, item


def _product(node: Expression, inputs: Inputs) -> Form:
    """A product by its factors, each with its power, and the number that stands before them."""
    powers: dict[Form, int | float] = {}
    number: int | float = 1
    for power, factor in _factors(node, 1):
        count, rest = _split(form(factor, inputs))
        try:
            number *= count if power == 1 else float(count) ** power
        except (ZeroDivisionError, OverflowError):
            number = math.nan
        if isinstance(number, complex) or not math.isfinite(number):
            return ("undefined", repr(rest), power)
        inner = rest[2:] if rest is not None and rest[0] == "product" else ((1, rest),)
        for times, item in inner if rest is not None else ():
            powers[item] = powers.get(item, 0) + times * power
    kept = sorted(((power, item) for item, power in powers.items() if power), key=repr)
    if number == 0 or not kept:
        return ("number", number)
    if number == 1 and len(kept) == 1 and kept[0][0] == 1:
        return kept[0][1]
    return ("product", number, *kept)


def _factors(node: Expression, power: int | float) -> Iterator[tuple[int | float, Expression]]:
    match node:
        case Binary("*" | "/" as operator, left, right):
            yield from _factors(left, power)
            yield from _factors(right, power if operator == "*" else -power)
        case Binary("^", base, Number(exponent)) if abs(exponent) <= 64:
            yield from _factors(base, power * exponent)
        case Binary("^", base, exponent):
            yield power, Call(Name("^", node.span), (base, exponent), (), node.span)
        case _:
            yield power, node
