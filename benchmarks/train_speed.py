"""The generated trainer beside transformers' Trainer, litgpt's and a loop by hand: same shape, same batch, one run.

    python benchmarks/train_speed.py [--rounds 2] [--steps 5] [--only defaults best same] [--litgpt-python PATH]

    defaults  each trainer as it comes: what a user gets who chooses nothing
    best      each at its fastest: compiled, weights and moments in bfloat16 (float32 where the processor has no
              products of bfloat16, as for the rest of the comparison)
    same      the generated trainer and the loop by hand at the same settings

Each run is a process of its own; contenders take turns, and medians are compared: the ratio is what to read. A step is
timed from its beginning to that of the next one, with all that the trainer does between them; the first ones, which
compile and warm up, do not count, and nothing is evaluated or saved in between. Peak memory is that of the process.
litgpt wants another huggingface_hub: name the Python of an environment that has it. The text is CPython's standard
library. The generated trainer reads its shards; the others get windows of the same tokens.
"""

from __future__ import annotations

import argparse
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

VOCAB_SIZE, LENGTH, BATCH = 8192, 512, 8
HIDDEN, LAYERS, HEADS, KV_HEADS, HEAD_DIM, FFN = 384, 8, 6, 2, 64, 1024
WARMUP = 3  # steps that do not count
RATE, BETAS, DECAY, CLIP = 3e-4, (0.9, 0.95), 0.1, 1.0
GOALS = {
    ("defaults", "transformers"): 1.3,
    ("best", "transformers"): 1.1,
    ("best", "by hand"): 1.0,
    ("same", "by hand"): 1.0,
}
# The name of a setting: dtype of the weights, dtype of the products, compiled or not.
SETTINGS = {
    "float32": ("float32", "float32", False),
    "autocast": ("float32", "bfloat16", False),
    "float32 compiled": ("float32", "float32", True),
    "autocast compiled": ("float32", "bfloat16", True),
    "bfloat16 compiled": ("bfloat16", "bfloat16", True),
}


def seconds_of_steps(starts: list[float]) -> list[float]:
    """From the beginning of each step that counts to that of the next."""
    return [after - before for before, after in itertools.pairwise(starts[WARMUP:])]


# 1. The contenders. Each returns the clock at the beginning of each of its steps.


def generated(setting: str, steps: int, folder: Path) -> list[float]:
    """The trainer of igla.recipes.quickstart with the shape of this benchmark."""
    import dataclasses

    from igla.recipes import quickstart

    options = options_of(folder)
    training = dataclasses.replace(options.training, steps=steps, evaluate_every=steps)
    optimizer, gradient = options.optimizer, options.gradient
    if setting != "defaults":
        weights, products, compiled = SETTINGS[setting]
        training = dataclasses.replace(
            training,
            precision=products,
            weights="precision" if weights == products else "float32",
            compile=compiled,
            document_mask=False,  # the others have none
        )
        if weights == "bfloat16":
            optimizer = dataclasses.replace(
                optimizer, master_dtype="parameter", moment_dtype="parameter"
            )
            gradient = dataclasses.replace(gradient, dtype="parameter")
    data = quickstart.prepare_data(options)
    with tempfile.TemporaryDirectory() as out:
        run = dataclasses.replace(
            options, out=Path(out), training=training, optimizer=optimizer, gradient=gradient
        )
        trainer = quickstart.Trainer(run, data, decoder_config())
        starts: list[float] = []
        take_step = trainer.train_step

        def timed_step() -> dict[str, Any]:
            starts.append(time.perf_counter())
            return take_step()

        trainer.train_step = timed_step
        trainer.run()
    return starts


def transformers_trainer(setting: str, steps: int, folder: Path) -> list[float]:
    """transformers' Trainer over transformers' Llama; with defaults only batch, steps and folder are given."""
    import torch
    import transformers

    weights, products, compiled = SETTINGS.get(setting, ("float32", "float32", False))
    starts: list[float] = []

    class Clock(transformers.TrainerCallback):
        def on_step_begin(self, *_arguments: Any, **_settings: Any) -> None:
            starts.append(time.perf_counter())

    config = transformers.AutoConfig.for_model(**huggingface_document())
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=getattr(torch, weights))
    chosen: dict[str, Any] = {}
    if setting != "defaults":
        chosen = {
            "learning_rate": RATE,
            "adam_beta2": BETAS[1],
            "weight_decay": DECAY,
            "bf16": products != weights,
            "torch_compile": compiled,
        }
    with tempfile.TemporaryDirectory() as out:
        arguments = transformers.TrainingArguments(
            output_dir=out,
            per_device_train_batch_size=BATCH,
            max_steps=steps,
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            **chosen,
        )
        rows = [{"input_ids": row, "labels": row} for row in windows(folder)[:, :LENGTH]]
        transformers.Trainer(
            model=model, args=arguments, train_dataset=rows, callbacks=[Clock()]
        ).train()
    return starts


