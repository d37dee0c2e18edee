"""Rotary embeddings against transformers: frequencies, tables and rotations of every scaling.

Positions lie inside the trained context and beyond it. transformers computes its frequencies and angles in
float32, so frequencies agree to 1e-6 relative, and tables to 1e-6 plus the rounding of an angle: position times
2^-23. ALiBi is compared with the slopes and biases of Bloom, for head counts that are no powers of two too.
"""

from __future__ import annotations

import pytest
import torch

from igla.architecture.positional import (
    RopeCache,
    RopeConfig,
    RopeScaling,
    alibi_bias,
    alibi_slopes,
    apply_rope,
    interleaved_to_halves,
    rope_attention_factor,
    rope_frequencies,
    rope_tables,
)

transformers = pytest.importorskip("transformers")
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS  # noqa: E402
from transformers.models.bloom.modeling_bloom import build_alibi_tensor  # noqa: E402
from transformers.models.gpt_neox.modeling_gpt_neox import (  # noqa: E402
    apply_rotary_pos_emb as neox_rotate,
)
from transformers.models.gptj.modeling_gptj import apply_rotary_pos_emb as gptj_rotate  # noqa: E402
from transformers.models.llama.modeling_llama import (  # noqa: E402
    LlamaRotaryEmbedding,
    apply_rotary_pos_emb,
)

CONTEXT = 256
SCALINGS = [
    RopeScaling(kind="linear", factor=4.0, original_context=CONTEXT),
    RopeScaling(kind="linear", factor=2.5, original_context=CONTEXT),
    RopeScaling(kind="dynamic", factor=4.0, original_context=CONTEXT),
    RopeScaling(kind="dynamic", factor=1.5, original_context=CONTEXT),
    RopeScaling(kind="yarn", factor=4.0, original_context=CONTEXT),
    RopeScaling(kind="yarn", factor=40.0, original_context=CONTEXT, beta_fast=16.0, beta_slow=0.5),
    RopeScaling(kind="yarn", factor=1.0, original_context=CONTEXT),
    RopeScaling(kind="yarn", factor=8.0, original_context=CONTEXT, attention_factor=0.7),
    RopeScaling(kind="llama3", factor=8.0, original_context=CONTEXT),
    RopeScaling(
        kind="llama3",
        factor=32.0,
        original_context=CONTEXT,
        low_freq_factor=0.5,
        high_freq_factor=9.0,
    ),
]
HEADS = [
    (64, 10000.0, 1.0),
    (128, 500000.0, 1.0),
    (80, 10000.0, 0.4),
    (32, 1e6, 0.5),
    (4, 100.0, 1.0),
]
LENGTHS = [17, CONTEXT, CONTEXT + 1, 4 * CONTEXT]


def _peer(config: RopeConfig) -> transformers.LlamaConfig:
    parameters = {"rope_type": "default", "rope_theta": config.base}
    parameters["partial_rotary_factor"] = config.rotary_fraction
    scaling = config.scaling
    if scaling is not None:
        parameters |= {
            "rope_type": scaling.kind,
            "factor": scaling.factor,
            "original_max_position_embeddings": scaling.original_context,
        }
        if scaling.kind == "yarn":
            parameters |= {"beta_fast": scaling.beta_fast, "beta_slow": scaling.beta_slow}
            if scaling.attention_factor is not None:
                parameters["attention_factor"] = scaling.attention_factor
        if scaling.kind == "llama3":
            parameters["low_freq_factor"] = scaling.low_freq_factor
            parameters["high_freq_factor"] = scaling.high_freq_factor
    return transformers.LlamaConfig(
        hidden_size=2 * config.head_dim,
        num_attention_heads=2,
        head_dim=config.head_dim,
        max_position_embeddings=CONTEXT,
        rope_parameters=parameters,
    )


def _config(head: tuple[int, float, float], scaling: RopeScaling | None) -> RopeConfig:
    head_dim, base, rotary_fraction = head
    return RopeConfig(
        head_dim=head_dim, base=base, rotary_fraction=rotary_fraction, scaling=scaling
    )


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("scaling", SCALINGS)
def test_frequencies(scaling: RopeScaling, length: int, head: tuple[int, float, float]) -> None:
    config = _config(head, scaling)
    want, factor = ROPE_INIT_FUNCTIONS[scaling.kind](_peer(config), "cpu", seq_len=length)
    torch.testing.assert_close(rope_frequencies(config, length), want.double(), rtol=2e-6, atol=0)
    assert rope_attention_factor(scaling) == pytest.approx(factor, rel=1e-15)


