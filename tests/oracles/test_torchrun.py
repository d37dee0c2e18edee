"""The generated trainer under torchrun: the same command, more processes, the same run, whatever stops it.

Two ranks of this machine with gloo; the text and the model are those of test_quickstart.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from igla.distributed.checkpointing import verify_checkpoint
from igla.evaluation.metrics import read_log
from tests.oracles.test_quickstart import (
    ENVIRONMENT,
    SMALL,
    STDLIB,
    finish,
    leftovers,
    run,
    steps_done,
    wait_until,
)

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
STEPS = 30
SHORT = ["--training.steps", str(STEPS), "--export.gguf", "f32", "--checkpoint.every-steps", "5"]
RESULTS = ("model/model.safetensors", "model-f32.gguf", "log.jsonl", "result.json")
SHARDS = ["--distributed.layout", "fixed"]  # weights shared by all ranks


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten short files."""
    folder = tmp_path_factory.mktemp("texts")
    for path in sorted((STDLIB / "email").glob("*.py"))[:10]:
        (folder / path.name).write_bytes(path.read_bytes()[:2500])
    return folder


def command(ranks: int, texts: Path, out: Path, *more: str) -> list[str]:
    """One process is started without torchrun."""
    start = [*TORCHRUN, str(ranks), "-m"] if ranks > 1 else [sys.executable, "-m"]
    program = [*start, "igla.recipes.quickstart", "--smoke"]
    return [*program, "--data", str(texts), "--out", str(out), *SMALL, *SHORT, *more]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    )


def pid_of_rank(launcher: int, rank: int) -> int:
    """The child of torchrun with this rank."""
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        if f"RANK={rank}".encode() in Path(f"/proc/{child}/environ").read_bytes().split(b"\0"):
            return int(child)
    raise AssertionError(f"torchrun has no rank {rank}")


def half_written(folder: Path) -> list[str]:
    """What is left over, but for the file of torch.distributed.checkpoint that has such a name."""
    return [path for path in leftovers(folder) if not path.endswith("/.metadata")]


def same_results(out: Path, unbroken: Path) -> None:
    assert not half_written(out)
    for name in RESULTS:
        assert (out / name).read_bytes() == (unbroken / name).read_bytes(), name


