"""Checkpoints against what happens to them: kill -9, a full disk, a read-only folder, rotten bits.

Processes that are to die are forked by a server: this file, run as a program.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import stat
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from igla.distributed import checkpointing
from tests.oracles.forking import Server, serve

STEPS = 12
FILES = (
    "model.safetensors",
    "optimizer.json",
    "optimizer.safetensors",
    "rng.json",
    "rng.safetensors",
)


# ---------------------------------------------------------------- what the forked processes do


def build() -> tuple[nn.Module, torch.optim.Optimizer]:
    """A model of 1 MB (its moments 2 MB), so that a save takes a while; dropout draws numbers."""
    torch.manual_seed(1)
    random.seed(1)
    model = nn.Sequential(
        nn.Embedding(64, 128), nn.Linear(128, 2000), nn.Dropout(0.1), nn.Linear(2000, 1)
    )
    return model, torch.optim.AdamW(model.parameters(), lr=0.01, fused=True)


def train_step(model: nn.Module, optimizer: torch.optim.Optimizer) -> float:
    optimizer.zero_grad()
    loss = (model(torch.randint(0, 64, (8,))) - random.random()).square().sum()
    loss.backward()
    optimizer.step()
    return loss.item()


def run(root: str, steps: int = STEPS, report: str | None = None) -> None:
    """Train to `steps`, with a checkpoint after each, of which `report` gets a line."""
    model, optimizer = build()
    state = checkpointing.load_latest(Path(root), model=model, optimizer=optimizer) or {
        "step": 0,
        "losses": [],
    }
    checkpointing.prune_checkpoints(Path(root), 2)
    for step in range(state["step"] + 1, steps + 1):
        state = {"step": step, "losses": [*state["losses"], train_step(model, optimizer)]}
        checkpointing.save_checkpoint(
            Path(root), step, model=model, optimizer=optimizer, state=state
        )
        if report:
            with open(report, "a") as file:
                file.write(f"{step}\n")
        checkpointing.prune_checkpoints(Path(root), 2)


def save_again_and_die(root: str, call: int, answer: str) -> None:
    """Save step 3 again and prune; SIGKILL at the given file system call, or their count as answer."""
    model, optimizer = build()
    state = checkpointing.load_latest(Path(root), model=model, optimizer=optimizer)
    watched = ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod")
    calls, watching = 0, True

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal calls
        if watching and event in watched:
            calls += 1
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    state["again"] = True
    checkpointing.save_checkpoint(Path(root), 3, model=model, optimizer=optimizer, state=state)
    checkpointing.prune_checkpoints(Path(root), 2)
    watching = False
    Path(answer).write_text(json.dumps(calls))


def save_with_small_disk(root: str, limit: int, answer: str) -> None:
    """Save where no file may grow beyond `limit` bytes: the write itself fails."""
    model, optimizer = build()
    checkpointing.load_latest(Path(root), model=model, optimizer=optimizer)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    message = save_or_say_why(root, 4, model, optimizer)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    Path(answer).write_text(json.dumps(message))


def save_as_nobody(root: str, answer: str) -> None:
    """Load and save in a folder that may only be read."""
    model, optimizer = build()
    descriptor = os.open(answer, os.O_WRONLY | os.O_CREAT)
    if os.geteuid() == 0:
        os.setuid(65534)
    state = checkpointing.load_latest(Path(root), model=model, optimizer=optimizer)
    message = save_or_say_why(root, 4, model, optimizer)
    os.write(descriptor, json.dumps([state["step"], message]).encode())


def save_or_say_why(
    root: str, step: int, model: nn.Module, optimizer: torch.optim.Optimizer
) -> str | None:
    try:
        checkpointing.save_checkpoint(Path(root), step, model=model, optimizer=optimizer, state={})
    except checkpointing.CheckpointError as error:
        return str(error)
    return None


TASKS = {
    task.__name__: task for task in (run, save_again_and_die, save_with_small_disk, save_as_nobody)
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(__file__, PYTHONWARNINGS="error::UserWarning")
    yield server
    server.close()


@pytest.fixture(scope="module")
def finished(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints of a run that nobody stopped."""
    root = tmp_path_factory.mktemp("finished")
    assert server.call("run", root) == 0
    return root


