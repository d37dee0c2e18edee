"""What the model of communication says of a step on 1, 2 and 4 ranks of this machine, beside what the step takes.

    python benchmarks/scaling.py            prints a table for docs/scaling.md

Each rank has its own sequences, so that without communication a step would take as long on any number. Compute
is that of as many processes that do not talk to each other, for they share the cores of this machine; bytes a
second are those of gloo's all-gather between as many ranks, measured with a tensor of the size of a layer;
nothing overlaps, since both want the same cores. Each figure is the least of several, which other work on the
machine disturbs least.
"""

from __future__ import annotations

import time
import warnings
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


def measure() -> tuple[float, float, float, float]:
    """Seconds of a step without and with communication, bytes sent in it, bytes a second of gloo."""
    warnings.simplefilter("ignore", FutureWarning)  # older torch knows the newer names not
    ranks = dist.get_world_size()
    config = ParallelConfig()
    mesh = build_mesh(resolve_layout(config, ranks), "cpu")
    with torch.device("meta"):
        model = Decoder(CONFIG)
    parallelize(model, mesh, config)
    init_weights(model, "cpu", 0)
    alone = Decoder(CONFIG)
    tokens_bt = torch.arange(256).remainder(CONFIG.vocab_size)[None]

    def step(model: Decoder) -> None:
        model.logits(model(tokens_bt)).logsumexp(-1).sum().backward()
        model.zero_grad()

    compute, seconds = least(lambda: step(alone), lambda: step(model))
    with counting_sends() as sends:
        step(model)
    part = torch.zeros(block_params(CONFIG) // ranks)
    whole = torch.zeros(len(part) * ranks)
    sent = 4 * len(part) * (ranks - 1)
    speed = sent / least(lambda: dist.all_gather_into_tensor(whole, part))[0]
    return compute, seconds, sum(size for _, size in sends), speed


def main() -> None:
    print("| ranks | sent, MB | formula, MB | gloo, MB/s | compute, ms | predicted, ms | measured, ms |")
    print("|---|---|---|---|---|---|---|")
    for ranks in WORLD_SIZES:
        layout = Layout(fsdp=ranks)
        formula = gather_bytes(CONFIG, ParallelConfig(), layout, 1, 4) + reduce_bytes(CONFIG, layout, 1)
        found = run_ranks(measure, ranks, timeout=300.0)
        compute, seconds = (max(x[index] for x in found) for index in (0, 1))
        sent, speed = found[0][2], min(x[3] for x in found)
        predicted = step_seconds(compute, formula, speed, 0.0) if ranks > 1 else compute
        sizes = f"{sent / 1e6:.2f} | {formula / 1e6:.2f} | {speed / 1e6:.0f}"
        times = " | ".join(f"{1e3 * x:.0f}" for x in (compute, predicted, seconds))
        print(f"| {ranks} | {sizes} | {times} |", flush=True)


if __name__ == "__main__":
    main()
