"""GGUF export against real llama.cpp (xllamacpp) and the gguf package.

Random small decoders, all weights float32. Tolerances: float32 within 1e-4 on every logit and the same best
token at every position, with a float32 cache; rounded types are printed (pytest -s) and bounded. Untrained
networks exaggerate rounding: the gates of igla.export.parity are for trained ones.
"""

from __future__ import annotations

import ctypes
import heapq
import os
import random
import subprocess
import sys
from pathlib import Path

import gguf as peer
import numpy as np
import pytest
import sentencepiece
import torch

from igla.architecture.decoder import Decoder, DecoderConfig, dequantized
from igla.architecture.moe import RoutingConfig
from igla.architecture.positional import RopeScaling
from igla.data.tokenizer import Tokenizer, TokenizerConfig, train_tokenizer
from igla.export import parity
from igla.export.gguf import check_gguf, dequantize_gguf, gguf_dtype, gguf_names, write_gguf
from igla.export.gguf_types import GGUF_TYPES, LLAMA_CPP_TYPES, decode_tensor, gguf_type
from igla.export.huggingface import write_huggingface
from igla.export.importance import measure_importance, text_windows
from igla.export.llama_quantize import Quantizer

# Largest logit difference and mean KL of untrained networks; measured (0.008, 8e-7), (0.06, 5e-5), (0.2, 5e-4).
UNTRAINED_BOUNDS = {"f16": (0.05, 1e-5), "bf16": (0.3, 5e-4), "q8_0": (1.0, 5e-3)}
FEW_BITS = ("q6_k", "q4_k", "q4_k_m", "q3_k", "q2_k", "iq2_xs")  # from the nearest to the furthest
OTHER_FEW_BITS = ("q5_k_m", "q5_k", "iq4_nl", "iq4_xs", "iq3_s", "iq3_xxs", "iq2_s", "iq2_xxs", "iq1_m", "iq1_s")
MOE = RoutingConfig(num_experts=4, top_k=2)
YARN = RopeScaling(kind="yarn", factor=4.0, original_context=16, attention_factor=1.25)
LLAMA3 = RopeScaling(kind="llama3", factor=8.0, original_context=20, high_freq_factor=3.0)
VARIANTS = {
    "experts": {"moe": MOE},
    "biases": {"qkv_bias": True},
    "norms of queries and keys": {"qk_norm": True},
    "norms and experts": {"qk_norm": True, "moe": MOE},
    "linear": {"rope_scaling": RopeScaling(kind="linear", factor=2.0, original_context=32)},
    "yarn": {"rope_scaling": YARN},
    "yarn and norms": {"rope_scaling": YARN, "qk_norm": True},
    "llama3": {"rope_scaling": LLAMA3},
    "a window of all that is read": {"sliding_window": 48},
    "whole numbers": {"rope_base": 5000, "rope_scaling": RopeScaling(kind="yarn", factor=4, original_context=16)},
}

