"""The tokenizer and the shards against SentencePiece, llama.cpp and numpy.

The text is CPython's own standard library.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import torch
from hypothesis import given
from hypothesis import strategies as st

from igla.architecture.decoder import Decoder, DecoderConfig
from igla.data.pipeline import is_held_out
from igla.data.reader import TokenReader, held_out_batches, token_counts
from igla.data.shards import load_manifest, verify_shards, write_shards
from igla.data.sources import Document, SourceConfig, Sources
from igla.data.tokenizer import Tokenizer, TokenizerConfig, tokenizer_metrics, train_tokenizer

STDLIB = Path(sysconfig.get_path("stdlib"))
FOLDERS = ("asyncio", "json", "email", "logging", "xml")
AWKWARD = [
    "",
    " ",
    "   leading and trailing  ",
    "\n",
    "\n\n\n    return x\n",
    "if x:\n\t\treturn\t1\n",
    "a\r\nb\rc",
    "\x01\x02\x1b[0m\x7f",
    "\ufeffmark",
    "naïve café ﬁ ① e\u0301 Å",
    "日本語とEnglish 한국어 עברית",
    "🙂👩\u200d👩\u200d👧🏽",
    "\xa0\u3000\u2028",
    "1234567890 0x1F 3.14e-10",
    "<s></s><unk><0x0A>",
]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    found = {}
    for folder in FOLDERS:
        found |= {document.name: document.text for document in stdlib(folder)}
    return found


def stdlib(folder: str, **options: object) -> Sources:
    location = str(STDLIB / folder)
    return Sources([SourceConfig(name="stdlib", location=location, patterns=("*.py",), **options)])


def documents_of(texts: dict[str, str]) -> list[Document]:
    return [Document("stdlib", name, text) for name, text in texts.items()]


@pytest.fixture(scope="module")
def tokenizer(texts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    out = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    return train_tokenizer(texts.values(), TokenizerConfig(vocab_size=1024), out)


@pytest.fixture(scope="module")
def peer(tokenizer: Tokenizer) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(tokenizer.path))


def test_ids_are_those_of_sentencepiece(
    tokenizer: Tokenizer, peer: sentencepiece.SentencePieceProcessor, texts: dict[str, str]
) -> None:
    for text in [*AWKWARD, *texts.values()]:
        assert tokenizer.encode(text) == peer.encode(text)
        assert tokenizer.decode(tokenizer.encode(text)) == text == peer.decode(peer.encode(text))
    rows = tokenizer.encode_batch(list(texts.values()), bos=True, eos=True, num_threads=2)
    assert rows == [peer.encode(text, add_bos=True, add_eos=True) for text in texts.values()]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_every_unicode_text_comes_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(st.text(alphabet=" \t\n\r\0\u2581\u2585\ufeffab_é🙂<s>"))
def test_every_run_of_whitespace_comes_back(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_pieces_suit_python(tokenizer: Tokenizer, texts: dict[str, str]) -> None:
    pieces = {tokenizer.piece(index) for index in range(tokenizer.vocab_size)}
    assert {"\u2581" * count for count in (2, 4, 8, 12)} <= pieces
    assert {":\n", "):\n", "\n\n", "self", "def"} <= pieces
    metrics = tokenizer_metrics(tokenizer, list(texts.values()))
    assert metrics.bytes_per_token > 2.5
    assert metrics.unknown_rate == 0


def test_llama_cpp_reads_the_same_tokens(
    tokenizer: Tokenizer, texts: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip("xllamacpp")
    from igla.export.gguf import write_gguf
    from igla.export.parity import llama_cpp_tokenize

    config = DecoderConfig(
        vocab_size=1024,
        hidden_size=32,
        num_layers=1,
        num_heads=2,
        num_kv_heads=1,
        head_dim=16,
        ffn_size=64,
        context_length=32,
    )
    torch.manual_seed(0)
    out = tmp_path / "model.gguf"
    write_gguf(Decoder(config), tokenizer.path, out, "f32")
    cut = [
        text[start : start + 400] for text in texts.values() for start in range(0, len(text), 5000)
    ]
    samples = [*AWKWARD, *cut]
    for text, ids in zip(samples, llama_cpp_tokenize(out, samples), strict=True):
        assert ids == tokenizer.encode(text), text


def test_shards_equal_numpy_and_sentencepiece(
    tokenizer: Tokenizer,
    peer: sentencepiece.SentencePieceProcessor,
    texts: dict[str, str],
    tmp_path: Path,
) -> None:
    out = tmp_path / "shards"
    manifest = write_shards(documents_of(texts), tokenizer, out, shard_tokens=50_000, workers=2)
    rows = [peer.encode(text, add_bos=True, add_eos=True) for text in texts.values()]
    ids = [index for row in rows for index in row]
    assert len(manifest.shards) > 3
    read = [np.fromfile(out / f"{shard.name}.bin", dtype="<u2") for shard in manifest.shards]
    stream = np.concatenate(read)
    assert stream.tolist() == ids
    assert manifest.num_bytes == sum(len(text.encode()) for text in texts.values())
    assert {len(tokens) for tokens in read[:-1]} == {50_000}
    for shard, tokens in zip(manifest.shards, read, strict=True):
        starts = np.fromfile(out / f"{shard.name}.idx", dtype="<i8", offset=64)
        assert starts.tolist() == np.flatnonzero(tokens == 1).tolist()
        content = (out / f"{shard.name}.bin").read_bytes()
        assert shard.tokens_sha256 == hashlib.sha256(content).hexdigest()
    assert token_counts(out).tolist() == np.bincount(stream, minlength=1024).tolist()
    assert json.loads((out / "manifest.json").read_text())["num_tokens"] == len(ids)

    targets = torch.cat([batch.targets.flatten() for batch in held_out_batches(out, 128, 8)])
    assert targets[targets != -100].tolist() == [index for index in ids if index != 1]

    windows = np.lib.stride_tricks.sliding_window_view(stream, 129)[::128]
    reader = TokenReader(out, 128, 16, 3)
    batches = [reader.next_batch() for _ in range(-(-len(windows) // 16))]
    inputs = torch.cat([batch.inputs for batch in batches])[: len(windows)].tolist()
    assert sorted(inputs) == sorted(windows[:, :-1].tolist())
    for batch in batches[:3]:
        bounds = batch.document_ids[:, 1:] != batch.document_ids[:, :-1]
        assert torch.equal(bounds, batch.inputs[:, 1:] == 1)
        inside = batch.targets[:, :-1] != -100
        assert torch.equal(inside, ~bounds)
        assert torch.equal(batch.targets[:, :-1][inside], batch.inputs[:, 1:][inside])


def test_a_share_of_the_documents_is_held_out() -> None:
    exclude = ("site-packages", "dist-packages", "test")
    texts = [document.text for document in stdlib(".", exclude=exclude)]
    held_out = sum(is_held_out(text, 0.05, 0) for text in texts)
    assert 0.02 < held_out / len(texts) < 0.08


def test_files_that_are_not_utf_8_are_counted(tokenizer: Tokenizer, tmp_path: Path) -> None:
    for name, content in {"a.py": b"x = 1\n", "b.py": "é".encode("latin-1"), "c.py": b""}.items():
        (tmp_path / name).write_bytes(content)
    documents = Sources([SourceConfig(name="s", location=str(tmp_path))])
    manifest = write_shards(documents, tokenizer, tmp_path / "shards")
    counts = documents.counts["s"]
    assert manifest.num_documents == counts.documents == 1
    assert (counts.not_utf8, counts.empty) == (1, 1)


def test_flipped_bits_and_cuts_are_named(
    tokenizer: Tokenizer, texts: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "shards"
    write_shards(documents_of(texts)[:9], tokenizer, out, shard_tokens=5000)
    file = out / "shard-00001.bin"
    whole = bytearray(file.read_bytes())
    whole[1234] ^= 0x10
    file.write_bytes(whole)
    (fault,) = verify_shards(out)
    assert "shard-00001.bin is damaged" in fault
    file.write_bytes(whole[:-2])
    (fault,) = verify_shards(out)
    assert "shard-00001.bin has" in fault
    with pytest.raises(ValueError, match=r"shard-00001\.bin has"):
        TokenReader(out, 16, 1, 0)


SCRIPT = """
    import sys
    from pathlib import Path
    from igla.data.shards import write_shards
    from igla.data.sources import Document
    from igla.data.tokenizer import Tokenizer, TokenizerConfig, train_tokenizer

    model, full, read_only = map(Path, sys.argv[1:])
    documents = [Document("s", str(number), "text and more text\\n" * 2000) for number in range(200)]
    config = TokenizerConfig(vocab_size=320)
    for action in (
        lambda: write_shards(documents, Tokenizer(model), full / "shards", shard_tokens=2_000_000),
        lambda: write_shards(documents[:1], Tokenizer(model), read_only / "shards"),
        lambda: train_tokenizer([Path(__file__).read_text()], config, read_only / "t.model"),
    ):
        try:
            print("done:", action())
        except ValueError as error:
            print(error)
    print("left:", [*full.iterdir(), *read_only.iterdir()])
