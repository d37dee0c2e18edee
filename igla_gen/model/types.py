"""Types: what a field, a parameter or a result may be, and which values fit."""

from __future__ import annotations

import math
import re
from functools import cache, lru_cache, partial

from igla_gen.diagnostics import Diagnostic, Span, SpecError, articled, nearest, suggestion
from igla_gen.frozen import frozen
from igla_gen.model.quantities import MEASURES, QuantityError, fit_quantity, fit_range
from igla_gen.syntax.lalr import Tables, Token, UnexpectedError
from igla_gen.syntax.tree import Scalar

SCALARS = {
    **{"Int": "int", "Float": "float", "Bool": "bool", "String": "str", "Path": "Path"},
    **{name: "int" if m.is_whole else "float" for name, m in MEASURES.items()},
    "Mixture": "dict[str, float]",
}
FOREIGN = {
    "None": "None",
    "Any": "Any",
    "Callable": "Callable",
    "Module": "nn.Module",
    "Optimizer": "torch.optim.Optimizer",
    "Device": "torch.device",
    "Dtype": "torch.dtype",
}
GENERICS = {
    **{"List": 1, "Map": 2, "Option": 1, "Iterable": 1, "Iterator": 1, "Sequence": 1, "Range": 1},
    "Tuple": None,  # any number
}

# how each type that takes arguments is written
_FORMS = {
    **{name: f"{name}<A>" if count else f"{name}<A, B, ...>" for name, count in GENERICS.items()},
    **{"Map": "Map<A, B>", "Enum": "Enum<a, b>", "Tensor": "Tensor[B, T, D]"},
}
_WORD_AT_END = re.compile(r"[A-Za-z_]\w*\Z")

_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"'}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([\s\S]))")


@frozen
class NamedType:
    """`Int`, `Path`, `Module`, or the name of a type that a spec declares."""

    name: str
    span: Span

    @property
    def is_builtin(self) -> bool:
        return self.name in SCALARS or self.name in FOREIGN


@frozen
class GenericType:
    """`List<T>`, `Map<K, V>`, `Option<T>`."""

    name: str
    arguments: tuple[Type, ...]
    span: Span


@frozen
class EnumType:
    """`Enum<rms, layer>`: one of a few words."""

    variants: tuple[str, ...]
    span: Span


@frozen
class TensorType:
    """`Tensor[B, T, D]`; a dimension is a name, a number, an expression of both, or `...`."""

    dimensions: tuple[str, ...]
    span: Span


Type = NamedType | GenericType | EnumType | TensorType
Value = int | float | bool | str | None | list["Value"] | dict[str, "Value"]


@frozen
class Word:
    """A bare word in a default: a variant, a path, `true`, `none`; or a quantity.

    `start` is the place of its first character in the text of the field.
    """

    text: str
    start: int = 0


@frozen
class FieldType:
    """One field: its type, its default if it has one, its help text."""

    type: Type
    default: Value
    has_default: bool
    help: str
    span: Span
    default_span: Span | None = None


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
        case GenericType("Range", (item,)):
            return f"tuple[{python_type(item)}, {python_type(item)}]"
        case GenericType("Tuple", items):
            return f"tuple[{', '.join(map(python_type, items))}]"
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
    try:
        return _fit(value, text, type_)
    except QuantityError as error:
        if isinstance(value, Word):  # its place in the field
            error.in_field = (value.start + error.start, value.start + error.end)
        raise


def _fit(value: Value | Word, text: Value, type_: Type) -> Value:
    is_number = isinstance(text, int | float) and not isinstance(text, bool)
    is_quantity = isinstance(text, str) and text[:1] in _QUANTITY_STARTS
    match type_:
        case NamedType("Int") if isinstance(text, int) and is_number:
            return text
        case NamedType("Float") if is_number:
            return float(text)  # type: ignore[arg-type]
        case NamedType("Float") if text in ("inf", "-inf"):
            return float(text)  # type: ignore[arg-type]
        case NamedType(name) if name in MEASURES and (is_quantity or is_number):
            return fit_quantity(text, name)  # type: ignore[arg-type]
        case GenericType("Range", (NamedType(name),)) if name in MEASURES and is_quantity:
            return fit_range(text, name)  # type: ignore[arg-type]
        case GenericType("Range", (item,)) if isinstance(text, list) and len(text) == 2:
            low, high = (fit(end, item) for end in text)
            if low <= high:  # type: ignore[operator]
                return [low, high]
            raise ValueError(f"[{low}, {high}] goes from high to low")
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
        case GenericType("Tuple", items):
            if isinstance(text, list) and len(text) == len(items):
                return [fit(element, item) for element, item in zip(text, items, strict=True)]
        case GenericType("Map", (NamedType("String"), item)) if isinstance(text, dict):
            return {_key(key): fit(element, item) for key, element in text.items()}
        case NamedType("Mixture") if isinstance(text, dict) and text:
            part = NamedType("Fraction", type_.span)
            return {_key(key): fit(element, part) for key, element in text.items()}
    raise ValueError(f"{shown_plain(text)} is not {_wanted(type_)}")


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise ValueError(f"the name {shown_plain(key)} is not text (put it in quotes)")


