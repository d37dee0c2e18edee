"""The generated optimization modules against torch, transformers, and two real processes.

Run as a script it is one rank of the two-process test: RANK INIT_FILE OUT.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from igla.distributed.checkpointing import load_latest, save_checkpoint
from igla.optimization.gradient import (
    StepLoss,
    accumulate_gradients,
    clip_gradients,
    gradient_norm,
    normalize_gradients,
    reduce_step_loss,
)
from igla.optimization.loss import (
    LossConfig,
    bits_per_byte,
    count_targets,
    cross_entropy_sum,
    cross_entropy_terms,
    perplexity,
)
from igla.optimization.optimizer import (
    OptimizerConfig,
    assert_optimizer_dtypes,
    build_optimizer,
    parameter_groups,
)
from igla.optimization.scheduler import SchedulerConfig, learning_rate_factor, set_learning_rate

SEEDS = st.integers(0, 2**31 - 1)
IGNORED = -100


def _random_loss_inputs(
    seed: int, tokens: int, channels: int, vocab_size: int, ignored: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    hidden_nd = torch.randn(tokens, channels, generator=generator, dtype=torch.float64)
    weight_vd = torch.randn(vocab_size, channels, generator=generator, dtype=torch.float64)
    targets_n = torch.randint(0, vocab_size, (tokens,), generator=generator)
    targets_n[torch.rand(tokens, generator=generator) < ignored] = IGNORED
    return hidden_nd.to(dtype).requires_grad_(), weight_vd.to(dtype).requires_grad_(), targets_n


# 1. Loss


@settings(max_examples=60, deadline=None)
@given(
    seed=SEEDS,
    tokens=st.integers(1, 40),
    channels=st.integers(1, 9),
    vocab_size=st.integers(1, 50),
    chunk=st.integers(1, 50),
    ignored=st.sampled_from([0.0, 0.3, 1.0]),
    scale=st.sampled_from([1.0, 0.125, -3.0]),
)
def test_loss_equals_torch_cross_entropy(
    seed: int, tokens: int, channels: int, vocab_size: int, chunk: int, ignored: float, scale: float
) -> None:
    inputs = _random_loss_inputs(seed, tokens, channels, vocab_size, ignored, torch.float64)
    hidden_nd, weight_vd, targets_n = inputs
    actual = cross_entropy_sum(hidden_nd, weight_vd, targets_n, chunk_tokens=chunk)
    expected = F.cross_entropy(F.linear(hidden_nd, weight_vd), targets_n, reduction="sum")
    torch.testing.assert_close(actual, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        torch.autograd.grad(scale * actual, (hidden_nd, weight_vd)),
        torch.autograd.grad(scale * expected, (hidden_nd, weight_vd)),
        rtol=1e-11,
        atol=1e-12,
    )


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("tokens", [3, 700])
def test_loss_is_as_exact_as_torch_in_low_precision(tokens: int, autocast: bool) -> None:
    """Against float64, gradients are no worse than those of the plain formulation."""
    inputs = _random_loss_inputs(1, tokens, 32, 300, 0.2, torch.float32)
    hidden_nd, weight_vd, targets_n = inputs

    def plain(h_nd: Tensor, w_vd: Tensor) -> Tensor:
        return F.cross_entropy(F.linear(h_nd, w_vd), targets_n, reduction="sum")

    exact_inputs = [t.detach().double().requires_grad_() for t in (hidden_nd, weight_vd)]
    exact = torch.autograd.grad(plain(*exact_inputs), exact_inputs)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        chunked_sum = cross_entropy_sum(hidden_nd, weight_vd, targets_n, chunk_tokens=256)
        plain_sum = plain(hidden_nd, weight_vd)
    assert chunked_sum.dtype == torch.float32
    torch.testing.assert_close(chunked_sum, plain_sum, rtol=1e-6, atol=0)
    chunked = torch.autograd.grad(chunked_sum, (hidden_nd, weight_vd))
    peer = torch.autograd.grad(plain_sum, (hidden_nd, weight_vd))
    for reference, ours, theirs in zip(exact, chunked, peer, strict=True):
        error = (ours.double() - reference).norm() / reference.norm()
        peer_error = (theirs.double() - reference).norm() / reference.norm()
        assert error <= 1.5 * peer_error + 1e-7


def test_loss_under_bfloat16_parameters() -> None:
    inputs = _random_loss_inputs(2, 50, 16, 70, 0.2, torch.bfloat16)
    hidden_nd, weight_vd, targets_n = inputs
    total = cross_entropy_sum(hidden_nd, weight_vd, targets_n, chunk_tokens=16)
    expected = F.cross_entropy((hidden_nd @ weight_vd.T).float(), targets_n, reduction="sum")
    torch.testing.assert_close(total, expected, rtol=1e-6, atol=0)


def test_metrics_agree_with_their_definitions() -> None:
    mean = torch.tensor(2.5, dtype=torch.float64)
    assert perplexity(2.5) == pytest.approx(float(mean.exp()), rel=1e-14)
    assert bits_per_byte(10.0, 4) == pytest.approx(float(mean / math.log(2)), rel=1e-14)


@settings(max_examples=40, deadline=None)
@given(
    seed=SEEDS,
    tokens=st.integers(1, 40),
    vocab_size=st.integers(2, 30),
    chunk=st.integers(1, 50) | st.none(),
    ignored=st.sampled_from([0.0, 0.3, 1.0]),
    smoothing=st.floats(0.0, 0.9),
    z_coefficient=st.floats(0.0, 1.0),
)
def test_smoothed_loss_equals_torch_with_gradients(
    seed: int,
    tokens: int,
    vocab_size: int,
    chunk: int | None,
    ignored: float,
    smoothing: float,
    z_coefficient: float,
) -> None:
    inputs = _random_loss_inputs(seed, tokens, 5, vocab_size, ignored, torch.float64)
    hidden_nd, weight_vd, targets_n = inputs
    logits_nv = hidden_nd @ weight_vd.T
    expected = F.cross_entropy(
        logits_nv,
        targets_n,
        reduction="sum",
        ignore_index=IGNORED,
        label_smoothing=smoothing,
    )
    squares_n = logits_nv.logsumexp(-1).square()
    expected = expected + z_coefficient * squares_n[targets_n != IGNORED].sum()
    config = LossConfig(
        chunk_tokens=chunk, label_smoothing=smoothing, z_coefficient=z_coefficient
    )
    terms = cross_entropy_terms(*inputs, config)
    torch.testing.assert_close(terms.total, expected, rtol=1e-11, atol=1e-11)
    plain = F.cross_entropy(logits_nv, targets_n, reduction="sum", ignore_index=IGNORED)
    torch.testing.assert_close(terms.nats, plain.detach(), rtol=1e-11, atol=1e-11)
    actual = torch.autograd.grad(terms.total, inputs[:2])
    wanted = torch.autograd.grad(expected, inputs[:2])
    torch.testing.assert_close(actual, wanted, rtol=1e-10, atol=1e-10)


# 2. Sums over tokens: how a batch is cut does not matter


class _TinyModel(nn.Module):
    """Embedding, one mixing layer, norm, head: each kind of parameter that groups tell apart."""

    def __init__(self, dtype: torch.dtype = torch.float64) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(17, 8, dtype=dtype)
        self.mix = nn.Linear(8, 8, dtype=dtype)
        self.norm = nn.RMSNorm(8, dtype=dtype)
        self.lm_head = nn.Linear(8, 17, bias=False, dtype=dtype)
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for parameter in self.parameters():
                values = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                parameter.copy_(0.5 * values)

    def summed_loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, int]:
        inputs_bt, targets_bt = batch
        embedded_btd = self.embed_tokens(inputs_bt)
        hidden_btd = self.norm(embedded_btd + torch.tanh(self.mix(embedded_btd)).cumsum(1))
        total = cross_entropy_sum(
            hidden_btd.flatten(0, 1), self.lm_head.weight, targets_bt.flatten(), chunk_tokens=5
        )
        return total, count_targets(targets_bt)


def _batch(seed: int, lengths: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    tokens_bt = torch.randint(0, 17, (len(lengths), 10), generator=generator)
    targets_bt = tokens_bt[:, 1:].clone()
    for row, length in enumerate(lengths):
        targets_bt[row, length:] = IGNORED
    return tokens_bt[:, :-1], targets_bt


def _cut(batch: tuple[Tensor, Tensor], rows: int) -> list[tuple[Tensor, Tensor]]:
    return list(zip(*(tensor.split(rows) for tensor in batch), strict=True))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_one_batch_of_eight_equals_eight_of_one(dtype: torch.dtype, tolerance: float) -> None:
    batch = _batch(0, (9, 7, 1, 0, 4, 9, 2, 5))
    results = []
    for rows in (8, 3, 1):
        model = _TinyModel(dtype)
        step_loss = accumulate_gradients(model.summed_loss, _cut(batch, rows))
        assert normalize_gradients(model.parameters(), step_loss.tokens) == 37
        results.append([torch.tensor(step_loss.loss_sum), *(p.grad for p in model.parameters())])
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=tolerance, atol=tolerance)
    model = _TinyModel(dtype)
    hidden = []
    model.norm.register_forward_hook(lambda module, args, output: hidden.append(output))
    model.summed_loss(batch)
    F.cross_entropy(model.lm_head(hidden[0]).flatten(0, 1), batch[1].flatten()).backward()
    expected = [p.grad for p in model.parameters()]
    torch.testing.assert_close(results[2][1:], expected, rtol=tolerance, atol=tolerance)


def test_a_step_without_any_target_changes_only_by_decay() -> None:
    model = _TinyModel()
    step_loss = accumulate_gradients(model.summed_loss, _cut(_batch(0, (0, 0)), 1))
    assert step_loss == StepLoss(loss_sum=0.0, tokens=0)
    assert normalize_gradients(model.parameters(), step_loss.tokens) == 0
    assert clip_gradients(model.parameters(), 1.0) == 0.0
    before = model.mix.weight.detach().clone()
    build_optimizer(model, OptimizerConfig(learning_rate=0.5, weight_decay=0.5)).step()
    torch.testing.assert_close(model.mix.weight.detach(), 0.75 * before, rtol=1e-15, atol=0)
    assert all(parameter.isfinite().all() for parameter in model.parameters())


# 3. Two processes equal one


STEPS = (((9, 7, 1, 0), (4, 9, 2, 5)), ((0, 0, 0, 0), (3, 1, 9, 9)), ((0, 0, 0, 0), (0, 0, 0, 0)))


def _train(rank: int, world_size: int) -> dict[str, Tensor]:
    """Three steps whose ranks have unequal numbers of targets, the second none on rank 0."""
    torch.set_num_threads(1)
    model = _TinyModel()
    optimizer = build_optimizer(model, OptimizerConfig(learning_rate=0.01))
    record: dict[str, Tensor] = {}
    for step, halves in enumerate(STEPS):
        batches = [_batch(10 * step + half, lengths) for half, lengths in enumerate(halves)]
        mine = batches if world_size == 1 else [batches[rank]]
        microbatches = [part for batch in mine for part in _cut(batch, 2)]
        optimizer.zero_grad()
        local = accumulate_gradients(model.summed_loss, microbatches)
        total = reduce_step_loss(local)
        assert normalize_gradients(model.parameters(), local.tokens) == total.tokens
        record[f"{step}.loss"] = torch.tensor([total.loss_sum, total.tokens], dtype=torch.float64)
        record[f"{step}.norm"] = gradient_norm(model.parameters())
        clip_gradients(model.parameters(), 0.05)
        optimizer.step()
    return record | {name: parameter.detach() for name, parameter in model.named_parameters()}


def _run_rank(rank: int, init_file: str, out: str) -> None:
    dist.init_process_group(
        "gloo",
        init_method=f"file://{init_file}",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=120),
    )
    torch.save(_train(rank, 2), out)
    dist.barrier()
    dist.destroy_process_group()


def test_two_processes_equal_one(tmp_path: Path) -> None:
    environment = os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    outs = [tmp_path / f"rank{rank}.pt" for rank in range(2)]
    ranks = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(tmp_path / "init"), str(out)],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, out in enumerate(outs)
    ]
    try:
        threads = torch.get_num_threads()
        expected = _train(0, 1)
        torch.set_num_threads(threads)
        for process in ranks:
            _, errors = process.communicate(timeout=180)
            assert process.returncode == 0, errors
    finally:
        for process in ranks:
            process.kill()
    first, second = (torch.load(out) for out in outs)
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    assert [int(first[f"{step}.loss"][1]) for step in range(3)] == [37, 22, 0]
    torch.testing.assert_close(first, expected, rtol=1e-11, atol=1e-12)


# 4. Optimizer


@settings(max_examples=15, deadline=None)
@given(
    seed=SEEDS,
    learning_rate=st.floats(1e-4, 0.1),
    beta1=st.floats(0.0, 0.95),
    beta2=st.floats(0.5, 0.999),
    weight_decay=st.floats(0.0, 0.5),
)
def test_optimizer_equals_single_tensor_adamw(
    seed: int, learning_rate: float, beta1: float, beta2: float, weight_decay: float
) -> None:
    config = OptimizerConfig(
        learning_rate=learning_rate, beta1=beta1, beta2=beta2, weight_decay=weight_decay
    )
    ours, theirs = _TinyModel(), _TinyModel()
    optimizer = build_optimizer(ours, config)
    settings_ = dict(lr=learning_rate, betas=(beta1, beta2), eps=1e-8, foreach=False, fused=False)
    peers = [
        torch.optim.AdamW([parameter], weight_decay=decay, **settings_)
        for parameter, decay in (
            (theirs.embed_tokens.weight, 0.0),
            (theirs.mix.weight, weight_decay),
            (theirs.mix.bias, 0.0),
            (theirs.norm.weight, 0.0),
            (theirs.lm_head.weight, weight_decay),
        )
    ]
    generator = torch.Generator().manual_seed(seed)
    for _ in range(4):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            a.grad = torch.randn(a.shape, generator=generator, dtype=a.dtype)
            b.grad = a.grad.clone()
        for stepped in (optimizer, *peers):
            stepped.step()
    assert_optimizer_dtypes(optimizer, torch.float64)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(
    seed=SEEDS,
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    learning_rate=st.floats(1e-3, 0.1),
    momentum=st.floats(0.0, 0.99),
    weight_decay=st.floats(0.0, 0.5),
    nesterov=st.booleans(),
    steps=st.integers(1, 6),
    scale=st.sampled_from([("match_adamw", "match_rms_adamw"), ("spectral", "original")]),
)
def test_muon_equals_torch(
    seed: int,
    shape: tuple[int, int],
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    nesterov: bool,
    steps: int,
    scale: tuple[str, str],
) -> None:
    config = OptimizerConfig(
        kind="muon",
        learning_rate=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        nesterov=nesterov,
        newton_schulz_steps=steps,
        muon_scale=scale[0],
    )
    generator = torch.Generator().manual_seed(seed)
    ours = nn.Linear(shape[1], shape[0], bias=False)
    theirs = nn.Parameter(ours.weight.detach().clone())
    optimizer = build_optimizer(ours, config)
    peer = torch.optim.Muon(
        [theirs],
        lr=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        nesterov=nesterov,
        ns_steps=steps,
        adjust_lr_fn=scale[1],
    )
    for _ in range(4):
        ours.weight.grad = torch.randn(shape, generator=generator)
        theirs.grad = ours.weight.grad.clone()
        optimizer.step()
        peer.step()
        # the iterations are in bfloat16 in both: where a product rounds the other way, so does its update
        bound = 0.02 * learning_rate * max(1.0, max(shape) ** 0.5)
        assert (ours.weight - theirs).abs().max() <= bound


class _PlainLamb:
    """LAMB in NumPy, from the paper's algorithm 2."""

    def __init__(self, weight: np.ndarray, config: OptimizerConfig, decays: bool) -> None:
        self.weight, self.config = weight, config
        self.decay = config.weight_decay if decays else 0.0
        self.adapts = weight.ndim > 1
        self.mean, self.square, self.step_count = np.zeros_like(weight), np.zeros_like(weight), 0

    def step(self, gradient: np.ndarray) -> None:
        c, self.step_count = self.config, self.step_count + 1
        self.mean = c.beta1 * self.mean + (1 - c.beta1) * gradient
        self.square = c.beta2 * self.square + (1 - c.beta2) * gradient**2
        mean = self.mean / (1 - c.beta1**self.step_count)
        square = self.square / (1 - c.beta2**self.step_count)
        direction = mean / (np.sqrt(square) + c.eps) + self.decay * self.weight
        sizes = np.linalg.norm(self.weight), np.linalg.norm(direction)
        ratio = min(c.max_trust_ratio, sizes[0] / sizes[1]) if self.adapts and all(sizes) else 1.0
        self.weight = self.weight - c.learning_rate * ratio * direction