@pytest.fixture
def three(server: Server, tmp_path: Path) -> Path:
    """Checkpoints of the steps 2 and 3."""
    root = tmp_path / "three"
    assert server.call("run", root, 3) == 0
    assert names(root) == ["step-00000002", "step-00000003"]
    return root


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def contents(path: Path) -> dict[str, bytes]:
    return {name: (path / name).read_bytes() for name in (*FILES, "state.json")}


def load(root: Path) -> dict[str, Any] | None:
    """load_latest, where a refusal is an error."""
    model, optimizer = build()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return checkpointing.load_latest(root, model=model, optimizer=optimizer)


# ---------------------------------------------------------------- kill -9


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=pytest.mark.slow)])
def test_killed_in_saves_ends_as_if_never_stopped(
    server: Server, finished: Path, tmp_path: Path, kills: int
) -> None:
    """Killed in one save after the other until the run has ended, again and again."""
    first, last = (path.stat().st_mtime for path in sorted(finished.iterdir()))
    a_step = max(last - first, 0.001)  # of a fast machine or a slow one: a save and what is around it
    chance = random.Random(kills)
    killed, torn, runs = 0, 0, 0
    while killed < kills:
        runs += 1
        assert runs < 10 * kills, "the kills come too late"
        root, report = tmp_path / str(runs), tmp_path / f"report-{runs}"
        report.touch()
        code = -signal.SIGKILL
        while code != 0:
            left = half_written(root)
            pid = server.start("run", root, STEPS, report)
            if killed < kills:
                kill_during_a_save(pid, root, left, chance.random() * a_step)
            code = server.wait()
            assert code in (0, -signal.SIGKILL)
            killed += code != 0
            torn += bool(half_written(root) - left)
            assert_nothing_is_lost(root, report)
        assert names(root) == names(finished) == [f"step-{STEPS - 1:08d}", f"step-{STEPS:08d}"]
        for name in names(root):
            assert contents(root / name) == contents(finished / name)
    print(f"{killed} kills in {runs} runs, {torn} of them with half a checkpoint on the disk")
    assert torn > kills // 10, "too few kills came while a checkpoint was written"


def assert_nothing_is_lost(root: Path, report: Path) -> None:
    """Every folder with a name is whole, and what was said to be saved can be loaded."""
    said = [int(line) for line in report.read_text().split()]
    state = load(root) if root.exists() else None
    assert (state or {"step": 0})["step"] >= max(said, default=0)
    for path in root.glob("step-*"):
        assert checkpointing.verify_checkpoint(path) == []


def half_written(root: Path) -> set[tuple[str, int]]:
    """The folders of saves that are under way or were cut off, each with its last change."""
    with contextlib.suppress(FileNotFoundError):  # it has just got its name
        return {(path.name, path.stat().st_ctime_ns) for path in root.glob(".step-*.partial")}
    return set()


