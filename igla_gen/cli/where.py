"""`igla-gen where`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from igla_gen.cli.common import Out, default_paths, stop
from igla_gen.model.library import load


def run(
    place: Annotated[
        str,
        typer.Argument(help="FILE:LINE, FILE::test_name, or a pasted line of a traceback."),
    ],
    specs: Annotated[
        list[Path] | None,
        typer.Option("--specs", help="Spec files or folders; default: as for igla-gen gen."),
    ] = None,
    out: Out = Path("generated"),
    output_format: Annotated[
        Literal["text", "json"], typer.Option(help="How the answer is printed.")
    ] = "text",
) -> None:
    """Say which line of a spec and which line of a template a generated line comes from."""
    from igla_gen.emit.environment import TemplateFault
    from igla_gen.write.where import FORMAT_VERSION, WhereError, answer, read_question

    try:
        question = read_question(place)
        library = load(default_paths(specs), Path.cwd())
        if any(item.severity == "error" for item in library.findings.sorted()):
            stop("the specs have errors, so nothing can be rendered; run igla-gen check", 1)
        found = answer(library, out, question)
    except WhereError as error:
        stop(str(error), 2)
    except TemplateFault as error:
        stop(str(error), 1)
    if output_format == "json":
        print(json.dumps({"version": FORMAT_VERSION} | asdict(found), indent=1))
        return
    print(f"{found.file}:{found.line}")
    for word, source in (("spec", found.spec), ("template", found.template)):
        print(f"  {word:<8}  {source}: {source.text.strip()}" if source else f"  {word:<8}  none")
    if found.note:
        print(f"  note      {found.note}")
