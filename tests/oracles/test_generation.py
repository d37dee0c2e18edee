"""Generation against transformers: its logits processors as distributions, its greedy search token by token.

Processors are compared in float32 within 1e-6, on random logits and on those of a model.
"""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from igla.architecture.decoder import Decoder, DecoderConfig
from igla.architecture.generation import (
    SamplingConfig,
    generate,
    next_token_probabilities,
    sample_tokens,
)

transformers = pytest.importorskip("transformers")

CONFIG = DecoderConfig(
    vocab_size=97,
    hidden_size=32,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=8,
    ffn_size=64,
    context_length=64,
    init_std=0.2,
)


def _peer_probabilities(tokens_bt: Tensor, logits_bv: Tensor, sampling: SamplingConfig) -> Tensor:
    """What transformers draws from: its processors in the order of its own generate."""
    steps = [
        transformers.RepetitionPenaltyLogitsProcessor(sampling.repetition_penalty),
        transformers.TemperatureLogitsWarper(sampling.temperature),
    ]
    if sampling.top_k is not None:
        steps.append(transformers.TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1:
        steps.append(transformers.TopPLogitsWarper(sampling.top_p))
    if sampling.min_p > 0:
        steps.append(transformers.MinPLogitsWarper(sampling.min_p))
    return transformers.LogitsProcessorList(steps)(tokens_bt, logits_bv).softmax(-1)


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p", "min_p", "penalty"),
    itertools.product([0.5, 1.0, 2.5], [None, 1, 7, 500], [1.0, 0.9, 0.05], [0.0, 0.1], [1.0, 1.5]),
)
def test_distributions_agree(
    temperature: float, top_k: int | None, top_p: float, min_p: float, penalty: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    logits_bv = 3 * torch.randn(16, 97, generator=generator)
    tokens_bt = torch.randint(97, (16, 20), generator=generator)
    seen_bv = torch.zeros(16, 97, dtype=torch.bool).scatter(1, tokens_bt, True)
    sampling = SamplingConfig(
        temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=penalty
    )
    peer_k = None if top_k is None else min(top_k, 97)
    found_bv = next_token_probabilities(logits_bv, sampling, seen_bv)
    settings = {name: getattr(sampling, name) for name in ("temperature", "top_p", "min_p")}
    peer = SamplingConfig(top_k=peer_k, repetition_penalty=penalty, **settings)
    want_bv = _peer_probabilities(tokens_bt, logits_bv, peer)
    assert (found_bv - want_bv).abs().max() < 1e-6
    assert torch.equal(found_bv > 0, want_bv > 0)


def test_frequencies_follow_the_distribution() -> None:
    """100,000 draws: within five standard deviations for each token."""
    torch.manual_seed(0)
    probabilities_v = torch.randn(50).mul(2).softmax(-1)
    drawn_n = sample_tokens(probabilities_v.expand(100_000, -1), torch.rand(100_000))
    found_v = drawn_n.bincount(minlength=50) / 100_000
    deviation_v = (probabilities_v * (1 - probabilities_v) / 100_000).sqrt()
    assert ((found_v - probabilities_v).abs() < 5 * deviation_v + 1e-7).all()


def _pair() -> tuple[Decoder, torch.nn.Module]:
    torch.manual_seed(0)
    model = Decoder(CONFIG)
    settings = transformers.LlamaConfig(
        vocab_size=97,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        intermediate_size=64,
        max_position_embeddings=64,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
    )
    peer = transformers.LlamaForCausalLM(settings).eval()
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    peer.load_state_dict(state, strict=False)
    peer.tie_weights()
    return model, peer


def _peer_generate(peer: torch.nn.Module, prompt_t: Tensor, **settings: object) -> list[int]:
    common = {"max_new_tokens": 20, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    found_bt = peer.generate(
        prompt_t[None], attention_mask=torch.ones_like(prompt_t)[None], **{**common, **settings}
    )
    return found_bt[0, len(prompt_t) :].tolist()


@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_greedy_generation_agrees(penalty: float) -> None:
    """Prompts of different lengths at once, against each of them alone."""
    model, peer = _pair()
    generator = torch.Generator().manual_seed(1)
    prompts = [torch.randint(97, (length,), generator=generator) for length in (7, 1, 30, 7, 13)]
    found = generate(model, prompts, 20, SamplingConfig(repetition_penalty=penalty))
    want = [_peer_generate(peer, prompt_t, repetition_penalty=penalty) for prompt_t in prompts]
    assert [row.tolist() for row in found] == want


def test_stop_ids_agree() -> None:
    model, peer = _pair()
    prompt_t = torch.arange(5)
    sampling = SamplingConfig(repetition_penalty=1.3)
    whole = generate(model, [prompt_t], 20, sampling)[0].tolist()
    stop = whole[11]
    (found,) = generate(model, [prompt_t], 20, sampling, stop_ids=[stop])
    want = _peer_generate(peer, prompt_t, repetition_penalty=1.3, eos_token_id=stop)
    assert found.tolist() == want and len(want) <= 12
