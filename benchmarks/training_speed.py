"""Training speed of the generated decoder beside transformers' Llama: same sizes, same data, one run.

    python benchmarks/training_speed.py [--steps 6] [--precision float32 bfloat16]

A step is forward, backward and a fused AdamW update. The two take turns step by step, so that
a noisy machine disturbs both alike; the ratio is what to read.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from igla.export.huggingface import huggingface_config
from igla.models import igla_tiny
from igla.optimization.loss import cross_entropy_sum

BATCH, LENGTH = 8, 256


def generated_step(tokens_bt: torch.Tensor) -> Callable[[], float]:
    """A training step of the generated decoder with its chunked loss."""
    model = igla_tiny.build()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def step() -> float:
        hidden = model(tokens_bt[:, :-1])
        targets = tokens_bt[:, 1:].flatten()
        loss = cross_entropy_sum(hidden.flatten(0, 1), model.head_weight, targets) / targets.numel()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    return step


def transformers_step(tokens_bt: torch.Tensor) -> Callable[[], float]:
    """The same step of transformers' Llama, with its own loss."""
    config = LlamaConfig(**huggingface_config(igla_tiny.CONFIG), attn_implementation="sdpa")
    model = LlamaForCausalLM(config).float()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def step() -> float:
        # transformers shifts the labels itself; the last token is left out to train on as many
        loss = model(input_ids=tokens_bt, labels=tokens_bt, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return float(loss.detach())

    return step


def measure(precision: str, steps: int) -> dict[str, float]:
    """Median tokens per second of both, taking turns."""
    torch.manual_seed(0)
    tokens_bt = torch.randint(3, igla_tiny.CONFIG.vocab_size, (BATCH, LENGTH + 1))
    contenders = {
        "generated": generated_step(tokens_bt),
        "transformers": transformers_step(tokens_bt),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for index in range(steps + 1):
        for name, step in contenders.items():
            start = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                step()
            if index:  # the first one warms up
                seconds[name].append(time.perf_counter() - start)
    return {name: BATCH * LENGTH / statistics.median(found) for name, found in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=6, help="timed steps of each")
    parser.add_argument(
        "--precision", nargs="+", default=["float32", "bfloat16"], help="of matrix products"
    )
    options = parser.parse_args()
    torch.set_num_threads(2)
    print(
        f"{igla_tiny.NAME}, batch {BATCH} x {LENGTH} tokens, torch {torch.__version__}, 2 threads"
    )
    for precision in options.precision:
        found = measure(precision, options.steps)
        ratio = found["generated"] / found["transformers"]
        speeds = ", ".join(f"{name} {speed:,.0f} tokens/s" for name, speed in found.items())
        print(f"{precision:9} {speeds}; ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