@pytest.fixture(scope="module")
def unbroken(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two ranks that share the weights, which nothing interrupts."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    done = run(command(2, texts, out, *SHARDS))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("held-out loss ") == 1, "one rank prints"
    assert "ranks: 2, fsdp=2; each computes 4 x 1 sequences of a step" in done.stdout
    return out


@pytest.mark.slow
def test_torchrun_is_the_only_difference(texts: Path, unbroken: Path, tmp_path: Path) -> None:
    """Losses of one process, up to float32; auto takes copies, and nothing but checkpoints is written otherwise."""
    alone, copies = tmp_path / "alone", tmp_path / "copies"
    for ranks, out in ((1, alone), (2, copies)):
        done = run(command(ranks, texts, out))
        assert done.returncode == 0, done.stderr
    wanted = read_log(alone / "log.jsonl")
    for out in (copies, unbroken):
        for record, other in zip(read_log(out / "log.jsonl"), wanted, strict=True):
            assert record.keys() == other.keys()
            for name in record:
                assert record[name] == pytest.approx(other[name], rel=2e-3), (name, record["step"])
        names = {p.relative_to(alone) for p in alone.rglob("*") if "checkpoints" not in p.parts}
        assert {p.relative_to(out) for p in out.rglob("*") if "checkpoints" not in p.parts} == names
        result, other = (json.loads((x / "result.json").read_bytes()) for x in (out, alone))
        assert result["tokens"] == other["tokens"]
        assert result["held_out_loss"] == pytest.approx(other["held_out_loss"], rel=1e-3)


@pytest.mark.slow
def test_what_is_wrong_is_said_in_a_sentence(texts: Path, tmp_path: Path) -> None:
    """Before any work, by each rank, without a traceback of the program's own."""
    done = run(command(2, texts, tmp_path / "run", *SHARDS, "--distributed.tp", "3"))
    assert done.returncode != 0
    assert "error: 2 ranks cannot be shared out over tp=3 = 3: start a multiple of 3" in done.stderr
    assert "quickstart.py" not in done.stderr
    done = run(command(2, tmp_path / "nowhere", tmp_path / "run", *SHARDS))
    assert done.returncode != 0 and "nowhere does not exist" in done.stderr
    assert "quickstart.py" not in done.stderr and not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_signal_saves_the_state_of_all(texts: Path, unbroken: Path, tmp_path: Path) -> None:
    """torchrun hands SIGTERM on; the same command goes on, on one process in between."""
    out = tmp_path / "run"
    launcher = start(command(2, texts, out, *SHARDS, "--checkpoint.every-steps", "100"))
    wait_until(launcher, lambda: steps_done(out) >= 7)
    launcher.send_signal(signal.SIGTERM)
    _, said, wrong = finish(launcher)
    done = steps_done(out)
    assert 7 <= done < STEPS, "the signal came too late"
    assert f"interrupted after step {done}, state saved; run the same command again" in said, wrong
    assert (out / "checkpoints" / f"step-{done:08d}").is_dir() and not half_written(out)
    other = tmp_path / "other"
    shutil.copytree(out, other)
    again = run(command(2, texts, out, *SHARDS))
    assert again.returncode == 0, again.stderr
    assert f"going on from the checkpoint of step {done}" in again.stdout
    same_results(out, unbroken)
    alone = run(command(1, texts, other))
    assert alone.returncode == 0, alone.stderr
    assert f"going on from the checkpoint of step {done}" in alone.stdout
    losses = [read_log(x / "log.jsonl")[-1]["loss"] for x in (other, unbroken)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


@pytest.mark.slow
def test_a_new_machine_goes_on_from_the_mirror(texts: Path, unbroken: Path, tmp_path: Path) -> None:
    """Two ranks, stopped; the folder is lost, and another one begins with the copies of the checkpoints."""
    lost, found = tmp_path / "lost", tmp_path / "found"
    mirror = ["--checkpoint.mirror", (tmp_path / "mirror").as_uri()]
    launcher = start(command(2, texts, lost, *SHARDS, *mirror))
    wait_until(launcher, lambda: steps_done(lost) >= 7)
    launcher.send_signal(signal.SIGTERM)
    _, said, wrong = finish(launcher)
    done = steps_done(lost)
    assert 7 <= done < STEPS and f"interrupted after step {done}, state saved" in said, wrong
    shutil.rmtree(lost)
    again = run(command(2, texts, found, *SHARDS, *mirror))
    assert again.returncode == 0, again.stderr
    assert f"brought step-{done:08d} from" in again.stdout
    assert f"going on from the checkpoint of step {done}" in again.stdout
    for name in ("model/model.safetensors", "model-f32.gguf"):
        assert (found / name).read_bytes() == (unbroken / name).read_bytes(), name
    assert read_log(found / "log.jsonl")[-1] == read_log(unbroken / "log.jsonl")[-1]
    copies = sorted(path.name for path in (tmp_path / "mirror").iterdir())
    own = sorted(path.name for path in (found / "checkpoints").iterdir() if path.is_dir())
    assert copies == own, "what is pruned here is pruned there"


def in_a_step(out: Path) -> bool:
    return steps_done(out) >= 7


def in_a_save(out: Path) -> bool:
    return steps_done(out) >= 7 and any((out / "checkpoints").glob(".*.partial"))


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("moment", [in_a_step, in_a_save])
def test_a_killed_rank_ends_all(
    texts: Path, unbroken: Path, tmp_path: Path, moment: Callable[[Path], bool], rank: int
) -> None:
    """The other says why in under 30 seconds, all checkpoints are whole, and the next run ends as if nothing was."""
    out = tmp_path / "run"
    every = ["--checkpoint.every-steps", "1" if moment is in_a_save else "5"]
    launcher = start(command(2, texts, out, *SHARDS, *every))
    wait_until(launcher, lambda: moment(out))
    other = pid_of_rank(launcher.pid, 1 - rank)
    os.kill(pid_of_rank(launcher.pid, rank), signal.SIGKILL)
    begin = time.monotonic()
    status, _, wrong = finish(launcher)
    assert status != 0 and time.monotonic() - begin < 30
    assert not Path(f"/proc/{other}").exists()
    sentences = [line for line in wrong.splitlines() if line.startswith("error: ")]
    assert sentences and "another rank" in sentences[0], wrong
    assert steps_done(out) < STEPS, "the kill came too late"
    for checkpoint in (out / "checkpoints").glob("step-*"):
        assert verify_checkpoint(checkpoint) == []
    again = run(command(2, texts, out, *SHARDS, *every))
    assert again.returncode == 0, again.stderr
    assert "going on from the checkpoint of step " in again.stdout
    same_results(out, unbroken)