AWKWARD = [
    "",
    " ",
    "   ",
    "a",
    " a",
    "  a  b ",
    "\t\tx\t",
    "\n",
    "a\nb\n\n",
    "\r\n",
    " \n \n",
    "def f(x):\n    return x  # why\n",
    "na\u00efve caf\u00e9",
    "e\u0301",
    "\ufb01\u00bd\u2126",
    "\u65e5\u672c\u8a9e",
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0928\u092e\u0938\u094d\u0924\u0947",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea!",
    "\u00a0x\u2003y\u200b",
    "\ufeffbom",
    "\ufffd \U0010ffff",
    "\x00",
    "a\x00b",
    "\x01\x02\x1b[0m\x7f\x80",
    "<s>",
    "</s>x",
    "<unk>",
    "<0x41>",
    "<0x0A>",
    "[UNUSED301]",
    "<|im_start|>user",
    "1234567890 3.14e-10",
    "x" * 300,
    " " * 40 + "x",
]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 pieces of Python source with some other scripts in it."""
    texts = [
        Path(module.__file__).read_text(encoding="utf-8") for module in (random, sentencepiece)
    ]
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    train_tokenizer([*texts, *AWKWARD], TokenizerConfig(vocab_size=600, num_threads=1), path)
    return path


def random_model(seed: int, **changes: object) -> Decoder:
    """An untrained decoder whose weights are larger than usual, so that logits differ by several units."""
    sizes = dict(
        vocab_size=640,
        hidden_size=64,
        num_layers=2,
        num_heads=4,
        num_kv_heads=2,
        head_dim=24,
        ffn_size=128,
        context_length=64,
        init_std=0.12,
    )
    torch.manual_seed(seed)
    model = Decoder(DecoderConfig(**{**sizes, **changes}))
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 1:
                weight.uniform_(0.5, 1.5)
    return model


def random_prompts(seed: int) -> list[list[int]]:
    """Prompts of 1, 7 and 48 tokens."""
    source = random.Random(seed)
    return [[1, *(source.randrange(3, 600) for _ in range(length - 1))] for length in (1, 7, 48)]


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kv_heads", [4, 2, 1])
def test_float32_logits_are_pytorchs(
    tmp_path: Path, tokenizer: Path, kv_heads: int, tied: bool
) -> None:
    """GQA ratios 1, 2 and 4; tied and untied heads; another rotary base and epsilon."""
    model = random_model(
        kv_heads, num_kv_heads=kv_heads, tie_embeddings=tied, rope_base=5000.0, norm_eps=1e-4
    )
    path = tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, "f32")
    prompts = random_prompts(kv_heads)
    report = parity.compare_logits(
        parity.llama_cpp_logits(path, prompts), parity.pytorch_logits(model, prompts)
    )
    print(parity.format_report(f"f32, {kv_heads} kv heads, tied {tied}", report))
    assert report.positions == 56
    assert parity.parity_faults(report, "f32") == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_have_pytorchs_logits(tmp_path: Path, tokenizer: Path, variant: str) -> None:
    """What llama.cpp has of experts, biases, norms, scaled positions and windows, in float32."""
    model, path = random_model(3, tie_embeddings=False, **VARIANTS[variant]), tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, "f32")
    prompts = random_prompts(3)
    report = parity.compare_logits(
        parity.llama_cpp_logits(path, prompts), parity.pytorch_logits(model, prompts)
    )
    print(parity.format_report(variant, report))
    assert parity.parity_faults(report, "f32") == []


def test_windows_of_text_fit_into_the_file(tmp_path: Path, tokenizer: Path) -> None:
    """Perplexity of a model with a sliding window shorter than the windows that are asked for."""
    model, path = random_model(16, sliding_window=32), tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, "f32")
    write_huggingface(model, tokenizer, tmp_path / "model")
    start = ["--model", str(tmp_path / "model"), "--gguf", str(path), "--prompts", "import random"]
    assert parity.main([*start, "--text", random.__file__, "--windows", "2"]) == 0


def test_norms_within_have_pytorchs_logits(tmp_path: Path, tokenizer: Path) -> None:
    """Arch bitnet: norms before the output and down projections, halves rotated, a tied head."""
    model, path = random_model(3, sub_norm=True, head_dim=16), tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, "f32")
    prompts = random_prompts(3)
    report = parity.compare_logits(
        parity.llama_cpp_logits(path, prompts), parity.pytorch_logits(model, prompts)
    )
    print(parity.format_report("bitnet", report))
    assert parity.parity_faults(report, "f32") == []


@pytest.mark.parametrize("dtype", ["f16", "bf16", "q8_0"])
@pytest.mark.parametrize("tied", [True, False])
def test_rounded_logits_are_bounded(
    tmp_path: Path, tokenizer: Path, dtype: str, tied: bool
) -> None:
    """What rounding of weights and activations does to an untrained network, and no more."""
    model = random_model(5, tie_embeddings=tied)
    path = tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, dtype)
    prompts = random_prompts(5)
    report = parity.compare_logits(
        parity.llama_cpp_logits(path, prompts), parity.pytorch_logits(model, prompts)
    )
    print(parity.format_report(f"{dtype}, tied {tied}", report))
    max_abs, mean_kl = UNTRAINED_BOUNDS[dtype]
    assert report.max_abs < max_abs and report.mean_kl < mean_kl
    assert report.argmax_agreement > 0.8
    assert check_gguf(path, model) == [] and gguf_dtype(path) == dtype


def trained_model(tokenizer: Path, steps: int, **changes: object) -> Decoder:
    """A decoder that has learned a little Python."""
    text = Path(random.__file__).read_text(encoding="utf-8")
    tokens = torch.tensor(Tokenizer(tokenizer).encode(text))
    model = random_model(11, init_std=0.02, **changes)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(11)
    for _ in range(steps):
        starts = torch.randint(len(tokens) - 33, (16,), generator=generator)
        rows = torch.stack([tokens[start : start + 33] for start in starts])
        logits = model.logits(model(rows[:, :-1]))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 4.5
    return model


def test_trained_model_passes_every_gate(tmp_path: Path, tokenizer: Path) -> None:
    """The gates of igla.export.parity, on weights that training has shaped; its program says so too."""
    model = trained_model(tokenizer, 150)
    prompts = ["import os", "class Random:\n    def seed(self, a=None):", "The quick brown fox"]
    divergences = []
    for dtype in ("f32", "f16", "bf16", "q8_0", "q5_1", "q4_1"):
        path = tmp_path / f"{dtype}.gguf"
        write_gguf(model, tokenizer, path, dtype)
        report = parity.measure_parity(path, model, tokenizer, prompts)
        print(parity.format_report(dtype, report))
        assert parity.parity_faults(report, dtype) == []
        divergences.append(report.mean_kl)
    assert divergences == sorted(divergences), "the fewer bits, the further"
    write_huggingface(model, tokenizer, tmp_path / "model")
    files = [str(tmp_path / "f16.gguf"), str(tmp_path / "q8_0.gguf")]
    text = ["--text", random.__file__, "--windows", "4", "--window-tokens", "64"]
    assert parity.main(["--model", str(tmp_path / "model"), "--gguf", *files, *text]) == 0


def test_rounding_of_the_file_is_most_of_the_difference(tmp_path: Path, tokenizer: Path) -> None:
    """Beside PyTorch with the weights that a file holds, llama.cpp differs by its rounding of activations alone."""
    model, path = trained_model(tokenizer, 120), tmp_path / "model.gguf"
    prompts = ["import os", "class Random:\n    def seed(self, a=None):", "The quick brown fox"]
    for dtype in ("f16", "q5_0", "q4_0"):
        write_gguf(model, tokenizer, path, dtype)
        whole = parity.measure_parity(path, model, tokenizer, prompts)
        rest = parity.measure_parity(path, dequantize_gguf(path, model), tokenizer, prompts)
        print(dtype, whole.mean_kl, rest.mean_kl)
        assert rest.mean_kl < whole.mean_kl / (1 if dtype == "f16" else 4)


def test_a_program_is_held_to_vectors(
    tmp_path: Path, tokenizer: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """llama.cpp as a program of its own goes on as PyTorch does; a program that says something else is told of."""
    model, path = random_model(8, num_kv_heads=1), tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, "f32")
    write_huggingface(model, tokenizer, tmp_path / "model")
    program = tmp_path / "runtime.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom igla.export.parity import llama_cpp_generate\n"
        "print(llama_cpp_generate(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])) + sys.argv[4])\n"
    )
    command = f"{sys.executable} {program} {{model}} {{prompt}} {{tokens}} "
    start = ["--model", str(tmp_path / "model"), "--gguf", str(path), "--steps", "8", "--prompts", "import random"]
    assert parity.main([*start, "--runtime", f"{command} ''"]) == 0
    assert "1 of 1 prompts go on as in PyTorch for 8 tokens" in capsys.readouterr().out
    assert parity.main([*start, "--runtime", f"{command} 'and more'"]) == 1
    assert "the text goes on with 'and more' after " in capsys.readouterr().err


def test_ternary_model_passes_every_gate(tmp_path: Path, tokenizer: Path) -> None:
    """Packed weights against the model, float weights against the same ones without rounded activations."""
    model = trained_model(tokenizer, 120, quantization="bitlinear", **WIDE)
    prompts = ["import os", "class Random:\n    def seed(self, a=None):", "The quick brown fox"]
    for dtype in ("f32", "f16", "tq2_0", "tq1_0"):
        path = tmp_path / f"{dtype}.gguf"
        write_gguf(model, tokenizer, path, dtype)
        report = parity.measure_parity(path, model, tokenizer, prompts)
        print(parity.format_report(dtype, report))
        assert check_gguf(path, model) == [] and parity.parity_faults(report, dtype) == []
    ids = [Tokenizer(tokenizer).encode(prompt, bos=True) for prompt in prompts]
    rounded, plain = (parity.pytorch_logits(side, ids) for side in (model, dequantized(model)))
    assert parity.compare_logits(plain, rounded).mean_kl > 1e-6, "the references differ"


WIDE = dict(hidden_size=256, head_dim=64, ffn_size=256)  # rows of 256, as K and IQ types need them


@pytest.fixture(scope="module")
def wide_model(tokenizer: Path) -> Decoder:
    """A trained decoder with rows that K and IQ types can pack."""
    return trained_model(tokenizer, 120, **WIDE)


@pytest.mark.slow
@pytest.mark.parametrize("dtypes", [FEW_BITS, OTHER_FEW_BITS])
def test_k_and_iq_types_pass_their_gates(
    tmp_path: Path, tokenizer: Path, wide_model: Decoder, dtypes: tuple[str, ...]
) -> None:
    """llama.cpp's own packer, with the importance of the training text; the fewer bits, the further."""
    prompts = ["import os", "class Random:\n    def seed(self, a=None):", "The quick brown fox"]
    text = Path(random.__file__).read_text(encoding="utf-8")
    importance = measure_importance(wide_model, text_windows(tokenizer, text, 64, limit=32))
    divergences = {}
    for dtype in dtypes:
        path = tmp_path / f"{dtype}.gguf"
        write_gguf(wide_model, tokenizer, path, dtype, importance=importance)
        report = parity.measure_parity(path, wide_model, tokenizer, prompts)
        print(parity.format_report(dtype, report))
        assert check_gguf(path, wide_model) == []
        assert parity.parity_faults(report, dtype) == []
        divergences[dtype] = report.mean_kl
    if dtypes == FEW_BITS:
        order = [divergences[dtype] for dtype in ("q6_k", "q4_k", "q3_k", "q2_k", "iq2_xs")]
        assert order == sorted(order) and divergences["q4_k_m"] < divergences["q3_k"]