@settings(max_examples=15, deadline=None)
@given(
    seed=SEEDS,
    learning_rate=st.floats(1e-4, 0.1),
    beta1=st.floats(0.0, 0.95),
    beta2=st.floats(0.5, 0.999),
    weight_decay=st.floats(0.0, 0.5),
    max_trust_ratio=st.floats(0.1, 20.0),
)
def test_lamb_equals_an_independent_one(seed: int, **values: float) -> None:
    config = OptimizerConfig(kind="lamb", **values)
    model = _TinyModel()
    optimizer = build_optimizer(model, config)
    peers = {
        name: _PlainLamb(p.detach().numpy().copy(), config, p.ndim > 1 and "embed" not in name)
        for name, p in model.named_parameters()
    }
    generator = torch.Generator().manual_seed(seed)
    for _ in range(4):
        for name, parameter in model.named_parameters():
            parameter.grad = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            peers[name].step(parameter.grad.numpy())
        optimizer.step()
    for name, parameter in model.named_parameters():
        expected = torch.from_numpy(peers[name].weight)
        torch.testing.assert_close(parameter.detach(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", ["adamw", "lamb", "muon"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_checkpoint_of_each_optimizer_goes_on_bit_for_bit(
    kind: str, dtype: torch.dtype, tmp_path: Path
) -> None:
    """Through the checkpointing module: masters and moments in their own dtypes."""

    def train(model: nn.Module, optimizer: torch.optim.Optimizer, seeds: range) -> None:
        for seed in seeds:
            generator = torch.Generator().manual_seed(seed)
            for parameter in model.parameters():
                parameter.grad = torch.randn(parameter.shape, generator=generator).to(dtype)
            optimizer.step()

    whole, again = _TinyModel(dtype), _TinyModel(dtype)
    config = OptimizerConfig(kind=kind)
    optimizer = build_optimizer(whole, config)
    train(whole, optimizer, range(3))
    save_checkpoint(tmp_path, 3, model=whole, optimizer=optimizer, state={})
    train(whole, optimizer, range(3, 6))
    resumed = build_optimizer(again, config)
    load_latest(tmp_path, model=again, optimizer=resumed)
    assert_optimizer_dtypes(resumed, torch.float32)
    train(again, resumed, range(3, 6))
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


def test_groups_of_a_transformers_llama() -> None:
    """What decays is what the Trainer of transformers decays, but for embeddings."""
    transformers = pytest.importorskip("transformers")
    from transformers.trainer_pt_utils import get_parameter_names

    for tied in (True, False):
        model = transformers.LlamaForCausalLM(
            transformers.LlamaConfig(
                vocab_size=32,
                hidden_size=16,
                intermediate_size=24,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                tie_word_embeddings=tied,
            )
        )
        names = {id(p): name for name, p in model.named_parameters()}
        decayed, others = [], []
        for group in parameter_groups(model, OptimizerConfig()):
            found = decayed if group["weight_decay"] > 0 else others
            found += [names[id(p)] for p in group["params"]]
        norms = (type(model.model.norm), nn.Embedding)
        wanted = set(get_parameter_names(model, norms)) & set(names.values())
        wanted -= {"lm_head.weight"} if tied else set()
        assert set(decayed) == wanted
        assert set(decayed) | set(others) == set(names.values())
        assert len(decayed) + len(others) == len(names)


# 5. Schedules


def _peer_factors(config: SchedulerConfig, warmup: int, decay: int) -> list[float]:
    """Factors of transformers' schedules at the steps 1 to total: theirs is at zero in step 0."""
    optimization = pytest.importorskip("transformers.optimization")
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    total, ratio = config.total_steps, config.final_ratio
    match config.schedule:
        case "cosine":
            peer = optimization.get_cosine_with_min_lr_schedule_with_warmup(
                optimizer, warmup, total, min_lr_rate=ratio
            )
        case "linear":
            peer = optimization.get_polynomial_decay_schedule_with_warmup(
                optimizer, warmup, total, lr_end=ratio, power=1.0
            )
        case "wsd" | "trinity":
            peer = optimization.get_wsd_schedule(
                optimizer,
                num_warmup_steps=warmup,
                num_decay_steps=decay,
                num_training_steps=total,
                decay_type={"one_minus_sqrt": "1-sqrt"}.get(config.decay_shape, config.decay_shape),
                min_lr_ratio=ratio,
            )
        case "constant":
            peer = optimization.get_constant_schedule_with_warmup(optimizer, warmup)
    return [peer.lr_lambdas[0](step) for step in range(1, total + 1)]


@settings(max_examples=120, deadline=None)
@given(
    schedule=st.sampled_from(["cosine", "linear", "wsd", "constant", "trinity"]),
    shape=st.sampled_from(["linear", "cosine", "one_minus_sqrt"]),
    total=st.integers(2, 60) | st.just(400),
    part=st.floats(0.0, 0.99),
    ratio=st.floats(0.01, 0.9),
    data=st.data(),
)
def test_schedule_equals_transformers(
    schedule: str, shape: str, total: int, part: float, ratio: float, data: st.DataObject
) -> None:
    warmup = int(part * total)
    decay = data.draw(st.integers(1, total - warmup))
    config = SchedulerConfig(
        schedule=schedule,
        decay_shape=shape,
        warmup_steps=warmup,
        total_steps=total,
        final_ratio=ratio,
        decay_fraction=decay / total,
    )
    if schedule == "trinity":  # phi percent of the steps; of the rest 1 / (1 + phi^3)
        golden = (1 + 5**0.5) / 2
        warmup = round(golden * total / 100)
        decay = max(1, (total - warmup) - round((total - warmup) * (1 - 1 / (1 + golden**3))))
    start = max(0, warmup - 1) if schedule in ("wsd", "trinity") else 0  # theirs rises from the ratio
    actual = [learning_rate_factor(step, config) for step in range(start, total)]
    expected = _peer_factors(config, warmup, decay)[start:]
    assert actual == pytest.approx(expected, abs=1e-12)


def test_step_schedule_equals_torch() -> None:
    """The drops of MultiStepLR at 80 and 90 % of the run."""
    config = SchedulerConfig(schedule="step", warmup_steps=0, total_steps=50)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    peer = torch.optim.lr_scheduler.MultiStepLR(optimizer, [40, 45], gamma=0.316)
    for step in range(50):
        assert learning_rate_factor(step, config) == pytest.approx(peer.get_last_lr()[0], rel=1e-12)
        optimizer.step()
        peer.step()


def test_scheduled_training_equals_lambda_lr() -> None:
    """Set before each step, the schedule moves weights as LambdaLR with the same factors."""
    config = SchedulerConfig(warmup_steps=2, total_steps=6)
    ours, theirs = _TinyModel(), _TinyModel()
    first, second = (build_optimizer(model, OptimizerConfig()) for model in (ours, theirs))
    peer = torch.optim.lr_scheduler.LambdaLR(second, lambda s: learning_rate_factor(s, config))
    for step in range(6):
        for model in (ours, theirs):
            for parameter in model.parameters():
                parameter.grad = torch.full_like(parameter, 0.1 * (step + 1))
        set_learning_rate(first, 3e-4 * learning_rate_factor(step, config))
        first.step()
        second.step()
        peer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


# 6. Clipping


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, count=st.integers(1, 5), max_norm=st.floats(0.01, 20.0))
def test_clipping_equals_torch(seed: int, count: int, max_norm: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    gradients = [torch.randn(2, i + 1, generator=generator).double() for i in range(count)]
    ours, theirs = ([nn.Parameter(torch.zeros_like(g)) for g in gradients] for _ in range(2))
    for a, b, values in zip(ours, theirs, gradients, strict=True):
        a.grad, b.grad = values.clone(), values.clone()
    expected = nn.utils.clip_grad_norm_(theirs, max_norm)
    assert clip_gradients(ours, max_norm) == float(expected)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a.grad, b.grad)


if __name__ == "__main__":
    _run_rank(int(sys.argv[1]), sys.argv[2], sys.argv[3])
