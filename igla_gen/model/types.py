"""Types: what a field, a parameter or a result may be, and which values fit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError
from lark.visitors import v_args

from igla_gen.diagnostics import Diagnostic, Span, SpecError
from igla_gen.resources import grammar_text
from igla_gen.syntax.tree import Scalar

SCALARS = {"Int": "int", "Float": "float", "Bool": "bool", "String": "str", "Path": "Path"}
FOREIGN = {
    "None": "None",
    "Any": "Any",
    "Callable": "Callable",
    "Module": "nn.Module",
    "Optimizer": "torch.optim.Optimizer",
    "Device": "torch.device",
    "Dtype": "torch.dtype",
}
GENERICS = {"List": 1, "Map": 2, "Option": 1, "Iterable": 1, "Iterator": 1, "Sequence": 1}


@dataclass(frozen=True, slots=True)
class NamedType:
    """`Int`, `Path`, `Module`, or the name of a type that a spec declares."""

    name: str
    span: Span

    @property
    def is_builtin(self) -> bool:
        return self.name in SCALARS or self.name in FOREIGN


@dataclass(frozen=True, slots=True)
class GenericType:
    """`List<T>`, `Map<K, V>`, `Option<T>`."""

    name: str
    arguments: tuple[Type, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class EnumType:
    """`Enum<rms, layer>`: one of a few words."""

    variants: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class TensorType:
    """`Tensor[B, T, D]`; a dimension is a name, a number, an expression of both, or `...`."""

    dimensions: tuple[str, ...]
    span: Span


Type = NamedType | GenericType | EnumType | TensorType
Value = int | float | bool | str | None | list["Value"]


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word in a default: a variant, a path, `true`, `none`."""

    text: str


@dataclass(frozen=True, slots=True)
class FieldType:
    """One field: its type, its default if it has one, its help text."""

    type: Type
    default: Value
    has_default: bool
    help: str
    span: Span


def show(type_: Type) -> str:
    """The type as it is written in a spec."""
    match type_:
        case NamedType(name):
            return name
        case GenericType(name, arguments):
            return f"{name}<{', '.join(map(show, arguments))}>"
        case EnumType(variants):
            return f"Enum<{', '.join(variants)}>"
        case TensorType(dimensions):
            return f"Tensor[{', '.join(dimensions)}]"


def python_type(type_: Type) -> str:
    """The annotation that stands for the type in generated code."""
    match type_:
        case NamedType(name):
            return SCALARS.get(name) or FOREIGN.get(name) or name
        case GenericType("List", (item,)):
            return f"tuple[{python_type(item)}, ...]"
        case GenericType("Map", (key, value)):
            return f"dict[{python_type(key)}, {python_type(value)}]"
        case GenericType("Option", (item,)):
            return f"{python_type(item)} | None"
        case GenericType(name, (item,)):
            return f"{name}[{python_type(item)}]"
        case EnumType(variants):
            return f"Literal[{', '.join(map(repr, variants))}]"
        case TensorType():
            return "Tensor"
    raise AssertionError(type_)


def named_types(type_: Type) -> list[NamedType]:
    """Every name inside the type, outermost first."""
    match type_:
        case NamedType():
            return [type_]
        case GenericType(_, arguments):
            return [name for argument in arguments for name in named_types(argument)]
    return []


