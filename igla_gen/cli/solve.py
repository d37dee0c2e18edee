"""`igla-gen solve`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from igla_gen.cli.common import print_findings, stop
from igla_gen.model.quantities import QuantityError, fit_quantity

if TYPE_CHECKING:
    from igla_gen.model.solving import Ranges, Shape, Solver

FORMAT = 1  # of the JSON
LARGEST = 10**9  # of a size
_RANGE = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?")
_COLUMNS = (
    ("num_layers", "layers"), ("hidden_size", "hidden"), ("num_heads", "heads"),
    ("num_kv_heads", "kv heads"), ("ffn_size", "ffn"), ("tie_embeddings", "tied"),
)  # fmt: skip


def run(
    params: Annotated[
        str, typer.Option("--params", help="Parameters to reach: 1.5B, 350M, or a whole number.")
    ],
    blueprint: Annotated[
        str, typer.Option("--blueprint", help="Module of the blueprint whose count is used.")
    ] = "igla.models.language_model",
    layers: Annotated[str, typer.Option("--layers", help="Blocks, LOW-HIGH.")] = "24-28",
    hidden: Annotated[
        str, typer.Option("--hidden", help="Hidden size in channels, LOW-HIGH.")
    ] = "2048-2560",
    heads: Annotated[str, typer.Option("--heads", help="Query heads, LOW-HIGH.")] = "16-20",
    kv_heads: Annotated[
        str, typer.Option("--kv-heads", help="Key/value heads, LOW-HIGH; they divide the heads.")
    ] = "4-8",
    head_dim: Annotated[
        int,
        typer.Option(
            "--head-dim", min=1, max=LARGEST, help="Channels of a head; heads times it is the hidden size."
        ),
    ] = 128,
    ffn_multiple: Annotated[
        int, typer.Option(
            "--ffn-multiple", min=1, max=LARGEST, help="The MLP's channels are a multiple of it."
        ),
    ] = 256,
    ffn_ratio: Annotated[
        float, typer.Option("--ffn-ratio", min=0.01, max=1000, help="Widest MLP, in hidden sizes.")
    ] = 4.0,
    vocabulary: Annotated[
        int, typer.Option("--vocabulary", min=1, max=LARGEST, help="Entries of the vocabulary.")
    ] = 32000,
    context: Annotated[
        int, typer.Option("--context", min=1, max=LARGEST, help="Longest sequence in tokens.")
    ] = 4096,
    tied: Annotated[
        Literal["both", "yes", "no"],
        typer.Option("--tied", help="Whether the output projection is the embedding."),
    ] = "both",
    within: Annotated[
        str,
        typer.Option(
            "--within", help="Gaps up to this are equal, and usual proportions come first."
        ),
    ] = "0.1%",
    top: Annotated[int, typer.Option("--top", min=1, help="Shapes that are shown.")] = 10,
    ladder: Annotated[
        Literal["none", "phi"],
        typer.Option(
            "--ladder",
            help="phi: from the best one up, width, depth and heads times the golden ratio.",
        ),
    ] = "none",
    rungs: Annotated[int, typer.Option("--rungs", min=1, max=8, help="Rungs of the ladder.")] = 3,
    output_format: Annotated[
        Literal["text", "json"], typer.Option("--output-format", help="text or json.")
    ] = "text",
) -> None:
    """Find the sizes of a decoder that has a number of parameters, by the blueprint's own count."""
    from igla_gen.model.solving import Ranges

    target, tolerance = _quantity(params, "Int", "--params"), _quantity(
        within, "Fraction", "--within"
    )
    if target < 1:
        stop(f"--params {params}: give one parameter or more", 2)
    ranges = Ranges(
        layers=_range(layers, "--layers"), hidden=_range(hidden, "--hidden"),
        heads=_range(heads, "--heads"), kv_heads=_range(kv_heads, "--kv-heads"), head_dim=head_dim,
        ffn_multiple=ffn_multiple, ffn_ratio=ffn_ratio, vocabulary=vocabulary, context=context,
        tied={"both": (True, False), "yes": (True,), "no": (False,)}[tied],
    )  # fmt: skip
    solver = _solver(blueprint)
    found, up = _solved(solver, int(target), ranges, tolerance, rungs if ladder == "phi" else 0)
    if output_format == "json":
        print(_as_json(int(target), solver, found, found[:top], up))
    else:
        print(_as_text(int(target), solver, ranges, found, found[:top], up))
        _say_if_far(found, params, within, tolerance)


def _solved(
    solver: Solver, target: int, ranges: Ranges, tolerance: float, rungs: int
) -> tuple[list[Shape], list[Shape]]:
    """The legal shapes, best first, and so many rungs of a ladder up from the best; stops where there are none."""
    from igla_gen.model.solving import SolveError

    try:
        total = ranges.count()
        found = solver.solve(target, ranges, tolerance, lambda done: _say(done, total))
        return found, solver.ladder(found[0], target, ranges, rungs) if rungs else []
    except SolveError as error:
        stop(str(error), 1)


