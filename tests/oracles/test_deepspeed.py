"""DeepSpeed itself, on two ranks with gloo, against one process.

    pip install deepspeed

It builds an extension with the C++ compiler when it starts for the first time, which takes minutes.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn

from igla.architecture.decoder import Decoder, DecoderConfig
from igla.data.reader import Batch
from igla.distributed.deepspeed import (
    DeepSpeedConfig,
    deepspeed_settings,
    deepspeed_step,
    require_deepspeed,
    start_deepspeed,
)
from igla.distributed.layout import Layout, ParallelConfig, Workload
from igla.distributed.mixed_precision import PrecisionConfig
from igla.distributed.ranks import run_ranks
from igla.optimization.gradient import GradientConfig
from igla.optimization.loss import cross_entropy_sum
from igla.optimization.optimizer import OptimizerConfig, build_optimizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("deepspeed") is None, reason="deepspeed is not installed"),
]

CONFIG = DecoderConfig(
    vocab_size=14,
    hidden_size=16,
    num_layers=3,
    num_heads=4,
    num_kv_heads=2,
    head_dim=4,
    ffn_size=24,
    context_length=8,
    init_std=0.3,
    tie_embeddings=False,
)
WORK = Workload(sequence_length=8, batch_size=2, global_batch=8, bytes_per_element=4)
OPTIMIZER = OptimizerConfig(learning_rate=0.01, eps=1e-3)  # far from where round-off has a sign
GRADIENT = GradientConfig(max_norm=0.5)
Found = tuple[list[float], list[float], dict[str, Tensor]]


def batches_of(step: int, count: int = 4) -> tuple[Batch, ...]:
    """The sequences of a step, two to a batch; targets are missing, unevenly."""
    generator = torch.Generator().manual_seed(step)
    found = []
    for index in range(count):
        ids = torch.randint(CONFIG.vocab_size, (2, 9), generator=generator)
        left_out = torch.rand(2, 8, generator=generator) < 0.2 + 0.2 * index
        targets = ids[:, 1:].masked_fill(left_out, -100)
        found.append(
            Batch(inputs=ids[:, :-1], targets=targets, document_ids=torch.zeros_like(targets))
        )
    return tuple(found)


def summed(model: Decoder, batch: Batch) -> Tensor:
    hidden_btd, targets_n = model(batch.inputs), batch.targets.flatten()
    return cross_entropy_sum(hidden_btd.flatten(0, 1), model.head_weight, targets_n)


def train_alone() -> Found:
    """Losses and norms of five steps, and the weights after them, with the optimizer of the trainers."""
    torch.manual_seed(0)
    model = Decoder(CONFIG)
    optimizer = build_optimizer(model, OPTIMIZER)
    losses, norms = [], []
    for step in range(5):
        total = sum(summed(model, batch) for batch in batches_of(step))
        count = sum(int((batch.targets != -100).sum()) for batch in batches_of(step))
        (total / count).backward()
        losses.append(total.item())
        norms.append(nn.utils.clip_grad_norm_(model.parameters(), GRADIENT.max_norm).item())
        optimizer.step()
        optimizer.zero_grad()
    return losses, norms, {name: p.detach() for name, p in model.named_parameters()}


def train_in_deepspeed(stage: int) -> Found:
    """The same, of which this rank has two batches a step."""
    package: Any = require_deepspeed()
    torch.manual_seed(0)
    model = Decoder(CONFIG)
    settings = deepspeed_settings(
        DeepSpeedConfig(zero_stage=stage, fused=False),
        ParallelConfig(),
        Layout(fsdp=2),
        WORK,
        OPTIMIZER,
        GRADIENT,
        PrecisionConfig(compute="float32"),
    )
    engine = start_deepspeed(model, summed, settings, OPTIMIZER)
    first, losses, norms = 2 * dist.get_rank(), [], []
    for step in range(5):
        own = batches_of(step)[first : first + 2]
        losses.append(deepspeed_step(engine, own, WORK).loss_sum)
        norms.append(float(engine.get_global_grad_norm()))
    with package.zero.GatheredParameters(list(model.parameters())):
        weights = {name: p.detach().clone() for name, p in model.named_parameters()}
    return losses, norms, weights


@pytest.mark.parametrize("stage", [2, 3])
def test_five_steps_equal_those_of_one_process(stage: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Losses, gradient norms and weights, to round-off in float32."""
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    losses, norms, weights = train_alone()
    assert max(norms) > GRADIENT.max_norm
    results = run_ranks(train_in_deepspeed, 2, (stage,), timeout=900.0)
    sums = [sum(parts) for parts in zip(*(own for own, _, _ in results), strict=True)]
    torch.testing.assert_close(sums, losses, rtol=1e-5, atol=1e-5)
    for _, own_norms, own_weights in results:
        torch.testing.assert_close(own_norms, norms, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(own_weights, weights, rtol=1e-4, atol=1e-5)
