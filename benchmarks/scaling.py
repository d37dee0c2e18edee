"""What the model of communication says of a step on 1, 2 and 4 ranks of this machine, beside what the step takes.

    python benchmarks/scaling.py            prints a table for docs/scaling.md

Each rank has its own sequences, so that without communication a step would take as long on any number. Compute
is that of as many processes that do not talk to each other, for they share the cores of this machine. Waiting is
what the same step takes longer when processes meet where layers are gathered and reduced, with one number to
send: latencies, and ranks that are late. Sending is the formula's bytes at the speed of gloo's all-gather and
reduce-scatter between as many ranks, each measured with tensors of the size of a layer, as many in a row as a
step has; nothing overlaps, since both want the same cores. Each figure is the least of several, which other work
on the machine disturbs least.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.distributed as dist

from igla.architecture.decoder import Decoder, DecoderConfig
from igla.distributed.communication import counting_sends, gather_bytes, reduce_bytes, step_seconds
from igla.distributed.layout import Layout, ParallelConfig, block_params, resolve_layout
from igla.distributed.parallel import build_mesh, init_weights, parallelize
from igla.distributed.ranks import run_ranks

CONFIG = DecoderConfig(
    vocab_size=2048,
    hidden_size=256,
    num_layers=6,
    num_heads=8,
    num_kv_heads=4,
    head_dim=32,
    ffn_size=704,
    context_length=256,
)
WORLD_SIZES = (1, 2, 4)
REPEATS = 7


def least(*works: Callable[[], object]) -> list[float]:
    """Seconds of the fastest call of each, in turns, after a first one."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(REPEATS + 1):
        for work, found in zip(works, seconds, strict=True):
            dist.barrier()
            begin = time.perf_counter()
            work()
            found.append(time.perf_counter() - begin)
    return [min(found[1:]) for found in seconds]


class Measured(NamedTuple):
    """What one rank found: seconds of a step, bytes sent in it, and bytes a second of gloo."""

    compute: float
    compute_and_wait: float
    step: float
    sent: float
    gather_speed: float
    reduce_speed: float


def meet(model: Decoder, ranks: int) -> None:
    """From now on ranks meet wherever FSDP2 would gather or reduce a layer, and send one number."""
    part, whole = torch.zeros(1), torch.zeros(ranks)

    def gather(*_: object) -> None:
        dist.all_gather_into_tensor(whole, part)

    def reduce(*_: object) -> None:
        dist.reduce_scatter_tensor(part, whole)

    for layer in model.layers:
        layer.register_forward_pre_hook(gather)
        layer.register_full_backward_pre_hook(gather)
        layer.register_full_backward_hook(reduce)


def measure() -> Measured:
    """A step of FSDP2 and its parts."""
    warnings.simplefilter("ignore", FutureWarning)  # older torch knows the newer names not
    ranks = dist.get_world_size()
    config = ParallelConfig()
    mesh = build_mesh(resolve_layout(config, ranks), "cpu")
    with torch.device("meta"):
        model = Decoder(CONFIG)
    parallelize(model, mesh, config)
    init_weights(model, "cpu", 0)
    alone, meeting = Decoder(CONFIG), Decoder(CONFIG)
    meet(meeting, ranks)
    tokens_bt = torch.arange(256).remainder(CONFIG.vocab_size)[None]

    def step(model: Decoder) -> None:
        model.logits(model(tokens_bt)).logsumexp(-1).sum().backward()
        model.zero_grad()

    compute, waiting, seconds = least(*(lambda m=m: step(m) for m in (alone, meeting, model)))
    with counting_sends() as sends:
        step(model)
    part = torch.zeros(block_params(CONFIG) // ranks)
    whole = torch.zeros(len(part) * ranks)
    gathers, reduces = 2 * CONFIG.num_layers + 1, CONFIG.num_layers + 1  # the rest is gathered once

    def gather() -> None:
        for _ in range(gathers):
            dist.all_gather_into_tensor(whole, part)

    def reduce() -> None:
        for _ in range(reduces):
            dist.reduce_scatter_tensor(part, whole)

    sent = 4 * len(part) * (ranks - 1)
    gathering, reducing = least(gather, reduce)
    speeds = gathers * sent / gathering, reduces * sent / reducing
    return Measured(compute, waiting, seconds, sum(size for _, size in sends), *speeds)


def main() -> None:
    print(
        "| ranks | sent, MB | formula, MB | gather, MB/s | reduce, MB/s "
        "| compute, ms | waiting, ms | sending, ms | predicted, ms | measured, ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for ranks in WORLD_SIZES:
        layout = Layout(fsdp=ranks)
        gathered = gather_bytes(CONFIG, ParallelConfig(), layout, 1, 4)
        reduced = reduce_bytes(CONFIG, layout, 1)
        found = run_ranks(measure, ranks, timeout=300.0)
        slowest = Measured(*map(max, zip(*found, strict=True)))
        compute, step = slowest.compute, slowest.step
        gather, reduce = min(x.gather_speed for x in found), min(x.reduce_speed for x in found)
        together = predicted = compute
        if ranks > 1:  # else there is nobody to wait for
            together = slowest.compute_and_wait
            predicted = step_seconds(together, gathered, gather, 0.0)
            predicted = step_seconds(predicted, reduced, reduce, 0.0)
        sizes = " | ".join(f"{x / 1e6:.2f}" for x in (found[0].sent, gathered + reduced))
        speeds = " | ".join(f"{x / 1e6:.0f}" for x in (gather, reduce))
        times = (compute, together - compute, predicted - together, predicted, step)
        milliseconds = " | ".join(f"{1e3 * x:.0f}" for x in times)
        print(f"| {ranks} | {sizes} | {speeds} | {milliseconds} |", flush=True)


if __name__ == "__main__":
    main()