def _say(done: int, total: int) -> None:
    print(f"igla-gen: {done:_} of {total:_} shapes", file=sys.stderr)


def _say_if_far(found: list[Shape], params: str, within: str, tolerance: float) -> None:
    """What to widen, where the best shape is further off than asked."""
    if abs(found[0].gap) <= tolerance:
        return
    counts = [shape.parameters for shape in found]
    if found[0].gap > 0 and found[0].parameters == min(counts):
        what = "start --layers, --hidden and --heads lower"
    elif found[0].gap < 0 and found[0].parameters == max(counts):
        what = "let --layers, --hidden and --heads go higher"
    else:
        what = "widen a range, or take a smaller --ffn-multiple"
    print(
        f"igla-gen: no shape in these ranges is within {within} of {params}; they go from {min(counts):_} "
        f"to {max(counts):_} parameters: {what}",
        file=sys.stderr,
    )


def _solver(module: str) -> Solver:
    """The count of a blueprint, which is looked for as `uses` does.

    Stops where there is none, or where it cannot be read.
    """
    from igla_gen.model.counting import counter_of
    from igla_gen.model.library import find_module, load
    from igla_gen.model.solving import SolveError, Solver

    path = find_module(module, Path.cwd())
    if path is None:
        stop(f"--blueprint {module}: no spec writes this module", 2)
    library = load([path], Path.cwd())
    if library.findings.items or not library.requested:
        print_findings(library)
        raise typer.Exit(1)
    counter = counter_of(library, library.requested[0])
    if counter is None:
        stop(f"--blueprint {module}: it requires no num_params(section) == section.field", 2)
    try:
        return Solver(counter)
    except SolveError as error:
        stop(f"--blueprint {module}: {error}", 2)


def _quantity(text: str, type_name: str, option: str) -> float:
    try:
        return fit_quantity(text, type_name)
    except QuantityError as error:
        stop(f"{option} {text}: {error}" + (f"; {error.hint}" if error.hint else ""), 2)


def _range(text: str, option: str) -> tuple[int, int]:
    match = _RANGE.fullmatch(text.strip())
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= low <= high or high > LARGEST:
        stop(f"{option} {text}: write LOW-HIGH, whole numbers from 1, or one number", 2)
    return low, high


def _as_text(
    target: int,
    solver: Solver,
    ranges: Ranges,
    found: list[Shape],
    top: list[Shape],
    up: list[Shape],
) -> str:
    counter = solver.counter
    lines = [
        f"{len(found):_} legal shapes for {target:_} parameters, counted by {counter.formula} of "
        f"{counter.blueprint.module}; vocabulary {ranges.vocabulary}, head dimension {ranges.head_dim}",
        "gap: of the count from the target; shape: doublings away from usual proportions",
        "",
        *_table(top, first="rank"),
    ]
    if up:
        lines += ["", "ladder: width, depth and heads times 1.618, rounded to legal shapes", ""]
        lines += _table(up, first="rung", start=0, base=up[0].parameters)
    return "\n".join(lines)


def _table(shapes: list[Shape], *, first: str, start: int = 1, base: int = 0) -> list[str]:
    """Rows under a head; a ladder is measured by its first rung, `base`, in place of the target."""
    head = [
        first,
        *(title for _, title in _COLUMNS),
        "parameters",
        "times" if base else "gap",
        "shape",
    ]
    rows = [head]
    for number, shape in enumerate(shapes, start):
        cells = [_cell(shape.values[field]) for field, _ in _COLUMNS]
        off = f"{shape.parameters / base:.2f}" if base else f"{shape.gap:+.3%}"
        distance = "-" if shape.distance is None else f"{shape.distance:.3f}"
        rows.append([str(number), *cells, f"{shape.parameters:_}", off, distance])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(f"{cell:>{w}}" for cell, w in zip(row, widths, strict=True)) for row in rows]


def _cell(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _as_json(
    target: int,
    solver: Solver,
    found: list[Shape],
    top: list[Shape],
    up: list[Shape],
) -> str:
    def rows(shapes: list[Shape]) -> list[dict[str, object]]:
        return [
            {"sizes": dict(s.values), "parameters": s.parameters, "gap": s.gap, "shape": s.distance}
            for s in shapes
        ]

    data = {"format": FORMAT, "parameters": target, "formula": solver.counter.formula}
    data |= {"blueprint": solver.counter.blueprint.module, "legal": len(found)}
    return json.dumps(data | {"shapes": rows(top), "ladder": rows(up)}, indent=1)
