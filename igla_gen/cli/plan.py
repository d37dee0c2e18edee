"""`igla-gen plan`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from igla_gen.cli.common import print_findings, stop

if TYPE_CHECKING:
    from igla_gen.model.planning import Number

FORMAT = 1  # of the JSON
CONTRACT_MISMATCH = "IG302"


def run(
    spec: Annotated[Path, typer.Argument(help="The spec of a model or a recipe.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.FIELD=VALUE",
            help="Plan with another value; NAME=VALUE gives a formula what no section says.",
        ),
    ] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="With the recipe's smoke profile.")
    ] = False,
    output_format: Annotated[str, typer.Option("--output-format", help="text or json.")] = "text",
) -> None:
    """Compute the numbers of a model or recipe from its formulas, before anything is built."""
    from igla_gen.model.component import InstanceSpec
    from igla_gen.model.library import load
    from igla_gen.model.planning import Plan, SettingError

    if output_format not in ("text", "json"):
        stop(f"--output-format {output_format}: accepted are text, json", 2)
    if spec.is_dir():
        stop(f"{spec} is a folder: name the spec of one model or recipe", 2)
    library = load([spec], Path.cwd())
    if library.findings.items or not library.requested:
        print_findings(library)
        raise typer.Exit(1)
    unit = library.requested[0]
    if not isinstance(unit.spec, InstanceSpec):
        stop(f"{spec} is a {unit.kind}: plan takes a model or a recipe", 2)
    plan = Plan.of(library, unit, smoke=smoke)
    try:
        for setting in settings or ():
            plan.set(setting)
    except SettingError as error:
        stop(str(error), 2)
    library.findings.extend(plan.check().sorted())
    # another size breaks the promises of a contract by its nature: the numbers are what was asked for
    broken = all(item.code == CONTRACT_MISMATCH for item in library.findings.items)
    if library.findings.items and not (settings and broken):
        print_findings(library)
        raise typer.Exit(1)
    numbers = plan.numbers()
    print(_as_json(unit.module, numbers, smoke) if output_format == "json" else _as_text(numbers))
    if library.findings.items:
        print_findings(library, stream=sys.stderr)
    is_faulty = library.findings.items or any(number.fault for number in numbers)
    raise typer.Exit(1 if is_faulty else 0)


def _as_text(numbers: list[Number]) -> str:
    from igla_gen.reports.curve import draw_curve

    if not numbers:
        return "the blueprint and what it uses have no formulas"
    plain = not (sys.stdout.encoding or "").lower().startswith("utf")
    lines = []
    for number in numbers:
        needs = f"{number.name} needs {', '.join(number.missing)}"
        value = f"{number.name} = {number.fault or number.shown}"
        lines.append(_over(number) if number.curve else needs if number.missing else value)
        lines.append(f"    {number.description}")
        lines.append(f"    {number.place.file}:{number.place.line}")
        lines += draw_curve(number.curve, plain=plain) if number.curve else []
    if any(number.missing and not number.curve for number in numbers):
        lines.append("give what is needed with --set NAME=VALUE")
    return "\n".join(lines)


def _over(number: Number) -> str:
    low, high = min(number.curve), max(number.curve)
    return f"{number.name} over {number.missing[0]} from 0 to 1: {low:g} to {high:g}"


def _as_json(module: str, numbers: list[Number], smoke: bool) -> str:
    rows = [
        {
            "name": n.name,
            "value": n.value if not n.missing and n.fault is None else None,
            "shown": None if n.missing or n.fault else n.shown,
            "unit": n.unit,
            "needs": list(n.missing),
            "fault": n.fault,
            "curve": list(n.curve) or None,
            "description": n.description,
            "module": n.module,
            "file": n.place.file,
            "line": n.place.line,
        }
        for n in numbers
    ]
    return json.dumps(
        {"format": FORMAT, "module": module, "smoke": smoke, "formulas": rows}, indent=1
    )