"""
DISKS = """
    mount -t tmpfs -o size=300k tmpfs "$4" && mount -t tmpfs -o ro tmpfs "$5" || exit 77
    "$1" "$2" "$3" "$4" "$5"
"""


def test_full_and_read_only_disks(tokenizer: Tokenizer, tmp_path: Path) -> None:
    """Real file systems, mounted for one process alone; skipped where that is not allowed."""
    script, full, read_only = (tmp_path / name for name in ("script.py", "full", "read_only"))
    script.write_text(textwrap.dedent(SCRIPT))
    full.mkdir()
    read_only.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting a disk needs root on Linux")
    shell = ["unshare", "-m", "sh", "-c", DISKS, "sh", sys.executable]
    paths = map(str, (script, tokenizer.path, full, read_only))
    done = subprocess.run([*shell, *paths], capture_output=True, text=True, check=False)
    if done.returncode == 77 or done.stderr.startswith("unshare"):
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    lines = done.stdout.splitlines()
    assert "cannot write shards" in lines[0] and "No space left on device" in lines[0]
    assert "cannot write shards" in lines[1] and "Read-only file system" in lines[1]
    assert "cannot write the tokenizer" in lines[2] and "Read-only file system" in lines[2]
    assert lines[3] == "left: []"


def test_reading_goes_on_where_it_stopped(
    tokenizer: Tokenizer, texts: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "shards"
    write_shards(documents_of(texts)[:20], tokenizer, out)
    windows = (load_manifest(out).num_tokens - 1) // 64
    batches = windows // 8 + 5  # past the end of the first epoch
    whole = TokenReader(out, 64, 8, 1)
    expected = [whole.next_batch() for _ in range(batches)]
    stopped = TokenReader(out, 64, 8, 1)
    for _ in range(batches - 3):
        stopped.next_batch()
    resumed = TokenReader(out, 64, 8, 1)
    resumed.load_state_dict(json.loads(json.dumps(stopped.state_dict())))
    assert resumed.epoch == 1
    for batch in expected[-3:]:
        again = resumed.next_batch()
        assert torch.equal(again.inputs, batch.inputs) and torch.equal(again.targets, batch.targets)


def without_names_of_files(model: bytes) -> bytes:
    """A SentencePiece model without what its trainer spec says of input and output files."""
    parts = []
    for field, value in fields(model):
        if field >> 3 == 2:  # the trainer spec; in it, input is field 1 and model_prefix field 2
            inner = (part for number, part in fields(value) if number >> 3 not in (1, 2))
            value = b"".join(inner)
            parts.append(b"trainer" + value)
        else:
            parts.append(value)
    return b"|".join(parts)


def fields(message: bytes) -> list[tuple[int, bytes]]:
    """Keys of a protobuf message and the bytes of their values."""
    found, place = [], 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        key = varint()
        start = place
        if key & 7 == 0:
            varint()
        elif key & 7 == 2:
            size = varint()
            start, place = place, place + size
        else:
            place += {1: 8, 5: 4}[key & 7]
        found.append((key, message[start:place]))
    return found


@pytest.mark.parametrize("model_type", ["bpe", "unigram"])
def test_training_gives_the_bytes_of_spm_train(
    model_type: str, texts: dict[str, str], tmp_path: Path
) -> None:
    """The command line of spm_train, on a file with a sentence a line."""
    lines = [line for text in texts.values() for line in text.split("\n") if line.strip()][:3000]
    (tmp_path / "input.txt").write_text("\n".join(lines), encoding="utf-8")
    config = TokenizerConfig(
        model_type=model_type, vocab_size=600, special_tokens=("<tool>",), num_threads=2
    )
    ours = train_tokenizer(lines, config, tmp_path / "ours.model")
    sentencepiece.SentencePieceTrainer.Train(
        f"--input={tmp_path / 'input.txt'} --model_prefix={tmp_path / 'peer'} --vocab_size=600 "
        f"--model_type={model_type} --character_coverage=0.9995 --split_digits=true "
        "--max_sentencepiece_length=16 --normalization_rule_name=identity "
        "--remove_extra_whitespaces=false --allow_whitespace_only_pieces=true "
        "--byte_fallback=true --control_symbols=<tool> --max_sentence_length=32768 "
        "--add_dummy_prefix=true --unk_id=0 --bos_id=1 --eos_id=2 --num_threads=2 --minloglevel=2"
    )
    peer = (tmp_path / "peer.model").read_bytes()
    assert without_names_of_files(ours.path.read_bytes()) == without_names_of_files(peer)