def kill_during_a_save(pid: int, root: Path, left: set[tuple[str, int]], seconds: float) -> None:
    """SIGKILL so long after the next save has begun, if one begins; `left` is of saves before."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not half_written(root) - left:
        if not Path(f"/proc/{pid}").exists():
            return
        time.sleep(0.0005)
    time.sleep(seconds)
    with contextlib.suppress(ProcessLookupError):  # the run may have ended in the meantime
        os.kill(pid, signal.SIGKILL)


def test_killed_at_every_file_system_call_of_a_save(
    server: Server, three: Path, tmp_path: Path
) -> None:
    answer, root = tmp_path / "answer.json", tmp_path / "root"
    before, after = None, 0
    for call in range(1, 400):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(three, root)
        code = server.call("save_again_and_die", root, call, answer)
        state = load(root)
        assert state["step"] == 3
        assert len(state["losses"]) == 3
        after += state.get("again", False)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        before = call
    assert before == json.loads(answer.read_text()) > 20
    assert (
        0 < after < before
    )  # kills before the rename kept the old one, kills after it the new one
    assert names(root) == ["step-00000002", "step-00000003"]


# ---------------------------------------------------------------- no room, no permission


def test_full_disk_at_every_size(server: Server, three: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    sizes = sorted(path.stat().st_size for path in (three / "step-00000003").iterdir())
    before = {path.name: contents(path) for path in three.iterdir()}
    for limit in [0, 10, *(size - 1 for size in sizes if size > 100)]:
        assert server.call("save_with_small_disk", three, limit, answer) == 0
        message = json.loads(answer.read_text())
        assert message and "checkpoint of step 4 not written" in message, (limit, message)
        assert "File too large" in message, limit
        assert {path.name: contents(path) for path in three.iterdir()} == before, limit
    assert server.call("save_with_small_disk", three, sizes[-1] + 100, answer) == 0
    assert json.loads(answer.read_text()) is None
    assert checkpointing.verify_checkpoint(three / "step-00000004") == []


def test_read_only_folder_can_be_loaded_and_is_named(
    server: Server, three: Path, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        root = Path(shutil.copytree(three, Path(folder) / "root"))
        root.chmod(0o555)
        answer = tmp_path / "answer.json"
        assert server.call("save_as_nobody", root, answer) == 0
        step, message = json.loads(answer.read_text())
        assert step == 3
        assert (
            f"checkpoint of step 4 not written to {root}: " in message
            and "Permission denied" in message
        )
        assert names(root) == ["step-00000002", "step-00000003"]
        root.chmod(0o755)


def test_written_files_have_ordinary_permissions(three: Path, tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    for path in (three / "step-00000003").iterdir():
        assert stat.filemode(path.stat().st_mode) == stat.filemode(
            ordinary.stat().st_mode
        ), path.name


# ---------------------------------------------------------------- rotten bits


def previous_is_used(root: Path, name: str) -> None:
    """The newest checkpoint is refused by the name of its file, and step 2 is loaded."""
    model, optimizer = build()
    reports: list[str] = []
    state = checkpointing.load_latest(root, model=model, optimizer=optimizer, report=reports.append)
    assert state["step"] == 2
    assert len(reports) == 1 and f"step-00000003/{name}" in reports[0], reports
    saved = load_file(root / "step-00000002" / "model.safetensors")
    assert all(torch.equal(saved[key], tensor) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", [*FILES, "state.json", "manifest.json"])
def test_each_damaged_file_is_refused_by_name(three: Path, name: str) -> None:
    path = three / "step-00000003" / name
    whole = path.read_bytes()
    chance = random.Random(name)
    damaged = [b"", whole[: len(whole) // 2], whole[:-1], whole + b"\0", bytes(len(whole))]
    for _ in range(5):
        position, bit = chance.randrange(len(whole)), 1 << chance.randrange(8)
        damaged.append(whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :])
    for content in damaged[:2] + damaged[-1:]:
        path.write_bytes(content)
        previous_is_used(three, name if name != "manifest.json" else "")
    for content in damaged:
        path.write_bytes(content)
        assert checkpointing.verify_checkpoint(path.parent) != []
    path.unlink()
    previous_is_used(three, name)


def test_every_byte_of_the_manifest_counts(three: Path) -> None:
    """One flipped bit anywhere is a fault."""
    path = three / "step-00000003" / "manifest.json"
    whole = path.read_bytes()
    chance = random.Random(0)
    manifest = json.loads(whole)
    for name in FILES:  # small files in place of the large ones: hashing is not what is tested here
        (path.parent / name).write_bytes(name.encode())
        manifest["files"][name] = checkpointing.write_file(path.parent / name, name.encode())
    whole = json.dumps(manifest, indent=2).encode()
    path.write_bytes(whole)
    assert checkpointing.verify_checkpoint(path.parent) == []
    for position in range(len(whole)):
        for bit in chance.sample(range(8), 2):
            flipped = bytes([whole[position] ^ 1 << bit])
            path.write_bytes(whole[:position] + flipped + whole[position + 1 :])
            assert checkpointing.verify_checkpoint(path.parent) != [], (position, bit)


if __name__ == "__main__":
    torch.set_num_threads(1)
    train_step(*build())  # imports what torch imports late, once for all forks
    serve(TASKS)