def by_hand(setting: str, steps: int, folder: Path) -> list[float]:
    """A plain decoder and a plain loop, as one writes them for oneself: fused kernels of torch throughout."""
    import torch
    import torch.nn.functional as F

    weights, products, compiled = SETTINGS[setting]
    torch.manual_seed(0)
    model = plain_decoder().to(getattr(torch, weights))
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=BETAS, fused=True)

    def loss_of(inputs_bt: torch.Tensor, targets_bt: torch.Tensor) -> torch.Tensor:
        logits_btv = model(inputs_bt)
        return F.cross_entropy(logits_btv.float().flatten(0, 1), targets_bt.flatten())

    forward = torch.compile(loss_of) if compiled else loss_of
    rows = windows(folder)
    starts: list[float] = []
    for step in range(steps):
        starts.append(time.perf_counter())
        batch_bt = torch.from_numpy(rows[step * BATCH : (step + 1) * BATCH])
        with torch.autocast("cpu", torch.bfloat16, enabled=products != weights):
            loss = forward(batch_bt[:, :-1], batch_bt[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()
    return starts


def litgpt_trainer(setting: str, steps: int, folder: Path) -> list[float]:
    """litgpt's pretraining, which always compiles, with its own options."""
    import torch
    from litgpt import Config, pretrain
    from litgpt.args import EvalArgs, TrainArgs
    from litgpt.data import DataModule

    starts: list[float] = []
    rows = torch.from_numpy(windows(folder))

    class Windows(DataModule):
        def __str__(self) -> str:  # the parent's looks into the loaders
            return "windows"

        def connect(self, *_arguments: Any, **_settings: Any) -> None:
            pass

        def train_dataloader(self) -> Any:
            return Clocked(rows, batch_size=BATCH)

        def val_dataloader(self) -> Any:
            return torch.utils.data.DataLoader(rows[:BATCH], batch_size=BATCH)

    class Clocked(torch.utils.data.DataLoader):  # the framework takes no other
        """Notes when each batch is asked for: that is where a step begins."""

        def __iter__(self) -> Any:
            for batch in super().__iter__():
                starts.append(time.perf_counter())
                yield batch

        def __reduce__(self) -> Any:  # the last checkpoint keeps the loader, and this class has no address
            return list, ()

    config = Config(
        name="benchmark", block_size=LENGTH, vocab_size=VOCAB_SIZE, padded_vocab_size=VOCAB_SIZE,
        n_layer=LAYERS, n_embd=HIDDEN, n_head=HEADS, n_query_groups=KV_HEADS, head_size=HEAD_DIM,
        rotary_percentage=1.0, parallel_residual=False, bias=False, norm_class_name="RMSNorm",
        mlp_class_name="LLaMAMLP", intermediate_size=FFN,
    )  # fmt: skip
    precisions = {"bfloat16 compiled": "bf16-true", "float32 compiled": "32-true"}
    with tempfile.TemporaryDirectory() as out:
        pretrain.setup(
            model_name="pythia-14m",
            model_config=config,
            out_dir=Path(out),
            precision=precisions.get(setting),
            data=Windows(),
            train=TrainArgs(
                global_batch_size=BATCH,
                micro_batch_size=BATCH,
                max_tokens=steps * BATCH * LENGTH,
                max_seq_length=LENGTH,
                max_norm=CLIP,
                save_interval=None,
                log_interval=1,
                lr_warmup_steps=1,
            ),
            eval=EvalArgs(interval=10**9, max_iters=1, initial_validation=False),
            devices=1,
            logger_name="csv",
        )
    return starts


CONTENDERS = {
    "generated": generated,
    "transformers": transformers_trainer,
    "litgpt": litgpt_trainer,
    "by hand": by_hand,
}


# 2. What they share.


def decoder_config() -> Any:
    from igla.architecture.decoder import DecoderConfig

    return DecoderConfig(
        vocab_size=VOCAB_SIZE, hidden_size=HIDDEN, num_layers=LAYERS, num_heads=HEADS,
        num_kv_heads=KV_HEADS, head_dim=HEAD_DIM, ffn_size=FFN, context_length=LENGTH,
        tie_embeddings=False,
    )  # fmt: skip


def huggingface_document() -> dict[str, Any]:
    from igla.export.huggingface import huggingface_config

    return huggingface_config(decoder_config())


def options_of(folder: Path) -> Any:
    """The options of quickstart with batch, length and vocabulary of this benchmark."""
    import dataclasses

    from igla.data.tokenizer import TokenizerConfig
    from igla.recipes.quickstart import Options

    usual = Options()
    training = dataclasses.replace(usual.training, sequence_length=LENGTH, batch_size=BATCH)
    return dataclasses.replace(
        usual,
        out=folder,
        tokenizer=TokenizerConfig(vocab_size=VOCAB_SIZE),
        training=training,
        checkpoint=dataclasses.replace(usual.checkpoint, every_steps=10**9),
    )


def prepare(folder: Path, steps: int) -> None:
    """Shards for the generated trainer; windows of the same tokens for the others."""
    import numpy as np

    from igla.data.reader import TokenReader
    from igla.recipes.quickstart import prepare_data

    data = prepare_data(options_of(folder))
    (shards,) = data.train.values()  # of the only source
    reader = TokenReader(shards, LENGTH, BATCH, 0)
    batches = [reader.next_batch() for _ in range(steps)]
    rows = [np.concatenate([b.inputs.numpy(), b.targets.numpy()[:, -1:]], axis=1) for b in batches]
    found = np.concatenate(rows).astype(np.int64)
    np.save(folder / "windows.npy", np.where(found < 0, 0, found))


def windows(folder: Path) -> Any:
    import numpy as np

    return np.load(folder / "windows.npy")


def plain_decoder() -> Any:
    """The decoder of the benchmark's shape: RMSNorm, rotary positions, grouped queries, SwiGLU."""
    import torch
    import torch.nn.functional as F
    from torch import Tensor, nn

    angles = torch.outer(
        torch.arange(LENGTH).float(), 10000.0 ** (-torch.arange(0, HEAD_DIM, 2).float() / HEAD_DIM)
    )

    def rotate(x_bhtd: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        first, second = x_bhtd.float().chunk(2, -1)
        turned = torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
        return turned.to(x_bhtd.dtype)

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.RMSNorm(HIDDEN, 1e-6), nn.RMSNorm(HIDDEN, 1e-6)
            self.qkv = nn.Linear(HIDDEN, (HEADS + 2 * KV_HEADS) * HEAD_DIM, bias=False)
            self.out = nn.Linear(HEADS * HEAD_DIM, HIDDEN, bias=False)
            self.gate_up = nn.Linear(HIDDEN, 2 * FFN, bias=False)
            self.down = nn.Linear(FFN, HIDDEN, bias=False)

        def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
            b, t, _ = x.shape
            qkv = self.qkv(self.norm1(x)).view(b, t, -1, HEAD_DIM).transpose(1, 2)
            q, k, v = qkv.split([HEADS, KV_HEADS, KV_HEADS], dim=1)
            q, k = rotate(q, cos, sin), rotate(k, cos, sin)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            x = x + self.out(y.transpose(1, 2).reshape(b, t, -1))
            gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
            return x + self.down(F.silu(gate) * up)

    class PlainDecoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(VOCAB_SIZE, HIDDEN)
            self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
            self.norm = nn.RMSNorm(HIDDEN, 1e-6)
            self.head = nn.Linear(HIDDEN, VOCAB_SIZE, bias=False)
            self.tables = angles.cos(), angles.sin()  # no buffers: they stay float32

        def forward(self, tokens_bt: Tensor) -> Tensor:
            x = self.embed(tokens_bt)
            for block in self.blocks:
                x = block(x, *self.tables)
            return self.head(self.norm(x))

    return PlainDecoder()


def dtypes() -> list[Any]:
    """The dtypes whose products this processor has."""
    import torch

    from igla.recipes.quickstart import choose_precision

    fastest, _ = choose_precision("auto", torch.device("cpu"))
    return list(dict.fromkeys([torch.float32, fastest]))


def gemm_peaks() -> dict[str, float]:
    """FLOP/s of square matrix products of 4096."""
    import torch

    peaks = {}
    for dtype in dtypes():
        a, b = torch.randn(2, 4096, 4096).to(dtype)
        a @ b
        start = time.perf_counter()
        for _ in range(3):
            a @ b
        peaks[str(dtype).removeprefix("torch.")] = 3 * 2 * 4096**3 / (time.perf_counter() - start)
    return peaks


# 3. The comparison.


def run_child(contender: str, setting: str, options: argparse.Namespace, folder: Path) -> Any:
    """Tokens per second and peak memory of one run, or None where it fails; the reason is said."""
    python = options.litgpt_python if contender == "litgpt" else sys.executable
    command = [python, __file__, "--child", contender, setting, str(folder), str(options.steps)]
    environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        print(f"error: {contender} with {setting}: {last}", file=sys.stderr, flush=True)
        return None
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"  {contender}, {setting}: {found['speed']:,.0f} tokens/s", file=sys.stderr, flush=True)
    return found


def child(contender: str, setting: str, folder: Path, steps: int) -> None:
    # litgpt reads what is left there as options of its own, and wants the model's name among them
    sys.argv = [sys.argv[0], "pythia-14m"] if contender == "litgpt" else sys.argv[:1]
    starts = CONTENDERS[contender](setting, WARMUP + steps + 1, folder)
    seconds = statistics.median(seconds_of_steps(starts))
    status = Path("/proc/self/status").read_text()
    peak_mib = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"speed": BATCH * LENGTH / seconds, "peak_mib": peak_mib}))


