"""Frozen dataclasses that are quick to declare.

`dataclass(frozen=True, slots=True)` compiles six methods for each class, which for a hundred classes
is a tenth of the time of a run. Here one is compiled, and the others are the same functions for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Makes what `dataclass(frozen=True, slots=True)` makes: for `fields` and `replace` it is one."""
    cls.__doc__ = cls.__doc__ or cls.__name__  # else its signature is looked up for one
    made: Any = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    all_fields = fields(made)
    made.__init__ = _initializer(made, all_fields)
    made.__eq__, made.__hash__ = _comparisons(all_fields)
    made.__repr__, made.__reduce__ = _repr, _reducer(made, [item.name for item in all_fields])
    made.__setattr__, made.__delattr__ = _refuse, _refuse
    return made


def _initializer(cls: type, all_fields: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Sets each slot by its descriptor, since the class itself refuses to set anything."""
    known: dict[str, Any] = {"made_anew": MISSING}
    params, lines = [], []
    for item in all_fields:
        name = item.name
        known[f"set_{name}"] = getattr(cls, name).__set__
        value = name
        if item.default is not MISSING:
            known[f"default_{name}"] = item.default
            params.append(f"{name}=default_{name}")
        elif item.default_factory is not MISSING:
            known[f"make_{name}"] = item.default_factory
            params.append(f"{name}=made_anew")
            value = f"make_{name}() if {name} is made_anew else {name}"
        else:
            params.append(name)
        lines.append(f"    set_{name}(self, {value})\n")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()\n")
    exec(f"def __init__(self, {', '.join(params)}):\n{''.join(lines) or '    pass'}", known)
    return known["__init__"]


def _comparisons(
    all_fields: tuple[Field[Any], ...],
) -> tuple[Callable[[Any, object], Any], Callable[[Any], int]]:
    """Two values of a class are equal where their compared fields are."""
    key = _values_of([item.name for item in all_fields if item.compare])
    hashed = [item for item in all_fields if (item.compare if item.hash is None else item.hash)]
    hash_key = _values_of([item.name for item in hashed])

    def equal(self: Any, other: object) -> Any:
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return equal, lambda self: hash(hash_key(self))


def _values_of(names: list[str]) -> Callable[[Any], Any]:
    return attrgetter(*names) if names else lambda _: ()


def _repr(self: Any) -> str:
    parts = (f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
    return f"{self.__class__.__qualname__}({', '.join(parts)})"


def _reducer(cls: type, names: list[str]) -> Callable[[Any], tuple[type, tuple[object, ...]]]:
    """Pickled as a call, since it cannot be filled in afterwards."""
    values = _values_of(names)
    if len(names) == 1:  # of which attrgetter gives no tuple
        return lambda self: (cls, (values(self),))
    return lambda self: (cls, values(self))


def _refuse(self: Any, name: str, *_value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r}")
