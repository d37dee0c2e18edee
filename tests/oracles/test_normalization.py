"""Norms against transformers' LlamaRMSNorm: values and gradients, random shapes, three dtypes, under autocast too.

float64 is left to torch.nn.RMSNorm (in the generated tests): LlamaRMSNorm computes in float32 whatever it is given.
"""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor, nn

from igla.architecture.normalization import RMSNorm

pytest.importorskip("transformers")
from transformers.models.llama.modeling_llama import LlamaRMSNorm


def _results(norm: nn.Module, x: Tensor, g: Tensor) -> tuple[Tensor, ...]:
    leaf = x.clone().requires_grad_()
    y = norm(leaf)
    return (y, *torch.autograd.grad(y, (leaf, norm.weight), g.to(y.dtype)))


@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 5e-6), (torch.bfloat16, 3e-2), (torch.float16, 4e-3)]
)
def test_rms_norm(dtype: torch.dtype, tolerance: float, seed: int, autocast: bool) -> None:
    draw = random.Random(seed)
    generator = torch.Generator().manual_seed(seed)
    channels, eps = draw.randrange(1, 200), draw.choice([1e-6, 1e-5, 1e-2])
    norm, peer = RMSNorm(channels, eps), LlamaRMSNorm(channels, eps)
    with torch.no_grad():
        norm.weight.copy_(torch.rand(channels, generator=generator) + 0.5)
    peer.load_state_dict(norm.state_dict())
    x, g = torch.randn(2, 3, 5, channels, generator=generator).to(dtype)
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        got = _results(norm.to(dtype), x, g)
        want = _results(peer.to(dtype), x, g)
    for ours, theirs in zip(got, want, strict=True):
        assert ours.dtype == theirs.dtype == dtype
        scale = max(1.0, float(theirs.abs().max()))
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance * scale)
