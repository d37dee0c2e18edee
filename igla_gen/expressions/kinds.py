"""What an expression may be worth: plain values, tensors with sizes, records, functions.

Types are gradual: `UNKNOWN` fits everything, and so does a size that is None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from igla_gen.diagnostics import articled
from igla_gen.frozen import frozen

Size = int | None
Shape = tuple[Size, ...]

NUMBERS = ("Int", "Float", "Bool")


@frozen
class Unknown:
    """Nothing is known of the value."""


@frozen
class Plain:
    """A number, text, none or a dtype; `value` where the expression itself says it."""

    kind: str  # Int, Float, Bool, String, None, Dtype
    value: int | float | str | bool | None = None


@frozen
class Words:
    """One of a few words."""

    variants: tuple[str, ...]


@frozen
class Maybe:
    """A value, or none."""

    inner: Kind


@frozen
class Several:
    """A list or tuple; `items` where each one is known, else `item` for all of them."""

    item: Kind
    items: tuple[Kind, ...] | None = None


@frozen
class Table:
    """A mapping from keys to values."""

    value: Kind


@frozen
class Array:
    """A tensor; `shape` is None where even the number of dimensions is open."""

    shape: Shape | None = None
    dtype: str | None = None  # bool, int or float, where known


@frozen
class Param:
    """A parameter; `dims` are the dimensions of a tensor as the spec writes them."""

    name: str
    kind: Kind
    is_required: bool
    dims: tuple[str, ...] | None = None


@frozen
class Function:
    """Something that can be called. `dims` are those of the result, `dims_of_items` of a list's."""

    name: str
    params: tuple[Param, ...] | None
    result: Kind
    dims: tuple[str, ...] | None = None
    dims_of_items: bool = False
    keywords_only: bool = False


@frozen
class Record:
    """A value with fields."""

    name: str
    fields: Mapping[str, Kind] = field(compare=False, hash=False)


Kind = Unknown | Plain | Words | Maybe | Several | Table | Array | Function | Record
UNKNOWN = Unknown()
INT, FLOAT, BOOL, STRING, NONE = (Plain(k) for k in ("Int", "Float", "Bool", "String", "None"))


def show_shape(shape: Shape | None) -> str:
    """`[2, 7, ?]`"""
    if shape is None:
        return "[...]"
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def show_kind(kind: Kind) -> str:
    """The type as messages name it, with its article."""
    match kind:
        case Plain("String", value) if value is not None:
            return f'the text "{value}"'
        case Plain("None"):
            return "none"
        case Plain(name):
            return articled(name)
        case Words(variants):
            return f"one of {', '.join(variants)}"
        case Maybe(inner):
            return f"{show_kind(inner)} or none"
        case Several():
            return "a list"
        case Table():
            return "a map"
        case Array(shape):
            return "a tensor" if shape is None else f"a tensor {show_shape(shape)}"
        case Function(name):
            return f"the function {name}"
        case Record(name):
            return f"a {name}"
    return "a value"


def strip(kind: Kind) -> Kind:
    """Without the possibility of none: where a value is used, it is taken to be there."""
    return strip(kind.inner) if isinstance(kind, Maybe) else kind


def is_number(kind: Kind) -> bool:
    return isinstance(kind, Plain) and kind.kind in NUMBERS


def is_text(kind: Kind) -> bool:
    return isinstance(kind, Words) or (isinstance(kind, Plain) and kind.kind == "String")


def number_of(*kinds: Kind) -> Kind:
    """What arithmetic on plain numbers gives."""
    if not all(is_number(kind) for kind in kinds):
        return UNKNOWN
    return FLOAT if any(k.kind == "Float" for k in kinds if isinstance(k, Plain)) else INT


