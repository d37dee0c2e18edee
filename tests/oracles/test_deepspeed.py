"""The generated trainer in DeepSpeed's engine: the same command, the same run as in PyTorch's.

    pip install deepspeed

Two ranks of this machine with gloo, in float32; the text and the model are those of test_quickstart. When
it starts for the first time DeepSpeed builds an extension with the C++ compiler and ninja.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import os
import signal
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor

from igla.architecture.decoder import DecoderConfig
from igla.architecture.moe import RoutingConfig
from igla.data.reader import Batch
from igla.data.tokenizer import TokenizerConfig
from igla.distributed.layout import ParallelConfig
from igla.distributed.ranks import run_ranks
from igla.evaluation.metrics import read_log
from igla.export.huggingface import read_huggingface
from igla.recipes import quickstart
from tests.oracles.test_quickstart import STDLIB, finish, run, steps_done, wait_until
from tests.oracles.test_torchrun import (
    STEPS,
    command,
    half_written,
    pid_of_rank,
    same_results,
    start,
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="deepspeed is not installed"),
]

Run = tuple[list[dict[str, Any]], dict[str, Tensor] | None]
DENSE = dataclasses.replace(quickstart.SMOKE_CONFIG, tie_embeddings=False)
ROUTING = RoutingConfig(num_experts=4, top_k=2, bias_rate=0.1)
ROUTED = dataclasses.replace(quickstart.SMOKE_CONFIG, moe=ROUTING)


@pytest.fixture(autouse=True)
def on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten short files."""
    folder = tmp_path_factory.mktemp("texts")
    for path in sorted((STDLIB / "email").glob("*.py"))[:10]:
        (folder / path.name).write_bytes(path.read_bytes()[:2500])
    return folder