@pytest.mark.parametrize("head", [head for head in HEADS if head[2] == 1.0])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("scaling", [None, *SCALINGS])
def test_rotations(
    scaling: RopeScaling | None, length: int, head: tuple[int, float, float]
) -> None:
    config = _config(head, scaling)
    torch.manual_seed(0)
    q_bthd, k_bthd = torch.randn(2, 2, length, 3, config.head_dim)
    positions = torch.arange(length)
    cos, sin = RopeCache(config, 8).tables(positions, length)
    peer_cos, peer_sin = LlamaRotaryEmbedding(_peer(config))(q_bthd, positions[None])
    tolerance = {"rtol": 0, "atol": 1e-6 + length * 2**-23}
    torch.testing.assert_close(torch.cat((cos, cos), -1), peer_cos[0], **tolerance)
    torch.testing.assert_close(torch.cat((sin, sin), -1), peer_sin[0], **tolerance)
    peer = apply_rotary_pos_emb(q_bthd, k_bthd, peer_cos, peer_sin, unsqueeze_dim=2)
    for x_bthd, want in zip((q_bthd, k_bthd), peer, strict=True):
        scale = {"rtol": 0, "atol": 8 * tolerance["atol"]}
        torch.testing.assert_close(apply_rope(x_bthd, cos, sin), want, **scale)
        exact = apply_rope(x_bthd, peer_cos[..., : cos.shape[-1]], peer_sin[..., : cos.shape[-1]])
        torch.testing.assert_close(exact, want, rtol=1e-6, atol=1e-6)


def test_partly_rotated_heads() -> None:
    config = RopeConfig(head_dim=20, rotary_fraction=0.4)
    cos, sin = rope_tables(config, torch.arange(9))
    torch.manual_seed(0)
    q_bhtd, k_bhtd = torch.randn(2, 2, 3, 9, 20)
    doubled = (torch.cat((table, table), -1)[None] for table in (cos, sin))
    for x_bhtd, want in zip((q_bhtd, k_bhtd), neox_rotate(q_bhtd, k_bhtd, *doubled), strict=True):
        got = apply_rope(x_bhtd.transpose(1, 2), cos, sin).transpose(1, 2)
        torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-6)


def test_interleaved_pairs_and_the_permutation() -> None:
    config = RopeConfig(head_dim=16, pairing="interleaved")
    cos, sin = rope_tables(config, torch.arange(9))
    torch.manual_seed(0)
    x_bthd = torch.randn(2, 9, 3, 16)
    want = gptj_rotate(x_bthd, sin[None], cos[None])
    got = apply_rope(x_bthd, cos, sin, config.pairing)
    torch.testing.assert_close(got, want, rtol=1e-6, atol=1e-6)
    # the channels of a head as rows: put in the order of halves, they are rotated as halves
    rows = x_bthd.flatten(-2).movedim(-1, 0)
    permuted = interleaved_to_halves(rows, 3).movedim(0, -1).unflatten(-1, (3, 16))
    halves = apply_rope(permuted, cos, sin).flatten(-2).movedim(-1, 0)
    rotated = interleaved_to_halves(want.flatten(-2).movedim(-1, 0), 3)
    torch.testing.assert_close(halves, rotated, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("num_heads", [1, 3, 4, 7, 12, 16, 25, 40, 112])
def test_alibi(num_heads: int) -> None:
    length = 33
    mask = torch.ones(1, length)
    want_hts = build_alibi_tensor(mask, num_heads, torch.float32)  # [H, 1, S]: slope times key
    bias_hts = alibi_bias(alibi_slopes(num_heads), torch.arange(length), torch.arange(length))
    below = torch.ones(length, length).tril().bool()
    # Bloom leaves out the query's position: the softmax over the keys does not see it.
    got = (bias_hts - bias_hts[..., :1])[:, below]
    torch.testing.assert_close(
        got, want_hts.expand(-1, length, -1)[:, below].double(), rtol=1e-6, atol=1e-6
    )
