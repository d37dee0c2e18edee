"""Speed and memory of the data pipeline beside its peers: same text, same tokenizer, one run.

    python benchmarks/data_speed.py [--megabytes 1000] [--processes 2] [--rounds 3]

The text is CPython's standard library, repeated with a number in each copy so that no two documents are equal.
Tokenising: SentencePiece alone with as many threads, and `datasets.map` with as many processes and the same model.
Reading: a bare loop over a numpy memmap (inputs and targets at random places, nothing else), and litdata and
mosaicml-streaming where they are installed, the latter in an environment of its own (--streaming-python
PATH names its Python). The contenders take turns; the ratio is what to read. Peers that are
missing are named. Memory: the peak of a process of its own that prepares and reads 1, 4 and 16 sixteenths of the text;
pages of mapped files, which the system takes back at will, are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import sentencepiece
import torch

from igla.data.reader import Prefetcher, TokenReader
from igla.data.shards import write_shards
from igla.data.sources import SourceConfig, Sources
from igla.data.tokenizer import Tokenizer, TokenizerConfig, train_tokenizer

VOCAB_SIZE, BATCH, SEQUENCE = 32000, 16, 2048
SHARD_TOKENS = 10_000_000
TRAIN_BYTES = 8_000_000  # of text for the tokenizer


def originals() -> list[str]:
    """The files of the standard library."""
    folder = Path(sysconfig.get_path("stdlib"))
    exclude = ("site-packages", "dist-packages", "test", "tests", "idle_test")
    config = SourceConfig(name="s", location=str(folder), patterns=("*.py",), exclude=exclude)
    return [document.text for document in Sources([config])]


def write_text(path: Path, megabytes: float, texts: list[str]) -> int:
    """A file of JSON lines with so much text; returns the bytes of it."""
    written, copy = 0, 0
    with path.open("w") as file:
        while written < megabytes * 1e6:
            for text in texts:
                text = f"# copy {copy}\n{text}"
                file.write(json.dumps({"text": text}) + "\n")
                written += len(text.encode())
                if written >= megabytes * 1e6:
                    break
            copy += 1
    return written


def timed(run: Callable[[], object]) -> float:
    """Seconds; what runs elsewhere says its own."""
    start = time.perf_counter()
    found = run()
    return found if isinstance(found, float) else time.perf_counter() - start


def rounds_of(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each, taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            seconds[name].append(timed(run))
    return {name: statistics.median(found) for name, found in seconds.items()}


def show(title: str, unit: str, amount: float, seconds: dict[str, float]) -> None:
    """A line for each contender: rate, and ours as a multiple of it."""
    ours = next(iter(seconds.values()))
    for name, found in seconds.items():
        print(
            f"{title:9} {name:32} {amount / found:14,.2f} {unit:9} ours is {found / ours:5.2f} x",
            flush=True,
        )


# ---------------------------------------------------------------- tokenising


def tokenisers(
    source: Path, model: Path, work: Path, processes: int
) -> dict[str, Callable[[], object]]:
    """Each reads the same file of JSON lines and keeps all tokens."""
    fresh = (work / f"shards-{number}" for number in range(1000))

    def generated() -> None:
        stream = Sources([SourceConfig(name="s", location=str(source))])
        write_shards(
            stream, Tokenizer(model), next(fresh), shard_tokens=SHARD_TOKENS, workers=processes
        )

    def alone() -> None:
        """Texts of about a megabyte at a time, as in the pipeline; the lists of ids are dropped."""
        processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
        for texts in parts_of(source):
            processor.encode(texts, num_threads=processes, add_bos=True, add_eos=True)

    found: dict[str, Callable[[], object]] = {
        f"generated, {processes} processes": generated,
        f"SentencePiece alone, {processes} threads": alone,
    }
    if find_spec("datasets") is None:
        print("tokenise  Hugging Face datasets: not installed")
    else:
        found[f"datasets.map, {processes} processes"] = lambda: map_with_datasets(
            source, model, work, processes
        )
    return found


def parts_of(source: Path) -> Iterator[list[str]]:
    texts, size = [], 0
    with source.open() as file:
        for line in file:
            texts.append(json.loads(line)["text"])
            size += len(texts[-1])
            if size >= 1_000_000:
                yield texts
                texts, size = [], 0
    yield texts


class Encode:
    """What datasets.map runs in its processes."""

    def __init__(self, model: Path) -> None:
        self.model = model
        self.processor: sentencepiece.SentencePieceProcessor | None = None

    def __call__(self, rows: dict[str, list[str]]) -> dict[str, list[list[int]]]:
        if self.processor is None:
            self.processor = sentencepiece.SentencePieceProcessor(model_file=str(self.model))
        return {"ids": self.processor.encode(rows["text"], add_bos=True, add_eos=True)}

    def __getstate__(self) -> dict[str, object]:
        return {"model": self.model, "processor": None}


def map_with_datasets(source: Path, model: Path, work: Path, processes: int) -> None:
    import datasets

    datasets.disable_progress_bars()
    with tempfile.TemporaryDirectory(dir=work) as cache:
        data = datasets.load_dataset("json", data_files=str(source), cache_dir=cache, split="train")
        data.map(
            Encode(model), batched=True, batch_size=100, num_proc=processes, remove_columns=["text"]
        )


# ---------------------------------------------------------------- reading


def readers(
    shards: Path, work: Path, batches: int, streaming_python: Path | None
) -> dict[str, Callable[[], object]]:
    """Each reads so many batches of inputs and targets, shuffled."""
    names = sorted(shards.glob("*.bin"))
    maps = [np.memmap(name, "<u2", "r") for name in names]
    reader = TokenReader(shards, SEQUENCE, BATCH, 0)
    packed = TokenReader(shards, SEQUENCE, BATCH, 0, packing="best_fit")

    def generated(source: TokenReader | Prefetcher) -> Callable[[], None]:
        def run() -> None:
            for _ in range(batches):
                source.next_batch()

        return run

    def bare() -> None:
        """nanoGPT's way: tokens from random places, and the ones after them."""
        chance = np.random.default_rng(0)
        for _ in range(batches):
            chosen = [maps[i] for i in chance.integers(len(maps), size=BATCH)]
            places = [int(chance.integers(len(data) - SEQUENCE - 1)) for data in chosen]
            pairs = list(zip(chosen, places, strict=True))
            torch.stack([torch.from_numpy(d[p : p + SEQUENCE].astype(np.int64)) for d, p in pairs])
            torch.stack(
                [torch.from_numpy(d[p + 1 : p + 1 + SEQUENCE].astype(np.int64)) for d, p in pairs]
            )

    found: dict[str, Callable[[], object]] = {
        "generated": generated(reader),
        "generated, best-fit packing": generated(packed),
        "bare numpy memmap": bare,
    }
    if find_spec("litdata") is None:
        print("read      litdata: not installed")
    else:
        found["litdata"] = litdata_reader(maps, work, batches)
    if (streaming := streaming_reader(streaming_python, shards, work, batches)) is None:
        print(
            "read      mosaicml-streaming: not installed (name its Python with --streaming-python)"
        )
    else:
        found["mosaicml-streaming"] = streaming
    return found