@pytest.mark.slow
def test_experts_pass_the_gates_with_importance_of_their_own(tmp_path: Path, tokenizer: Path) -> None:
    """A trained mixture of experts in types of few bits, the importance measured expert by expert."""
    model = trained_model(tokenizer, 120, **WIDE, moe=MOE)
    text = Path(random.__file__).read_text(encoding="utf-8")
    importance = measure_importance(model, text_windows(tokenizer, text, 64, limit=32))
    prompts = ["import os", "class Random:\n    def seed(self, a=None):", "The quick brown fox"]
    for dtype in ("q4_k", "iq3_xxs", "iq2_xs"):
        path = tmp_path / f"{dtype}.gguf"
        write_gguf(model, tokenizer, path, dtype, importance=importance)
        report = parity.measure_parity(path, model, tokenizer, prompts)
        print(parity.format_report(dtype, report))
        assert check_gguf(path, model) == []
        assert parity.parity_faults(report, dtype) == []


LIBRARY = os.environ.get("LLAMA_CPP_LIBRARY", "")
# Numbers of llama.cpp's file types, which has none of its own for iq2_s.
FILE_TYPES = {
    "q4_0": 2, "q4_1": 3, "q8_0": 7, "q5_0": 8, "q5_1": 9, "q2_k": 10, "q3_k": 11, "q4_k": 14, "q4_k_m": 15, "q5_k": 16,
    "q5_k_m": 17, "q6_k": 18, "iq2_xxs": 19, "iq2_xs": 20, "iq3_xxs": 23, "iq1_s": 24, "iq4_nl": 25, "iq3_s": 26,
    "iq4_xs": 30, "iq1_m": 31,
}  # fmt: skip


