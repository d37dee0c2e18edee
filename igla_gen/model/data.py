"""Checked models as plain data: one way for every class of model, expression and type."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from igla_gen.diagnostics import Span
from igla_gen.expressions import Expression
from igla_gen.expressions import show as show_expression
from igla_gen.model.base import Spec
from igla_gen.model.types import Type, python_type
from igla_gen.model.types import show as show_type
from igla_gen.syntax.tree import Mapping, Scalar, Sequence, plain_data


def as_data(value: object) -> object:
    """The value as dicts, lists and scalars; everything that stands in a file has its `span`.

    A mapping of a spec has its keys as they are written, those left out with their defaults. An
    expression or a type has its `text` beside its `tree`.
    """
    match value:
        case Spec():
            items = type(value).model_fields.items()
            data = {info.alias or name: as_data(getattr(value, name)) for name, info in items}
            return data | {"span": span_data(value.node.span)}
        case Scalar():
            return {"text": value.text, "value": value.value, "span": span_data(value.span)}
        case Mapping() | Sequence():
            return {"value": plain_data(value), "span": span_data(value.span)}
        case dict():
            return {key: as_data(item) for key, item in value.items()}
        case tuple() | list():
            return [as_data(item) for item in value]
    if isinstance(value, Expression):
        return {"text": show_expression(value), "tree": tree_data(value)}
    if isinstance(value, Type):
        shown = {"text": show_type(value), "python": python_type(value)}
        return shown | {"tree": tree_data(value)}
    return _record(value, as_data) if is_dataclass(value) else value


def tree_data(value: object) -> object:
    """A node of an expression or a type with all that is below it; `node` is the name of its class."""
    if isinstance(value, Span):
        return span_data(value)
    if isinstance(value, tuple | list):
        return [tree_data(item) for item in value]
    if is_dataclass(value):
        return {"node": type(value).__name__.rstrip("_")} | _record(value, tree_data)
    return value


def _record(value: object, convert) -> dict[str, object]:
    parts = {item.name: getattr(value, item.name) for item in fields(value)}  # type: ignore[arg-type]
    return {
        name: span_data(part) if isinstance(part, Span) else convert(part)
        for name, part in parts.items()
    }


def span_data(span: Span) -> list[int]:
    """Line, column, end line, end column; from one, the end exclusive."""
    return [span.line, span.column, span.end_line, span.end_column]
