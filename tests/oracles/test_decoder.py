"""The decoder against transformers' Llama, Mistral, Mixtral, Qwen2 and Qwen3: copied weights, logits, loss, gradients.

Random small configurations with grouped-query ratios 1, 2 and 4, tied and untied heads, windows and scaled rotary
positions. In float32 logits agree within 1e-5, loss and every gradient within 1e-4 relative; in float64 within 1e-10,
both then written without the casts to float32 that transformers has in its norms, angles, softmax and router.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from igla.architecture.decoder import (
    Decoder,
    DecoderConfig,
    make_caches,
    num_active_params,
    num_params,
)
from igla.architecture.moe import RoutingConfig, balance_loss
from igla.architecture.positional import RopeScaling

transformers = pytest.importorskip("transformers")

FAMILIES = {
    "llama": (transformers.LlamaConfig, transformers.LlamaForCausalLM),
    "mistral": (transformers.MistralConfig, transformers.MistralForCausalLM),
    "mixtral": (transformers.MixtralConfig, transformers.MixtralForCausalLM),
    "qwen2": (transformers.Qwen2Config, transformers.Qwen2ForCausalLM),
    "qwen3": (transformers.Qwen3Config, transformers.Qwen3ForCausalLM),
}
SCALINGS = {
    "linear": RopeScaling(kind="linear", factor=4.0, original_context=16),
    "yarn": RopeScaling(kind="yarn", factor=4.0, original_context=16),
    "llama3": RopeScaling(kind="llama3", factor=4.0, original_context=16),
}
each_family = pytest.mark.parametrize("family", FAMILIES)
each_case = pytest.mark.parametrize(
    ("family", "ratio", "seed"),
    [(family, ratio, seed) for family in FAMILIES for ratio in (1, 2, 4) for seed in (0, 1)],
)


def _config(family: str, ratio: int = 2, seed: int = 0) -> DecoderConfig:
    draw = random.Random(f"{family} {ratio} {seed}")
    num_heads = ratio * draw.choice([1, 2])
    head_dim = draw.choice([8, 16, 24])
    return DecoderConfig(
        vocab_size=draw.randrange(50, 200),
        # Qwen2 has no head_dim of its own
        hidden_size=num_heads * head_dim if family == "qwen2" else 8 * draw.randrange(2, 7),
        num_layers=draw.randrange(1, 4),
        num_heads=num_heads,
        num_kv_heads=num_heads // ratio,
        head_dim=head_dim,
        ffn_size=8 * draw.randrange(2, 12),
        context_length=64,
        rope_base=draw.choice([100.0, 10000.0, 500000.0]),
        rope_scaling=draw.choice([None, *SCALINGS.values()]) if family == "llama" else None,
        qkv_bias=family == "qwen2",
        qk_norm=family == "qwen3",
        sliding_window=draw.randrange(2, 20) if family == "mistral" else None,
        moe=RoutingConfig(num_experts=4, top_k=draw.choice([1, 2])) if family == "mixtral" else None,
        norm_eps=draw.choice([1e-6, 1e-5, 1e-3]),
        tie_embeddings=draw.choice([True, False]),
        init_std=0.1,
    )


def _rope(config: DecoderConfig) -> dict[str, object]:
    scaling = config.rope_scaling
    if scaling is None:
        return {"rope_type": "default", "rope_theta": config.rope_base}
    found = {"rope_type": scaling.kind, "rope_theta": config.rope_base, "factor": scaling.factor}
    if scaling.kind != "linear":
        found["original_max_position_embeddings"] = scaling.original_context
    if scaling.kind == "llama3":
        found |= {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
    return found


def _peer(family: str, config: DecoderConfig) -> nn.Module:
    config_class, model_class = FAMILIES[family]
    settings = config_class(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_layers,
        num_attention_heads=config.num_heads,
        num_key_value_heads=config.num_kv_heads,
        head_dim=config.head_dim,
        intermediate_size=config.ffn_size,
        max_position_embeddings=config.context_length,
        rope_parameters=_rope(config),
        rms_norm_eps=config.norm_eps,
        tie_word_embeddings=config.tie_embeddings,
        sliding_window=config.sliding_window,
        attn_implementation="eager",
    )
    if config.moe is not None:
        settings.num_local_experts = config.moe.num_experts
        settings.num_experts_per_tok = config.moe.top_k
        settings._experts_implementation = "eager"
    return model_class(settings).eval()


def _peer_name(name: str) -> str:
    return name if name.startswith("lm_head") else f"model.{name}"


def _pair(family: str, config: DecoderConfig) -> tuple[Decoder, nn.Module]:
    """The decoder with random weights, norms and biases included, and the peer with the same."""
    torch.manual_seed(0)
    model, peer = Decoder(config), _peer(family, config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                parameter.normal_(1.0 if "norm" in name else 0.0, 0.2)
    state = {_peer_name(name): tensor for name, tensor in model.state_dict().items()}
    missing, unexpected = peer.load_state_dict(state, strict=False)
    assert unexpected == [] and missing == (["lm_head.weight"] if config.tie_embeddings else [])
    peer.tie_weights()
    return model, peer


def _tokens_bt(config: DecoderConfig, length: int = 33, batch_size: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(config.vocab_size, (batch_size, length), generator=generator)


def _loss(logits_btv: Tensor, tokens_bt: Tensor) -> Tensor:
    return F.cross_entropy(logits_btv[:, :-1].flatten(0, 1), tokens_bt[:, 1:].flatten())


@pytest.fixture
def in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lifts casts to float32, which cost nine digits: those of the peer, and that of our rotary tables."""
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    monkeypatch.setattr(torch, "float32", torch.float64)
    monkeypatch.setattr(torch, "float", torch.float64)


