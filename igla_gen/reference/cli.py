"""The page of the command line, from the signatures that typer reads."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo

from igla_gen.reference.rules import table

EXIT_CODES = (
    ("0", "clean (notes fail nothing), or done"),
    (
        "1",
        "errors or warnings; output that differs; a change that breaks; a write that the disk refused",
    ),
    (
        "2",
        "wrong usage: an unknown option or value, a path that does not exist, a folder of no specs",
    ),
)


def cli_page(about: str, commands: Mapping[str, Callable[..., None]]) -> str:
    """Every command with its arguments, options and defaults."""
    parts = [
        "# Command line",
        about,
        "`igla-gen --version` prints the version, `igla-gen COMMAND --help` what stands here.",
        "## Exit codes",
        table(("Code", "Means"), list(EXIT_CODES)),
        "Wrong usage is one sentence on standard error.",
    ]
    for name, run in sorted(commands.items()):
        parts += [f"## igla-gen {name}", " ".join((inspect.getdoc(run) or "").split())]
        if rows := _rows(run):
            parts.append(table(("Argument or option", "Takes", "Default", "Means"), rows))
    return "\n\n".join(parts) + "\n"


def _rows(run: Callable[..., None]) -> list[tuple[str, ...]]:
    hints = get_type_hints(run, include_extras=True)
    return [
        _row(parameter, *get_args(hints[name])[:2])
        for name, parameter in inspect.signature(run).parameters.items()
    ]


def _row(parameter: inspect.Parameter, kind: Any, info: Any) -> tuple[str, ...]:
    kind, many = _plain(kind)
    if isinstance(info, ArgumentInfo):
        names = [parameter.name.removesuffix("_").upper() + "..." * many]
    else:
        first = [info.default] if str(info.default).startswith("-") else []  # where typer puts it
        names = [*first, *(info.param_decls or ())] or [f"--{parameter.name.replace('_', '-')}"]
    written = ", ".join(f"`{name}`" for name in names)
    return written, _takes(kind), _default(parameter.default), " ".join((info.help or "").split())


def _plain(kind: Any) -> tuple[Any, bool]:
    """The type without `| None`, and whether it may be given several times."""
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(part for part in get_args(kind) if part is not type(None))
    if get_origin(kind) is list:
        return get_args(kind)[0], True
    return kind, False


def _takes(kind: Any) -> str:
    if kind is bool:
        return ""
    if get_origin(kind) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    return {"Path": "path", "str": "text", "int": "number"}.get(kind.__name__, kind.__name__)


def _default(value: object) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    return "" if value is None or isinstance(value, bool) else f"`{value}`"
