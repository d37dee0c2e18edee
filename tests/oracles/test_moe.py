"""The mixture of experts against transformers' MixtralSparseMoeBlock: copied weights, outputs, gradients, balance loss.

Random small configurations in float32 (outputs within 1e-5, gradients within 1e-4 relative) and in float64 (1e-10, both
written without the casts to float32 that transformers has in its router and its loss). Both ways of dispatch through
inductor as one graph.
"""

from __future__ import annotations

import random

import pytest
import torch
from torch import Tensor, nn

from igla.architecture.moe import (
    Moe,
    MoeConfig,
    Routing,
    RoutingConfig,
    balance_loss,
    expert_capacity,
    moe_active_params,
    moe_num_params,
)

transformers = pytest.importorskip("transformers")
mixtral = pytest.importorskip("transformers.models.mixtral.modeling_mixtral")

CHOICES = [(2, 1), (4, 2), (8, 2), (8, 3)]  # of so many experts each token takes so many


def _config(choice: tuple[int, int], **routing: object) -> MoeConfig:
    draw = random.Random(str(choice))
    found = RoutingConfig(num_experts=choice[0], top_k=choice[1], **routing)
    return MoeConfig(
        hidden_size=8 * draw.randint(1, 4),
        ffn_size=8 * draw.randint(1, 6),
        activation=draw.choice(["swiglu", "geglu"]),
        routing=found,
    )


def _peer(config: MoeConfig, implementation: str) -> nn.Module:
    settings = transformers.MixtralConfig(
        hidden_size=config.hidden_size,
        intermediate_size=config.ffn_size,
        num_local_experts=config.routing.num_experts,
        num_experts_per_tok=config.routing.top_k,
        hidden_act={"swiglu": "silu", "geglu": "gelu"}[config.activation],
    )
    settings._experts_implementation = implementation
    return mixtral.MixtralSparseMoeBlock(settings)


def _pair(config: MoeConfig, dtype: torch.dtype, implementation: str) -> tuple[Moe, nn.Module]:
    """Both with the same weights, whose names agree."""
    torch.manual_seed(0)
    ours, peer = Moe(config).to(dtype), _peer(config, implementation).to(dtype)
    peer.load_state_dict(ours.state_dict())
    return ours, peer