def _compare(model: Decoder, peer: nn.Module, tokens_bt: Tensor, logits: float, grad: float) -> None:
    logits_btv, want_btv = model.logits(model(tokens_bt)), peer(tokens_bt).logits
    assert (logits_btv - want_btv).abs().max() < logits
    assert want_btv.std() > 0.05
    loss, want = _loss(logits_btv, tokens_bt), _loss(want_btv, tokens_bt)
    assert abs(loss - want) < grad * want
    loss.backward(), want.backward()
    found = {_peer_name(name): parameter.grad for name, parameter in model.named_parameters()}
    wanted = {name: parameter.grad for name, parameter in peer.named_parameters()}
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        # biases of keys, and the router of a single choice, have a gradient of zero, but for rounding
        scale = max(float(gradient.norm()), 1e-3)
        assert (found[name] - gradient).norm() < grad * scale, name


@each_case
def test_counts_the_parameters_of_the_peer(family: str, ratio: int, seed: int) -> None:
    config = _config(family, ratio, seed)
    assert num_params(config) == _peer(family, config).num_parameters()


def test_counts_the_published_parameters() -> None:
    """Llama 3 70B and Mixtral 8x7B, whole and met by one token."""
    sizes = {"hidden_size": 8192, "num_layers": 80, "num_heads": 64, "ffn_size": 28672}
    llama = DecoderConfig(
        vocab_size=128256, num_kv_heads=8, head_dim=128, context_length=8192, tie_embeddings=False, **sizes
    )
    assert num_params(llama) == num_active_params(llama) == 70_553_706_496
    sizes = {"hidden_size": 4096, "num_layers": 32, "num_heads": 32, "ffn_size": 14336}
    mixtral = DecoderConfig(
        vocab_size=32000, num_kv_heads=8, head_dim=128, context_length=32768, tie_embeddings=False,
        moe=RoutingConfig(num_experts=8, top_k=2), **sizes,
    )  # fmt: skip
    assert (num_params(mixtral), num_active_params(mixtral)) == (46_702_792_704, 12_879_925_248)


@each_case
def test_float32_agrees(family: str, ratio: int, seed: int) -> None:
    config = _config(family, ratio, seed)
    _compare(*_pair(family, config), _tokens_bt(config), logits=1e-5, grad=1e-4)


@each_case
def test_float64_agrees(family: str, ratio: int, seed: int, in_float64: None) -> None:
    config = _config(family, ratio, seed)
    model, peer = (module.double() for module in _pair(family, config))
    _compare(model, peer, _tokens_bt(config), logits=1e-10, grad=1e-9)


@pytest.mark.parametrize("kind", SCALINGS)
def test_scaled_positions_agree(kind: str) -> None:
    config = replace(_config("llama"), rope_scaling=SCALINGS[kind])
    _compare(*_pair("llama", config), _tokens_bt(config, 60), logits=1e-5, grad=1e-4)


def test_balance_loss_agrees() -> None:
    """transformers pools the layers."""
    config = _config("mixtral", 2, 1)
    model, peer = _pair("mixtral", config)
    tokens_bt = _tokens_bt(config)
    _, routings = model(tokens_bt, return_routing=True)
    want = peer(tokens_bt, output_router_logits=True).aux_loss
    torch.testing.assert_close(balance_loss(routings, pooled=True), want, rtol=1e-5, atol=0)


@each_family
@pytest.mark.parametrize("ratio", [1, 2, 4])
def test_packed_documents_agree_with_separate_ones(family: str, ratio: int) -> None:
    config = _config(family, ratio, 1)
    model, peer = _pair(family, config)
    tokens_bt = _tokens_bt(config, 30, 1)
    ids_bt = torch.tensor([[3] * 11 + [4] + [9] * 18])
    with torch.no_grad():
        logits_btv = model.logits(model(tokens_bt, document_ids_bt=ids_bt))
        apart = [peer(piece_bt).logits for piece_bt in tokens_bt.split([11, 1, 18], 1)]
    assert (logits_btv - torch.cat(apart, 1)).abs().max() < 1e-5


