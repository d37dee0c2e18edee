"""Forward and backward of the generated decoder beside transformers: same sizes, same data, one run.

    python benchmarks/model_speed.py [--steps 5] [--only speed memory] [--precision float32] [--eager] [--busy]

    speed     tokens a second beside transformers' Llama: float32 and bf16 autocast, eager and compiled
    memory    peak memory of one step beside transformers' Llama at a vocabulary of 32000

Contenders take turns step by step, so that a noisy machine disturbs all alike; medians are compared, and
the ratio is what to read. On a busy machine --busy counts the time of the processor, of one thread: wall time
is then that of the other processes. Each peak is that of a process of its own, the memory that it had
before its first step taken off. The loss is that of each side: in chunks of 512 tokens here, in full there.

"products alone" are the matrix products and the fused attention that a step cannot do without, forward and backward,
and nothing else: what transformers takes, divided by what they take, is the largest ratio that can be reached.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers

from igla.architecture.decoder import Decoder, DecoderConfig, num_params
from igla.export.huggingface import huggingface_config
from igla.optimization.loss import cross_entropy_sum

BATCH, LENGTH = 4, 512
CHUNK = 512  # tokens whose logits the generated loss holds at one time
DENSE = DecoderConfig(
    vocab_size=8192, hidden_size=384, num_layers=8, num_heads=6, num_kv_heads=2, head_dim=64,
    ffn_size=1024, context_length=LENGTH, tie_embeddings=False,
)  # fmt: skip
WIDE = dataclasses.replace(DENSE, vocab_size=32000, tie_embeddings=True)
GOALS = {"eager": 1.05, "compiled": 1.15, "memory": 0.7}
Step = Callable[[], object]


def tokens_for(config: DecoderConfig) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(3, config.vocab_size, (BATCH, LENGTH + 1), generator=generator)


def generated_step(config: DecoderConfig, compiled: bool) -> Step:
    """Forward and backward of the generated decoder with its chunked loss."""
    torch.manual_seed(0)
    model = Decoder(config)
    tokens_bt = tokens_for(config)
    inputs_bt, targets_n = tokens_bt[:, :-1].contiguous(), tokens_bt[:, 1:].flatten()

    def mean_loss() -> torch.Tensor:
        hidden_nd = model(inputs_bt).flatten(0, 1)
        total = cross_entropy_sum(hidden_nd, model.head_weight, targets_n, chunk_tokens=CHUNK)
        return total / len(targets_n)

    forward = torch.compile(mean_loss, fullgraph=True) if compiled else mean_loss

    def step() -> None:
        forward().backward()
        model.zero_grad(set_to_none=True)

    return step


def transformers_step(config: DecoderConfig, compiled: bool) -> Step:
    """The same of transformers' model of the same family, with its own loss."""
    torch.manual_seed(0)
    document = huggingface_config(config)
    config_class = transformers.AutoConfig.for_model(**document)
    config_class._attn_implementation = "sdpa"
    model = transformers.AutoModelForCausalLM.from_config(config_class).float()
    model.train()
    forward = torch.compile(model) if compiled else model
    tokens_bt = tokens_for(config)
    inputs_bt, targets_bt = tokens_bt[:, :-1].contiguous(), tokens_bt[:, 1:].contiguous()

    def step() -> None:
        # labels that are shifted already: the loss of as many tokens
        output = forward(
            input_ids=inputs_bt, labels=inputs_bt, shift_labels=targets_bt, use_cache=False
        )
        output.loss.backward()
        model.zero_grad(set_to_none=True)

    return step


def products_step(config: DecoderConfig, dtype: torch.dtype) -> Step:
    """The products of all matrices with the tokens and their gradients, and the attention of each layer."""
    torch.manual_seed(0)
    with torch.device("meta"):
        named = Decoder(config).named_parameters()
    shapes = [p.shape for name, p in named if p.ndim == 2 and "embed" not in name]
    pairs = [(torch.randn(BATCH * LENGTH, i), torch.randn(BATCH * LENGTH, o)) for o, i in shapes]
    pairs = [(x_ni.to(dtype), y_no.to(dtype)) for x_ni, y_no in pairs]
    matrices = [torch.randn(shape).to(dtype) for shape in shapes]
    heads = (config.num_heads, config.num_kv_heads, config.num_kv_heads)
    shaped = (torch.randn(BATCH, h, LENGTH, config.head_dim).to(dtype) for h in heads)
    q, k, v = (tensor.requires_grad_() for tensor in shaped)

    def step() -> None:
        for (x_ni, y_no), matrix_oi in zip(pairs, matrices, strict=True):
            F.linear(x_ni, matrix_oi)
            y_no @ matrix_oi
            y_no.T @ x_ni
        for _ in range(config.num_layers):
            out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            torch.autograd.grad(out.sum(), (q, k, v))

    return step


