"""What the model of communication says of a step on 1, 2 and 4 ranks of this machine, beside what the step takes.

    python benchmarks/scaling.py            prints a table for docs/scaling.md

Each rank has its own sequences, so that without communication and with a core for each a step would take as
long on any number. Compute is that of one rank; bytes a second are those of gloo's all-gather between as many
ranks, measured with a tensor of the size of a layer; nothing overlaps, since both want the same cores. Each
figure is the least of several, which other work on the machine disturbs least.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

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


def least(work: Callable[[], object]) -> float:
    """Seconds of the fastest call after a first one."""
    work()
    seconds = []
    for _ in range(REPEATS):
        if dist.is_initialized():
            dist.barrier()
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def measure() -> tuple[float, float, float]:
    """Seconds of a step, bytes that this rank sends in it, and bytes a second that gloo moves."""
    ranks = dist.get_world_size()
    config = ParallelConfig()
    mesh = build_mesh(resolve_layout(config, ranks), "cpu")
    with torch.device("meta"):
        model = Decoder(CONFIG)
    parallelize(model, mesh, config)
    init_weights(model, "cpu", 0)
    tokens_bt = torch.arange(256).remainder(CONFIG.vocab_size)[None]

    def step() -> None:
        model.logits(model(tokens_bt)).logsumexp(-1).sum().backward()
        model.zero_grad()

    seconds = least(step)
    with counting_sends() as sends:
        step()
    part = torch.zeros(block_params(CONFIG) // ranks)
    whole = torch.zeros(len(part) * ranks)
    sent = 4 * len(part) * (ranks - 1)
    speed = sent / least(lambda: dist.all_gather_into_tensor(whole, part)) if ranks > 1 else 0.0
    return seconds, sum(size for _, size in sends), speed


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    compute = 0.0
    print("| ranks | sent, MB | formula, MB | gloo, MB/s | predicted, ms | measured, ms |")
    print("|---|---|---|---|---|---|")
    for ranks in WORLD_SIZES:
        layout = Layout(fsdp=ranks)
        formula = gather_bytes(CONFIG, ParallelConfig(), layout, 1, 4) + reduce_bytes(CONFIG, layout)
        found = run_ranks(measure, ranks, timeout=300.0)
        seconds, sent, speed = max(x[0] for x in found), found[0][1], min(x[2] for x in found)
        compute = compute or seconds
        busy = compute * max(1.0, ranks / cores)
        predicted = step_seconds(busy, formula, speed, 0.0) if ranks > 1 else compute
        shown = f"{sent / 1e6:.2f} | {formula / 1e6:.2f} | {speed / 1e6:.0f}"
        print(f"| {ranks} | {shown} | {1e3 * predicted:.1f} | {1e3 * seconds:.1f} |")


if __name__ == "__main__":
    main()