MIXTURE_TOLERANCE = 1e-6  # by how much the sum of a mixture may miss one


def is_mixture(type_: Type) -> bool:
    return isinstance(type_, NamedType) and type_.name == "Mixture"


_QUANTITY_STARTS = tuple("+-.$0123456789")  # a tuple, since the empty text is in every str


def unit_of(type_: Type) -> str:
    """The unit of the values that stand for the type in Python, "" where there is none."""
    match type_:
        case NamedType(name) if name in MEASURES:
            return MEASURES[name].unit
        case GenericType("Option" | "List" | "Sequence" | "Range", (item,)):
            return unit_of(item)
    return ""


def shown_plain(value: object) -> str:
    """A plain value as messages quote it."""
    if value is None:
        return "nothing"
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
        case NamedType(name) if name in MEASURES:
            return f"a quantity ({name}: {MEASURES[name].accepted})"
        case NamedType("Mixture"):
            return "a map of names to fractions (Mixture, for example {web: 0.6, code: 40%})"
        case GenericType("Tuple", items):
            return f"a list of {len(items)} ({show(type_)})"
        case GenericType("Range"):
            return f"a range ({show(type_)}: low-high and a unit, or [low, high])"
        case NamedType("String" | "Path" as name):
            return f"text ({name}; put it in quotes)"
    return articled(show(type_))


@lru_cache(8192)  # as of expressions
def parse_type(scalar: Scalar) -> Type:
    """Reads the type that a scalar holds; raises SpecError at the exact place."""
    return _parse(scalar, "type")


@lru_cache(8192)
def parse_field(scalar: Scalar) -> FieldType:
    """Reads `TYPE [= default] [-- help]`; raises SpecError at the exact place."""
    type_, default, help_ = _parse(scalar, "field")
    text = str(help_)[2:].strip() if help_ else ""
    if default is None:
        return FieldType(type_, None, False, text, scalar.span)
    try:
        value = fit(default[0], type_)
    except ValueError as error:
        place, hint = default[1], None
        if isinstance(error, QuantityError):
            place = scalar.part(*error.in_field) if error.in_field else place
            hint = error.hint
        if hint is None and isinstance(type_, NamedType) and not type_.is_builtin:
            hint = suggestion(type_.name, SCALARS)
        hint = hint or f"the type is {show(type_)}"
        raise SpecError(
            Diagnostic("IG206", "wrong-type", f"the default {error}", place, hint)
        ) from None
    return FieldType(type_, value, True, text, scalar.span, default[1])


@cache
def _parser(start: str) -> tuple[Tables, _Builder]:
    builder = _Builder()
    return Tables("types", start, builder), builder


@cache
def _recognizer(start: str) -> Tables:
    return Tables("types", start, _Nothing())


def _parse(scalar: Scalar, start: str):
    parser, builder = _parser(start)
    builder.scalar = scalar
    try:
        try:
            return parser.parse(scalar.text)
        except SpecError:
            _recognizer(start).parse(scalar.text)  # what is no type at all is told first
            raise
    except UnexpectedError as error:
        offset = error.offset
        raise SpecError(
            Diagnostic(
                "IG201",
                "bad-type",
                f"this is not a type: {scalar.text[:60]!r}",
                scalar.part(offset, offset + 1),
                _form_before(scalar.text, offset)
                or "for example: Int, Float = 1e-6 -- help, Enum<a, b>, List<Int>, Tensor[B, T, D]",
            )
        ) from None


