"""Expressions as Python source: plain arithmetic for constraints and formulas, torch for laws."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from igla_gen.diagnostics import Diagnostic, Span, SpecError
from igla_gen.expressions.evaluate import TOLERANCE
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
    show,
)

Kind = Literal["tensor", "scalar", "other"]

# name -> (on tensors, on plain values); {0} {1} ... are the arguments, {all} all of them
_FUNCTIONS: dict[str, tuple[str, str]] = {
    "sqrt": ("torch.sqrt({0})", "math.sqrt({0})"),
    "exp": ("torch.exp({0})", "math.exp({0})"),
    "log": ("torch.log({0})", "math.log({0})"),
    "log2": ("torch.log2({0})", "math.log2({0})"),
    "sin": ("torch.sin({0})", "math.sin({0})"),
    "cos": ("torch.cos({0})", "math.cos({0})"),
    "tanh": ("torch.tanh({0})", "math.tanh({0})"),
    "erf": ("torch.erf({0})", "math.erf({0})"),
    "sigmoid": ("torch.sigmoid({0})", "1 / (1 + math.exp(-({0})))"),
    "abs": ("torch.abs({0})", "abs({0})"),
    "floor": ("torch.floor({0})", "math.floor({0})"),
    "ceil": ("torch.ceil({0})", "math.ceil({0})"),
    "round": ("torch.round({0})", "round({all})"),
    "isfinite": ("torch.isfinite({0})", "math.isfinite({0})"),
    "isnan": ("torch.isnan({0})", "math.isnan({0})"),
    "clamp": ("torch.clamp({all})", "min(max({0}, {1}), {2})"),
    "cat": ("torch.cat({0}, dim={1})", ""),
    "stack": ("torch.stack({0}, dim={1})", ""),
    "outer": ("torch.outer({all})", ""),
    "where": ("torch.where({all})", ""),
    "cumsum": ("torch.cumsum({0}, dim={1})", ""),
    "softmax": ("torch.softmax({0}, dim={1})", ""),
    "log_softmax": ("torch.log_softmax({0}, dim={1})", ""),
    "argmax": ("torch.argmax({0}, dim={1})", ""),
    "sort": ("torch.sort({0}, dim={1}).values", "sorted({0})"),
    "transpose": ("torch.transpose({all})", ""),
    "reshape": ("torch.reshape({0}, ({rest},))", ""),
    "flip": ("torch.flip({0}, ({rest},))", ""),
    "allclose": ("torch.allclose({all})", "math.isclose({all})"),
    "shape": ("tuple({0}.shape)", ""),
    "dtype": ("{0}.dtype", ""),
    "float": ("{0}.item()", "float({0})"),
    "int": ("int({0})", "int({0})"),
    "list": ("{0}.tolist()", "list({0})"),
    "tuple": ("tuple({0}.tolist())", "tuple({0})"),
    "str": ("str({0})", "str({0})"),
    "len": ("len({0})", "len({0})"),
    "range": ("range({all})", "range({all})"),
    "eye": ("torch.eye({0}, dtype=torch.float64)", "torch.eye({0}, dtype=torch.float64)"),
}  # fmt: skip
# name -> (whole tensor, along a dimension that stays with size one, plain values)
_REDUCTIONS: dict[str, tuple[str, str, str]] = {
    "sum": ("torch.sum({0})", "torch.sum({0}, dim={1}, keepdim=True)", "sum({0})"),
    "mean": ("torch.mean({0})", "torch.mean({0}, dim={1}, keepdim=True)", "statistics.fmean({0})"),
    "var": (
        "torch.var({0}, correction=0)",
        "torch.var({0}, dim={1}, correction=0, keepdim=True)",
        "statistics.pvariance({0})",
    ),
    "std": (
        "torch.std({0}, correction=0)",
        "torch.std({0}, dim={1}, correction=0, keepdim=True)",
        "statistics.pstdev({0})",
    ),
    "min": ("torch.amin({0})", "torch.amin({0}, dim={1}, keepdim=True)", "min({all})"),
    "max": ("torch.amax({0})", "torch.amax({0}, dim={1}, keepdim=True)", "max({all})"),
    "norm": (
        "torch.linalg.vector_norm({0})",
        "torch.linalg.vector_norm({0}, dim={1}, keepdim=True)",
        "math.hypot(*{0})",
    ),
    "all": ("torch.all({0})", "torch.all({0}, dim={1}, keepdim=True)", "all({0})"),
    "any": ("torch.any({0})", "torch.any({0}, dim={1}, keepdim=True)", "any({0})"),
}
# makers of seeded or constant tensors; {shape} is what follows the fixed arguments
_MAKERS: dict[str, tuple[int, str]] = {
    "normal": (0, "torch.randn({shape}, generator=generator, dtype={dtype})"),
    "uniform": (0, "torch.rand({shape}, generator=generator, dtype={dtype})"),
    "integers": (2, "torch.randint({0}, {1}, ({shape},), generator=generator)"),
    "zeros": (0, "torch.zeros({shape}, dtype={dtype})"),
    "ones": (0, "torch.ones({shape}, dtype={dtype})"),
    "full": (1, "torch.full(({shape},), {0}, dtype={dtype})"),
    "arange": (0, "torch.arange({shape})"),
    "tensor": (1, "torch.tensor({0}, dtype={dtype})"),
}
_ELEMENTWISE = ("==", "!=", "<", "<=", ">", ">=")
SEEDED = ("normal", "uniform", "integers")
_OTHER_RESULTS = ("shape", "dtype", "str", "list", "tuple", "range")
_SCALAR_RESULTS = ("len", "float", "int")
_DTYPES = ("float64", "float32", "float16", "bfloat16", "int64", "int32", "bool")
_CONSTANTS = {"pi": "math.pi", "inf": "math.inf", "true": "True", "false": "False", "none": "None"}
REPLACE = "replace"  # of a record: the same with other values of some fields
VOCABULARY = frozenset((*_FUNCTIONS, *_REDUCTIONS, *_MAKERS, *_CONSTANTS, *_DTYPES, REPLACE))


@dataclass(slots=True)
class Scope:
    """How names are written, and of what kind their values are.

    `sources` maps a name to the Python that stands for it; `kinds` gives the kind of a name's
    value, `results` the kind that a call of it returns. `tolerance` is that of `~=`.
    """

    sources: Mapping[str, str]
    kinds: dict[str, Kind] = field(default_factory=dict)
    results: Mapping[str, Kind] = field(default_factory=dict)
    tolerance: float = TOLERANCE


def emit(node: Expression, scope: Scope) -> str:
    """Python source of the expression, without needless brackets.

    Raises:
        SpecError: the expression has no meaning as code (unknown name, wrong argument count).
    """
    return ast.unparse(ast.parse(_emit(node, scope), mode="eval"))


def require_emittable(node: Expression, scope: Scope) -> None:
    """Raises what `emit` would raise, and takes a third of its time."""
    _emit(node, scope)


def kind_of(node: Expression, scope: Scope) -> Kind:
    """Whether the value is a tensor, a plain number, or something else."""
    match node:
        case Number():
            return "scalar"
        case Name(name):
            if name in scope.kinds:
                return scope.kinds[name]
            return "scalar" if name in scope.sources or name in _CONSTANTS else "other"
        case Call():
            return _kind_of_call(node, scope)
        case Index(owner=owner):
            return "tensor" if kind_of(owner, scope) == "tensor" else "other"
        case Attribute(owner=owner):
            return "other"
        case Unary(operand=operand):
            return kind_of(operand, scope)
        case Binary() | Conditional():
            sides = (
                (node.left, node.right) if isinstance(node, Binary) else (node.then, node.otherwise)
            )
            kinds = [kind_of(side, scope) for side in sides]
            return next((kind for kind in ("tensor", "other") if kind in kinds), "scalar")
        case Comparison(operands=operands):
            return "tensor" if any(kind_of(o, scope) == "tensor" for o in operands) else "scalar"
    return "other"


def _kind_of_call(node: Call, scope: Scope) -> Kind:
    name = node.function.name if isinstance(node.function, Name) else None
    if name is not None and name in scope.results:
        return scope.results[name]
    if name in _MAKERS or name == "eye":
        return "tensor"
    if name in _OTHER_RESULTS:
        return "other"
    if name in _SCALAR_RESULTS:
        return "scalar"
    if name in _FUNCTIONS or name in _REDUCTIONS:
        return "tensor" if _is_tensor_call(node, scope) else "scalar"
    is_tensor = any(kind_of(argument, scope) == "tensor" for argument in node.arguments)
    return "tensor" if is_tensor else "other"


def _is_tensor_call(node: Call, scope: Scope) -> bool:
    """A vocabulary function works on tensors when any argument, or item of a list, is one."""
    for argument in node.arguments:
        parts = argument.items if isinstance(argument, Items) else (argument,)
        if any(kind_of(part, scope) == "tensor" for part in parts):
            return True
        # what a module or an attribute gives is a tensor wherever torch has a say
        torch_only = isinstance(node.function, Name) and not _plain_form(node.function.name)
        if torch_only:
            return True
    return False


def _plain_form(name: str) -> str:
    if name in _FUNCTIONS:
        return _FUNCTIONS[name][1]
    return _REDUCTIONS[name][2] if name in _REDUCTIONS else ""


def _emit(node: Expression, scope: Scope) -> str:
    def part(child: Expression) -> str:
        return _emit(child, scope)

    match node:
        case Number(value) | Text(value):
            return repr(value)
        case Name():
            return _emit_name(node, scope)
        case Ellipsis_():
            return "..."
        case Attribute(owner, name):
            return f"({part(owner)}).{name}"
        case Call():
            return _emit_call(node, scope)
        case Index(owner, subscripts):
            inner = ", ".join(_emit_operand(subscript, scope) for subscript in subscripts)
            return f"({part(owner)})[{inner}]"
        case Slice(start, stop):
            return f"{part(start) if start else ''}:{part(stop) if stop else ''}"
        case Items(items, is_tuple):
            inner = "".join(f"{part(item)}, " for item in items)
            return f"({inner})" if is_tuple else f"[{inner}]"
        case Unary(operator, operand):
            return f"({operator} ({part(operand)}))"
        case Binary(operator, left, right):
            sign = "**" if operator == "^" else operator
            return f"(({_emit_operand(left, scope)}) {sign} ({_emit_operand(right, scope)}))"
        case Comparison():
            return _emit_comparison(node, scope)
        case Logical(operator, operands):
            return "(" + f" {operator} ".join(f"({part(o)})" for o in operands) + ")"
        case Conditional(condition, then, otherwise):
            return f"(({part(then)}) if ({part(condition)}) else ({part(otherwise)}))"


def _emit_operand(node: Expression, scope: Scope) -> str:
    """As a part of a larger expression a comparison of tensors is elementwise, not one verdict."""
    is_one = isinstance(node, Comparison) and len(node.operators) == 1
    if is_one and node.operators[0] in _ELEMENTWISE and kind_of(node, scope) == "tensor":
        left, right = (_emit(operand, scope) for operand in node.operands)
        return f"(({left}) {node.operators[0]} ({right}))"
    return _emit(node, scope)


def _emit_name(node: Name, scope: Scope) -> str:
    if node.name in scope.sources:
        return scope.sources[node.name]
    if node.name in _CONSTANTS:
        return _CONSTANTS[node.name]
    if node.name in _DTYPES:
        return f"torch.{node.name}"
    raise _error(f"{node.name!r} is not known here", node.span)


def _emit_call(node: Call, scope: Scope) -> str:
    arguments = [_emit_operand(argument, scope) for argument in node.arguments]
    name = node.function.name if isinstance(node.function, Name) else None
    if name is None or name in scope.sources:
        keywords = [f"{key}={_emit(value, scope)}" for key, value in node.keywords]
        return f"({_emit(node.function, scope)})({', '.join(arguments + keywords)})"
    if name in _MAKERS:
        return _emit_maker(node, name, arguments)
    if name == REPLACE:
        return _emit_replace(node, scope)
    if node.keywords:
        positional = Call(
            node.function, (*node.arguments, *(value for _, value in node.keywords)), (), node.span
        )
        hint = f"arguments have no names here: write {show(positional)}"
        raise _error(f"{name} takes no keyword arguments", node.span, hint)
    if name in _FUNCTIONS:
        form = _FUNCTIONS[name][0 if _is_tensor_call(node, scope) else 1]
    elif name in _REDUCTIONS:
        whole, along, plain = _REDUCTIONS[name]
        tensor_form = whole if len(arguments) == 1 else along
        form = tensor_form if _is_tensor_call(node, scope) else plain
    else:
        raise _error(f"{name!r} is not known here", node.function.span)
    return _fill(form, name, arguments, node.span)


def _emit_replace(node: Call, scope: Scope) -> str:
    if len(node.arguments) != 1 or not node.keywords:
        raise _error(f"{REPLACE} takes a record, and field=value", node.span)
    changes = [f"{key}={_emit(value, scope)}" for key, value in node.keywords]
    return f"dataclasses.replace({_emit(node.arguments[0], scope)}, {', '.join(changes)})"


def _fill(form: str, name: str, arguments: list[str], span: Span) -> str:
    if not form:
        raise _error(f"{name} needs a tensor", span)
    takes_all = "{all}" in form or "{rest}" in form
    surplus = [i for i in range(len(arguments)) if f"{{{i}}}" not in form]
    if surplus and not takes_all:
        raise _error(f"{name} has too many arguments ({len(arguments)})", span)
    try:
        return form.format(
            *(f"({a})" if f"{{{i}}}." in form else a for i, a in enumerate(arguments)),
            all=", ".join(arguments),
            rest=", ".join(arguments[1:]),
        )
    except IndexError:
        raise _error(f"{name} has too few arguments ({len(arguments)})", span) from None


def _emit_maker(node: Call, name: str, arguments: list[str]) -> str:
    fixed, form = _MAKERS[name]
    keywords = dict(node.keywords)
    dtype = keywords.pop("dtype", None)
    if keywords or (dtype is not None and not (isinstance(dtype, Name) and dtype.name in _DTYPES)):
        raise _error(f"{name} takes dtype=, one of {', '.join(_DTYPES)}", node.span)
    shape = arguments[fixed:]
    if len(arguments) < fixed or (
        not shape and name not in ("tensor", "normal", "uniform", "full")
    ):
        raise _error(f"{name} has too few arguments ({len(arguments)})", node.span)
    source = form.format(
        *arguments[:fixed],
        shape=", ".join(shape) if shape else "()",
        dtype=f"torch.{dtype.name if isinstance(dtype, Name) else 'float64'}",
    )
    return source.replace("((),)", "()")


def _emit_comparison(node: Comparison, scope: Scope) -> str:
    links: Callable[[int], str] = lambda i: _link(node, i, scope)  # noqa: E731
    return "(" + " and ".join(links(i) for i in range(len(node.operators))) + ")"


def _link(node: Comparison, index: int, scope: Scope) -> str:
    left, right = node.operands[index], node.operands[index + 1]
    sign = node.operators[index]
    a, b = _emit(left, scope), _emit(right, scope)
    is_tensor = "tensor" in (kind_of(left, scope), kind_of(right, scope))
    if sign == "~=":
        if is_tensor:
            a, b = _alike(a, kind_of(left, scope), b, kind_of(right, scope))
            return f"torch.allclose({a}, {b}, rtol={scope.tolerance}, atol={scope.tolerance})"
        return f"math.isclose({a}, {b}, rel_tol={scope.tolerance}, abs_tol={scope.tolerance})"
    if sign in ("==", "!=") and "None" in (a, b):
        return f"(({a}) {'is' if sign == '==' else 'is not'} ({b}))"
    if is_tensor and sign == "==":
        both = kind_of(left, scope) == kind_of(right, scope) == "tensor"
        return f"torch.equal({a}, {b})" if both else f"bool((({a}) == ({b})).all())"
    if is_tensor and sign == "!=":
        both = kind_of(left, scope) == kind_of(right, scope) == "tensor"
        return f"not torch.equal({a}, {b})" if both else f"bool((({a}) != ({b})).all())"
    if is_tensor and sign != "in":
        return f"bool((({a}) {sign} ({b})).all())"
    return f"(({a}) {sign} ({b}))"


def filled(like: str, number: str) -> str:
    """A tensor of one number; its dtype holds the number, so that 2.5 beside whole numbers stays 2.5."""
    return f"torch.full_like({like}, {number}, dtype=torch.result_type({like}, {number}))"


def _alike(a: str, kind_a: Kind, b: str, kind_b: Kind) -> tuple[str, str]:
    """Both sides as tensors of one dtype, where one of them is a number."""
    if (kind_a, kind_b) == ("scalar", "tensor"):
        b, a = _alike(b, kind_b, a, kind_a)
    elif (kind_a, kind_b) == ("tensor", "scalar"):
        a, b = f"({a}).to(torch.result_type({a}, {b}))", filled(a, b)
    return a, b


def emit_chain(node: Expression, scope: Scope) -> str:
    """Like `emit`, but a plain chain `a < b < c` stays a chain; for scalar code."""
    if isinstance(node, Comparison) and "~=" not in node.operators and len(node.operators) > 1:
        parts = [f"({_emit(node.operands[0], scope)})"]
        for sign, operand in zip(node.operators, node.operands[1:], strict=True):
            parts += [sign, f"({_emit(operand, scope)})"]
        return ast.unparse(ast.parse(" ".join(parts), mode="eval"))
    return emit(node, scope)


def _error(message: str, span: Span, hint: str | None = None) -> SpecError:
    hint = hint or "known: the names in 'for', this spec's and its uses' declarations, and the vocabulary"
    return SpecError(Diagnostic("IG212", "unknown-name", message, span, hint))


def vocabulary() -> dict[str, list[tuple[str, str, str]]]:
    """Every word of the vocabulary under its heading: as called, on tensors, on plain values."""
    functions = [(_call(name, *forms), *map(_shown, forms)) for name, forms in _FUNCTIONS.items()]
    reductions = [
        row
        for name, (whole, along, plain) in _REDUCTIONS.items()
        for row in (
            (f"{name}(x)", _shown(whole), _shown(plain)),
            (f"{name}(x, y)", _shown(along), _shown(plain) if "{all}" in plain else ""),
        )
    ]
    makers = [
        (
            f"{name}({', '.join((*'xy'[:fixed], '...'))})",
            _shown(form.replace("{dtype}", "torch.float64")).replace("{shape}", "..."),
            "",
        )
        for name, (fixed, form) in _MAKERS.items()
    ]
    records = [(f"{REPLACE}(x, field=y)", "", "dataclasses.replace(x, field=y)")]
    constants = [(name, "", form) for name, form in _CONSTANTS.items()]
    dtypes = [(name, f"torch.{name}", "") for name in _DTYPES]
    return {
        "Functions": functions,
        "Reductions": reductions,
        "Makers of tensors": makers,
        "Records": records,
        "Constants": constants,
        "Dtypes": dtypes,
    }


def _call(name: str, *forms: str) -> str:
    joined = "".join(forms)
    words = [word for index, word in enumerate("xyz") if f"{{{index}}}" in joined]
    if "{all}" in joined or "{rest}" in joined:
        words = [*(words or ["x"]), "..."]
    return f"{name}({', '.join(dict.fromkeys(words))})"


def _shown(form: str) -> str:
    for index, word in enumerate("xyz"):
        form = form.replace(f"{{{index}}}", word)
    return form.replace("{all}", "x, ...").replace("{rest}", "...")
