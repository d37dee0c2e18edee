"""Peak memory of one rank as a sequence grows, spread by ring attention over 1, 2 and 4 ranks.

    python benchmarks/ring_memory.py                       8k, 16k and 32k tokens; prints a table
    python benchmarks/ring_memory.py --plot out/ring.svg   and draws it

Each figure is the growth of the resident set (VmHWM, reset before the measurement) over forward and backward
pass of one attention layer, on the rank that needs most, in a fresh process. Beside it stands what the layer
keeps between the passes by its formula, ring_saved_bytes.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import torch
import torch.distributed as dist

from igla.distributed.ranks import run_ranks
from igla.distributed.ring_attention import RingSequence, ring_attention, ring_saved_bytes

TOKENS = (8192, 16384, 32768)
WORLD_SIZES = (1, 2, 4)
HEADS, KV_HEADS, HEAD_DIM = 1, 1, 32


def _resident(field: str) -> int:
    """Bytes of VmRSS or VmHWM of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])
    raise OSError(f"/proc/self/status has no {field}: this benchmark needs Linux")


def measure(num_tokens: int) -> int:
    """Peak bytes above the beginning of one forward and backward pass on this rank."""
    around = RingSequence()
    own = num_tokens // around.world_size
    warm = torch.randn(1, 4 * around.world_size, HEADS, HEAD_DIM)
    ring_attention(warm, warm, warm)  # connections and code are there before
    dist.barrier()
    Path("/proc/self/clear_refs").write_text("5")  # begins the peak anew
    before = _resident("VmRSS")
    q = torch.randn(1, own, HEADS, HEAD_DIM, requires_grad=True)
    k, v = (torch.randn(1, own, KV_HEADS, HEAD_DIM, requires_grad=True) for _ in range(2))
    ring_attention(q, k, v).sum().backward()
    return _resident("VmHWM") - before


def table(rows: list[tuple[int, int, float, float]]) -> str:
    """The figures as a table in Markdown."""
    lines = ["| tokens | ranks | peak a rank, MB | kept a rank, MB |", "|---|---|---|---|"]
    lines += [f"| {t:,} | {n} | {peak:.1f} | {kept:.1f} |" for t, n, peak, kept in rows]
    return "\n".join(lines)


def plot(rows: list[tuple[int, int, float, float]], path: Path) -> None:
    """Peak over tokens, one line for each number of ranks."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ring_memory"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    for world_size in WORLD_SIZES:
        own = [row for row in rows if row[1] == world_size]
        axes.plot([row[0] for row in own], [row[2] for row in own], "o-", label=f"{world_size} ranks")
    axes.set(xlabel="tokens of the sequence", ylabel="peak memory of a rank, MB", xticks=TOKENS, ylim=(0, None))
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plot", type=Path, help="file to draw into, .svg or .png")
    parser.add_argument("--tokens", type=int, nargs="+", default=TOKENS, help="lengths of the sequence")
    options = parser.parse_args()
    os.environ["MALLOC_MMAP_THRESHOLD_"] = "65536"  # what is free goes back at once; read when the ranks' server begins
    rows = []
    for world_size in WORLD_SIZES:
        for num_tokens in options.tokens:
            results = run_ranks(measure, world_size, (num_tokens,), timeout=1800)
            kept = ring_saved_bytes(1, num_tokens, world_size, HEADS, KV_HEADS, HEAD_DIM, 4)
            rows.append((num_tokens, world_size, max(results) / 1e6, kept / 1e6))
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(table(rows))
    if options.plot:
        plot(rows, options.plot)


if __name__ == "__main__":
    main()