MAKERS = {"generated": generated_step, "transformers": transformers_step}


def speeds(precision: str, compiled: bool, options: argparse.Namespace) -> dict[str, float]:
    """Median tokens a second of each, taking turns."""
    clock = time.process_time if options.busy else time.perf_counter
    contenders = {name: make(DENSE, compiled) for name, make in MAKERS.items()}
    contenders["products alone"] = products_step(DENSE, getattr(torch, precision))
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for index in range(options.steps + 2):
        for name, step in contenders.items():
            start = clock()
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                step()
            if index > 1:  # the first ones compile and warm up
                seconds[name].append(clock() - start)
    return {name: BATCH * LENGTH / statistics.median(found) for name, found in seconds.items()}


def compare_speed(kind: str, options: argparse.Namespace) -> None:
    for precision in options.precision:
        found = speeds(precision, kind == "compiled", options)
        ratio = found["generated"] / found["transformers"]
        shown = ", ".join(f"{name} {speed:6,.0f}" for name, speed in found.items())
        most = found["products alone"] / found["transformers"]
        verdict = "" if ratio >= GOALS[kind] else "  BELOW"
        print(
            f"  {kind:8} {precision:8} {shown} tokens/s; ratio {ratio:.2f} (at most {most:.2f})"
            f"  >= {GOALS[kind]}{verdict}",
            flush=True,
        )


def peak_mib(name: str, precision: str) -> float:
    """Peak memory of one step in a process of its own, less what it had before."""
    command = [sys.executable, __file__, "--peak", name, precision]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peak_kib() -> int:
    """Peak memory of this process (Linux). getrusage would begin at the peak of the parent."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def print_peak(name: str, precision: str) -> None:
    step = MAKERS[name](WIDE, False)
    torch.ones(64, 64, requires_grad=True).matmul(torch.ones(64, 64)).sum().backward()
    before = peak_kib()
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        step()
    print((peak_kib() - before) / 1024)


def compare_memory(precisions: list[str]) -> None:
    for precision in precisions:
        found = {name: peak_mib(name, precision) for name in MAKERS}
        ratio = found["generated"] / found["transformers"]
        shown = ", ".join(f"{name} {mib:6,.0f} MiB" for name, mib in found.items())
        verdict = "" if ratio <= GOALS["memory"] else "  ABOVE"
        print(
            f"  {precision:9} {shown}; ratio {ratio:.2f}  <= {GOALS['memory']}{verdict}", flush=True
        )


def describe(config: DecoderConfig) -> str:
    return (
        f"{num_params(config) / 1e6:.1f}M parameters, hidden {config.hidden_size}, "
        f"{config.num_layers} layers, vocabulary {config.vocab_size}, batch {BATCH} x {LENGTH}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("speed", "memory")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="what to compare")
    dtypes = ["float32", "bfloat16"]
    parser.add_argument(
        "--precision", nargs="+", choices=dtypes, default=dtypes, help="of products (default: both)"
    )
    parser.add_argument("--steps", type=int, default=5, help="timed steps of each (default: 5)")
    parser.add_argument(
        "--eager", action="store_true", help="leave out the compiled ones (minutes)"
    )
    parser.add_argument("--busy", action="store_true", help="processor time of one thread")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    threads = 1 if options.busy else 2
    torch.set_num_threads(threads)
    if options.peak:
        print_peak(*options.peak)
        return
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, threads: {threads}")
    if "speed" in options.only:
        print(f"forward and backward beside Llama: {describe(DENSE)}")
        compare_speed("eager", options)
        if not options.eager:
            compare_speed("compiled", options)
    if "memory" in options.only:
        print(f"peak memory of a step beside Llama: {describe(WIDE)}")
        compare_memory(options.precision)


if __name__ == "__main__":
    main()
