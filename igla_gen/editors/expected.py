"""What may stand at a path of a spec, read off the models."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from igla_gen.editors.context import ITEM
from igla_gen.frozen import frozen
from igla_gen.model import base
from igla_gen.model.base import Spec

Shape = Literal["mapping", "table", "items", "scalar", "anything"]
# the kinds of scalar that a model knows, by the function that reads them
_SCALARS = {
    kind.__metadata__[0].func: name
    for name, kind in (
        ("text", base.Text), ("number", base.Number), ("integer", base.Integer),
        ("expression", base.Expr), ("type", base.TypeText), ("field", base.FieldText),
    )
}  # fmt: skip


@frozen
class Expected:
    """A mapping with the keys of `cls`, a table or list of `inner`, a scalar of a kind, or anything."""

    shape: Shape
    cls: type[Spec] | None = None
    inner: Expected | None = None
    scalar: str = ""


_ANYTHING = Expected("anything")


def expected_at(cls: type[Spec], path: tuple[str, ...]) -> Expected:
    """What stands at a path below a mapping of `cls`."""
    found = Expected("mapping", cls)
    for step in path:
        found = _below(found, step)
    return found


def _below(found: Expected, step: str) -> Expected:
    if found.shape == "mapping" and found.cls is not None:
        for name, info in found.cls.model_fields.items():
            if step == (info.alias or name):
                return _read(info.annotation, tuple(info.metadata))
    is_item = step == ITEM
    if found.inner is not None and (found.shape == "items") == is_item:
        return found.inner
    return _ANYTHING


def _read(annotation: Any, metadata: tuple[Any, ...]) -> Expected:
    functions = {getattr(item, "func", None) for item in metadata}
    arguments = get_args(annotation)
    if scalar := next((name for func, name in _SCALARS.items() if func in functions), None):
        return Expected("scalar", scalar=scalar)
    if base._items in functions:
        return Expected("items", inner=_read(arguments[0], ()))
    if base._table in functions:
        return Expected("table", inner=_read(arguments[1], ()))
    if get_origin(annotation) is Annotated:
        return _read(arguments[0], arguments[1:])
    if get_origin(annotation) in (Union, types.UnionType):
        return next(_read(one, metadata) for one in arguments if one is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return Expected("mapping", annotation)
    return _ANYTHING