@pytest.fixture(scope="module")
def options(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> quickstart.Options:
    """The smoke profile, on short texts, in three microbatches of two sequences on each of two ranks."""
    smoke = quickstart.SMOKE
    training = dataclasses.replace(smoke.training, precision="float32", threads=1, microbatches=3)
    return dataclasses.replace(
        smoke,
        data=texts,
        out=tmp_path_factory.mktemp("runs") / "prepared",
        tokenizer=TokenizerConfig(vocab_size=360, num_threads=1),
        documents=dataclasses.replace(smoke.documents, held_out_fraction=0.2),
        training=training,
    )


def spread(options: quickstart.Options, out: Path, **sizes: Any) -> quickstart.Options:
    """The same run in a folder of its own, spread in this way."""
    return dataclasses.replace(options, out=out, distributed=ParallelConfig(**sizes))


def new_trainer(options: quickstart.Options, config: DecoderConfig) -> quickstart.Trainer:
    data = quickstart.first_rank_first(lambda: quickstart.prepare_data(options))
    return quickstart.Trainer(options, data, dataclasses.replace(config, vocab_size=360))


def run_whole(options: quickstart.Options, config: DecoderConfig) -> Run:
    """All records of a run, and its weights at the first rank."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        trainer = new_trainer(options, config)
        trainer.run()
        whole = trainer.engine.whole(trainer.model)
    return read_log(options.out / "log.jsonl"), whole and whole.state_dict()


def on_two(options: quickstart.Options, config: DecoderConfig) -> Run:
    first, second = run_ranks(run_whole, 2, (options, config), timeout=300.0)
    assert second[1] is None  # one has the whole model
    return first


def assert_close(found: Run, wanted: Run, tolerance: float = 1e-5) -> None:
    """Losses of all kinds, norms and held-out losses, and the weights, to round-off."""
    for one, other in zip(found[0], wanted[0], strict=True):
        assert one == pytest.approx(other, rel=tolerance)
    torch.testing.assert_close(found[1], wanted[1], rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("stage", [2, 3])
def test_smoke_profile_equals_that_of_one_process(
    options: quickstart.Options, tmp_path: Path, stage: int
) -> None:
    """Learning rates, losses, norms and held-out losses of all steps, and the weights after them."""
    for name, config in (("tied", quickstart.SMOKE_CONFIG), ("apart", DENSE)):
        wanted = run_whole(spread(options, tmp_path / f"alone-{name}"), config)
        assert len(wanted[0]) == 7 and max(r.get("gradient_norm", 0) for r in wanted[0]) > 1
        shared = spread(options, tmp_path / name, strategy="deepspeed", zero_stage=stage)
        assert_close(on_two(shared, config), wanted)


@pytest.mark.parametrize("stage", [2, 3])
def test_experts_offload_and_checkpointing_are_those_of_torch(
    options: quickstart.Options, tmp_path: Path, stage: int
) -> None:
    """Also the biases of the routers; batches are as large, so that they have the same balance."""
    wanted = on_two(spread(options, tmp_path / "torch"), ROUTED)
    policies = {"offload": True, "checkpointing": "full", "layout": "auto"}
    ours = spread(options, tmp_path / "ours", strategy="deepspeed", zero_stage=stage, **policies)
    found = on_two(ours, ROUTED)
    biases = [name for name in wanted[1] if name.endswith("expert_bias")]
    assert biases and all(torch.equal(found[1][n], wanted[1][n]) for n in biases)
    assert_close(found, wanted, 1e-4)


@pytest.mark.parametrize("stage", [2, 3])
def test_products_in_bfloat16_are_those_of_torch(
    options: quickstart.Options, tmp_path: Path, stage: int
) -> None:
    """Weights stay in float32."""
    training = dataclasses.replace(options.training, precision="bfloat16")
    options = dataclasses.replace(options, training=training)
    wanted = on_two(spread(options, tmp_path / "torch"), DENSE)
    ours = spread(options, tmp_path / "ours", strategy="deepspeed", zero_stage=stage)
    found = on_two(ours, DENSE)
    assert {weight.dtype for weight in found[1].values()} == {torch.float32}
    assert_close(found, wanted, 2e-3)


# Checkpoints: the same command goes on, and so do other engines.


def take_two(options: quickstart.Options) -> tuple[int, list[dict[str, Any]], Any]:
    """Two steps from where the folder is, and a checkpoint; the weights at the first rank."""
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        trainer = new_trainer(options, DENSE)
        records = [trainer.train_step() for _ in range(2)]
        trainer.save()
        whole = trainer.engine.whole(trainer.model)
    return trainer.step, records, whole and whole.state_dict()


@pytest.mark.parametrize("stage", [2, 3])
def test_runs_go_on_bit_for_bit(options: quickstart.Options, tmp_path: Path, stage: int) -> None:
    """Started three times, each time in new processes, as in one go."""
    sizes = {"strategy": "deepspeed", "zero_stage": stage}
    parts = spread(options, tmp_path / "parts", **sizes)
    found = [run_ranks(take_two, 2, (parts,), timeout=300.0)[0] for _ in range(3)]
    assert [step for step, _, _ in found] == [2, 4, 6]
    _, weights = on_two(spread(options, tmp_path / "whole", **sizes), DENSE)
    records = [r for _, taken, _ in found for r in taken]
    wanted = read_log(tmp_path / "whole" / "log.jsonl")[1:]
    for one, other in zip(records, wanted, strict=True):
        assert one == {name: other[name] for name in one}
    torch.testing.assert_close(found[-1][2], weights, rtol=0, atol=0)


@pytest.mark.parametrize("stage", [2, 3])
def test_runs_go_on_in_other_engines(
    options: quickstart.Options, tmp_path: Path, stage: int
) -> None:
    """One process of torch, two ranks of DeepSpeed, two of torch, one of DeepSpeed."""
    ours = {"strategy": "deepspeed", "zero_stage": stage}
    there, alone = tmp_path / "there", spread(options, tmp_path / "alone")
    training = dataclasses.replace(options.training, steps=8)
    options, alone = (dataclasses.replace(x, training=training) for x in (options, alone))
    found = [take_two(spread(options, there))]
    for ranks, sizes in ((2, ours), (2, {}), (1, ours)):
        chosen = spread(options, there, **sizes)
        found.append(run_ranks(take_two, ranks, (chosen,), timeout=300.0)[0])
    assert [step for step, _, _ in found] == [2, 4, 6, 8]
    wanted = [take_two(alone) for _ in range(4)]
    for (_, records, weights), (_, others, expected) in zip(found, wanted, strict=True):
        for one, other in zip(records, others, strict=True):
            assert one == pytest.approx(other, rel=1e-5)
        torch.testing.assert_close(weights, expected, rtol=1e-5, atol=1e-5)


def too_steep(loss: Tensor) -> Tensor:
    """The same number, whose gradient overflows."""
    return loss.detach() + ((loss - loss.detach()) * 1e38) * 1e10


def run_with_trouble(options: quickstart.Options) -> tuple[str, list[str], list[bool]]:
    """Rank 1 alone has a loss that is no number in step 2, a gradient in step 3, and a signal in step 5."""
    trainer = new_trainer(options, DENSE)
    take, skipped, changed = trainer._loss, [], []
    spoiled = {1: lambda loss: loss * math.nan, 2: too_steep}

    def troubled(batch: Batch) -> tuple[Tensor, int]:
        loss, tokens = take(batch)
        if dist.get_rank() == 0 or trainer.step not in spoiled:
            return loss, tokens
        return spoiled[trainer.step](loss), tokens

    def step() -> dict[str, Any]:
        before = weights_of(trainer)
        record = type(trainer).train_step(trainer)
        skipped.append(record.get("skipped", ""))
        after = weights_of(trainer)
        changed.append(any(not torch.equal(before[name], after[name]) for name in before))
        if dist.get_rank() == 1 and trainer.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)
        return record

    trainer._loss, trainer.train_step = troubled, step
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            trainer.run()
        except quickstart.Interrupted as stop:
            return str(stop), skipped, changed
    return "not stopped", skipped, changed


def weights_of(trainer: quickstart.Trainer) -> dict[str, Tensor]:
    """The float32 weights that the optimizer has, whole."""
    whole = trainer.engine._package.utils.safe_get_full_fp32_param
    return {name: whole(p).clone() for name, p in trainer.model.named_parameters()}


@pytest.mark.parametrize("stage", [2, 3])
def test_ranks_decide_alike(options: quickstart.Options, tmp_path: Path, stage: int) -> None:
    """What one rank alone meets is met by all, in the same step; of a step that is skipped nothing comes."""
    chosen = spread(options, tmp_path / "run", strategy="deepspeed", zero_stage=stage)
    first, second = run_ranks(run_with_trouble, 2, (chosen,), timeout=300.0)
    said = "interrupted after step 5, state saved; run the same command again to go on"
    assert first == second and first[0] == said
    assert first[1][0] == first[1][3] == first[1][4] == ""
    assert first[1][1:3] == ["embed_tokens.weight", "a weight that DeepSpeed does not name"]
    assert first[2] == [True, False, False, True, True]
    records = read_log(tmp_path / "run" / "log.jsonl")
    assert [r["step"] for r in records] == [0, 1, 2, 3, 4, 5]
    assert all(math.isfinite(r.get("loss", 0.0)) for r in records)


# As a user runs it.


def in_deepspeed(stage: int) -> list[str]:
    return ["--distributed.strategy", "deepspeed", "--distributed.zero-stage", str(stage)]


@pytest.mark.parametrize("stage", [2, 3])
def test_torchrun_and_a_kill(texts: Path, tmp_path: Path, stage: int) -> None:
    """Curves and results are those of one process of torch; after SIGKILL they are those of the unbroken run."""
    alone, unbroken, out = (tmp_path / name for name in ("alone", "unbroken", "run"))
    done = run(command(1, texts, alone))
    assert done.returncode == 0, done.stderr
    done = run(command(2, texts, unbroken, *in_deepspeed(stage)), timeout=300)
    assert done.returncode == 0, done.stderr
    assert f"ranks: 2, DeepSpeed's ZeRO-{stage}; each computes 4 x 1 sequences" in done.stdout
    assert done.stdout.count("held-out loss ") == 1, "one rank prints"
    compared = zip(*(read_log(x / "log.jsonl") for x in (unbroken, alone)), strict=True)
    for record, other in compared:
        assert record == pytest.approx(other, rel=2e-3)
    models = [read_huggingface(x / "model").state_dict() for x in (unbroken, alone)]
    torch.testing.assert_close(models[0], models[1], rtol=0, atol=0.01)
    results = [json.loads((x / "result.json").read_bytes()) for x in (unbroken, alone)]
    assert results[0]["tokens"] == results[1]["tokens"]
    launcher = start(command(2, texts, out, *in_deepspeed(stage)))
    wait_until(launcher, lambda: steps_done(out) >= 7)
    os.kill(pid_of_rank(launcher.pid, 1), signal.SIGKILL)
    status, _, wrong = finish(launcher)
    assert status != 0 and "another rank" in wrong and steps_done(out) < STEPS
    again = run(command(2, texts, out, *in_deepspeed(stage)), timeout=300)
    assert again.returncode == 0, again.stderr
    assert "going on from the checkpoint of step " in again.stdout and not half_written(out)
    same_results(out, unbroken)


def test_one_process_needs_no_torchrun(texts: Path, tmp_path: Path) -> None:
    """The curve is that of torch; without a compiler the run is refused in a sentence."""
    given = ["--training.steps", "6"]
    folders = tmp_path / "torch", tmp_path / "deepspeed"
    for out, more in zip(folders, ([], in_deepspeed(3)), strict=True):
        done = run(command(1, texts, out, *given, *more), timeout=300)
        assert done.returncode == 0, done.stderr
    logs = [read_log(out / "log.jsonl") for out in folders]
    for record, other in zip(*logs, strict=True):
        assert record == pytest.approx(other, rel=1e-4)
    refused = command(1, texts, tmp_path / "refused", *in_deepspeed(2))
    bare = {**os.environ, "PATH": "/nowhere"}
    done = subprocess.run(refused, capture_output=True, text=True, timeout=300, env=bare)
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 1 and "on a CPU, and there is no g++; install it" in said[0]
    assert "Traceback" not in done.stderr and not (tmp_path / "refused").exists()