def _normal(*shape: int, dtype: torch.dtype, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def _image(module: nn.Module, x_btd: Tensor) -> dict[str, Tensor]:
    """Output and gradients of a scalar that weighs each element differently."""
    x_btd = x_btd.clone().requires_grad_()
    y_btd = module(x_btd)
    y_btd = y_btd[0] if isinstance(y_btd, tuple) else y_btd
    (y_btd * torch.linspace(-1, 1, y_btd.numel(), dtype=x_btd.dtype).view_as(y_btd)).sum().backward()
    gradients = {name: value.grad for name, value in module.named_parameters()}
    return {"output": y_btd.detach(), "input": x_btd.grad, **gradients}


def _assert_close(found: dict[str, Tensor], peer: dict[str, Tensor], output: float, grad: float) -> None:
    assert found.keys() == peer.keys()
    for name, expected in peer.items():
        # the router of one normalised choice has a gradient of zero, but for rounding
        scale = max(float(expected.abs().max()), 1e-3)
        bound = output if name == "output" else grad * scale
        torch.testing.assert_close(
            found[name], expected, rtol=0, atol=bound, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.fixture
def in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lifts the peer's casts to float32, which cost it nine digits."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    monkeypatch.setattr(torch, "float32", torch.float64)


@pytest.mark.parametrize("implementation", ["eager", "grouped_mm", "batched_mm"])
@pytest.mark.parametrize("choice", CHOICES)
def test_float32_equals_mixtral(choice: tuple[int, int], implementation: str) -> None:
    config = _config(choice)
    ours, peer = _pair(config, torch.float32, implementation)
    x_btd = _normal(2, 9, config.hidden_size, dtype=torch.float32)
    _assert_close(_image(ours, x_btd), _image(peer, x_btd), 1e-5, 1e-4)


@pytest.mark.parametrize("choice", CHOICES)
def test_float64_equals_mixtral(choice: tuple[int, int], in_float64: None) -> None:
    config = _config(choice)
    ours, peer = _pair(config, torch.double, "eager")
    x_btd = _normal(2, 9, config.hidden_size, dtype=torch.double)
    _assert_close(_image(ours, x_btd), _image(peer, x_btd), 1e-10, 1e-10)


@pytest.mark.parametrize("choice", CHOICES)
def test_ample_capacity_equals_mixtral(choice: tuple[int, int]) -> None:
    config = _config(choice, dispatch="capacity", capacity_factor=8.0)
    ours, peer = _pair(config, torch.float32, "eager")
    x_btd = _normal(2, 9, config.hidden_size, dtype=torch.float32)
    assert expert_capacity(config.routing, 18) == 18
    _assert_close(_image(ours, x_btd), _image(peer, x_btd), 1e-5, 1e-4)


def _routings(config: MoeConfig, dtype: torch.dtype, x_td: Tensor) -> list[Routing]:
    torch.manual_seed(2)
    return [Moe(config).to(dtype)(x_td)[1] for _ in range(3)]


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("choice", CHOICES)
def test_balance_loss_equals_mixtrals(
    choice: tuple[int, int], masked: bool, num_layers: int, in_float64: None
) -> None:
    """Pooled over the layers as there; for one layer also without pooling."""
    config = _config(choice)
    x_td = _normal(18, config.hidden_size, dtype=torch.double)
    routings = _routings(config, torch.double, x_td)[:num_layers]
    mask_bt = _normal(2, 9, dtype=torch.double, seed=3) > 0 if masked else None
    logits = tuple(routing.logits_te.detach().requires_grad_() for routing in routings)
    expected = mixtral.load_balancing_loss_func(
        logits, config.routing.num_experts, config.routing.top_k, mask_bt
    )
    for pooled in (True, False)[: 2 if num_layers == 1 else 1]:
        pairs = zip(routings, logits, strict=True)
        again = [routing._replace(logits_te=own) for routing, own in pairs]
        found = balance_loss(again, mask_bt, pooled=pooled)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
        gradients = [torch.autograd.grad(loss, logits, retain_graph=True) for loss in (found, expected)]
        torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


def test_mixtral_8x7b_has_its_parameters() -> None:
    """transformers' own model of the published sizes, on the meta device."""
    with torch.device("meta"):
        peer = transformers.MixtralForCausalLM(transformers.MixtralConfig())
    config = MoeConfig(
        hidden_size=4096, ffn_size=14336, routing=RoutingConfig(num_experts=8, top_k=2)
    )
    total = sum(parameter.numel() for parameter in peer.parameters())
    mixtures = sum(p.numel() for name, p in peer.named_parameters() if ".mlp." in name)
    assert mixtures == 32 * moe_num_params(config)
    assert total == 46_702_792_704
    assert total - mixtures + 32 * moe_active_params(config) == 12_879_925_248


@pytest.mark.slow
@pytest.mark.parametrize("dispatch", ["dropless", "capacity"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_inductor_compiles_one_graph(dispatch: str, dtype: torch.dtype) -> None:
    """Forward and backward as eager gives them; batches with another split need no other graph."""
    routing = RoutingConfig(num_experts=4, top_k=2, dispatch=dispatch, num_shared_experts=1)
    torch.manual_seed(0)
    mixture = Moe(MoeConfig(hidden_size=16, ffn_size=24, routing=routing)).to(dtype)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    compiled = torch.compile(mixture, fullgraph=True)
    for seed in (1, 2):
        x_btd = _normal(2, 9, 16, dtype=dtype, seed=seed)
        mixture.zero_grad(set_to_none=True)
        expected = _image(mixture, x_btd)
        mixture.zero_grad(set_to_none=True)
        found = _image(compiled, x_btd)
        bound = 5e-2 if dtype == torch.bfloat16 else 1e-5
        found = {name.removeprefix("_orig_mod."): value for name, value in found.items()}
        _assert_close(found, expected, bound, bound)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