def litdata_reader(maps: list[np.ndarray], work: Path, batches: int) -> Callable[[], object]:
    """litdata's StreamingDataset of tokens."""
    from litdata import StreamingDataLoader, StreamingDataset, TokensLoader
    from litdata.streaming.writer import BinaryWriter

    folder = work / "litdata"
    writer = BinaryWriter(
        str(folder), chunk_bytes=64_000_000, item_loader=TokensLoader(block_size=SEQUENCE + 1)
    )
    tokens = np.concatenate(maps)
    for index, start in enumerate(range(0, len(tokens) - 8192, 8192)):
        writer[index] = torch.from_numpy(tokens[start : start + 8192].astype(np.int32))
    writer.done()
    writer.merge()

    def run() -> None:
        loader = TokensLoader(block_size=SEQUENCE + 1)
        data = StreamingDataset(str(folder), item_loader=loader, shuffle=True)
        for number, _ in enumerate(StreamingDataLoader(data, batch_size=BATCH, num_workers=0), 1):
            if number == batches:
                break

    return run


# What runs in the Python that has mosaicml-streaming, whose pins no other package bears: it writes its own files
# once, then reads so many batches for each line of input and prints the seconds.
STREAMING = """
import sys, time
from pathlib import Path
import numpy as np
import torch
from streaming import MDSWriter, StreamingDataset
from torch.utils.data import DataLoader

shards, folder, batches, batch, length = Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
torch.set_num_threads(1)
tokens = np.concatenate([np.fromfile(name, "<u2") for name in sorted(shards.glob("*.bin"))])
with MDSWriter(out=folder, columns={"ids": f"ndarray:uint16:{length + 1}"}) as writer:
    for start in range(0, len(tokens) - length, length):
        writer.write({"ids": tokens[start : start + length + 1]})
print("ready", flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    data = StreamingDataset(local=folder, shuffle=True, batch_size=batch)
    for number, _ in enumerate(DataLoader(data, batch_size=batch), 1):
        if number == batches:
            break
    print(time.perf_counter() - begin, flush=True)
"""