def join(kinds: Sequence[Kind]) -> Kind:
    """What a value is that may be any of these."""
    first, *rest = kinds or (UNKNOWN,)
    for other in rest:
        if other == first:
            continue
        if isinstance(first, Plain) and isinstance(other, Plain) and first.kind == other.kind:
            first = Plain(first.kind)
        elif is_number(first) and is_number(other):
            first = number_of(first, other)
        elif is_text(first) and is_text(other):
            first = STRING
        elif NONE in (first, other):
            first = Maybe(first if other == NONE else other)
        else:
            return UNKNOWN
    return first


# -- shapes -------------------------------------------------------------------------------


class ShapeError(ValueError):
    """Sizes that do not go together, as a sentence."""


def broadcast(*shapes: Shape | None) -> Shape | None:
    """The shape of an elementwise operation.

    Raises:
        ShapeError: two sizes differ and neither is one.
    """
    if any(shape is None for shape in shapes):
        return None
    known = [shape for shape in shapes if shape is not None]
    rank = max((len(shape) for shape in known), default=0)
    columns = zip(*((1,) * (rank - len(shape)) + shape for shape in known), strict=True)
    return tuple(_one_size(column, known) for column in columns)


def _one_size(sizes: tuple[Size, ...], shapes: list[Shape]) -> Size:
    large = {size for size in sizes if size is not None and size != 1}
    if len(large) > 1:
        shown = " and ".join(map(show_shape, shapes))
        raise ShapeError(f"{shown} do not broadcast ({' against '.join(map(str, sorted(large)))})")
    if large:
        return large.pop()
    return None if None in sizes else 1


def matmul(left: Shape | None, right: Shape | None) -> Shape | None:
    """The shape of `left @ right`.

    Raises:
        ShapeError: the inner sizes differ, or a side has no dimension.
    """
    if left is None or right is None:
        return None
    if not left or not right:
        raise ShapeError(f"{show_shape(left)} @ {show_shape(right)} needs a dimension on each side")
    inner = right[-2] if len(right) > 1 else right[0]
    if None not in (left[-1], inner) and left[-1] != inner:
        raise ShapeError(
            f"{show_shape(left)} @ {show_shape(right)}: the inner sizes are {left[-1]} and {inner}"
        )
    leading = broadcast(left[:-2], right[:-2])
    assert leading is not None
    return leading + (left[-2:-1] if len(left) > 1 else ()) + (right[-1:] if len(right) > 1 else ())


def axis(shape: Shape, dim: int) -> int:
    """The place of a dimension that may be counted from the end.

    Raises:
        ShapeError: there is no such dimension.
    """
    if not -len(shape) <= dim < len(shape):
        raise ShapeError(f"a tensor {show_shape(shape)} has no dimension {dim}")
    return dim % len(shape)


def same(left: Shape | None, right: Shape | None) -> bool:
    """Whether the shapes may be equal."""
    if left is None or right is None:
        return True
    return len(left) == len(right) and all(
        a is None or b is None or a == b for a, b in zip(left, right, strict=True)
    )


# -- dimensions of signatures -------------------------------------------------------------

_WORD = re.compile(r"[A-Za-z_]\w*")


def dimension_names(dims: Sequence[str]) -> list[str]:
    """The names that stand in the dimensions, `D` in `D/2` too."""
    return [word for dim in dims for word in _WORD.findall(dim)]


