"""The attention layer against those of transformers: Llama, Mistral (sliding window), Qwen2 (biases), Qwen3 (norms of
queries and keys) and Bloom (ALiBi), with copied weights.

Random small configurations, grouped-query ratios 1, 2 and 4. In float32 the peers run eagerly (outputs within 1e-5,
gradients within 1e-4 relative); in float64 through torch's own kernel, since their eager softmax is float32 (1e-10).
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from igla.architecture.attention import Attention, AttentionConfig, KVCache, attention_mask
from igla.architecture.positional import RopeConfig, document_positions, rope_tables

transformers = pytest.importorskip("transformers")

PEERS = {
    "llama": (transformers.LlamaConfig, transformers.models.llama.modeling_llama.LlamaAttention),
    "mistral": (
        transformers.MistralConfig,
        transformers.models.mistral.modeling_mistral.MistralAttention,
    ),
    "qwen2": (transformers.Qwen2Config, transformers.models.qwen2.modeling_qwen2.Qwen2Attention),
    "qwen3": (transformers.Qwen3Config, transformers.models.qwen3.modeling_qwen3.Qwen3Attention),
}
each_peer = pytest.mark.parametrize("name", PEERS)
each_ratio = pytest.mark.parametrize("ratio", [1, 2, 4])
each_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
Run = Callable[[Tensor], Tensor]


def _config(name: str, ratio: int) -> AttentionConfig:
    draw = random.Random(f"{name} {ratio}")
    num_heads = ratio * draw.choice([1, 2, 3])
    head_dim = draw.choice([4, 8, 12])
    return AttentionConfig(
        # Qwen2 has no head_dim of its own, and Llama wants one that is not used
        hidden_size=num_heads * (head_dim if name == "qwen2" else draw.randrange(5, 20)),
        num_heads=num_heads,
        num_kv_heads=num_heads // ratio,
        head_dim=head_dim,
        qkv_bias=name == "qwen2",
        qk_norm=name == "qwen3",
        norm_eps=draw.choice([1e-6, 1e-3]),
        sliding_window=draw.randrange(2, 9) if name == "mistral" else None,
    )


def _settings(name: str, config: AttentionConfig, dtype: torch.dtype) -> object:
    return PEERS[name][0](
        hidden_size=config.hidden_size,
        num_hidden_layers=1,
        num_attention_heads=config.num_heads,
        num_key_value_heads=config.num_kv_heads,
        head_dim=config.head_dim,
        rms_norm_eps=config.norm_eps,
        sliding_window=config.sliding_window,
        attn_implementation="eager" if dtype == torch.float32 else "sdpa",
    )


def _pair(name: str, ratio: int, dtype: torch.dtype) -> tuple[Attention, nn.Module]:
    """The layer with random weights, norms included, and the peer with the same."""
    torch.manual_seed(0)
    config = _config(name, ratio)
    module = Attention(config)
    peer = PEERS[name][1](_settings(name, config, dtype), layer_idx=0)
    if config.qk_norm:
        nn.init.uniform_(module.q_norm.weight, 0.5, 1.5)
        nn.init.uniform_(module.k_norm.weight, 0.5, 1.5)
        if dtype == torch.float64:  # the peer's own norm rounds to float32
            peer.q_norm = nn.RMSNorm(config.head_dim, config.norm_eps)
            peer.k_norm = nn.RMSNorm(config.head_dim, config.norm_eps)
    peer.load_state_dict(module.state_dict())
    return module.to(dtype), peer.to(dtype)


def _x_btd(module: Attention, length: int = 17, batch_size: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    shape = (batch_size, length, module.config.hidden_size)
    dtype = module.o_proj.weight.dtype
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def _tables(module: Attention, positions: Tensor) -> tuple[Tensor, Tensor]:
    return rope_tables(RopeConfig(head_dim=module.config.head_dim), positions)


def _ours(module: Attention, x_btd: Tensor) -> Tensor:
    return module(x_btd, *_tables(module, torch.arange(x_btd.shape[1])))


def _theirs(peer: nn.Module, module: Attention, x_btd: Tensor) -> Tensor:
    make_mask = (
        transformers.masking_utils.create_causal_mask
        if module.config.sliding_window is None
        else transformers.masking_utils.create_sliding_window_causal_mask
    )
    positions_bt = torch.arange(x_btd.shape[1]).expand(len(x_btd), -1)
    mask = make_mask(
        peer.config, x_btd, attention_mask=None, past_key_values=None, position_ids=positions_bt
    )
    cos, sin = (torch.cat((t, t), -1).to(x_btd.dtype) for t in _tables(module, positions_bt))
    return peer(x_btd, (cos, sin), mask)[0]


def _agree(found: Tensor, wanted: Tensor) -> bool:
    bound = 1e-5 if wanted.dtype == torch.float32 else 1e-10
    return bool((found - wanted).abs().max() < bound)


@each_peer
@each_ratio
@each_dtype
def test_outputs_agree(name: str, ratio: int, dtype: torch.dtype) -> None:
    module, peer = _pair(name, ratio, dtype)
    x_btd = _x_btd(module)
    wanted = _theirs(peer, module, x_btd)
    assert wanted.std() > 0.02
    assert _agree(_ours(module, x_btd), wanted)


@each_peer
@each_ratio
@each_dtype
def test_gradients_agree(name: str, ratio: int, dtype: torch.dtype) -> None:
    module, peer = _pair(name, ratio, dtype)
    x_btd, peer_x_btd = (_x_btd(module).requires_grad_() for _ in range(2))
    weight_btd = _x_btd(module)
    (_ours(module, x_btd) * weight_btd).sum().backward()
    (_theirs(peer, module, peer_x_btd) * weight_btd).sum().backward()
    pairs = {"x": (x_btd.grad, peer_x_btd.grad)}
    wanted = dict(peer.named_parameters())
    for key, parameter in module.named_parameters():
        pairs[key] = (parameter.grad, wanted[key].grad)
    bound = 1e-4 if dtype == torch.float32 else 1e-10
    for key, (grad, want) in pairs.items():
        assert (grad - want).norm() < bound * want.norm(), key


@each_peer
@each_ratio
@each_dtype
def test_packed_documents_agree_with_separate_ones(
    name: str, ratio: int, dtype: torch.dtype
) -> None:
    module, peer = _pair(name, ratio, dtype)
    x_btd = _x_btd(module, 20, 1)
    ids_bt = torch.tensor([[5] * 8 + [2] + [7] * 11])
    mask = attention_mask(module.config, 20, ids_bt, dtype=dtype)
    found_btd = module(x_btd, *_tables(module, document_positions(ids_bt)), mask)
    apart = [_theirs(peer, module, piece_btd) for piece_btd in x_btd.split([8, 1, 11], 1)]
    assert _agree(found_btd, torch.cat(apart, 1))


@each_peer
@each_ratio
@each_dtype
def test_decoding_rows_of_different_lengths_agrees(
    name: str, ratio: int, dtype: torch.dtype
) -> None:
    module, peer = _pair(name, ratio, dtype)
    x_btd, lengths = _x_btd(module, 16, 3), [9, 1, 5]
    config = module.config
    cache = KVCache(3, 18, config.num_kv_heads, config.head_dim, dtype)
    prompt_btd = torch.randn(3, 9, config.hidden_size, dtype=dtype)  # the padding is noise
    for row, length in enumerate(lengths):
        prompt_btd[row, :length] = x_btd[row, :length]
    for piece_btd in prompt_btd.split([4, 3, 2], 1):
        module(piece_btd, *_tables(module, cache.positions(piece_btd.shape[1])), cache=cache)
    cache.set_lengths(torch.tensor(lengths))
    wanted = [_theirs(peer, module, row_btd) for row_btd in x_btd.split(1)]
    for num_tokens in (1, 1, 3, 2):
        positions_bt = cache.positions(num_tokens)
        next_btd = x_btd[torch.arange(3)[:, None], positions_bt]
        found_btd = module(next_btd, *_tables(module, positions_bt), cache=cache)
        for row, positions in enumerate(positions_bt.tolist()):
            assert _agree(found_btd[row], wanted[row][0, positions])


def _bloom(num_heads: int, dtype: torch.dtype) -> tuple[Attention, Run]:
    """The layer with ALiBi and biases, and Bloom's with the same weights."""
    torch.manual_seed(0)
    bloom = transformers.models.bloom.modeling_bloom
    config = AttentionConfig(
        hidden_size=4 * num_heads,
        num_heads=num_heads,
        num_kv_heads=num_heads,
        head_dim=4,
        qkv_bias=True,
        position="alibi",
    )
    module = Attention(config)
    settings = transformers.BloomConfig(hidden_size=4 * num_heads, n_head=num_heads, n_layer=1)
    peer = bloom.BloomAttention(settings, layer_idx=0).eval()
    heads = [(getattr(module, f"{name}_proj"), (num_heads, 4, -1)) for name in "qkv"]
    weight = torch.stack([linear.weight.view(shape) for linear, shape in heads], 1)
    bias = torch.stack([linear.bias.view(shape) for linear, shape in heads], 1)
    with torch.no_grad():
        peer.query_key_value.weight.copy_(weight.reshape(12 * num_heads, -1))
        peer.query_key_value.bias.copy_(bias.flatten())
        peer.dense.weight.copy_(module.o_proj.weight)
        peer.dense.bias.zero_()
    module, peer = module.to(dtype), peer.to(dtype)

    def run(x_btd: Tensor) -> Tensor:
        batch_size, length, _ = x_btd.shape
        alibi = bloom.build_alibi_tensor(torch.ones(batch_size, length), num_heads, dtype)
        mask = torch.full((length, length), torch.finfo(dtype).min, dtype=dtype).triu(1)
        return peer(x_btd, torch.zeros_like(x_btd), alibi, mask)[0]

    return module, run


