"""The command line: one module a command, each a few calls into the passes."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Annotated

import typer

from igla_gen import __version__
from igla_gen.cli.common import stop

# command -> module; a module offers the function `run`, which typer reads
COMMANDS = {
    "breaking": "breaking",
    "check": "check",
    "diff": "diff",
    "fmt": "fmt",
    "gen": "gen",
    "list": "list_specs",
    "lsp": "lsp",
    "parse": "parse",
    "schema": "schema",
}

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Compiles .vibee specs into PyTorch modules, trainers and tests.",
)
for _name, _module in COMMANDS.items():
    app.command(_name)(importlib.import_module(f"igla_gen.cli.{_module}").run)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"igla-gen {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point: no user sees a traceback for what a user can cause."""
    gc.disable()  # a process of a second that builds large trees and keeps them all
    try:
        app()
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        where = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        stop(where, 2)
    except BrokenPipeError:
        sys.exit(1)
