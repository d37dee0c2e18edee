"""Hugging Face export against transformers: the folder loads, logits and tokens are equal."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import StrictDataclassFieldValidationError
from safetensors.torch import load_file, save_file
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitNetConfig,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MixtralConfig,
    PretrainedConfig,
    PreTrainedModel,
    Qwen2Config,
    Qwen3Config,
)

from igla.architecture.bitlinear import BitLinear, ternary_scale
from igla.architecture.decoder import Decoder, DecoderConfig
from igla.architecture.moe import RoutingConfig
from igla.architecture.positional import RopeScaling
from igla.data.tokenizer import Tokenizer, TokenizerConfig, train_tokenizer
from igla.export.huggingface import (
    decoder_config,
    huggingface_family,
    huggingface_tensors,
    inspect_huggingface,
    read_huggingface,
    write_huggingface,
)

LETTERS = "abcdefgh  \n\t\r._(){}=:#0123\u00e9\u65e5\u0434\U0001f600\x00\x1f"
AWKWARD = [
    "",
    " ",
    "  a  b ",
    "\t\tx",
    "a\nb\n\n",
    "def f(x):\n    return x\n",
    "na\u00efve caf\u00e9 e\u0301 \ufb01",
    "\u65e5\u672c\u8a9e \u05e9\u05dc\u05d5\u05dd",
    "\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "\u00a0x\u200b\ufeff",
    "a\x00b\x1b[0m\x7f",
    "<0x41><|im_start|>",
    "x" * 300,
    " " * 40,
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 pieces of Python source."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    text = Path(random.__file__).read_text(encoding="utf-8")
    train_tokenizer([text, *AWKWARD], TokenizerConfig(vocab_size=600, num_threads=1), path)
    return path


def random_model(seed: int, **changes: object) -> Decoder:
    """An untrained decoder with norms that differ from one."""
    sizes = dict(
        vocab_size=640,
        hidden_size=48,
        num_layers=2,
        num_heads=4,
        num_kv_heads=2,
        head_dim=20,
        ffn_size=80,
        context_length=64,
        rope_base=5000.0,
        norm_eps=1e-4,
        init_std=0.1,
    )
    torch.manual_seed(seed)
    model = Decoder(DecoderConfig(**{**sizes, **changes}))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.uniform_(0.5, 1.5)
    return model


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_transformers_computes_the_same_logits(tmp_path: Path, kv_heads: int, tied: bool) -> None:
    """GQA ratios 1, 2 and 4, tied and untied heads, within 1e-5 in float32."""
    model = random_model(kv_heads, num_kv_heads=kv_heads, tie_embeddings=tied)
    write_huggingface(model, None, tmp_path / "model")
    peer, loading = LlamaForCausalLM.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"]
    assert not loading["mismatched_keys"]
    assert peer.num_parameters() == sum(weight.numel() for weight in model.parameters())
    tokens_bt = torch.randint(640, (2, 48), generator=torch.Generator().manual_seed(kv_heads))
    with torch.no_grad():
        expected = model.logits(model(tokens_bt))
        torch.testing.assert_close(peer(tokens_bt).logits, expected, atol=1e-5, rtol=0)


def test_transformers_keeps_dtype_and_ids(tmp_path: Path, tokenizer: Path) -> None:
    """AutoModel takes the dtype of the file; begin and end marks are those of the tokenizer."""
    write_huggingface(random_model(3).bfloat16(), tokenizer, tmp_path / "model")
    peer = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert type(peer) is LlamaForCausalLM and peer.dtype == torch.bfloat16
    config = AutoConfig.from_pretrained(tmp_path / "model")
    assert (config.bos_token_id, config.eos_token_id) == (1, 2)
    assert config.rope_parameters["rope_theta"] == 5000.0
    tokens = torch.tensor([[1, 300, 301]])
    assert peer.generate(tokens, max_new_tokens=3, do_sample=False).shape[1] <= 6


def test_own_reader_and_transformers_agree(tmp_path: Path) -> None:
    """What transformers saves again is read back bit for bit."""
    model = random_model(4, tie_embeddings=False)
    write_huggingface(model, None, tmp_path / "model")
    LlamaForCausalLM.from_pretrained(tmp_path / "model").save_pretrained(tmp_path / "again")
    state = LlamaForCausalLM.from_pretrained(tmp_path / "again").state_dict()
    ours = read_huggingface(tmp_path / "model").state_dict()
    for name, place in huggingface_tensors(model.config).items():
        assert torch.equal(state[name], ours[place.parameter]), name


FAMILIES = {
    "mistral": {"sliding_window": 6},
    "mixtral": {"moe": RoutingConfig(num_experts=4, top_k=2)},
    "qwen2": {"qkv_bias": True, "head_dim": 12},
    "qwen3": {"qk_norm": True, "head_dim": 16, "sliding_window": 9, "activation": "geglu"},
    "bitnet": {"sub_norm": True, "head_dim": 12, "activation": "squared_reglu"},
}
SCALINGS = {
    "linear": RopeScaling(kind="linear", factor=4.0, original_context=16),
    "dynamic": RopeScaling(kind="dynamic", factor=4.0, original_context=16),
    "yarn": RopeScaling(kind="yarn", factor=4.0, original_context=16),
    "llama3": RopeScaling(kind="llama3", factor=8.0, original_context=8),
}


def logits_of(model: Decoder | PreTrainedModel, tokens_bt: torch.Tensor) -> torch.Tensor:
    """The logits of either side, without dropout."""
    with torch.no_grad():
        if isinstance(model, Decoder):
            return model.eval().logits(model(tokens_bt))
        if model.config.model_type == "mixtral":
            model.set_experts_implementation("eager")  # its grouped product knows no float64
        return model.eval()(tokens_bt).logits


@pytest.mark.parametrize("family", FAMILIES)
def test_families_compute_the_same_logits(tmp_path: Path, family: str) -> None:
    """Mistral, Mixtral, Qwen2, Qwen3 and BitNet load what is written, whole, and agree in float64."""
    model = random_model(11, **FAMILIES[family])
    assert huggingface_family(model.config) == family
    write_huggingface(model, None, tmp_path / "model", max_shard_bytes=60_000)
    peer, loading = AutoModelForCausalLM.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert peer.config.model_type == family and len(list((tmp_path / "model").iterdir())) > 4
    assert not any(loading[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    assert peer.num_parameters() == sum(weight.numel() for weight in model.parameters())
    tokens_bt = torch.randint(640, (2, 48), generator=torch.Generator().manual_seed(1))
    expected = logits_of(peer.double(), tokens_bt)
    atol = 1e-5 if family == "bitnet" else 1e-6  # whose norms are float32 in transformers
    torch.testing.assert_close(logits_of(model.double(), tokens_bt), expected, atol=atol, rtol=0)


@pytest.mark.parametrize("sub_norm", [False, True])
def test_ternary_models_compute_the_same_logits(tmp_path: Path, sub_norm: bool) -> None:
    """transformers rounds weights and activations online, as BitNet's authors do; it keeps the scales in float32."""
    model = random_model(14, quantization="bitlinear", sub_norm=sub_norm, head_dim=12)
    with torch.no_grad():  # scales that are float16 numbers are the same on both sides
        for module in model.modules():
            if isinstance(module, BitLinear):
                module.weight *= ternary_scale(module.weight) / module.weight.abs().mean()
    write_huggingface(model, None, tmp_path / "model")
    assert read_huggingface(tmp_path / "model").config == model.config
    with torch.compiler.set_stance("force_eager"):  # its layers compile themselves
        peer, loading = AutoModelForCausalLM.from_pretrained(tmp_path / "model", output_loading_info=True)
        assert peer.config.model_type == ("bitnet" if sub_norm else "llama")
        assert not any(loading[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
        tokens_bt = torch.randint(640, (2, 48), generator=torch.Generator().manual_seed(3))
        expected = logits_of(peer, tokens_bt)
    difference = logits_of(model, tokens_bt) - expected
    # an eighth bit may flip where sums are in another order
    assert difference.square().mean().sqrt() < 0.02 * expected.std() and difference.abs().median() < 1e-3


@pytest.mark.parametrize("kind", SCALINGS)
def test_scaled_positions_compute_the_same_logits(tmp_path: Path, kind: str) -> None:
    """Within and beyond the trained context; angles are float32 in transformers, float64 here."""
    model = random_model(12, rope_scaling=SCALINGS[kind])
    write_huggingface(model, None, tmp_path / "model")
    peer = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    written = json.loads((tmp_path / "model" / "config.json").read_text())
    older = written.pop("rope_scaling")
    assert peer.config.rope_parameters == written["rope_parameters"]
    alone = LlamaConfig.from_dict(written)  # what it reads without the older form
    assert {**alone.to_dict(), "_name_or_path": ""} == {**peer.config.to_dict(), "_name_or_path": ""}
    del written["rope_parameters"]
    assert LlamaConfig.from_dict(written | {"rope_scaling": older}).rope_parameters == alone.rope_parameters
    for length in (12, 60):
        tokens_bt = torch.randint(640, (1, length), generator=torch.Generator().manual_seed(length))
        expected = logits_of(peer, tokens_bt)
        torch.testing.assert_close(logits_of(model, tokens_bt), expected, atol=1e-4, rtol=0)


SIZES = dict(
    vocab_size=640, hidden_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=80, max_position_embeddings=64, initializer_range=0.1,
)  # fmt: skip
FOREIGN = {
    "llama": LlamaConfig(**SIZES, tie_word_embeddings=True),
    "mistral": MistralConfig(**SIZES, sliding_window=6),
    "mixtral": MixtralConfig(**SIZES, num_local_experts=4),
    "qwen2": Qwen2Config(**SIZES),
    "qwen2-window": Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=5, max_window_layers=0),
    "qwen3": Qwen3Config(**SIZES, head_dim=16),
    "bitnet": BitNetConfig(**SIZES, rope_parameters={"rope_type": "default", "rope_theta": 5e5}),
    "yarn": LlamaConfig(
        **SIZES,
        rope_parameters={
            "rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 16,
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_what_transformers_saves_is_read(tmp_path: Path, name: str) -> None:
    """Models that transformers made and saved in several files: every tensor, and the same logits."""
    torch.manual_seed(13)
    peer = AutoModelForCausalLM.from_config(FOREIGN[name])
    peer.save_pretrained(tmp_path / "model", max_shard_size="60KB")
    report = inspect_huggingface(tmp_path / "model")
    assert report.complete and not report.unread_keys, report.describe()
    model = read_huggingface(tmp_path / "model", dtype=torch.float64)
    tokens_bt = torch.randint(640, (2, 48), generator=torch.Generator().manual_seed(2))
    expected = logits_of(peer.double(), tokens_bt)
    torch.testing.assert_close(logits_of(model, tokens_bt), expected, atol=1e-5, rtol=0)


NEEDED = dict(
    vocab_size=640, hidden_size=640, num_hidden_layers=3, num_attention_heads=160, intermediate_size=80,
    max_position_embeddings=64, rms_norm_eps=1e-5, num_local_experts=8, num_experts_per_tok=2,
)  # fmt: skip
CONFIGS = (LlamaConfig, MistralConfig, MixtralConfig, Qwen2Config, Qwen3Config, BitNetConfig)


def assert_read_alike(peer: PretrainedConfig, config: DecoderConfig) -> None:
    """Every key that a file may lack means the same on both sides."""
    window = peer.sliding_window if hasattr(peer, "sliding_window") else None
    if hasattr(peer, "max_window_layers") and "sliding_attention" not in peer.layer_types:
        window = None
    head_dim = getattr(peer, "head_dim", None) or peer.hidden_size // peer.num_attention_heads
    assert (config.num_kv_heads, config.head_dim) == (peer.num_key_value_heads, head_dim)
    assert (config.sliding_window, config.rope_base) == (window, peer.rope_parameters["rope_theta"])
    assert (config.rope_scaling is None) == (peer.rope_parameters["rope_type"] == "default")
    assert {"swiglu": "silu", "squared_reglu": "relu2"}[config.activation] == peer.hidden_act
    assert (config.attention_dropout, config.init_std) == (peer.attention_dropout, peer.initializer_range)
    assert (config.tie_embeddings, config.context_length) == (peer.tie_word_embeddings, 64)
    assert not getattr(peer, "attention_bias", False) and not getattr(peer, "mlp_bias", False)
    if config.moe is not None:
        assert config.moe.balance_coefficient == peer.router_aux_loss_coef


@pytest.mark.parametrize("family", CONFIGS)
def test_missing_keys_have_the_defaults_of_transformers(family: type[PretrainedConfig]) -> None:
    """A config.json with the sizes alone, and with null wherever transformers takes it."""
    document = {"model_type": family.model_type, **NEEDED}
    assert_read_alike(family(**NEEDED), decoder_config(document))
    for key in ("num_key_value_heads", "head_dim", "sliding_window", "layer_types", "rope_parameters", "rope_scaling"):
        try:
            peer = family(**NEEDED, **{key: None})
        except (TypeError, ValueError, StrictDataclassFieldValidationError):
            continue  # transformers refuses null there
        assert_read_alike(peer, decoder_config(document | {key: None}))


@pytest.mark.parametrize("family", [Qwen2Config, Qwen3Config])
@pytest.mark.parametrize("switches", [{}, {"max_window_layers": 0}, {"max_window_layers": 0, "sliding_window": None}])
def test_missing_windows_have_the_defaults_of_transformers(family: type[PretrainedConfig], switches: dict) -> None:
    """Qwen's window where one is used."""
    windowed = NEEDED | {"use_sliding_window": True} | switches
    assert_read_alike(family(**windowed), decoder_config({"model_type": family.model_type, **windowed}))


def test_tied_heads_in_the_files_are_read_as_transformers_does(tmp_path: Path) -> None:
    """Some tools write the head beside an embedding that it is tied to."""
    write_huggingface(random_model(15), None, tmp_path / "model")
    weights = load_file(tmp_path / "model" / "model.safetensors")
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    save_file(weights, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    peer, loading = AutoModelForCausalLM.from_pretrained(tmp_path / "model", output_loading_info=True)
    assert not any(loading[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    tokens_bt = torch.randint(640, (2, 48), generator=torch.Generator().manual_seed(15))
    expected = logits_of(peer.double(), tokens_bt)
    model = read_huggingface(tmp_path / "model", dtype=torch.float64)
    torch.testing.assert_close(logits_of(model, tokens_bt), expected, atol=1e-6, rtol=0)


def test_tokens_are_sentencepieces(tmp_path: Path, tokenizer: Path) -> None:
    """AutoTokenizer gives the ids of SentencePiece after BOS, and the text back."""
    write_huggingface(random_model(5), tokenizer, tmp_path / "model")
    peer = AutoTokenizer.from_pretrained(tmp_path / "model")
    ours = Tokenizer(tokenizer)
    source = random.Random(5)
    texts = AWKWARD + [
        "".join(source.choice(LETTERS) for _ in range(source.randrange(60))) for _ in range(500)
    ]
    for text in texts:
        ids = ours.encode(text, bos=True)
        assert peer.encode(text) == ids, repr(text)
        assert peer.decode(ids, skip_special_tokens=True) == text, repr(text)
    assert (peer.bos_token_id, peer.eos_token_id, peer.unk_token_id) == (1, 2, 0)
    assert peer.model_max_length == 64
