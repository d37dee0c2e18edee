"""`igla-gen freeze`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from igla_gen.cli.common import Out, checked, print_findings, stop

if TYPE_CHECKING:
    from igla_gen.model.library import Library, Unit

PROGRAM = "igla.models.freeze"
TIER_OF = "tier_of"  # what a model that grows in tiers offers
PIECES = (
    "import sys; from pathlib import Path; from igla.data.tokenizer import load_tokenizer; "
    "print(load_tokenizer(Path(sys.argv[1])).vocab_size)"
)


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
    _refuse(library, unit, spec, tokenizer, tier)
    _require_generated(library, unit, out)
    path = contract or spec.with_suffix(".contract.json")
    if check and not path.is_file():
        stop(f"{path}: there is no contract; run igla-gen freeze {spec}", 2)
    if not check:
        _refuse_target(path)
    if tokenizer and not check:  # a contract that is there says itself how many rows there are
        _require_rows(library, unit, out, tokenizer, vocab_size)
    words = ["--model", unit.module + (f":{tier}" if tier else "")]
    words += ["--tokenizer", str(tokenizer)] if tokenizer else []
    words += ["--vocab-size", str(vocab_size)] if vocab_size else []
    raise typer.Exit(_freeze(out, [*words, "--check" if check else "--out", str(path)]))


def _refuse(
    library: Library, unit: Unit, spec: Path, tokenizer: Path | None, tier: int | None
) -> None:
    """What no generated program is needed for: the file is none, the model has no tiers."""
    if tokenizer is not None and tokenizer.is_dir():
        stop(f"{tokenizer}: is a folder; name tokenizer.model or tokenizer.json", 2)
    if tokenizer is not None and not tokenizer.exists():
        stop(f"{tokenizer}: no such file; name tokenizer.model or tokenizer.json", 2)
    blueprint = library.blueprint(unit)
    offered = blueprint.spec.behaviors if blueprint is not None else ()  # type: ignore[union-attr]
    if tier is not None and all(behavior.name.text != TIER_OF for behavior in offered):
        stop(f"{spec} has no tiers: leave out --tier", 2)


def _refuse_target(path: Path) -> None:
    """A contract takes the place of another one, and of nothing else."""
    if path.is_dir():
        stop(f"--contract {path}: this is a folder; name a file", 2)
    if not path.exists():
        return
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or not {"sha256", "architecture", "parameters"} <= found.keys():
        stop(f"{path} is there, and is no contract: name another file, or remove it", 2)


def _require_rows(
    library: Library, unit: Unit, out: Path, tokenizer: Path, vocab_size: int | None
) -> None:
    """A run makes a model with as many rows as its tokenizer has pieces; only exports take padding."""
    found = _run(out, ["-c", PIECES, str(tokenizer)], capture_output=True, text=True)
    if found.returncode != 0:
        return  # the program says what is wrong with the file
    from igla_gen.model.sections import section_values

    pieces = int(found.stdout)
    given = section_values(library, unit, "architecture", smoke=False)["vocab_size"]
    rows = vocab_size if vocab_size is not None else given
    assert isinstance(rows, int)
    if pieces > rows or (pieces < rows and vocab_size is None):
        remedy = f"add --vocab-size {pieces}"
        if pieces < rows:
            remedy += f" to train with it, or --vocab-size {rows} if its vocabulary is padded"
        stop(f"{tokenizer} has {pieces} pieces, the model has {rows} rows: {remedy}", 1)


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
    return _run(out, ["-m", PROGRAM, *words]).returncode


def _run(out: Path, words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Python with the generated modules."""
    paths = [str(out.resolve()), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run([sys.executable, *words], env=environment, check=False, **options)