class _Importance(ctypes.Structure):
    """struct llama_model_imatrix_data"""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("data", ctypes.POINTER(ctypes.c_float)),
        ("size", ctypes.c_size_t),
    )


class _Settings(ctypes.Structure):
    """struct llama_model_quantize_params; numbers of types are those of ggml."""

    _fields_ = (
        *((name, ctypes.c_int32) for name in ("nthread", "ftype", "output", "embedding")),
        *(
            (name, ctypes.c_bool)
            for name in ("requantize", "quantize_output", "copy", "pure", "keep_split", "dry_run")
        ),
        *((name, ctypes.c_void_p) for name in ("imatrix", "kv", "types", "prune")),
        ("max_buf_size", ctypes.c_size_t),
    )


def quantize_by_llama_cpp(
    source: Path, target: Path, dtype: str, config: DecoderConfig, importance: dict[str, torch.Tensor]
) -> None:
    """llama_model_quantize as it comes; matrices of layers that are K and IQ types by name are of no other."""
    library = ctypes.CDLL(LIBRARY)
    library.llama_model_quantize_default_params.restype = _Settings
    settings = library.llama_model_quantize_default_params()
    assert (settings.quantize_output, settings.copy, settings.imatrix) == (True, False, None)
    settings.ftype = FILE_TYPES[dtype]
    if dtype in LLAMA_CPP_TYPES:
        is_short = dtype == "iq4_nl"  # with blocks of 32
        settings.pure, settings.output = True, gguf_type("q8_0" if is_short else "q6_k").number
        settings.embedding = (
            settings.output if config.tie_embeddings or not is_short else gguf_type(dtype).number
        )
    places = gguf_names(config).items()
    rows = [
        (name.encode(), importance[place.parameter].float().contiguous())
        for name, place in places
        if place.parameter in importance
    ]
    given = (_Importance * (len(rows) + 1))()
    for place, (name, x) in zip(given, rows, strict=False):
        place.name, place.size = name, x.numel()
        place.data = ctypes.cast(x.data_ptr(), ctypes.POINTER(ctypes.c_float))
    settings.imatrix = ctypes.cast(given, ctypes.c_void_p)
    paths = (os.fsencode(source), os.fsencode(target))
    assert library.llama_model_quantize(*paths, ctypes.byref(settings)) == 0


