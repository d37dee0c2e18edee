"""What the generated trainer costs on several ranks beside a bare script of torch: start-up and steps, FSDP2 on gloo.

    python benchmarks/ranks_overhead.py [--ranks 2] [--rounds 3] [--steps 8]

Both are started by torchrun with one thread a rank, with the same decoder, shape, batch and AdamW, each block sharded
and the rest with it, gradients bounded by their norm; documents are not masked. The script has the loss of torch and
reads tokens from a file; the trainer has all that it has: checks, logs, loss in chunks. Start-up goes from the start of
torchrun until the first step could begin, over data that are prepared; a step from its beginning to that of the next
one. The two take turns, medians are compared: the ratio is what to read, and it is to be 1.05 or less.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

VOCAB_SIZE, LENGTH, BATCH = 4096, 256, 2  # sequences of a rank
WARMUP = 2  # steps that do not count
GOAL = 1.05


def options_of(folder: Path, ranks: int, steps: int) -> Any:
    """quickstart with the batch of this benchmark, sharded over all ranks, without checkpoints and evaluations."""
    from igla.data.tokenizer import TokenizerConfig
    from igla.distributed.layout import ParallelConfig
    from igla.recipes.quickstart import Options

    usual = Options()
    training = dataclasses.replace(
        usual.training, steps=steps, sequence_length=LENGTH, batch_size=BATCH, microbatches=ranks, threads=ranks,
        evaluate_every=steps, evaluate_batches=1, precision="float32", document_mask=False,
    )  # fmt: skip
    return dataclasses.replace(
        usual,
        out=folder,
        tokenizer=TokenizerConfig(vocab_size=VOCAB_SIZE),
        training=training,
        distributed=ParallelConfig(fsdp=ranks),
        checkpoint=dataclasses.replace(usual.checkpoint, every_steps=10**9),
    )


def report(ready: float, starts: list[float]) -> None:
    """One line of the first rank for the parent."""
    if os.environ["RANK"] == "0":
        began = float(os.environ["BENCHMARK_START"])
        print(json.dumps({"startup": ready - began, "starts": starts}), flush=True)


def generated(folder: Path, steps: int) -> None:
    """The trainer of igla.recipes.quickstart, up to its last step."""
    import torch

    from igla.distributed.launch import process_group
    from igla.recipes import quickstart

    ranks = int(os.environ["WORLD_SIZE"])
    run = folder / "runs" / str(time.time_ns() if ranks == 1 else os.environ["BENCHMARK_START"])
    with process_group():
        options = options_of(folder, ranks, steps)
        data = quickstart.prepare_data(options)
        torch.set_num_threads(1)
        config = dataclasses.replace(quickstart.model_spec.CONFIG, vocab_size=VOCAB_SIZE)
        trainer = quickstart.Trainer(dataclasses.replace(options, out=run), data, config)
        ready, starts = time.time(), []
        trainer._evaluate = lambda: {"held_out_loss": 0.0}
        trainer.save = lambda: None
        take = trainer.train_step

        def timed() -> dict[str, Any]:
            starts.append(time.time())
            return take()

        trainer.train_step = timed
        trainer.run()
    report(ready, starts)


def bare(folder: Path, steps: int) -> None:
    """What one writes for oneself with torch alone, and the same decoder."""
    import numpy as np
    import torch
    import torch.distributed as dist
    import torch.nn.functional as F
    from torch.distributed.fsdp import fully_shard

    from igla.architecture.decoder import Decoder
    from igla.models.igla_tiny import CONFIG

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    torch.manual_seed(0)
    model = Decoder(dataclasses.replace(CONFIG, vocab_size=VOCAB_SIZE))
    for layer in model.layers:
        fully_shard(layer)
    fully_shard(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)
    rows = np.load(folder / "windows.npy", mmap_mode="r")
    ready, starts = time.time(), []
    for step in range(steps):
        starts.append(time.time())
        first = (step * dist.get_world_size() + rank) * BATCH
        batch_bt = torch.from_numpy(np.array(rows[first : first + BATCH]))
        logits_btv = model.logits(model(batch_bt[:, :-1]))
        loss = F.cross_entropy(logits_btv.float().flatten(0, 1), batch_bt[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        dist.all_reduce(loss.detach())
        loss.item()
    dist.destroy_process_group()
    report(ready, starts)


CONTENDERS = {"generated": generated, "bare": bare}


def prepare(folder: Path, ranks: int, steps: int) -> None:
    """Shards for the trainer, windows of the same tokens for the script."""
    import numpy as np

    from igla.data.reader import TokenReader
    from igla.recipes.quickstart import prepare_data

    data = prepare_data(options_of(folder, ranks, steps))
    (shards,) = data.train.values()
    reader = TokenReader(shards, LENGTH, BATCH, 0)
    batches = [reader.next_batch() for _ in range(steps * ranks)]
    rows = [np.concatenate([b.inputs.numpy(), b.targets.numpy()[:, -1:]], axis=1) for b in batches]
    found = np.concatenate(rows).astype(np.int64)
    np.save(folder / "windows.npy", np.where(found < 0, 0, found))


def run(name: str, options: argparse.Namespace, folder: Path) -> tuple[float, float]:
    """Seconds of the start-up, and of a step."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(options.ranks),
        __file__, "--child", name, str(folder), str(WARMUP + options.steps + 1),
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1", "BENCHMARK_START": str(time.time())}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {name}: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith('{"startup"')))
    steps = [after - before for before, after in itertools.pairwise(found["starts"][WARMUP:])]
    return found["startup"], statistics.median(steps)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ranks", type=int, default=2, help="ranks (default: 2)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--steps", type=int, default=8, help="timed steps of a run (default: 8)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, folder, steps = options.child
        CONTENDERS[name](Path(folder), int(steps))
        return
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder), options.ranks, WARMUP + options.steps + 1)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in CONTENDERS}
        for _ in range(options.rounds):
            for name, results in found.items():
                results.append(run(name, options, Path(folder)))
                print(f"  {name}: start-up {results[-1][0]:.2f} s, step {results[-1][1]:.3f} s", file=sys.stderr)
    for index, what in enumerate(("start-up", "step")):
        ours, bare_one = (statistics.median(r[index] for r in found[name]) for name in CONTENDERS)
        verdict = "" if ours <= GOAL * bare_one else "  ABOVE"
        print(f"{what}: generated {ours:.3f} s, bare {bare_one:.3f} s, ratio {ours / bare_one:.2f}  <= {GOAL}{verdict}")


if __name__ == "__main__":
    main()