def runs_of(options: argparse.Namespace) -> list[tuple[str, str, str]]:
    """Part, contender and setting of each run, in order."""
    peers = ["transformers"] + (["litgpt"] if options.litgpt_python else [])
    names = [str(dtype).removeprefix("torch.") for dtype in dtypes()]
    settings = [name for name, (_, products, _) in SETTINGS.items() if products in names]
    runs: list[tuple[str, str, str]] = []
    if "defaults" in options.only:
        runs += [("defaults", name, "defaults") for name in ("generated", *peers)]
        if "bfloat16" not in names and options.litgpt_python:
            runs.pop()  # it takes bfloat16 whatever the processor has: a step would take minutes
    if "best" in options.only:
        best = settings[-1]
        runs += [("best", name, best) for name in ("generated", *peers, "by hand")]
    if "same" in options.only:
        for setting in settings:
            runs += [("same", name, setting) for name in ("generated", "by hand")]
    return runs


def report(part: str, setting: str, found: dict[str, Any], peaks: dict[str, float]) -> None:
    from igla.architecture.decoder import flops_per_token

    print(f"{part}" + ("" if part == setting else f": {setting}"))
    own = found.get("generated")
    for name, result in found.items():
        share = result["speed"] * flops_per_token(decoder_config(), LENGTH) / max(peaks.values())
        line = f"  {name:13} {result['speed']:6,.0f} tokens/s  {result['peak_mib']:6,.0f} MiB  {share:4.0%} of the peak"
        if name != "generated" and own is not None:
            ratio = own["speed"] / result["speed"]
            goal = GOALS.get((part, name))
            line += f"  generated {ratio:.2f} times as fast"
            if goal is not None:
                line += f"  >= {goal}"
            if goal is not None and ratio < goal:
                line += f"  BELOW (the goal is {goal * share:.0%} of the peak)"
        print(line, flush=True)