def _form_before(text: str, offset: int) -> str | None:
    """The form of the type that a word before the wrong bracket is, or is a slip of."""
    word = _WORD_AT_END.search(text[:offset])
    if word is None or text[offset : offset + 1] not in ("[", "<"):
        return None
    close = nearest(word[0], _FORMS)
    return f"did you mean {_FORMS[close]}?" if close is not None else None


class _Nothing:
    """Builds nothing: for whether a text is a type at all."""

    def __getattr__(self, _rule: str):
        return lambda children: None


class _Builder:
    """Makes the types of one text, checking names and argument counts of the generics.

    `scalar` is the text that is being parsed. The first and the last part of a rule with brackets
    are its own terminals, from which it takes its place.
    """

    scalar: Scalar

    def _span(self, children) -> Span:
        return self.scalar.part(children[0].start_pos, children[-1].end_pos)

    def field(self, children):
        return children

    def named(self, children):
        (name,) = children
        if name in GENERICS:
            self._fail(children, f"{name} needs its arguments", f"write {name}<...>")
        if name == "Tensor":
            return TensorType(("...",), self._span(children))
        return NamedType(str(name), self._span(children))

    def generic(self, children):
        name, *arguments, _ = children
        if name not in GENERICS:
            hint = f"generic types: {', '.join(GENERICS)}"
            if (close := nearest(name, _FORMS)) is not None:
                hint = f"did you mean {_FORMS[close]}?"
            self._fail(children, f"{name} takes no arguments", hint)
        if GENERICS[name] not in (None, len(arguments)):
            self._fail(
                children, f"{name} takes {GENERICS[name]} arguments, not {len(arguments)}", None
            )
        if name == "Range" and show(arguments[0]) not in MEASURES:
            self._fail(
                children, "a Range is of numbers or quantities", f"one of {', '.join(MEASURES)}"
            )
        return GenericType(str(name), tuple(arguments), self._span(children))

    def enum(self, children):
        variants = tuple(str(child) for child in children[1:-1] if child is not None)
        if not variants or len(set(variants)) != len(variants):
            self._fail(children, "an Enum has one or more different variants", None)
        return EnumType(variants, self._span(children))

    def tensor(self, children):
        return TensorType(tuple(c for c in children[1:-1] if c is not None), self._span(children))

    def dim(self, children):
        return "".join(str(child) for child in children)

    def number(self, children):
        text = str(children[0]).replace("_", "")
        value = int(text) if text.lstrip("+-").isdigit() else float(text)
        if value in (math.inf, -math.inf):
            message, hint = f"{text} is more than a float holds", "write inf if infinity is meant"
            raise SpecError(Diagnostic("IG206", "wrong-type", message, self._span(children), hint))
        return value, self._span(children)

    def string(self, children):
        return self._text(children[0]), self._span(children)

    def word(self, children):
        token: Token = children[0]
        return Word(str(token), token.start_pos), self._span(children)

    quantity = word

    def list(self, children):
        return [child[0] for child in children[1:-1] if child is not None], self._span(children)

    def pair(self, children):
        return children

    def map(self, children):
        pairs = [pair for pair in children[1:-1] if pair is not None]
        found: dict[str, Value] = {}
        for key, (value, span) in pairs:
            name = self._text(key) if key.type == "STRING" else str(key)
            if name in found:
                fault = f"{name} stands twice in the map"
                raise SpecError(Diagnostic("IG201", "bad-type", fault, span, "keep one of them"))
            found[name] = value
        return found, self._span(children)

    def _text(self, token: Token) -> str:
        """What a text in quotes says; in double quotes a backslash escapes, as in the document."""
        if token[0] == "'" or "\\" not in token:
            return str(token[1:-1])
        return _ESCAPE.sub(partial(self._escaped, token), token[1:-1])

    def _escaped(self, token: Token, match: re.Match[str]) -> str:
        if match[1]:
            code = int(match[1], 16)
            if not 0xD800 <= code < 0xE000:
                return chr(code)
        elif match[2] in _ESCAPES:
            return _ESCAPES[match[2]]
        start = (token.start_pos) + 1 + match.start()
        span = self.scalar.part(start, start + len(match[0]))
        fault = f"{match[0]} is not an escape"
        hint = 'there are \\n, \\t, \\\\, \\" and \\u with four digits; single quotes take a \\ as it is'
        raise SpecError(Diagnostic("IG107", "bad-escape", fault, span, hint))

    def _fail(self, children, message: str, hint: str | None) -> None:
        raise SpecError(Diagnostic("IG201", "bad-type", message, self._span(children), hint))