EVERY = tuple(name for name in GGUF_TYPES if name not in ("tq2_0", "tq1_0", "i2_s"))  # of weights that are not ternary
FURTHER = ("f32", "f16", "bf16", "q8_0", "q6_k", "q5_k", "q4_k", "q3_k", "q2_k", "iq2_xs", "iq1_s")
TRAINED = {
    "grouped": {"num_kv_heads": 1, "tie_embeddings": False},
    "tied": {"num_kv_heads": 4, "tie_embeddings": True},
    "experts": {"moe": MOE, "tie_embeddings": False},
    "long rope": {"rope_scaling": YARN, "tie_embeddings": False},
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", TRAINED)
def test_every_type_of_trained_variants(tmp_path: Path, tokenizer: Path, variant: str) -> None:
    """A row for each type (pytest -s), its gate, and the order: the fewer bits, the further; beside it llama.cpp's own.

    LLAMA_CPP_LIBRARY names a libllama, whose llama_model_quantize then makes the same type of our float32 file, with
    the same importance: ours is not to be further from PyTorch than that.
    """
    model = trained_model(tokenizer, 120, **WIDE, **TRAINED[variant])
    windows = text_windows(tokenizer, Path(heapq.__file__).read_text("utf-8"), 48, limit=12)
    text = Path(random.__file__).read_text(encoding="utf-8")
    importance = measure_importance(model, text_windows(tokenizer, text, 48, limit=32))
    write_gguf(model, tokenizer, tmp_path / "f32.gguf", "f32")
    divergences: dict[str, float] = {}
    for dtype in EVERY:
        path = tmp_path / f"{dtype}.gguf"
        write_gguf(model, tokenizer, path, dtype, importance=importance)
        report = parity.ParityRun(path, model, tokenizer, [], windows).report()
        divergences[dtype] = report.mean_kl
        row = [f"{report.max_abs:.1e}", f"{report.mean_kl:.1e}", f"{report.argmax_agreement:.1%}"]
        row += [f"{report.perplexity:.3f}", f"{report.expected_perplexity:.3f}"]
        assert check_gguf(path, model) == [] and parity.parity_faults(report, dtype) == []
        if LIBRARY and dtype in FILE_TYPES:
            theirs = tmp_path / "theirs.gguf"
            quantize_by_llama_cpp(tmp_path / "f32.gguf", theirs, dtype, model.config, importance)
            found = parity.ParityRun(theirs, model, tokenizer, [], windows).report()
            row.append(f"{found.mean_kl:.1e}")
            assert report.mean_kl <= 1.02 * found.mean_kl + 1e-9, dtype
        print(" | ".join(("", variant, dtype, *row, "")).strip(), flush=True)
    assert list(FURTHER) == sorted(FURTHER, key=divergences.__getitem__)
    assert divergences["q8_0"] < divergences["q5_1"] < divergences["q4_1"]
    assert divergences["q5_0"] < divergences["q4_0"] and divergences["q4_k_m"] < divergences["q3_k"]


def test_importance_lowers_the_weighted_error(tmp_path: Path, tokenizer: Path, wide_model: Decoder) -> None:
    """Squared errors, weighted by the importance of their column, are less than without it."""
    weight = wide_model.layers[0].mlp.up_proj.weight.detach()
    importance = np.random.default_rng(0).random(256) ** 4 + 1e-3
    errors = []
    with Quantizer() as quantizer:
        for given in (importance, None):
            data = np.concatenate(list(quantizer.encode(weight, "q3_k", given)))
            (found,) = decode_tensor(data, tuple(weight.shape), "q3_k")
            errors.append(float((np.square(found - weight.numpy()) * importance).sum()))
    assert errors[0] < 0.9 * errors[1]


def test_wrong_rotary_rows_would_be_seen(tmp_path: Path, tokenizer: Path) -> None:
    """The measure can fail: a model with two rows of Q swapped is far from its file."""
    model = random_model(6)
    write_gguf(model, tokenizer, tmp_path / "model.gguf", "f32")
    weight = model.layers[0].self_attn.q_proj.weight
    with torch.no_grad():
        weight[[0, 1]] = weight[[1, 0]]
    prompts = random_prompts(6)
    report = parity.compare_logits(
        parity.llama_cpp_logits(tmp_path / "model.gguf", prompts),
        parity.pytorch_logits(model, prompts),
    )
    assert len(parity.parity_faults(report, "f32")) >= 2


def test_tokens_are_sentencepieces(tmp_path: Path, tokenizer: Path) -> None:
    """Awkward strings and 500 random ones, with and without BOS."""
    path = tmp_path / "model.gguf"
    write_gguf(random_model(7), tokenizer, path, "q8_0")
    source = random.Random(7)
    letters = "abcdefgh  \n\t\r._(){}=:#0123\u00e9\u65e5\u0434\U0001f600\x00\x1f"
    texts = AWKWARD + [
        "".join(source.choice(letters) for _ in range(source.randrange(80))) for _ in range(500)
    ]
    processor = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
    ours = Tokenizer(tokenizer)
    plain = parity.llama_cpp_tokenize(path, texts)
    marked = parity.llama_cpp_tokenize(path, texts, bos=True)
    for text, ids, marked_ids in zip(texts, plain, marked, strict=True):
        assert ids == processor.encode(text) == ours.encode(text), repr(text)
        assert marked_ids == [1, *ids], repr(text)


def test_llama_cpp_generates_what_pytorch_would(tmp_path: Path, tokenizer: Path) -> None:
    """Greedy text is that of the best tokens, one at a time; a seed gives the same sample twice."""
    model, path = random_model(8, num_kv_heads=1), tmp_path / "model.gguf"
    write_gguf(model, tokenizer, path, "f32")
    pieces = Tokenizer(tokenizer)
    prompt = "import random"
    ids = pieces.encode(prompt, bos=True)
    for _ in range(12):
        ids.append(int(parity.pytorch_logits(model, [ids])[0][-1].argmax()))
    assert (
        not {0, 1, 2} & set(ids[1:]) and max(ids) < 600
    ), "choose another seed: a mark was generated"
    text = parity.llama_cpp_generate(path, prompt, 12)
    # invalid UTF-8 is U+FFFD on both sides, a different number of times
    assert text.replace("\ufffd", "") == pieces.decode(ids)[len(prompt) :].replace("\ufffd", "")
    drawn = [
        parity.llama_cpp_generate(path, prompt, 12, temperature=1.5, seed=s) for s in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_gguf_package_reads_the_file(tmp_path: Path, tokenizer: Path) -> None:
    """The values that the gguf package dequantizes are those that its own quantizer gives."""
    model, path = random_model(9, tie_embeddings=False), tmp_path / "model.gguf"
    for dtype in ("f32", "f16", "bf16", "q8_0"):
        write_gguf(model, tokenizer, path, dtype)
        kind = peer.GGMLQuantizationType[dtype.upper()]
        for tensor in peer.GGUFReader(path).tensors:
            if tensor.name in ("token_embd.weight", "output.weight", "blk.1.ffn_down.weight"):
                name = {"t": "embed_tokens", "o": "lm_head", "b": "layers.1.mlp.down_proj"}[
                    tensor.name[0]
                ]
                weight = model.get_parameter(f"{name}.weight").detach().numpy()
                expected = peer.quants.dequantize(peer.quants.quantize(weight, kind), kind)
                assert tensor.tensor_type == kind
                assert np.array_equal(peer.quants.dequantize(tensor.data, kind), expected)


def test_llama_cpp_says_what_is_wrong(tmp_path: Path, tokenizer: Path) -> None:
    """A missing, a cut and a foreign file, ids out of range, too many tokens: one sentence each."""
    path = tmp_path / "model.gguf"
    write_gguf(random_model(10), tokenizer, path, "f32")
    whole = path.read_bytes()
    with pytest.raises(parity.ParityError, match="cannot run 2 tokens: .*invalid token"):
        parity.llama_cpp_logits(path, [[1, 640]])
    with pytest.raises(parity.ParityError, match="65 tokens exceed the model's context of 64"):
        parity.llama_cpp_logits(path, [[1] * 65])
    for content in (None, b"", b"not a model", whole[:2000], whole[:-1000]):
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(parity.ParityError, match=f"cannot load {path}: .+"):
            parity.llama_cpp_tokenize(path, ["a"])


CONVERTER = os.environ.get("LLAMA_CPP_CONVERTER", "")
# Keys that say who wrote the file, or what arch llama and a SentencePiece vocabulary do without them.
OTHER_KEYS = ("tokenizer.ggml.pre", "tokenizer.ggml.add_sep_token", "tokenizer.ggml.padding_token_id")
NOT_COMPARED = ("general.", "GGUF.", "llama.rope.scaling.type", *OTHER_KEYS)


@pytest.mark.skipif(not CONVERTER, reason="LLAMA_CPP_CONVERTER names no convert_hf_to_gguf.py of llama.cpp")
@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16", "q8_0"])
@pytest.mark.parametrize("tied", [True, False])
def test_file_is_that_of_llama_cpps_own_converter(
    tmp_path: Path, tokenizer: Path, dtype: str, tied: bool
) -> None:
    """From our Hugging Face folder: the same tensors bit for bit, the same tokenizer, the same keys.

    The converter is in the source archive of llama-cpp-python, vendor/llama.cpp/convert_hf_to_gguf.py.
    """
    model = random_model(12, tie_embeddings=tied, vocab_size=600)  # no rows beyond the pieces, which it names otherwise
    write_huggingface(model, tokenizer, tmp_path / "model")
    write_gguf(model, tokenizer, tmp_path / "ours.gguf", dtype)
    command = [sys.executable, CONVERTER, str(tmp_path / "model"), "--outtype", dtype]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
    subprocess.run(
        [*command, "--outfile", str(tmp_path / "theirs.gguf")], check=True, env=environment, capture_output=True
    )
    ours, theirs = peer.GGUFReader(tmp_path / "ours.gguf"), peer.GGUFReader(tmp_path / "theirs.gguf")
    found = {tensor.name: tensor for tensor in ours.tensors}
    wanted = {tensor.name: tensor for tensor in theirs.tensors}
    assert sorted(found) == sorted(wanted)
    for name, tensor in wanted.items():
        assert found[name].tensor_type == tensor.tensor_type, name
        assert np.array_equal(found[name].data, tensor.data), name
    keys = {key: field.contents() for key, field in ours.fields.items()}
    for key, field in theirs.fields.items():
        if not key.startswith(NOT_COMPARED):
            assert keys[key] == field.contents(), key
    assert keys["general.file_type"] == theirs.fields["general.file_type"].contents()
