"""Shards against what happens to them: kill -9 at any moment, and data that grow.

Processes that are to die are forked by a server: this file, run as a program.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from igla.data import shards
from igla.data.cleaning import Cleaned, CleaningConfig
from igla.data.shards import verify_shards, write_parts
from igla.data.sources import Document, SourceConfig, Sources
from igla.data.tokenizer import TokenizerConfig, train_tokenizer
from tests.oracles.forking import REPOSITORY, Server, serve

MEMORY = 24_000_000  # bytes by which the peak may grow from 1 to 16 times the data


class Bytes:
    """A tokenizer of bytes: fast, so that what is measured is all the rest."""

    vocab_size, bos_id, eos_id, sha256 = 259, 1, 2, "bytes"

    def __init__(self, seconds: float = 0) -> None:
        self.seconds = seconds  # that a batch takes, so that there is time to be killed in

    def encode_arrays(self, texts: list[str], *, bos: bool, eos: bool) -> list[np.ndarray]:
        time.sleep(self.seconds)
        rows = [np.frombuffer(text.encode(), np.uint8).astype(np.int32) + 3 for text in texts]
        return [np.concatenate([[1], row, [2]]).astype(np.int32) for row in rows]


# ---------------------------------------------------------------- what the forked processes do


def documents() -> list[Document]:
    """Of very unequal lengths: some begin and end inside a shard, some fill several."""
    chance = random.Random(0)
    sizes = [int(10 ** chance.uniform(0, 4.2)) for _ in range(300)]
    return [Document("ab"[n % 2], str(n), f"{n} " * (size // 4 + 1)) for n, size in enumerate(sizes)]


def part_of(document: Document) -> str:
    return "held-out" if int(document.name) % 7 == 0 else "train"


def write(out: str) -> None:
    """The same call every time, some 1.5 s of it."""
    shards.BATCH_CHARACTERS = 10_000
    write_parts(documents(), Bytes(0.02), Path(out), part_of, shard_tokens=9_000)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(__file__)
    yield server
    server.close()


@pytest.fixture(scope="module")
def unbroken(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The shards of a call that nobody stopped, and its seconds."""
    out = tmp_path_factory.mktemp("unbroken") / "out"
    begin = time.monotonic()
    assert server.call("write", out) == 0
    return out, time.monotonic() - begin


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def finished(folder: Path) -> dict[str, tuple[int, int]]:
    """The shards that the journal of a folder in the making names: inode and time."""
    journal = folder / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")[1:-1] if journal.exists() else []
    found = {}
    for line in map(json.loads, lines):
        for ending in ("bin", "idx"):
            name = f"{line['part']}/{line['shard']['name']}.{ending}"
            found[name] = (folder / name).stat()
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


# ---------------------------------------------------------------- kill -9


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_at_any_moment_ends_as_if_never_stopped(
    server: Server, unbroken: tuple[Path, float], tmp_path: Path, kills: int
) -> None:
    """Killed until it has finished, again and again: the same bytes, and no finished shard is done twice."""
    whole, seconds = unbroken
    expected = contents(whole)
    chance = random.Random(kills)
    killed, torn, run = 0, 0, 0
    while killed < kills:
        run += 1
        assert run < 10 * kills, "the kills come too late"
        out = tmp_path / str(run) / "out"
        out.parent.mkdir()
        partial = out.parent / ".out.partial"
        while not out.exists():
            before = finished(partial)
            pid = server.start("write", out)
            time.sleep(chance.uniform(0.05, 0.7 * seconds))
            with contextlib.suppress(ProcessLookupError):  # it has finished
                os.kill(pid, signal.SIGKILL)
            status = server.wait()
            assert status in (0, -signal.SIGKILL)
            killed += status != 0
            torn += any(partial.rglob("*.tmp"))
            now = partial if partial.exists() else out
            for name, stamp in before.items():
                found = (now / name).stat()
                assert (found.st_ino, found.st_mtime_ns) == stamp, f"{name} was written again"
        assert server.call("write", out) == 0
        assert contents(out) == expected
        assert verify_shards(out / "train") == verify_shards(out / "held-out") == []
        assert [path.name for path in out.parent.iterdir()] == ["out"]
    assert torn > kills // 5, "too few kills came while a shard was written"


# ---------------------------------------------------------------- ray


def test_ray_writes_the_same_shards(tmp_path: Path) -> None:
    """A real one, on this machine; what stands for it in the generated tests knows only what is used of it."""
    pytest.importorskip("ray.data", reason="Ray Data is not installed")
    texts = [document.text for document in documents()]
    tokenizer = train_tokenizer(texts, TokenizerConfig(vocab_size=270), tmp_path / "t.model")
    for engine in ("processes", "ray"):
        out = tmp_path / engine
        shards.write_parts(documents(), tokenizer, out, part_of, shard_tokens=9_000, engine=engine)
    assert contents(tmp_path / "ray") == contents(tmp_path / "processes")


# ---------------------------------------------------------------- memory

GROWING = """
    import json, resource, sys
    sys.path.insert(0, sys.argv[3])
    from tests.oracles import test_shards
    print(test_shards.peak(sys.argv[1], int(sys.argv[2])))
"""


def peak(folder: str, megabytes: int) -> int:
    """Bytes at most in memory while so much goes through the pipeline.

    Pages of mapped files are not counted: the system lends them, and takes them back when it needs them.
    """
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            status = Path("/proc/self/status").read_text()
            most = max(most, int(status.split("RssAnon:")[1].split()[0]) * 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    go_through(folder, megabytes)
    done.set()
    watcher.join()
    return most


def go_through(folder: str, megabytes: int) -> None:
    """Text is read, cleaned, written, packed and read again."""
    from igla.data.reader import TokenReader, held_out_batches, token_counts

    source = Path(folder) / f"{megabytes}.jsonl"
    with source.open("w") as file:
        for number in range(megabytes * 250):
            file.write(json.dumps({"text": f"{number} some text of its own\n" * 140}) + "\n")
    rules = dict(max_duplicate_lines=None, max_duplicate_text=None, max_top_ngrams=())
    cleaning = CleaningConfig(**rules, max_duplicate_ngrams=())
    stream = Cleaned(Sources([SourceConfig(name="s", location=str(source))]), cleaning)
    out = Path(folder) / f"shards-{megabytes}"
    shards.write_shards(stream, Bytes(), out, shard_tokens=1_000_000)
    assert stream.counts.kept == megabytes * 250
    for packing in ("concat", "best_fit"):
        reader = TokenReader(out, 1024, 8, 0, packing=packing)
        while reader.epoch == 0:
            reader.next_batch()
    assert sum(1 for _ in held_out_batches(out, 1024, 64)) > 0
    assert int(token_counts(out)[2]) == stream.counts.kept


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_data(tmp_path: Path) -> None:
    """4 MB, 16 MB and 64 MB of text: from source to batches, the peak stays."""
    script = tmp_path / "peak.py"
    script.write_text("\n".join(line[4:] for line in GROWING.split("\n")))
    found = []
    for megabytes in (4, 16, 64):
        command = [sys.executable, script, tmp_path, str(megabytes), REPOSITORY]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(int(done.stdout))
    assert max(found) - found[0] < MEMORY, found
    assert max(found) < 500_000_000, found


if __name__ == "__main__":
    serve({"write": write})
