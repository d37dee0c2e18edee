"""The decoder against transformers' LlamaForCausalLM: copied weights, logits, loss and gradients.

Random small configurations with grouped-query ratios 1, 2 and 4, tied and untied heads, in float32
(logits within 1e-5, loss and every gradient within 1e-4 relative) and in float64 (1e-10).
"""

from __future__ import annotations

import random

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from igla.architecture.decoder import Decoder, DecoderConfig, num_params
from igla.architecture.generation import generate

transformers = pytest.importorskip("transformers")

SHAPES = [(ratio, tied, seed) for ratio in (1, 2, 4) for tied in (True, False) for seed in (0, 1)]


def _config(ratio: int, tied: bool, seed: int) -> DecoderConfig:
    draw = random.Random(f"{ratio} {tied} {seed}")
    num_heads = ratio * draw.choice([1, 2])
    return DecoderConfig(
        vocab_size=draw.randrange(50, 200),
        hidden_size=draw.choice([16, 24, 48]),
        num_layers=draw.randrange(1, 4),
        num_heads=num_heads,
        num_kv_heads=num_heads // ratio,
        head_dim=draw.choice([8, 16, 24]),
        ffn_size=draw.randrange(16, 100),
        context_length=64,
        rope_base=draw.choice([100.0, 10000.0, 500000.0]),
        norm_eps=draw.choice([1e-6, 1e-5, 1e-3]),
        tie_embeddings=tied,
        init_std=0.1,
    )


def _peer(config: DecoderConfig) -> nn.Module:
    settings = transformers.LlamaConfig(
        vocab_size=config.vocab_size,
        hidden_size=config.hidden_size,
        num_hidden_layers=config.num_layers,
        num_attention_heads=config.num_heads,
        num_key_value_heads=config.num_kv_heads,
        head_dim=config.head_dim,
        intermediate_size=config.ffn_size,
        max_position_embeddings=config.context_length,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_base},
        rms_norm_eps=config.norm_eps,
        tie_word_embeddings=config.tie_embeddings,
        attn_implementation="eager",
    )
    return transformers.LlamaForCausalLM(settings).eval()


def _peer_name(name: str) -> str:
    return name if name.startswith("lm_head") else f"model.{name}"


def _pair(config: DecoderConfig) -> tuple[Decoder, nn.Module]:
    """The decoder with random weights, norms included, and the peer with the same."""
    torch.manual_seed(0)
    model, peer = Decoder(config), _peer(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.normal_(1.0, 0.2)
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


@pytest.mark.parametrize(("ratio", "tied", "seed"), SHAPES)
def test_counts_the_parameters_of_the_peer(ratio: int, tied: bool, seed: int) -> None:
    config = _config(ratio, tied, seed)
    assert num_params(config) == _peer(config).num_parameters()


@pytest.mark.parametrize(("ratio", "tied", "seed"), SHAPES)
def test_logits_agree(ratio: int, tied: bool, seed: int) -> None:
    config = _config(ratio, tied, seed)
    model, peer = _pair(config)
    tokens_bt = _tokens_bt(config)
    with torch.no_grad():
        logits_btv, want_btv = model.logits(model(tokens_bt)), peer(tokens_bt).logits
    assert (logits_btv - want_btv).abs().max() < 1e-5
    assert want_btv.std() > 0.05


@pytest.mark.parametrize(("ratio", "tied", "seed"), SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_loss_and_gradients_agree(ratio: int, tied: bool, seed: int, dtype: torch.dtype) -> None:
    config = _config(ratio, tied, seed)
    model, peer = (module.to(dtype) for module in _pair(config))
    tokens_bt = _tokens_bt(config)
    loss = _loss(model.logits(model(tokens_bt)), tokens_bt)
    want = _loss(peer(tokens_bt).logits, tokens_bt)
    # In float64 the peer's rotary angles are still products of float32 numbers.
    bound = 1e-4 if dtype == torch.float32 else 2e-6
    assert abs(loss - want) < bound * want
    loss.backward(), want.backward()
    found = {_peer_name(name): parameter.grad for name, parameter in model.named_parameters()}
    wanted = {name: parameter.grad for name, parameter in peer.named_parameters()}
    assert found.keys() == wanted.keys()
    for name, grad in wanted.items():
        assert (found[name] - grad).norm() < bound * grad.norm(), name


@pytest.mark.parametrize("ratio", [1, 2, 4])
def test_greedy_generation_agrees(ratio: int) -> None:
    config = _config(ratio, True, 0)
    model, peer = _pair(config)
    prompt_bt = _tokens_bt(config, 7)
    settings = {"max_new_tokens": 20, "do_sample": False, "eos_token_id": None, "pad_token_id": 0}
    want_bt = peer.generate(prompt_bt, attention_mask=torch.ones_like(prompt_bt), **settings)
    found = generate(model, list(prompt_bt), 20)
    assert torch.equal(torch.stack(found), want_bt[:, 7:])


@pytest.mark.parametrize("ratio", [1, 2, 4])
def test_packed_documents_agree_with_separate_ones(ratio: int) -> None:
    config = _config(ratio, False, 1)
    model, peer = _pair(config)
    tokens_bt = _tokens_bt(config, 30, 1)
    ids_bt = torch.tensor([[3] * 11 + [4] + [9] * 18])
    with torch.no_grad():
        logits_btv = model.logits(model(tokens_bt, document_ids_bt=ids_bt))
        apart = [peer(piece_bt).logits for piece_bt in tokens_bt.split([11, 1, 18], 1)]
    assert (logits_btv - torch.cat(apart, 1)).abs().max() < 1e-5


@pytest.mark.parametrize("packed", [False, True])
def test_traces_without_graph_breaks(packed: bool) -> None:
    config = _config(2, True, 0)
    model, tokens_bt = Decoder(config), _tokens_bt(config, 16)
    ids_bt = torch.arange(16).expand(2, 16) // 5 if packed else None
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    hidden_btd, want_btd = (m(tokens_bt, document_ids_bt=ids_bt) for m in (compiled, model))
    torch.testing.assert_close(hidden_btd, want_btd)
    hidden_btd.square().sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_weights_can_be_made_on_the_meta_device() -> None:
    config = _config(2, False, 0)
    with torch.device("meta"):
        model = Decoder(config)
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}
    torch.manual_seed(0)
    model.to_empty(device="cpu").init_weights()
    torch.manual_seed(0)
    for (name, parameter), want in zip(
        model.named_parameters(), Decoder(config).parameters(), strict=True
    ):
        # A built decoder first draws default weights that it discards, so only the statistics can agree.
        assert parameter.shape == want.shape, name
        assert torch.isclose(parameter.std(), want.std(), rtol=0.2, atol=1e-6), name
    assert model(_tokens_bt(config)).isfinite().all()