def fit(value: Value | Word, type_: Type) -> Value:
    """The value as the type holds it.

    Raises:
        ValueError: with a sentence when the value does not fit.
    """
    text = value.text if isinstance(value, Word) else value
    match type_:
        case NamedType("Int"):
            if isinstance(text, int) and not isinstance(text, bool):
                return text
        case NamedType("Float"):
            if isinstance(text, int | float) and not isinstance(text, bool):
                return float(text)
            if text in ("inf", "-inf"):
                return float(text)
        case NamedType("Bool"):
            if isinstance(text, bool) or text in ("true", "false"):
                return text in (True, "true")
        case NamedType("String" | "Path"):
            if isinstance(text, str):
                return text
        case EnumType(variants):
            if isinstance(text, str) and text in variants:
                return text
        case GenericType("Option", (item,)):
            return None if text is None or text in ("none", "null") else fit(value, item)
        case GenericType("List", (item,)):
            if isinstance(text, list):
                return [fit(element, item) for element in text]
    raise ValueError(f"{_shown(text)} is not {_wanted(type_)}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _wanted(type_: Type) -> str:
    match type_:
        case EnumType(variants):
            return f"one of {', '.join(variants)}"
        case NamedType("Int"):
            return "a whole number (Int)"
        case NamedType("Float"):
            return "a number (Float)"
        case NamedType("Bool"):
            return "true or false (Bool)"
        case NamedType("String" | "Path" as name):
            return f"text ({name}; put it in quotes)"
    return f"a {show(type_)}"


def parse_type(scalar: Scalar) -> Type:
    """Reads the type that a scalar holds; raises SpecError at the exact place."""
    return _parse(scalar, "type")


def parse_field(scalar: Scalar) -> FieldType:
    """Reads `TYPE [= default] [-- help]`; raises SpecError at the exact place."""
    type_, default, help_ = _parse(scalar, "field")
    text = str(help_)[2:].strip() if help_ else ""
    if default is None:
        return FieldType(type_, None, False, text, scalar.span)
    try:
        value = fit(default[0], type_)
    except ValueError as error:
        diagnostic = Diagnostic(
            "IG206", "wrong-type", f"the default {error}", default[1], f"the type is {show(type_)}"
        )
        raise SpecError(diagnostic) from None
    return FieldType(type_, value, True, text, scalar.span)


@cache
def _parser() -> Lark:
    return Lark(
        grammar_text("types"), parser="lalr", start=["field", "type"], propagate_positions=True
    )


def _parse(scalar: Scalar, start: str):
    try:
        return _Builder(scalar).transform(_parser().parse(scalar.text, start=start))
    except VisitError as error:
        raise error.orig_exc from None
    except UnexpectedInput as error:
        offset = error.pos_in_stream
        is_end = getattr(getattr(error, "token", None), "type", "") == "$END"
        offset = len(scalar.text) if is_end or offset is None or offset < 0 else offset
        raise SpecError(
            Diagnostic(
                "IG201",
                "bad-type",
                f"this is not a type: {scalar.text[:60]!r}",
                scalar.part(offset, offset + 1),
                "for example: Int, Float = 1e-6 -- help, Enum<a, b>, List<Int>, Tensor[B, T, D]",
            )
        ) from None


class _Builder(Transformer):
    """Lark tree to Type, checking names and argument counts of the generics."""

    def __init__(self, scalar: Scalar) -> None:
        super().__init__()
        self._scalar = scalar

    def _span(self, meta) -> Span:
        if meta.empty:
            return self._scalar.span
        return self._scalar.part(meta.start_pos, meta.end_pos)

    def field(self, children):
        return children

    @v_args(meta=True)
    def named(self, meta, children):
        (name,) = children
        if name in GENERICS:
            self._fail(meta, f"{name} needs its arguments", f"write {name}<...>")
        if name == "Tensor":
            return TensorType(("...",), self._span(meta))
        return NamedType(str(name), self._span(meta))

    @v_args(meta=True)
    def generic(self, meta, children):
        name, *arguments = children
        if name not in GENERICS:
            self._fail(meta, f"{name} takes no arguments", f"generic types: {', '.join(GENERICS)}")
        if len(arguments) != GENERICS[name]:
            self._fail(meta, f"{name} takes {GENERICS[name]} arguments, not {len(arguments)}", None)
        return GenericType(str(name), tuple(arguments), self._span(meta))

    @v_args(meta=True)
    def enum(self, meta, children):
        variants = tuple(str(child) for child in children if child is not None)
        if not variants or len(set(variants)) != len(variants):
            self._fail(meta, "an Enum has one or more different variants", None)
        return EnumType(variants, self._span(meta))

    @v_args(meta=True)
    def tensor(self, meta, children):
        return TensorType(tuple(c for c in children[1:] if c is not None), self._span(meta))

    def dim(self, children):
        return "".join(str(child) for child in children)

    @v_args(meta=True)
    def number(self, meta, children):
        text = str(children[0]).replace("_", "")
        is_int = text.lstrip("+-").isdigit()
        return (int(text) if is_int else float(text)), self._span(meta)

    @v_args(meta=True)
    def string(self, meta, children):
        return str(children[0])[1:-1], self._span(meta)

    @v_args(meta=True)
    def word(self, meta, children):
        token: Token = children[0]
        return Word(str(token)), self._span(meta)

    @v_args(meta=True)
    def list(self, meta, children):
        return [child[0] for child in children if child is not None], self._span(meta)

    def _fail(self, meta, message: str, hint: str | None) -> None:
        raise SpecError(Diagnostic("IG201", "bad-type", message, self._span(meta), hint))
