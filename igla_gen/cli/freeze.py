"""`igla-gen freeze`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from igla_gen.cli.common import Out, checked, print_findings, stop

if TYPE_CHECKING:
    from igla_gen.model.library import Library, Unit

PROGRAM = "igla.models.freeze"


def run(
    spec: Annotated[Path, typer.Argument(help="The spec of a model.")],
    tokenizer: Annotated[
        Path | None,
        typer.Option("--tokenizer", help="tokenizer.model or tokenizer.json that belongs to it."),
    ] = None,
    vocab_size: Annotated[
        int | None,
        typer.Option(
            "--vocab-size",
            min=1,
            help="Rows of the embedding, where the tokenizer has others than the spec.",
        ),
    ] = None,
    tier: Annotated[
        int | None, typer.Option("--tier", min=1, help="Tier of a model that grows in tiers.")
    ] = None,
    contract: Annotated[
        Path | None,
        typer.Option("--contract", help="File of the contract; default: beside the spec."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say what differs from the contract.")
    ] = False,
    out: Out = Path("generated"),
) -> None:
    """Write the architecture contract of a model: what runs, checkpoints and exports are held to."""
    if spec.is_dir():
        stop(f"{spec} is a folder: name the spec of one model", 2)
    library = checked([spec])
    if any(item.severity == "error" for item in library.findings.items) or not library.requested:
        print_findings(library)
        raise typer.Exit(1)
    unit = library.requested[0]
    if unit.kind != "model":
        stop(f"{spec} is a {unit.kind}: freeze takes a model", 2)
    _require_generated(library, unit, out)
    path = contract or spec.with_suffix(".contract.json")
    if check and not path.is_file():
        stop(f"{path}: there is no contract; run igla-gen freeze {spec}", 2)
    words = ["--model", unit.module + (f":{tier}" if tier else "")]
    words += ["--tokenizer", str(tokenizer)] if tokenizer else []
    words += ["--vocab-size", str(vocab_size)] if vocab_size else []
    raise typer.Exit(_freeze(out, [*words, "--check" if check else "--out", str(path)]))


def _require_generated(library: Library, unit: Unit, out: Path) -> None:
    """A module that is not as its spec makes it would be frozen in its place."""
    from igla_gen.write.drift import find_drift
    from igla_gen.write.plan import make_plan

    drifts = find_drift(make_plan(library, only=unit.module), out, complete=False)
    if drifts:
        stop(f"{out / drifts[0].path}: {drifts[0].kind}: {drifts[0].cause}; run igla-gen gen", 1)
    if not (out / f"{PROGRAM.replace('.', '/')}.py").is_file():
        stop(f"{out} has no {PROGRAM}, which does the rest; run igla-gen gen", 1)


def _freeze(out: Path, words: list[str]) -> int:
    """What the generated program says of the generated model; it needs torch, igla-gen does not."""
    paths = [str(out.resolve()), *filter(None, [os.environ.get("PYTHONPATH")])]
    found = subprocess.run(
        [sys.executable, "-m", PROGRAM, *words],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )
    return found.returncode
