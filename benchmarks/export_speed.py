"""Speed and memory of the GGUF export of a large model, beside copying its file.

    python benchmarks/export_speed.py [--folder DIR] [--layers 32] [--types f16 q8_0 q4_0]

The model has the shapes of Llama 7B and random weights in bfloat16 (13.5 GB at 32 layers; fewer with --layers). It
is written as a Hugging Face folder, then a process of its own converts it to each type and says its peak of memory.
Copying is `shutil.copyfile` and fsync of the same folder: a converter to as many bytes cannot be faster. "own memory"
leaves out pages of mapped files, which the system takes back at will; "resident" has them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from safetensors.torch import save_file

from igla.architecture.decoder import Decoder, DecoderConfig
from igla.data.tokenizer import TokenizerConfig, train_tokenizer
from igla.export.huggingface import huggingface_config, huggingface_tensors

SHARD_LAYERS = 8
CONVERT = """
import json, sys, threading, time
from pathlib import Path
from igla.export.gguf import write_gguf
from igla.export.huggingface import open_huggingface

def kilobytes(*names):
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(names))

peak = 0
def watch():
    global peak
    while True:
        peak = max(peak, kilobytes("RssAnon", "RssShmem"))
        time.sleep(0.02)

folder, out, dtype = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
threading.Thread(target=watch, daemon=True).start()
before = kilobytes("RssAnon", "RssShmem")
start = time.perf_counter()
write_gguf(open_huggingface(folder), folder / "tokenizer.model", out, dtype)
seconds = time.perf_counter() - start
resident = kilobytes("VmHWM")
print(json.dumps({"seconds": seconds, "before": before, "own": peak, "resident": resident}))
"""


def model_config(num_layers: int) -> DecoderConfig:
    """Llama 7B, or less of it."""
    return DecoderConfig(
        vocab_size=32000,
        hidden_size=4096,
        num_layers=num_layers,
        num_heads=32,
        num_kv_heads=32,
        head_dim=128,
        ffn_size=11008,
        context_length=4096,
        tie_embeddings=False,
    )


def write_model(folder: Path, config: DecoderConfig) -> int:
    """A folder as write_huggingface makes it, shard by shard; returns its bytes of weights."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(huggingface_config(config)))
    train_tokenizer(["the cat sat on the mat " * 9], TokenizerConfig(vocab_size=280), folder / "tokenizer.model")
    with torch.device("meta"):
        model = Decoder(config)
    names = list(huggingface_tensors(config).items())
    weight_map, total = {}, 0
    generator = torch.Generator().manual_seed(0)
    pool = torch.randn(2**24 + 4096, generator=generator).mul_(0.02).bfloat16()
    for shard, start in enumerate(range(0, len(names), 9 * SHARD_LAYERS)):
        tensors = {}
        for name, place in names[start : start + 9 * SHARD_LAYERS]:
            shape = place.of(model).shape
            repeats = -(-shape.numel() // 2**24)
            tensors[name] = pool[: 2**24].repeat(repeats)[: shape.numel()].reshape(shape).contiguous()
            weight_map[name] = f"model-{shard}.safetensors"
            total += tensors[name].nbytes
        save_file(tensors, folder / f"model-{shard}.safetensors", metadata={"format": "pt"})
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return total


def seconds_to_copy(folder: Path, sources: list[Path], num_bytes: int) -> float:
    """Copy so many bytes of the model, and wait for the disk."""
    start = time.perf_counter()
    left = num_bytes
    for source in sources:
        target = folder / "copy"
        shutil.copyfile(source, target)
        with target.open("r+b") as file:
            file.truncate(min(left, source.stat().st_size))
            os.fsync(file.fileno())
        left -= target.stat().st_size
        target.unlink()
        if left <= 0:
            break
    return time.perf_counter() - start


def convert(folder: Path, dtype: str) -> dict[str, float]:
    """Export in a process of its own."""
    out = folder.parent / f"model-{dtype}.gguf"
    command = [sys.executable, "-c", CONVERT, str(folder), str(out), dtype]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found["bytes"] = out.stat().st_size
    out.unlink()
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=None, help="where the model goes; a temporary folder")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--types", nargs="+", default=["f16", "q8_0", "q4_0"])
    options = parser.parse_args()
    if options.folder is not None and not options.folder.is_dir():
        parser.error(f"--folder {options.folder} is no folder: make it, or name another")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name) / "model"
        total = write_model(folder, model_config(options.layers))
        sources = sorted(folder.glob("*.safetensors"))
        print(f"{options.layers} layers, {total / 1e9:.2f} GB in bfloat16, {torch.get_num_threads()} threads")
        copying = seconds_to_copy(Path(name), sources, total)
        print(f"copy      {copying:7.1f} s  {total / copying / 1e6:6.0f} MB/s")
        for dtype in options.types:
            found = convert(folder, dtype)
            seconds = found["seconds"]
            print(
                f"{dtype:9} {seconds:7.1f} s  reads {total / seconds / 1e6:6.0f} MB/s, "
                f"writes {found['bytes'] / seconds / 1e6:6.0f} MB/s, {seconds / copying:.2f} of copying; "
                f"own memory {found['own'] / 1e6:.2f} GB ({found['before'] / 1e6:.2f} before), "
                f"resident {found['resident'] / 1e6:.2f} GB"
            )


if __name__ == "__main__":
    main()
