"""Activations and the feed-forward block against transformers: functions, outputs, gradients, fused weights."""

from __future__ import annotations

import random

import pytest
import torch
from torch import nn

from igla.architecture.activation import Mlp, MlpConfig, activation_function, fuse_gate_up

transformers = pytest.importorskip("transformers")
from transformers.activations import ACT2FN  # noqa: E402
from transformers.models.llama.modeling_llama import LlamaMLP  # noqa: E402
from transformers.models.phi3.modeling_phi3 import Phi3MLP  # noqa: E402

NAMES = {
    "swiglu": "silu",
    "geglu": "gelu",
    "gelu": "gelu",
    "gelu_tanh": "gelu_pytorch_tanh",
    "silu": "silu",
    "relu": "relu",
    "squared_relu": "relu2",
}


@pytest.mark.parametrize("name", NAMES)
def test_functions(name: str) -> None:
    torch.manual_seed(0)
    x = 4 * torch.randn(1000, dtype=torch.float64)
    torch.testing.assert_close(
        activation_function(name)(x), ACT2FN[NAMES[name]](x), rtol=1e-14, atol=1e-14
    )


def _peer_settings(config: MlpConfig) -> dict[str, object]:
    return {
        "hidden_size": config.hidden_size,
        "intermediate_size": config.ffn_size,
        "hidden_act": NAMES[config.activation],
        "num_attention_heads": 1,
    }


def _compare(mlp: nn.Module, peer: nn.Module, hidden_size: int) -> None:
    """Outputs and all gradients, with the weights of the first in the second."""
    peer.load_state_dict(mlp.state_dict())
    inputs = [torch.randn(2, 5, hidden_size, dtype=torch.float64, requires_grad=True)]
    inputs.append(inputs[0].detach().clone().requires_grad_())
    outputs = [module(x_btd) for module, x_btd in zip((mlp, peer), inputs, strict=True)]
    torch.testing.assert_close(*outputs, rtol=1e-12, atol=1e-12)
    for output in outputs:
        output.square().sum().backward()
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-11, atol=1e-11)
    theirs = dict(peer.named_parameters())
    for name, parameter in mlp.named_parameters():
        torch.testing.assert_close(parameter.grad, theirs[name].grad, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["swiglu", "geglu"])
@pytest.mark.parametrize("seed", range(4))
def test_gated_block(name: str, seed: int) -> None:
    draw = random.Random(seed)
    torch.manual_seed(seed)
    config = MlpConfig(
        hidden_size=2 * draw.randrange(1, 20), ffn_size=draw.randrange(1, 80), activation=name
    )
    peer = LlamaMLP(transformers.LlamaConfig(**_peer_settings(config))).double()
    _compare(Mlp(config).double(), peer, config.hidden_size)


@pytest.mark.parametrize("name", ["swiglu", "geglu"])
@pytest.mark.parametrize("seed", range(4))
def test_fused_block(name: str, seed: int) -> None:
    draw = random.Random(seed)
    torch.manual_seed(seed)
    sizes = {"hidden_size": 2 * draw.randrange(1, 20), "ffn_size": draw.randrange(1, 80)}
    apart = Mlp(MlpConfig(activation=name, **sizes)).double()
    config = MlpConfig(activation=name, fused_gate_up=True, **sizes)
    fused = Mlp(config).double()
    fused.load_state_dict(fuse_gate_up(apart.state_dict()))
    peer = Phi3MLP(transformers.Phi3Config(**_peer_settings(config))).double()
    _compare(fused, peer, config.hidden_size)
    x_btd = torch.randn(2, 5, config.hidden_size, dtype=torch.float64)
    torch.testing.assert_close(apart(x_btd), peer(x_btd), rtol=1e-12, atol=1e-12)
