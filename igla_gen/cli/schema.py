"""`igla-gen schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import default_paths, stop
from igla_gen.diagnostics import suggestion
from igla_gen.model.library import KINDS, load


def run(
    kind: Annotated[
        str | None,
        typer.Option("--kind", help="component, blueprint, model or recipe; default: all."),
    ] = None,
    blueprint: Annotated[
        str | None,
        typer.Option(
            "--blueprint",
            help="Module of a blueprint whose instances are described, sections and all.",
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of specs, for editors."""
    from igla_gen.editors.schema import document_schema

    if kind is not None and kind not in KINDS:
        stop(f"--kind {kind}: {suggestion(kind, KINDS)}", 2)
    if blueprint is None:
        schema = document_schema(kind)
    elif kind in (None, "model", "recipe"):
        schema = document_schema(kind or "model", _sections(blueprint))
        if kind is None:
            schema["$defs"]["model"]["properties"]["kind"] = {"enum": ["model", "recipe"]}
    else:
        stop(f"--blueprint: a {kind} is made from no blueprint; take --kind model or recipe", 2)
    print(json.dumps(schema, indent=2, ensure_ascii=False))


def _sections(module: str) -> dict[str, object]:
    from igla_gen.editors.schema import blueprint_sections

    library = load(default_paths(None), Path.cwd())
    unit = library.units.get(module)
    known = [name for name, unit in library.units.items() if unit.kind == "blueprint"]
    if unit is None or unit.kind != "blueprint":
        stop(f"--blueprint {module}: no such blueprint; {suggestion(module, known)}", 2)
    return blueprint_sections(library, unit)
