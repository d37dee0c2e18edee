"""Speed of the generated mixture of experts beside transformers' Mixtral block: same sizes, weights, tokens, one run.

    python benchmarks/moe_speed.py [--rounds 8] [--threads 1]

A round is forward and backward of one block of 8 experts, top-2, hidden size 512, 1024 channels an expert, 2048 tokens.
The contenders take turns; the ratio is what to read. Processor time is counted, since another process on the machine
takes from wall time what it wants. transformers has three ways of its own on a CPU: grouped_mm, which its models take
where nothing is asked for; eager, which the block takes by itself; and batched_mm, which copies a matrix for each
choice (tens of GB here) and is left out.

"products alone" are the matrix products that a step cannot do without, on tokens that lie sorted already, and nothing
else: what transformers takes, divided by what they take, is the largest ratio that any implementation could reach.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import MixtralConfig
from transformers.models.mixtral.modeling_mixtral import MixtralSparseMoeBlock

from igla.architecture.moe import Moe, MoeConfig, RoutingConfig

HIDDEN, FFN, EXPERTS, TOP_K, TOKENS = 512, 1024, 8, 2, 2048


def generated(dispatch: str) -> nn.Module:
    """The generated mixture."""
    torch.manual_seed(0)
    routing = RoutingConfig(num_experts=EXPERTS, top_k=TOP_K, dispatch=dispatch)
    return Moe(MoeConfig(hidden_size=HIDDEN, ffn_size=FFN, routing=routing))


def peer(implementation: str) -> nn.Module:
    """transformers' block with the weights of the generated one."""
    config = MixtralConfig(
        hidden_size=HIDDEN,
        intermediate_size=FFN,
        num_local_experts=EXPERTS,
        num_experts_per_tok=TOP_K,
    )
    config._experts_implementation = implementation
    block = MixtralSparseMoeBlock(config)
    block.load_state_dict(generated("dropless").state_dict())
    return block


def products(x_btd: Tensor) -> Callable[[], None]:
    """Forward and backward of the three products of each expert: no router, sorting, activation or sum."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).div_(HIDDEN**0.5).requires_grad_()

    experts = [(draw(FFN, HIDDEN), draw(FFN, HIDDEN), draw(HIDDEN, FFN)) for _ in range(EXPERTS)]
    rows_nd = x_btd.flatten(0, 1).repeat(TOP_K, 1)
    pieces = [piece.clone().requires_grad_() for piece in rows_nd.chunk(EXPERTS)]
    up_gradient_nf = draw(len(pieces[0]), FFN).detach()

    def run() -> None:
        for x_nd, (gate_fd, up_fd, down_df) in zip(pieces, experts, strict=True):
            up_nf = F.linear(x_nd, up_fd)
            y_nd = F.linear(F.linear(x_nd, gate_fd), down_df)
            torch.autograd.backward(
                (y_nd, up_nf), (x_nd.detach().to(y_nd.dtype), up_gradient_nf.to(up_nf.dtype))
            )
            for tensor in (x_nd, gate_fd, up_fd, down_df):
                tensor.grad = None

    return run


def step(module: nn.Module, x_btd: Tensor) -> Callable[[], None]:
    """Forward and backward, with the gradients of the input and of all weights."""

    def run() -> None:
        leaf_btd = x_btd.clone().requires_grad_()
        y_btd = module(leaf_btd)
        (y_btd[0] if isinstance(y_btd, tuple) else y_btd).backward(x_btd)
        module.zero_grad(set_to_none=True)

    return run


def measure(precision: str, rounds: int) -> dict[str, float]:
    """Median processor seconds of each, taking turns."""
    x_btd = torch.randn(4, TOKENS // 4, HIDDEN, generator=torch.Generator().manual_seed(0))
    modules = {f"generated {kind}": generated(kind) for kind in ("dropless", "capacity")}
    modules |= {f"transformers {kind}": peer(kind) for kind in ("grouped_mm", "eager")}
    steps = {name: step(module, x_btd) for name, module in modules.items()}
    steps["products alone"] = products(x_btd)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for index in range(rounds + 1):
        for name, run in steps.items():
            start = time.process_time()
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
                run()
            if index:  # the first one warms up
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    for precision in ("float32", "bfloat16"):
        seconds = measure(precision, options.rounds)
        ours = seconds["generated dropless"]
        for name, found in seconds.items():
            print(f"{precision:9} {name:24} {TOKENS / found:8.0f} tokens/s  {found / ours:5.2f}")


if __name__ == "__main__":
    main()
