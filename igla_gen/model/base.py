"""Located tree to pydantic models, with every fault led back to its place in the file."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from igla_gen.ancestor.forms import INSTEAD
from igla_gen.diagnostics import Diagnostic, Fix, Span, SpecError, respelling, suggestion
from igla_gen.expressions import Expression, parse_expression
from igla_gen.model.types import FieldType, Type, parse_field, parse_type
from igla_gen.syntax.quoting import double_quoted
from igla_gen.syntax.tree import Mapping, Node, Scalar, Sequence, lookup

T = TypeVar("T")


class Spec(BaseModel):
    """One mapping of a spec file; it knows its node, and so the place of each key."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)

    @model_validator(mode="wrap")
    @classmethod
    def _from_node(
        cls, node: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        if not isinstance(node, Mapping):
            raise _wrong(node, "a mapping of keys and values")
        if info.context is not None:
            info.context[id(node)] = cls
        instance = handler({entry.key.text: entry.value for entry in node.entries})
        instance.__dict__["node"] = node  # a private attribute of pydantic's is slow to read
        return instance

    @cached_property
    def node(self) -> Mapping:
        """The mapping that the spec was made of."""
        raise AttributeError("no mapping says this")

    def model_copy(self, *, update: dict[str, Any] | None = None, deep: bool = False) -> Self:
        """The same with other values; what was found out about the old ones is forgotten."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(copied).model_fields.keys() - {"node"}:
            del copied.__dict__[name]
        return copied

    def span_of(self, *path: str | int) -> Span:
        """Where the value at `path` stands."""
        return lookup(self.node, path)

    def key_span(self, *path: str) -> Span:
        """Where the last key of `path` stands."""
        node: Node = self.node
        span = self.node.span
        for step in path:
            if isinstance(node, Mapping) and (key := node.key(step)) is not None:
                span = key.span
                node = node.get(step) or node
        return span


def _wrong(node: Any, wanted: str, hint: str | None = None) -> SpecError:
    found = {Mapping: "a mapping", Sequence: "a list"}.get(type(node))
    if found is None and isinstance(node, Scalar):
        found = f'"{node.text[:40]}"' if node.text else "nothing"
    message = f"{found} stands where {wanted} is expected"
    return SpecError(Diagnostic("IG205", "wrong-shape", message, _start(node), hint))


def _is_empty(node: Any) -> bool:
    return isinstance(node, Scalar) and not node.text


def _start(node: Node) -> Span:
    if isinstance(node, Mapping) and node.entries:
        return node.entries[0].key.span
    return node.span


def _text(node: Any) -> Scalar:
    if not isinstance(node, Scalar) or not node.text.strip():
        raise _wrong(node, "text")
    return node


def _items(node: Any) -> list[Node]:
    if not isinstance(node, Sequence):
        below = f" from line {node.span.line + 1} on" if _is_empty(node) else ""
        raise _wrong(node, "a list", f"write '- item' lines{below}, or [a, b]")
    return list(node.items)


def _table(node: Any) -> dict[str, Node]:
    if not isinstance(node, Mapping):
        raise _wrong(node, "a mapping of keys and values")
    return {entry.key.text: entry.value for entry in node.entries}


def _number(node: Any) -> float:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(node, "a number")
    return value


def _integer(node: Any) -> int:
    value = _number(node)
    if not isinstance(value, int):
        raise _wrong(node, "a whole number")
    return value


Items = Annotated[tuple[T, ...], BeforeValidator(_items)]
Table = Annotated[dict[str, T], BeforeValidator(_table)]

if TYPE_CHECKING:
    Text, Number, Integer, Raw = Scalar, float, int, Node
    Expr, TypeText, FieldText = Expression, Type, FieldType
else:  # pydantic would look into the node classes; only the validators matter
    _SCALAR = WithJsonSchema({"type": ["string", "number", "boolean"]})
    Text = Annotated[Any, PlainValidator(_text), _SCALAR]
    Number = Annotated[Any, PlainValidator(_number), WithJsonSchema({"type": "number"})]
    Integer = Annotated[Any, PlainValidator(_integer), WithJsonSchema({"type": "integer"})]
    Raw = Any
    Expr = Annotated[Any, PlainValidator(lambda node: parse_expression(_text(node))), _SCALAR]
    TypeText = Annotated[Any, PlainValidator(lambda node: parse_type(_text(node))), _SCALAR]
    FieldText = Annotated[Any, PlainValidator(lambda node: parse_field(_text(node))), _SCALAR]

SpecT = TypeVar("SpecT", bound=Spec)


def build(cls: type[SpecT], node: Node) -> tuple[SpecT | None, list[Diagnostic]]:
    """The spec that the tree holds, or every reason why it does not hold one."""
    classes: dict[int, type[Spec]] = {}
    try:
        return cls.model_validate(node, context=classes), []
    except SpecError as error:
        return None, [error.diagnostic]
    except ValidationError as error:
        found = {item["loc"]: _diagnostic(dict(item), node, classes) for item in error.errors()}
        for path in [path for path, fault in found.items() if fault.code == "IG201"]:
            if path in found:
                _join_cut_type(found, node, path)
        return None, list(found.values())


def _join_cut_type(
    found: dict[tuple[str | int, ...], Diagnostic], root: Node, path: tuple[str | int, ...]
) -> None:
    """Says to quote a type that the commas of braces cut, as in {x: Map<String, Int>}.

    What was cut off stands as keys without values, about which there is nothing else to say.
    """
    parent = _node_at(root, path[:-1])
    if not isinstance(parent, Mapping):
        return
    keys = [entry.key.text for entry in parent.entries]
    if path[-1] not in keys:
        return
    first, *others = parent.entries[keys.index(str(path[-1])) :]
    parts: list[str] = [first.value.text] if isinstance(first.value, Scalar) else []
    for entry in others:
        whole = ", ".join(parts)
        if whole.count("<") <= whole.count(">") or not _is_empty(entry.value):
            break
        parts.append(entry.key.text)
    whole = ", ".join(parts)
    if len(parts) < 2 or whole.count("<") != whole.count(">"):
        return
    fault = found[path]
    message = "a comma in braces ends the type"
    found[path] = replace(fault, message=message, hint=f"quote the type: {double_quoted(whole)}")
    for entry in others[: len(parts) - 1]:
        found.pop((*path[:-1], entry.key.text), None)


def _diagnostic(error: dict[str, Any], root: Node, classes: dict[int, type[Spec]]) -> Diagnostic:
    inner = error.get("ctx", {}).get("error")
    path = error["loc"]
    if isinstance(inner, SpecError):
        return _with_key(inner.diagnostic, root, path)
    if error["type"] == "extra_forbidden":
        parent = _node_at(root, path[:-1])
        known = _keys(classes[id(parent)]) if id(parent) in classes else []
        key = parent.key(path[-1]) if isinstance(parent, Mapping) else None
        return Diagnostic(
            "IG203",
            "unknown-key",
            f'"{path[-1]}" is not a key here',
            key.span if key else lookup(root, path),
            INSTEAD.get(str(path[-1])) or suggestion(str(path[-1]), known),
            fix=_rename(key, parent, known) if key else None,
        )
    span = lookup(root, path)
    if error["type"] == "missing":
        astray = line_astray(_node_at(root, path[:-1]), str(path[-1]), classes)
        hint = f"; one stands deeper, on line {astray}" if astray else ""
        return Diagnostic(
            "IG204",
            "missing-key",
            f'the key "{path[-1]}" is missing',
            span,
            f"add '{path[-1]}: ...'{hint}",
        )
    return Diagnostic("IG205", "wrong-shape", str(error["msg"]), span)


def _with_key(found: Diagnostic, root: Node, path: tuple[str | int, ...]) -> Diagnostic:
    """A value of the wrong shape that begins below its key is named with the line of the key."""
    steps = list(path)
    while steps and isinstance(steps[-1], int):  # an item is named with the key of its list
        steps.pop()
    parent = _node_at(root, tuple(steps[:-1]))
    key = parent.key(str(steps[-1])) if isinstance(parent, Mapping) and steps else None
    if found.name != "wrong-shape" or key is None or key.span.line == found.span.line:
        return found
    part = "it is in the value" if len(steps) < len(path) else "it is the value"
    hint = f'{part} of "{key.text}", on line {key.span.line}'
    return replace(found, hint=f"{found.hint}; {hint}" if found.hint else hint)


def line_astray(
    node: Node, key: str, classes: dict[int, type[Spec]] | None = None
) -> int | None:
    """The line below a mapping that has no such key where one stands that may be meant for it."""
    return next((n for part in _values(node) if (n := _astray(part, key, classes or {}))), None)


def _astray(node: Node, key: str, classes: dict[int, type[Spec]]) -> int | None:
    """The line of a key in a place that knows no such key, or in a text: it may be meant for another."""
    if isinstance(node, Scalar):
        begin = re.search(rf"^[ \t]*{re.escape(key)}:(\s|$)", node.text, re.MULTILINE)
        return node.place(begin.start())[0] if begin and node.style == "block" else None
    if isinstance(node, Mapping) and (there := node.key(key)) is not None:
        cls = classes.get(id(node))
        return None if cls is not None and key in _keys(cls) else there.span.line
    return next((n for part in _values(node) if (n := _astray(part, key, classes))), None)


def _values(node: Node) -> list[Node]:
    if isinstance(node, Mapping):
        return [entry.value for entry in node.entries]
    return list(node.items) if isinstance(node, Sequence) else []


def _rename(key: Scalar, parent: Node, known: list[str]) -> Fix | None:
    """Puts the near key in place of an unknown one, where it does not stand there already."""
    fix = respelling(key.text, known, key.span)
    if fix is None or (isinstance(parent, Mapping) and parent.key(fix.edits[0].text) is not None):
        return None
    return fix


def _keys(cls: type[Spec]) -> list[str]:
    return [info.alias or name for name, info in cls.model_fields.items()]


def _node_at(node: Node, path: tuple[str | int, ...]) -> Node:
    for step in path:
        if isinstance(node, Mapping) and isinstance(step, str) and node.get(step) is not None:
            node = node.get(step)  # type: ignore[assignment]
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
    return node
