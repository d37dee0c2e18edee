"""`frozen` makes what a frozen dataclass with slots is."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from igla_gen.frozen import frozen


def declare(decorate: Callable[[type], type]) -> tuple[type, type]:
    @decorate
    class Point:
        x: int
        y: float = 2.0
        tags: tuple[str, ...] = ()
        notes: list[str] = field(default_factory=list, compare=False, repr=False)

        @property
        def double(self) -> int:
            return 2 * self.x

    @decorate
    class Checked:
        """Has a docstring."""

        x: int

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("below zero")

    return Point, Checked


Point, Checked = declare(frozen)
Twin, CheckedTwin = declare(dataclass(frozen=True, slots=True))


@frozen
class Plain:
    a: int
    b: str = "b"


@pytest.mark.parametrize("arguments", [(1,), (1, 3.0), (1, 2.0, ("a",)), (1, 2.0, (), ["n"])])
def test_values_are_those_of_a_dataclass(arguments: tuple) -> None:
    ours, twin = Point(*arguments), Twin(*arguments)
    assert [getattr(ours, f.name) for f in fields(ours)] == [
        getattr(twin, f.name) for f in fields(twin)
    ]
    assert repr(ours) == repr(twin)
    assert repr(replace(ours, x=5)) == repr(replace(twin, x=5))
    assert ours.double == twin.double == 2


def test_values_are_equal_where_their_compared_fields_are() -> None:
    for cls in (Point, Twin):
        assert cls(1) == cls(1, 2.0, (), ["other"]) and hash(cls(1)) == hash(
            cls(1, 2.0, (), ["other"])
        )
        assert cls(1) != cls(2) and cls(1) != (1, 2.0, ())
    assert Point(1) != Twin(1)


def test_each_value_has_a_list_of_its_own() -> None:
    assert Point(1).notes is not Point(1).notes


@pytest.mark.parametrize("cls", [Point, Twin])
def test_nothing_can_be_changed_added_or_removed(cls: type) -> None:
    value = cls(1)
    with pytest.raises(FrozenInstanceError):
        value.x = 2
    with pytest.raises(FrozenInstanceError):
        del value.x
    assert value.x == 1 and not hasattr(value, "__dict__")


@pytest.mark.parametrize("cls", [Point, Twin])
def test_missing_and_unknown_arguments_are_refused(cls: type) -> None:
    for arguments, keywords in (((), {}), ((1,), {"z": 1}), ((1, 2, 3, 4, 5), {})):
        with pytest.raises(TypeError):
            cls(*arguments, **keywords)


@pytest.mark.parametrize("cls", [Checked, CheckedTwin])
def test_a_value_is_checked_when_it_is_made(cls: type) -> None:
    assert cls(1).x == 1
    with pytest.raises(ValueError, match="below zero"):
        cls(-1)


def test_values_are_matched_by_place_and_pickled() -> None:
    match Plain(1):
        case Plain(a, b):
            assert (a, b) == (1, "b")
    assert pickle.loads(pickle.dumps(Plain(3, "c"))) == Plain(3, "c")