def compare(options: argparse.Namespace, folder: Path) -> int:
    prepare(folder, WARMUP + options.steps + 1)
    peaks = gemm_peaks()
    shown = ", ".join(f"{name} {peak / 1e9:,.0f} GFLOP/s" for name, peak in peaks.items())
    print(f"peak of matrix products of 4096: {shown}", flush=True)
    runs = runs_of(options)
    results: dict[tuple[str, str], list[Any]] = {}
    distinct = list(dict.fromkeys((name, setting) for _, name, setting in runs))
    for _ in range(options.rounds):
        for name, setting in distinct:
            results.setdefault((name, setting), []).append(
                run_child(name, setting, options, folder)
            )
    for part, setting in dict.fromkeys((part, setting) for part, _, setting in runs):
        found = {}
        for name in [n for p, n, s in runs if (p, s) == (part, setting)]:
            rounds = [result for result in results[name, setting] if result is not None]
            if rounds:
                found[name] = {
                    key: statistics.median(r[key] for r in rounds) for key in ("speed", "peak_mib")
                }
        report(part, setting, found, peaks)
    if not options.litgpt_python:
        print("litgpt: not run, --litgpt-python names the Python of an environment that has it")
    return 0 if all(None not in rounds for rounds in results.values()) else 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("defaults", "best", "same")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts, help="what to compare")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each contender (default: 2)")
    parser.add_argument("--steps", type=int, default=5, help="timed steps of a run (default: 5)")
    parser.add_argument("--threads", type=int, default=2, help="threads (default: 2)")
    parser.add_argument("--litgpt-python", help="Python of an environment that has litgpt")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        contender, setting, folder, steps = options.child
        child(contender, setting, Path(folder), int(steps))
        return
    import torch
    import transformers

    print(
        f"torch {torch.__version__}, transformers {transformers.__version__}, threads: {options.threads}"
    )
    print(f"hidden {HIDDEN}, {LAYERS} layers, vocabulary {VOCAB_SIZE}, batch {BATCH} x {LENGTH}")
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(compare(options, Path(folder)))


if __name__ == "__main__":
    main()
