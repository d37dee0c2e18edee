"""Work that processes share: the same results as in one, whatever becomes of the others."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from igla_gen.model import library
from igla_gen.processes import MOST, in_parts, usable
from igla_gen.syntax import parse_document
from igla_gen.syntax.tree import Document

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")


def with_process(part: list[int]) -> tuple[int, list[int]]:
    return os.getpid(), [number * number for number in part]


def test_parts_are_dealt_out_in_turn_each_in_a_process_of_its_own() -> None:
    results = in_parts(with_process, range(10), processes=3, fewest=2)
    assert [squares for _, squares in results] == [[0, 9, 36, 81], [1, 16, 49], [4, 25, 64]]
    assert results[0][0] == os.getpid()
    assert len({process for process, _ in results}) == 3


@pytest.mark.parametrize(
    ("items", "processes", "fewest", "parts"),
    [(10, 1, 1, 1), (0, 4, 2, 1), (3, 4, 2, 1), (4, 4, 2, 2), (100, 64, 1, MOST)],
)
def test_no_part_is_smaller_than_is_worth_a_process(
    items: int, processes: int, fewest: int, parts: int
) -> None:
    assert len(in_parts(with_process, range(items), processes, fewest)) == parts


def test_the_part_of_a_process_that_is_killed_is_done_here() -> None:
    here = os.getpid()

    def work(part: list[int]) -> tuple[int, list[int]]:
        if os.getpid() != here:
            os._exit(3)
        return with_process(part)

    assert in_parts(work, range(4), processes=2, fewest=1) == [(here, [0, 4]), (here, [1, 9])]


def test_a_result_that_cannot_be_handed_over_is_made_here() -> None:
    first, second = in_parts(lambda part: threading.Lock(), range(2), processes=2, fewest=1)
    assert first is not second


@pytest.mark.parametrize("at_fault", [0, 1])
def test_what_a_part_raises_is_raised_here_once_all_processes_have_ended(
    at_fault: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork, begun = os.fork, []
    monkeypatch.setattr(os, "fork", lambda: begun.append(fork()) or begun[-1])

    def work(part: list[int]) -> None:
        if at_fault in part:
            raise LookupError(f"number {at_fault}")

    with pytest.raises(LookupError, match=f"number {at_fault}"):
        in_parts(work, range(2), processes=2, fewest=1)
    (child,) = begun
    with pytest.raises(ChildProcessError):  # it is not there to be waited for
        os.waitpid(child, os.WNOHANG)


def test_results_larger_than_a_pipe_holds() -> None:
    sizes = in_parts(lambda part: "x" * 1_000_000, range(3), processes=3, fewest=1)
    assert [len(text) for text in sizes] == [1_000_000] * 3


def test_no_more_processes_than_this_one_may_use() -> None:
    assert 1 <= usable() <= (os.cpu_count() or 1)


def test_specs_are_read_by_several_processes_as_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with some, and two that write one module, included."""
    shutil.copytree(ROOT / "specs" / "optimization", tmp_path / "specs" / "optimization")
    folder = tmp_path / "specs" / "optimization"
    (folder / "twin.vibee").write_text((folder / "loss.vibee").read_text())
    (folder / "broken.vibee").write_text("name: broken\n  version: 1\n")
    (folder / "wrong.vibee").write_text((folder / "gradient.vibee").read_text().replace("laws:", "lows:"))
    monkeypatch.setattr(library, "FEWEST", 1)
    one = library.load([tmp_path / "specs"], tmp_path)
    several = library.load([tmp_path / "specs"], tmp_path, processes=3)
    assert len({item.span.file for item in one.findings.items}) == 3
    for name in ("findings", "sources", "documents"):
        assert getattr(several, name) == getattr(one, name), name
    assert [unit.module for unit in several.requested] == [unit.module for unit in one.requested]
    assert several.units == one.units and list(several.units) == list(one.units)


def test_a_file_that_one_process_reads_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is faulty, of which nothing is kept to be used again."""
    path = tmp_path / "broken.vibee"
    path.write_text("name: broken\nkey: 1\n")
    read: list[str] = []

    def parse(text: str, shown: str) -> Document:
        read.append(shown)
        return parse_document(text, shown)

    monkeypatch.setattr(library, "parse_document", parse)
    assert library.load([path], tmp_path, processes=2).findings.items
    assert read == ["broken.vibee"]