@each_family
def test_left_padded_batches_agree(family: str) -> None:
    """The peer has an attention mask and positions; here the padding is a document of its own."""
    config = _config(family)
    model, peer = _pair(family, config)
    tokens_bt, lengths = _tokens_bt(config, 25, 3), (25, 7, 16)
    attended_bt = torch.stack([torch.arange(25) >= 25 - length for length in lengths])
    positions_bt = (attended_bt.cumsum(1) - 1).clamp(min=0)
    with torch.no_grad():
        logits_btv = model.logits(model(tokens_bt, document_ids_bt=attended_bt.long()))
        want_btv = peer(tokens_bt, attention_mask=attended_bt.long(), position_ids=positions_bt).logits
    assert (logits_btv - want_btv)[attended_bt].abs().max() < 1e-5


@each_family
@pytest.mark.parametrize("ragged", [False, True])
def test_cached_decoding_agrees_with_the_whole(family: str, ragged: bool) -> None:
    config = _config(family)
    model, peer = _pair(family, config)
    tokens_bt = _tokens_bt(config, 30, 2)
    cache = make_caches(config, 2, 40)
    lengths_b = torch.tensor([12, 5 if ragged else 12])
    with torch.no_grad():
        want_btv = peer(tokens_bt).logits
        model(tokens_bt[:, :12], cache=cache)
        if ragged:
            _ = [layer.set_lengths(lengths_b) for layer in cache]
        for step in range(15):
            next_b = tokens_bt[torch.arange(2), lengths_b + step]
            logits_bv = model.logits(model(next_b[:, None], cache=cache))[:, 0]
            want_bv = want_btv[torch.arange(2), lengths_b + step]
            assert (logits_bv - want_bv).abs().max() < 1e-5, step


# torch.compile: one graph, the same result.

COMPILED = {
    **{family: _config(family) for family in FAMILIES},
    "post": replace(_config("llama"), norm_placement="post", position="alibi", rope_scaling=None),
    "both": replace(_config("llama"), norm_placement="both", norm_type="layer", stochastic_depth=0.5),
}


@pytest.mark.parametrize(
    ("name", "packed", "policy"),
    [
        *((name, True, "full") for name in COMPILED),
        *(("llama", packed, policy) for packed in (True, False) for policy in ("none", "attention")),
        ("mixtral", False, "attention"),
        ("both", False, "none"),
    ],
)
def test_traces_without_graph_breaks(name: str, packed: bool, policy: str) -> None:
    torch._dynamo.reset()
    torch.manual_seed(0)
    config = replace(COMPILED[name], num_layers=2, rope_scaling=None)
    model, tokens_bt = Decoder(config), _tokens_bt(config, 16)
    model.checkpoint_activations(policy)
    ids_bt = torch.arange(16).expand(2, 16) // 5 if packed else None
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    found = []
    for module in (compiled, model):
        torch.manual_seed(3)
        hidden_btd = module(tokens_bt, document_ids_bt=ids_bt)
        hidden_btd.square().sum().backward()
        used = [weight for weight in model.parameters() if weight.grad is not None]
        found.append([hidden_btd.detach(), *(weight.grad.clone() for weight in used)])
        model.zero_grad()
    assert len(found[0]) == len(list(model.parameters())) + config.tie_embeddings
    for tensor, want in zip(*found, strict=True):
        torch.testing.assert_close(tensor, want, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "policy"), [("llama", "none"), ("mixtral", "full")])
def test_inductor_agrees(name: str, policy: str) -> None:
    torch._dynamo.reset()
    torch.manual_seed(0)
    config = COMPILED[name]
    model, tokens_bt = Decoder(config), _tokens_bt(config, 16)
    model.checkpoint_activations(policy)
    compiled = torch.compile(model, fullgraph=True)
    hidden_btd, want_btd = compiled(tokens_bt), model(tokens_bt)
    torch.testing.assert_close(hidden_btd, want_btd, rtol=1e-4, atol=1e-5)
    hidden_btd.square().sum().backward()
    found = model.layers[0].self_attn.q_proj.weight.grad.clone()
    model.zero_grad()
    want_btd.square().sum().backward()
    torch.testing.assert_close(found, model.layers[0].self_attn.q_proj.weight.grad, rtol=1e-3, atol=1e-3)


@each_family
def test_weights_can_be_made_on_the_meta_device(family: str) -> None:
    config = _config(family)
    with torch.device("meta"):
        model = Decoder(config)
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
    model.to_empty(device="cpu").init_weights()
    for (name, parameter), want in zip(
        model.named_parameters(), Decoder(config).parameters(), strict=True
    ):
        # A built decoder first draws default weights that it discards, so only the statistics can agree.
        assert parameter.shape == want.shape, name
        assert torch.isclose(parameter.std(), want.std(), rtol=0.2, atol=1e-6), name
    assert model(_tokens_bt(config)).isfinite().all()
