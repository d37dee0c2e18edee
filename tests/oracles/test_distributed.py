"""Ranks as a user starts them, with torchrun: they meet and part, stop when one is killed, and leave nothing behind.

Beside that the dry runs of large models, each within its minute of a free processor.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from igla.architecture.decoder import DecoderConfig, num_params
from igla.distributed.dry_run import dry_run
from igla.distributed.layout import Cluster, ParallelConfig, Workload
from igla.models import igla_70b, koshey

PROGRAM = """
import os, sys, time
from pathlib import Path
import torch, torch.distributed as dist
from igla.distributed.launch import RunStopped, process_group
folder, steps = Path(sys.argv[1]), int(sys.argv[2])
try:
    with process_group(timeout=60) as ranks:
        (folder / f"pid-{ranks.rank}").write_text(str(os.getpid()))
        total = torch.zeros(1)
        for step in range(steps):
            total += 1 + ranks.rank
            dist.all_reduce(total)
            time.sleep(0.01)
        (folder / f"done-{ranks.rank}").write_text(str(total.item()))
except RunStopped as stop:
    (folder / f"said-{ranks.rank}").write_text(str(stop))
    sys.exit(f"error: {stop}")
"""


def _start(folder: Path, steps: int) -> subprocess.Popen[bytes]:
    program = folder / "program.py"
    program.write_text(PROGRAM)
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
    ]
    return subprocess.Popen(
        [*launcher, str(program), str(folder), str(steps)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "STARTED_FOR": str(folder)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _wait_for(*paths: Path, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not all(path.exists() and path.read_text() for path in paths):
        assert time.monotonic() < deadline, f"none of {paths}"
        time.sleep(0.05)


def _running(folder: Path) -> list[int]:
    """Processes that were started for the folder, and those that they started: their environment names it."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # it has ended meanwhile, or is another user's
            continue
        if f"STARTED_FOR={folder}".encode() in environment:
            found.append(int(process.name))
    return found


def _shared_memory() -> set[str]:
    return {path.name for path in Path("/dev/shm").glob("*torch*")}


@pytest.mark.slow
def test_ranks_of_torchrun_start_and_stop_twenty_times(tmp_path: Path) -> None:
    """Each start computes the same, and afterwards its processes, with their ports, and shared memory are gone."""
    before = _shared_memory()
    for number in range(20):
        folder = tmp_path / str(number)
        folder.mkdir()
        launcher = _start(folder, steps=3)
        assert launcher.pid in _running(folder)
        assert launcher.wait(timeout=120) == 0
        assert {(folder / f"done-{rank}").read_text() for rank in (0, 1)} == {"21.0"}
    assert _running(tmp_path) == []
    assert _shared_memory() <= before


@pytest.mark.slow
def test_a_killed_rank_stops_the_others_with_a_sentence(tmp_path: Path) -> None:
    """kill -9 in the middle of the steps: the other rank ends in under 30 seconds and says why."""
    launcher = _start(tmp_path, steps=100_000)
    _wait_for(tmp_path / "pid-0", tmp_path / "pid-1")
    time.sleep(0.5)
    begin = time.monotonic()
    os.kill(int((tmp_path / "pid-1").read_text()), signal.SIGKILL)
    assert launcher.wait(timeout=60) != 0
    assert time.monotonic() - begin < 30
    other = int((tmp_path / "pid-0").read_text())
    assert not Path(f"/proc/{other}").exists()
    said = tmp_path / "said-0"  # unless torchrun, which kills at once, came first
    if said.exists():
        assert "another rank is gone without a word" in said.read_text()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "ranks", "global_batch"),
    [(igla_70b.CONFIG, 512, 512), (koshey.CONFIG, 128, 16)],
)
def test_dry_runs_of_large_models_take_under_a_minute(
    config: DecoderConfig, ranks: int, global_batch: int
) -> None:
    """In processor time: other work on the machine does not count."""
    begin = time.process_time()
    work = Workload(sequence_length=config.context_length, global_batch=global_batch)
    choice = dry_run(config, ParallelConfig(layout="auto"), Cluster(ranks=ranks), work)
    assert time.process_time() - begin < 60
    # what is counted on the built model is what the formula says, up to shards that are not equal
    formula = -(-4 * num_params(config) // ranks)
    assert formula <= choice.bytes.weights <= 1.02 * formula
