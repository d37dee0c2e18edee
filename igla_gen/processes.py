"""Work on many things, in forks of this process that each do a part of it."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
MOST = 8  # more of them wait for the part that takes longest


def usable() -> int:
    """How many processes can run at once here; 1 where a process cannot be forked."""
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_parts(
    work: Callable[[list[T]], R], items: Sequence[T], processes: int, fewest: int
) -> list[R]:
    """What `work` gives for each part of the items, which are dealt out in turn.

    A part has `fewest` items or more, and a process of its own as far as there are `processes`; the
    first one is done here. A process hands its result over pickled and changes nothing else here;
    where one fails its part is done here, and so an exception is raised here.
    """
    number = max(1, min(processes, MOST, len(items) // fewest))
    parts = [list(items[first::number]) for first in range(number)]
    others = [(part, *_forked(work, part)) for part in parts[1:]]
    try:
        results = [work(parts[0])]
    finally:
        handed_over = [_result(child, reading) for _, child, reading in others]
    for (part, *_), data in zip(others, handed_over, strict=True):
        results.append(work(part) if data is None else pickle.loads(data))
    return results


def _forked(work: Callable[[list[T]], R], part: list[T]) -> tuple[int, int]:
    """Number of a process that does the part, and the end of the pipe that its result comes out of."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    code = 1
    try:
        os.close(reading)
        result = pickle.dumps(work(part))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(result)
        code = 0
    finally:
        os._exit(code)  # nothing of what this process was about to do is done twice


def _result(child: int, reading: int) -> bytes | None:
    """What a process has handed over, once it has ended; None where it failed."""
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    return data if os.waitpid(child, 0)[1] == 0 else None