def streaming_reader(
    python: Path | None, shards: Path, work: Path, batches: int
) -> Callable[[], float] | None:
    """mosaicml-streaming's dataset of arrays, in a process that lives as long as this one; none without the package."""
    python = python or Path(sys.executable)
    if subprocess.run(
        [python, "-c", "import streaming"], capture_output=True, check=False
    ).returncode:
        return None
    sizes = map(str, (batches, BATCH, SEQUENCE))
    process = subprocess.Popen(
        [python, "-c", STREAMING, shards, work / "streaming", *sizes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout.readline() != "ready\n":
        raise SystemExit("mosaicml-streaming could not write its files")

    def run() -> float:
        process.stdin.write("\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    return run


# ---------------------------------------------------------------- memory


def peak_memory(source: Path, model: Path, work: Path, processes: int) -> int:
    """Prepare and read one file in this process; bytes of its own memory at most."""
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.01):
            status = Path("/proc/self/status").read_text()
            most = max(most, int(status.split("RssAnon:")[1].split()[0]) * 1024)

    watcher = threading.Thread(target=watch)
    watcher.start()
    stream = Sources([SourceConfig(name="s", location=str(source))])
    out = work / f"memory-{source.stem}"
    write_shards(stream, Tokenizer(model), out, shard_tokens=SHARD_TOKENS, workers=processes)
    reader = TokenReader(out, SEQUENCE, BATCH, 0)
    while reader.epoch == 0:
        reader.next_batch()
    done.set()
    watcher.join()
    return most


def memory_of(source: Path, model: Path, work: Path, processes: int) -> int:
    """peak_memory in a process of its own."""
    arguments = ["--peak", source, "--model", model, "--work", work, "--processes", processes]
    done = subprocess.run(
        [sys.executable, __file__, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--megabytes", type=float, default=1000, help="of UTF-8 text")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, default=1000, help=f"of {BATCH} x {SEQUENCE} tokens")
    parser.add_argument(
        "--streaming-python", type=Path, help="a Python that has mosaicml-streaming and torch"
    )
    for name in ("--peak", "--model", "--work"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.peak:
        print(peak_memory(options.peak, options.model, options.work, options.processes))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options, Path(folder))


def compare(options: argparse.Namespace, work: Path) -> None:
    """All of it, in a folder that goes afterwards."""
    texts = originals()
    source = work / "all.jsonl"
    megabytes = write_text(source, options.megabytes, texts) / 1e6
    sample = "".join(texts)[:TRAIN_BYTES]
    config = TokenizerConfig(vocab_size=VOCAB_SIZE, num_threads=options.processes)
    model = train_tokenizer([sample], config, work / "t.model").path
    print(f"{megabytes:.0f} MB of text, {os.cpu_count()} processors, vocabulary {VOCAB_SIZE}")
    contenders = tokenisers(source, model, work, options.processes)
    show("tokenise", "MB/s", megabytes, rounds_of(contenders, options.rounds))
    tokens = options.batches * BATCH * SEQUENCE
    found = readers(work / "shards-0", work, options.batches, options.streaming_python)
    rounds_of(found, 1)  # brings the files into memory
    show("read", "Mtokens/s", tokens / 1e6, rounds_of(found, 2 * options.rounds + 1))
    for parts in (1, 4, 16):
        part = work / f"{parts}.jsonl"
        write_text(part, options.megabytes * parts / 16, texts)
        most = memory_of(part, model, work, options.processes)
        print(
            f"memory    {parts:2} x {options.megabytes / 16:.0f} MB: {most / 1e6:.0f} MB at most",
            flush=True,
        )


if __name__ == "__main__":
    main()
