"""Sizes that give a parameter count: a search over legal shapes, and ladders up from one of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from igla_gen.frozen import frozen
from igla_gen.model.counting import Counter
from igla_gen.model.records import Record
from igla_gen.syntax.tree import Mapping as MappingNode

PHI = (1 + math.sqrt(5)) / 2
LARGEST = 1_000_000  # shapes; more than a search of minutes
SHAPE = "shape_distance"  # the formula that says how usual the proportions are, of these fields:
_MEASURED = ("hidden_size", "num_layers", "num_heads", "num_kv_heads", "ffn_size")
EVERY = 5_000  # shapes between two words on the progress


class SolveError(ValueError):
    """A question that has no answer here, as a sentence."""


@frozen
class Ranges:
    """What is searched. Hidden size is heads times head_dim, and both ranges hold."""

    layers: tuple[int, int] = (24, 28)
    hidden: tuple[int, int] = (2048, 2560)
    heads: tuple[int, int] = (16, 20)
    kv_heads: tuple[int, int] = (4, 8)
    head_dim: int = 128
    ffn_multiple: int = 256
    ffn_ratio: float = 4.0  # widest MLP, in hidden sizes
    vocabulary: int = 32_000
    context: int = 4096
    tied: tuple[bool, ...] = (True, False)

    def shapes(self) -> Iterator[dict[str, object]]:
        """Every combination, as values of the fields that decide sizes."""
        outer = product(_all(self.layers), self._widths(), self.tied)
        for layers, (heads, kv_heads, hidden), tied in outer:
            widest = int(hidden * self.ffn_ratio)
            for ffn in range(self.ffn_multiple, widest + 1, self.ffn_multiple):
                yield self.values(layers, heads, kv_heads, ffn, tied)

    def count(self) -> int:
        """How many combinations there are.

        Raises:
            SolveError: there are too many to be counted.
        """
        pairs = len(_all(self.heads)) * len(_all(self.kv_heads))
        if pairs > LARGEST:
            raise SolveError(
                f"{pairs:_} pairs of heads and key/value heads are too many ({LARGEST:_}): narrow a range"
            )
        ffns = [int(h * self.ffn_ratio) // self.ffn_multiple for _, _, h in self._widths()]
        return len(_all(self.layers)) * len(self.tied) * sum(ffns)

    def _widths(self) -> list[tuple[int, int, int]]:
        """Heads, key/value heads and hidden size that go together."""
        pairs = product(_all(self.heads), _all(self.kv_heads))
        found = [(heads, kv, heads * self.head_dim) for heads, kv in pairs if heads % kv == 0]
        return [width for width in found if self.hidden[0] <= width[2] <= self.hidden[1]]

    def values(
        self, layers: int, heads: int, kv_heads: int, ffn: int, tied: bool
    ) -> dict[str, object]:
        """One shape as values of fields."""
        return {
            "vocab_size": self.vocabulary,
            "hidden_size": heads * self.head_dim,
            "num_layers": layers,
            "num_heads": heads,
            "num_kv_heads": kv_heads,
            "head_dim": self.head_dim,
            "ffn_size": ffn,
            "context_length": self.context,
            "tie_embeddings": tied,
        }


def _all(ends: tuple[int, int]) -> range:
    return range(ends[0], ends[1] + 1)


@frozen
class Shape:
    """One legal shape: its sizes, its count, how far the count is off, how unusual it is."""

    values: Mapping[str, object]
    parameters: int
    gap: float  # of the target, signed
    distance: float | None

    @property
    def key(self) -> tuple[object, ...]:
        """Orders equal shapes, so that the same question has the same answer."""
        return tuple(self.values.values())


@dataclass(slots=True)
class Solver:
    """The blueprint's own count, over shapes that its config type accepts."""

    counter: Counter

    def __post_init__(self) -> None:
        fields = self.counter.declared[1].fields
        lacking = [name for name in Ranges().values(1, 1, 1, 1, True) if name not in fields]
        if lacking:
            raise SolveError(
                f"{self.counter.type_name} has no field {', '.join(lacking)}: solve knows decoders"
            )

    def solve(
        self, target: int, ranges: Ranges, within: float, told: Callable[[int], None]
    ) -> list[Shape]:
        """Every legal shape, best first.

        Counts that are off by `within` at most are as good as each other: there usual proportions
        come first. Behind them the nearest count comes first.

        Raises:
            SolveError: there is no shape in the ranges, or there are too many.
        """
        if ranges.count() > LARGEST:
            raise SolveError(
                f"{ranges.count():_} shapes are too many ({LARGEST:_}): narrow a range"
            )
        found = []
        for number, values in enumerate(ranges.shapes()):
            if number and number % EVERY == 0:
                told(number)
            shape = self.shape(values, target)
            if shape is not None:
                found.append(shape)
        if not found:
            raise SolveError("no shape in these ranges is legal: heads times head_dim is the hidden "
                             "size, and key/value heads divide the heads")  # fmt: skip
        return sorted(found, key=lambda shape: _rank(shape, within))

    def shape(self, values: dict[str, object], target: int) -> Shape | None:
        """A shape with its count; None where the config type refuses it."""
        counter = self.counter
        span = counter.declared[1].node.span  # the values stand in no file
        record = Record(counter.type_name, counter.declared, MappingNode((), span), span, values)
        lacking = [name for name in record.spec.fields if name not in record]
        if lacking:
            raise SolveError(
                f"{counter.type_name} needs {', '.join(lacking)}, which solve does not give"
            )
        parameters = counter.count(record) if counter.is_legal(record) else None
        if parameters is None:
            return None
        return Shape(values, parameters, parameters / target - 1, self._distance(record))

    def _distance(self, record: Record) -> float | None:
        function = self.counter.functions.get(SHAPE)
        if not callable(function):
            return None
        value = function(**{name: record[name] for name in _MEASURED})
        return float(value) if isinstance(value, int | float) else None

    def ladder(self, first: Shape, target: int, ranges: Ranges, rungs: int) -> list[Shape]:
        """`first`, and shapes whose width, depth and heads grow by the golden ratio, rounded to legal ones.

        Key/value heads stay, heads are a multiple of them, the MLP keeps its ratio to the width.
        """
        found = [first]
        layers, heads, kv, ffn = (
            int(first.values[name])  # type: ignore[call-overload]
            for name in ("num_layers", "num_heads", "num_kv_heads", "ffn_size")
        )
        for rung in range(1, rungs + 1):
            factor = PHI**rung
            new_heads = max(1, round(heads * factor / kv)) * kv
            wide = ffn * new_heads / heads / ranges.ffn_multiple
            values = ranges.values(
                round(layers * factor), new_heads, kv, max(1, round(wide)) * ranges.ffn_multiple,
                bool(first.values["tie_embeddings"]),
            )  # fmt: skip
            shape = self.shape(values, target)
            if shape is None:
                raise SolveError(f"rung {rung} of the ladder is no legal shape: {values}")
            found.append(shape)
        return found


def _rank(shape: Shape, within: float) -> tuple[object, ...]:
    gap = abs(shape.gap)
    if gap <= within and shape.distance is not None:
        return (0, round(shape.distance, 9), gap, shape.key)
    return (1 if shape.distance is not None else 0, gap, 0.0, shape.key)
