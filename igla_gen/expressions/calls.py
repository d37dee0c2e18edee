"""What the functions of the closed vocabulary give for arguments of which kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from igla_gen.expressions.kinds import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    UNKNOWN,
    Array,
    Kind,
    Plain,
    Several,
    Shape,
    ShapeError,
    Size,
    Unknown,
    axis,
    broadcast,
    is_number,
    is_text,
    join,
    number_of,
    show_kind,
    show_shape,
    strip,
)
from igla_gen.expressions.tree import Ellipsis_, Slice

Arguments = Sequence[Kind]


class CallError(ValueError):
    """A call that cannot be right: the rule that says so, and which argument is to blame."""

    def __init__(self, name: str, message: str, argument: int | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.argument = argument


# how many arguments each function takes; emission refuses any other number
_COUNTS = {
    "normal": (0, 99), "uniform": (0, 99), "integers": (3, 99), "zeros": (1, 99), "ones": (1, 99),
    "full": (1, 99), "arange": (1, 3), "tensor": (1, 1), "sum": (1, 2), "mean": (1, 2),
    "var": (1, 2), "std": (1, 2), "norm": (1, 2), "min": (1, 99), "max": (1, 99), "all": (1, 2),
    "any": (1, 2), "clamp": (3, 3), "cat": (2, 2), "stack": (2, 2), "outer": (2, 2),
    "where": (3, 3), "cumsum": (2, 2), "softmax": (2, 2), "log_softmax": (2, 2), "argmax": (2, 2),
    "sort": (1, 2), "transpose": (3, 3), "reshape": (2, 99), "flip": (2, 99), "allclose": (2, 4),
    "round": (1, 2), "range": (1, 3),
}  # fmt: skip
_ELEMENTWISE = ("sqrt", "exp", "log", "log2", "sin", "cos", "tanh", "erf", "sigmoid", "abs",
                "floor", "ceil", "round", "isfinite", "isnan")  # fmt: skip
_REDUCTIONS = ("sum", "mean", "var", "std", "norm", "min", "max", "all", "any")
_ALONG = ("softmax", "log_softmax", "cumsum", "sort")
_SCALAR_RESULTS: dict[str, Kind] = {
    "float": FLOAT, "int": INT, "str": STRING, "allclose": BOOL, "dtype": UNKNOWN,
    "list": Several(UNKNOWN), "tuple": Several(UNKNOWN), "range": Several(INT),
}  # fmt: skip
_DTYPE_FAMILY = {"int64": "int", "int32": "int", "bool": "bool"}


def result(name: str, arguments: Arguments, keywords: dict[str, Kind]) -> Kind:
    """What the call gives.

    Raises:
        CallError: the number or the kind of the arguments is wrong.
        ShapeError: sizes do not fit.
    """
    if name not in KNOWN:
        return UNKNOWN  # unknown-name reports it
    arguments = [strip(argument) for argument in arguments]
    fewest, most = _COUNTS.get(name, (1, 1))
    if not fewest <= len(arguments) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        wanted = f"{fewest} or more" if most == 99 else wanted
        raise CallError("wrong-argument", f"{name} takes {wanted} arguments, not {len(arguments)}")
    if name in _MAKERS:
        return _make(name, arguments, keywords)
    if name in _ELEMENTWISE:
        return _elementwise(name, arguments)
    if name in _REDUCTIONS:
        return _reduce(name, arguments)
    if name in _ALONG:
        return _along(name, arguments)
    return _OTHERS[name](arguments) if name in _OTHERS else _SCALAR_RESULTS[name]


def _known_int(kind: Kind) -> int | None:
    return kind.value if isinstance(kind, Plain) and type(kind.value) is int else None


def _size(name: str, kind: Kind, index: int) -> Size:
    if not isinstance(kind, Unknown | Array) and not (
        isinstance(kind, Plain) and kind.kind in ("Int", "Bool")
    ):
        message = f"a size of {name} is a whole number, not {show_kind(kind)}"
        raise CallError("ill-typed-expression", message, index)
    value = _known_int(kind)
    if value is not None and value < 0:
        raise CallError("dimension-mismatch", f"a size of {name} is {value}", index)
    return value


def _make(name: str, arguments: Arguments, keywords: dict[str, Kind]) -> Kind:
    dtype = keywords.get("dtype")
    word = dtype.value if isinstance(dtype, Plain) else None
    family = _DTYPE_FAMILY.get(str(word), "float")
    if name in ("normal", "uniform") and family != "float":
        raise CallError("ill-typed-expression", f"{name} draws floats, not {word}")
    if name in ("integers", "arange"):
        family = "int"
    shape, found = _MAKERS[name](name, arguments)
    return Array(shape, found if found and word is None else family)


def _sizes_after(fixed: int) -> Callable[[str, Arguments], tuple[Shape | None, str | None]]:
    def shape(name: str, arguments: Arguments) -> tuple[Shape | None, str | None]:
        rest = list(enumerate(arguments))[fixed:]
        return tuple(_size(name, kind, index) for index, kind in rest), None

    return shape


def _arange(_name: str, arguments: Arguments) -> tuple[Shape | None, str | None]:
    values = [_known_int(argument) for argument in arguments]
    if any(value is None for value in values) or (len(values) == 3 and values[2] == 0):
        return (None,), "int"
    return (len(range(*values)),), "int"  # type: ignore[arg-type]


def _tensor(_name: str, arguments: Arguments) -> tuple[Shape | None, str | None]:
    shape = _nested(arguments[0])
    return shape, "bool" if _holds_bools(arguments[0]) else "float"


def _holds_bools(kind: Kind) -> bool:
    if isinstance(kind, Several):
        return any(_holds_bools(item) for item in kind.items or ())
    return isinstance(kind, Plain) and kind.kind == "Bool"


def _nested(kind: Kind) -> Shape | None:
    """The shape of nested lists of numbers."""
    if isinstance(kind, Several) and kind.items is not None:
        inner = [_nested(item) for item in kind.items]
        if None in inner:
            return None
        if len(set(inner)) > 1:
            shown = ", ".join(show_shape(shape) for shape in dict.fromkeys(inner))
            raise ShapeError(f"the rows of the tensor differ in shape: {shown}")
        return (len(inner), *(inner[0] or ())) if inner else (0,)
    if is_text(kind):
        raise CallError("ill-typed-expression", "a tensor holds numbers, not text", 0)
    return () if is_number(kind) else None


_MAKERS: dict[str, Callable[[str, Arguments], tuple[Shape | None, str | None]]] = {
    "normal": _sizes_after(0), "uniform": _sizes_after(0), "zeros": _sizes_after(0),
    "ones": _sizes_after(0), "full": _sizes_after(1), "integers": _sizes_after(2),
    "arange": _arange, "tensor": _tensor,
}  # fmt: skip


def _require_numbers(name: str, arguments: Arguments) -> None:
    for index, kind in enumerate(arguments):
        if not (is_number(kind) or isinstance(kind, Array | Unknown)):
            message = f"{name} needs a number or a tensor, not {show_kind(kind)}"
            raise CallError("ill-typed-expression", message, index)


def _elementwise(name: str, arguments: Arguments) -> Kind:
    _require_numbers(name, arguments)
    first = arguments[0]
    is_test = name in ("isfinite", "isnan")
    if isinstance(first, Array):
        return Array(first.shape, "bool" if is_test else first.dtype)
    if isinstance(first, Unknown):
        return UNKNOWN
    if is_test:
        return BOOL
    if name == "abs":
        return number_of(first)
    whole = name in ("floor", "ceil") or (name == "round" and len(arguments) == 1)
    return INT if whole else FLOAT


def _reduce(name: str, arguments: Arguments) -> Kind:
    first = arguments[0]
    if isinstance(first, Array):
        dtype = {"all": "bool", "any": "bool"}.get(name, first.dtype)
        if len(arguments) == 1:
            return Array((), dtype)
        if len(arguments) > 2:
            raise CallError("wrong-argument", f"{name} of a tensor takes one dimension", 2)
        return Array(_with_ones(first.shape, arguments[1]), dtype)
    if isinstance(first, Several):
        items = list(first.items if first.items is not None else (first.item,))
        if name in ("min", "max"):
            return join([UNKNOWN] if any(isinstance(i, Several) for i in items) else items)
        if name in ("all", "any"):
            return BOOL
        return number_of(*items) if name == "sum" else FLOAT
    if isinstance(first, Unknown):
        return UNKNOWN
    if name in ("min", "max") and len(arguments) > 1:
        _require_numbers(name, arguments)
        return number_of(*arguments)
    message = f"{name} needs a list or a tensor, not {show_kind(first)}"
    raise CallError("ill-typed-expression", message, 0)


def _dimensions(kind: Kind) -> list[int] | None:
    parts = kind.items if isinstance(kind, Several) else (kind,)
    found = [_known_int(part) for part in parts or ()]
    return None if not found or None in found else found  # type: ignore[return-value]


def _with_ones(shape: Shape | None, dims: Kind) -> Shape | None:
    if shape is None:
        return None
    places = _dimensions(dims)
    if places is None:
        return (None,) * len(shape)
    ones = {axis(shape, dim) for dim in places}
    return tuple(1 if index in ones else size for index, size in enumerate(shape))


def _along(name: str, arguments: Arguments) -> Kind:
    first = arguments[0]
    if isinstance(first, Several) and name == "sort":
        return Several(first.item)
    if isinstance(first, Unknown):
        return UNKNOWN
    array = _array(name, first)
    dim = _known_int(arguments[1]) if len(arguments) > 1 else None
    if array.shape is not None and dim is not None:
        axis(array.shape, dim)
    return Array(array.shape, array.dtype)


def _array(name: str, kind: Kind, index: int = 0) -> Array:
    if isinstance(kind, Unknown):
        return Array()
    if not isinstance(kind, Array):
        message = f"{name} needs a tensor, not {show_kind(kind)}"
        raise CallError("ill-typed-expression", message, index)
    return kind


def _argmax(arguments: Arguments) -> Kind:
    shape, dim = _array("argmax", arguments[0]).shape, _known_int(arguments[1])
    if shape is None:
        return Array(None, "int")
    if dim is None:
        return Array((None,) * (len(shape) - 1), "int")
    place = axis(shape, dim)
    return Array(shape[:place] + shape[place + 1 :], "int")


def _parts(name: str, kind: Kind) -> list[Array] | None:
    if not isinstance(kind, Several):
        if isinstance(kind, Unknown | Array):
            return None
        raise CallError("ill-typed-expression", f"{name} needs a list of tensors", 0)
    if kind.items is None:
        return None
    return [_array(name, item) for item in kind.items]


def _cat(arguments: Arguments) -> Kind:
    parts, dim = _parts("cat", arguments[0]), _known_int(arguments[1])
    if not parts or dim is None or any(part.shape is None for part in parts):
        return Array()
    shapes = [part.shape or () for part in parts]
    place = axis(shapes[0], dim)
    rest = {(*s[:place], *s[place + 1 :]) for s in shapes if None not in s}
    if len({len(s) for s in shapes}) > 1 or len(rest) > 1:
        shown = ", ".join(map(show_shape, shapes))
        raise ShapeError(f"{shown} cannot be joined along dimension {dim}")
    along = [s[place] for s in shapes]
    total = None if None in along else sum(size for size in along if size is not None)
    return Array((*shapes[0][:place], total, *shapes[0][place + 1 :]), parts[0].dtype)


def _stack(arguments: Arguments) -> Kind:
    parts, dim = _parts("stack", arguments[0]), _known_int(arguments[1])
    if not parts or dim is None or any(part.shape is None for part in parts):
        return Array()
    shapes = [part.shape or () for part in parts]
    if len({s for s in shapes if None not in s}) > 1:
        shown = ", ".join(map(show_shape, shapes))
        raise ShapeError(f"{shown} cannot be stacked: their shapes differ")
    place = axis((*shapes[0], 1), dim)
    return Array((*shapes[0][:place], len(parts), *shapes[0][place:]), parts[0].dtype)


def _outer(arguments: Arguments) -> Kind:
    sides = [_array("outer", kind, index).shape for index, kind in enumerate(arguments)]
    for shape in sides:
        if shape is not None and len(shape) != 1:
            raise ShapeError(f"outer takes vectors, not {show_shape(shape)}")
    return Array(tuple(None if shape is None else shape[0] for shape in sides))


def _where(arguments: Arguments) -> Kind:
    if any(isinstance(kind, Unknown) for kind in arguments):
        return Array()
    _require_numbers("where", arguments)
    return Array(broadcast(*(k.shape if isinstance(k, Array) else () for k in arguments)))


def _clamp(arguments: Arguments) -> Kind:
    _require_numbers("clamp", arguments)
    if isinstance(arguments[0], Array):
        return arguments[0]
    return number_of(*arguments)


def _transpose(arguments: Arguments) -> Kind:
    array = _array("transpose", arguments[0])
    dims = [_known_int(argument) for argument in arguments[1:]]
    if array.shape is None:
        return array
    if None in dims:
        return Array((None,) * len(array.shape), array.dtype)
    first, second = (axis(array.shape, dim) for dim in dims if dim is not None)
    sizes = list(array.shape)
    sizes[first], sizes[second] = sizes[second], sizes[first]
    return Array(tuple(sizes), array.dtype)


def _flip(arguments: Arguments) -> Kind:
    array = _array("flip", arguments[0])
    for argument in arguments[1:]:
        dim = _known_int(argument)
        if dim is not None and array.shape is not None:
            axis(array.shape, dim)
    return array


def _reshape(arguments: Arguments) -> Kind:
    array = _array("reshape", arguments[0])
    sizes = [_known_int(argument) for argument in arguments[1:]]
    if any(isinstance(argument, Several) for argument in arguments[1:]):
        return Array(None, array.dtype)
    shape = tuple(None if size == -1 else size for size in sizes)
    if array.shape is None or None in array.shape or (None in sizes):
        return Array(shape, array.dtype)
    count = prod(size for size in array.shape if size is not None)
    known = prod(size for size in sizes if size is not None and size != -1)
    has_free = sizes.count(-1) == 1
    if (has_free and (known == 0 or count % known)) or (not has_free and known != count):
        shown = show_shape(tuple(sizes))
        raise ShapeError(f"{show_shape(array.shape)} cannot take the shape {shown}")
    return Array(tuple(count // known if size == -1 else size for size in sizes), array.dtype)


def _shape(arguments: Arguments) -> Kind:
    array = _array("shape", arguments[0])
    if array.shape is None:
        return Several(INT)
    return Several(INT, tuple(Plain("Int", size) for size in array.shape))


def _len(arguments: Arguments) -> Kind:
    first = arguments[0]
    if isinstance(first, Array) and first.shape is not None:
        if not first.shape:
            raise ShapeError("a tensor [] has no length")
        return Plain("Int", first.shape[0])
    if isinstance(first, Several) and first.items is not None:
        return Plain("Int", len(first.items))
    if is_number(first):
        message = f"len needs a list, text or tensor, not {show_kind(first)}"
        raise CallError("ill-typed-expression", message, 0)
    return INT


def _eye(arguments: Arguments) -> Kind:
    size = _size("eye", arguments[0], 0)
    return Array((size, size), "float")


_OTHERS: dict[str, Callable[[Arguments], Kind]] = {
    "argmax": _argmax, "cat": _cat, "stack": _stack, "outer": _outer, "where": _where,
    "clamp": _clamp, "transpose": _transpose, "flip": _flip, "reshape": _reshape,
    "shape": _shape, "len": _len, "eye": _eye,
}  # fmt: skip
KNOWN = frozenset((*_MAKERS, *_ELEMENTWISE, *_REDUCTIONS, *_ALONG, *_OTHERS, *_SCALAR_RESULTS))


# -- indexing -----------------------------------------------------------------------------

Bounds = tuple[Kind | None, Kind | None] | None


def index_shape(
    shape: Shape | None, parts: Sequence[Kind | Slice | Ellipsis_], bounds: Sequence[Bounds]
) -> Shape | None:
    """The shape of `x[parts]`.

    Raises:
        ShapeError: there are more subscripts than dimensions, or a size is exceeded.
    """
    if shape is None:
        return None
    tensors = [part for part in parts if isinstance(part, Array) and part.shape != ()]
    if any(isinstance(part, Unknown | Several) for part in parts) or len(tensors) > 1:
        return None
    if (
        any(t.dtype != "int" and t.dtype is not None for t in tensors)
        and tensors[0].dtype == "bool"
    ):
        return None
    if sum(isinstance(part, Ellipsis_) for part in parts) > 1:
        raise ShapeError("... may stand once among the subscripts")
    taken = sum(not isinstance(part, Ellipsis_) for part in parts)
    if taken > len(shape):
        raise ShapeError(f"{taken} subscripts, but the tensor is {show_shape(shape)}")
    out: list[Size] = []
    at = 0
    for part, bound in zip(parts, bounds, strict=True):
        if isinstance(part, Ellipsis_):
            skipped = len(shape) - taken
            out += shape[at : at + skipped]
            at += skipped
            continue
        out += _one_subscript(shape[at], part, bound)
        at += 1
    return (*out, *shape[at:])


def _one_subscript(size: Size, part: Kind | Slice, bound: Bounds) -> tuple[Size, ...]:
    if isinstance(part, Array):
        return part.shape if part.shape is not None else (None,)
    if bound is not None:
        values = [None if b is None else _known_int(b) for b in bound]
        is_open = any(b is not None and v is None for b, v in zip(bound, values, strict=True))
        if size is None or is_open:
            return (None,)
        return (len(range(*slice(*values).indices(size))),)
    value = _known_int(part) if isinstance(part, Plain) else None
    if value is not None and size is not None and not -size <= value < size:
        raise ShapeError(f"there is no index {value} in a dimension of {size}")
    return ()