@dataclass(slots=True)
class Bindings:
    """What the dimension names of one call stand for."""

    sizes: dict[str, int] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)  # the argument that said so
    leading: Shape | None = None
    has_leading: bool = False

    def bind(self, param: str, dims: tuple[str, ...], shape: Shape) -> None:
        """Holds one argument to its declared dimensions.

        Raises:
            ShapeError: the number of dimensions or a size differs.
        """
        wanted = f"Tensor[{', '.join(dims)}]"
        if "..." in dims:
            at = dims.index("...")
            tail = len(dims) - at - 1
            if len(shape) < at + tail:
                raise ShapeError(f"{param} is {wanted}, not {show_shape(shape)}")
            middle = shape[at : len(shape) - tail]
            self._lead(param, middle)
            dims = dims[:at] + dims[at + 1 :]
            shape = shape[:at] + shape[len(shape) - tail :]
        if len(dims) != len(shape):
            raise ShapeError(
                f"{param} is {wanted} ({len(dims)} dimensions), not {show_shape(shape)}"
            )
        for dim, size in zip(dims, shape, strict=True):
            if size is not None and _WORD.fullmatch(dim):
                self._bind_name(param, dim, size)

    def check(self, param: str, dims: tuple[str, ...], shape: Shape) -> None:
        """Once the plain names are bound: numbers, and arithmetic like `D/2`, must agree."""
        if "..." in dims:
            at = dims.index("...")
            tail = len(dims) - at - 1
            shape = shape[:at] + shape[len(shape) - tail :]
            dims = dims[:at] + dims[at + 1 :]
        for dim, size in zip(dims, shape, strict=True):
            if size is None or _WORD.fullmatch(dim):
                continue
            self._solve(dim, size, param)
            wanted = self.size(dim)
            if wanted is not None and wanted != size:
                bound = dimension_names([dim])
                where = ", ".join(f"{n} = {self.sizes[n]} by {self.origins[n]}" for n in bound)
                reason = f" ({where})" if where else ""
                raise ShapeError(f"{param} has {dim} = {wanted}{reason}, but here it is {size}")

    def _bind_name(self, param: str, name: str, size: int) -> None:
        before = self.sizes.setdefault(name, size)
        origin = self.origins.setdefault(name, param)
        if before != size:
            raise ShapeError(f"{name} is {before} by {origin} and {size} by {param}")

    def _lead(self, param: str, shape: Shape) -> None:
        try:
            self.leading = broadcast(self.leading, shape) if self.has_leading else shape
        except ShapeError as error:
            raise ShapeError(f"the leading dimensions of {param} do not fit: {error}") from None
        self.has_leading = True

    def _solve(self, dim: str, size: int, param: str) -> None:
        """Binds the one free name of `2*D` or `T + 1`, where only one size gives this one."""
        free = [name for name in dict.fromkeys(dimension_names([dim])) if name not in self.sizes]
        if len(free) != 1:
            return
        fits = [
            x
            for x in range(min(4 * size + 64, 4096))
            if evaluate_dimension(dim, self.sizes | {free[0]: x}) == size
        ]
        if len(fits) == 1:
            self._bind_name(param, free[0], fits[0])

    def size(self, dim: str) -> Size:
        """The size that a declared dimension has in this call, None where it is open."""
        return evaluate_dimension(dim, self.sizes)

    def shape(self, dims: tuple[str, ...]) -> Shape | None:
        """The shape that declared dimensions have in this call."""
        if "..." in dims and (not self.has_leading or self.leading is None):
            return None
        parts = [self.leading or () if dim == "..." else (self.size(dim),) for dim in dims]
        return tuple(size for part in parts for size in part)


_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
}


def evaluate_dimension(dim: str, sizes: Mapping[str, int]) -> Size:
    """`D/2 + 1` as a number, products first; None where a name is open or it is no whole number."""
    tokens = re.findall(r"\w+|//|[-+*/]", dim)
    values: list[int] = []
    signs: list[str] = []
    for token in tokens:
        if token in ("+", "-", "*", "/", "//"):
            signs.append(token[0])
            continue
        value = int(token) if token.isdigit() else sizes.get(token)
        if value is None:
            return None
        values.append(value)
    if len(values) != len(signs) + 1:
        return None
    return _fold(values, signs)


def _fold(values: list[int], signs: list[str]) -> Size:
    sums, rest = [values[0]], []
    for sign, value in zip(signs, values[1:], strict=True):
        if sign in "+-":
            sums.append(value)
            rest.append(sign)
        elif sign == "/" and (value == 0 or sums[-1] % value):
            return None
        else:
            sums[-1] = _OPERATORS[sign](sums[-1], value)
    total = sums[0]
    for sign, value in zip(rest, sums[1:], strict=True):
        total = _OPERATORS[sign](total, value)
    return total