@pytest.mark.parametrize("num_heads", [1, 3, 4, 6, 12])
@each_dtype
def test_alibi_agrees_with_bloom(num_heads: int, dtype: torch.dtype) -> None:
    module, peer = _bloom(num_heads, dtype)
    x_btd = _x_btd(module)
    found, wanted = module(x_btd, None, None), peer(x_btd)
    # Bloom's softmax is float32 in every dtype.
    assert (found - wanted).abs().max() < (1e-5 if dtype == torch.float32 else 1e-6)
    assert wanted.std() > 0.02


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"sliding_window": 3}, {"position": "alibi"}])
def test_compiles_for_training_and_decoding(changes: dict[str, object]) -> None:
    """One graph for training, one for all tokens of a decoding batch, both without breaks."""
    sizes = {"hidden_size": 24, "num_heads": 4, "num_kv_heads": 2, "head_dim": 8}
    torch.manual_seed(0)
    module = Attention(AttentionConfig(**sizes, qk_norm=True, qkv_bias=True, **changes))
    x_btd, tables = _x_btd(module, 8), _tables(module, torch.arange(8))
    torch._dynamo.reset()
    compiled = torch.compile(module, fullgraph=True)
    parameters = list(module.parameters())
    found, wanted = (run(x_btd, *tables).square().sum() for run in (compiled, module))
    torch.testing.assert_close(found, wanted)
    for grad, want in zip(
        torch.autograd.grad(found, parameters), torch.autograd.grad(wanted, parameters), strict=True
    ):
        torch.testing.assert_close(grad, want, rtol=1e-4, atol=1e-5)
    caches = [KVCache(2, 12, 2, 8) for _ in range(2)]
    with torch.no_grad():
        for cache in caches:
            module(x_btd, *tables, cache=cache)
            cache.set_lengths(torch.tensor([2, 5]))
        torch._dynamo.utils.counters.clear()
        for token_btd in x_btd[:, :6].split(1, 1):
            tables = _tables(module, caches[0].positions(1))
            found = compiled(token_btd, *tables, cache=caches[0])
            torch.testing.assert_close(found, module(token_btd, *tables, cache=caches[1]))
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1
    torch.testing.assert_close(caches[0].k_bshd, caches[1].k_bshd)
