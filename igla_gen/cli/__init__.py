"""The command line: one module a command, each a few calls into the passes."""

from __future__ import annotations

import atexit
import contextlib
import errno
import gc
import importlib
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from igla_gen import __version__

ABOUT = "Compiles .vibee specs into PyTorch modules, trainers and tests."
# command -> module; a module offers the function `run`, which typer reads
COMMANDS = {
    "breaking": "breaking",
    "check": "check",
    "diff": "diff",
    "docs": "docs",
    "explain": "explain",
    "fmt": "fmt",
    "freeze": "freeze",
    "gen": "gen",
    "import": "import_spec",
    "ir": "ir",
    "list": "list_specs",
    "lsp": "lsp",
    "parse": "parse",
    "plan": "plan",
    "schema": "schema",
    "solve": "solve",
    "where": "where",
}

_UsageError = typer.BadParameter.__base__ or Exception  # typer brings a click of its own


def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        print(f"igla-gen {__version__}")
        raise typer.Exit


def make_app(commands: Iterable[str]) -> typer.Typer:
    """What typer makes of some of the commands; each costs time to load."""
    app = typer.Typer(
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain text, in a log as on a terminal
        help=ABOUT,
    )
    app.callback(invoke_without_command=True)(_root)
    for name in commands:
        app.command(name)(importlib.import_module(f"igla_gen.cli.{COMMANDS[name]}").run)
    return app


def _refuse(error: Any) -> NoReturn:
    """A command line that makes no sense, in a sentence; without a command, the help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)
        sys.exit(2)
    from igla_gen.cli.common import stop

    words = " ".join(error.format_message().split()).replace(": Value error, ", ": ")
    command = error.ctx.command_path if error.ctx is not None else "igla-gen"
    stop(f"{words.removesuffix('.')} (see {command} --help)", 2)


def main() -> None:
    """Entry point: no user sees a traceback for what a user can cause."""
    gc.disable()  # a process of a second that builds large trees and keeps them all
    atexit.register(gc.freeze)  # nor are they looked through when it ends
    # nobody's plugins change what a spec says; to look for them, all that is installed is listed
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from igla_gen.cli.common import stop
    from igla_gen.syntax.lalr import StaleTableError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a locale without a character is no fault
            stream.reconfigure(errors="backslashreplace")
    program = "python -m igla_gen" if Path(sys.argv[0]).stem == "__main__" else "igla-gen"
    named = [word for word in sys.argv[1:2] if word in COMMANDS]
    try:
        try:
            sys.exit(make_app(named or COMMANDS)(prog_name=program, standalone_mode=False) or 0)
        finally:
            if not sys.stdout.closed:  # as the language server leaves it
                sys.stdout.flush()  # what it refuses is said here, not when the process ends
    except _UsageError as error:
        _refuse(error)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(130)
    except StaleTableError as error:
        stop(str(error), 1)
    except BrokenPipeError:
        _close_output()
        sys.exit(1)
    except OSError as error:
        _refuse_file(error)


def _refuse_file(error: OSError) -> NoReturn:
    """A path that is none is wrong usage; a disk that refuses is not."""
    from igla_gen.cli.common import stop

    if error.filename is None and error.errno is not None:  # no file of ours: what we print to
        _close_output()
        stop(f"the output cannot be written ({error.strerror})", 1)
    wrong = isinstance(
        error, FileNotFoundError | PermissionError | IsADirectoryError | NotADirectoryError
    )
    wrong = wrong or error.errno in (errno.ENAMETOOLONG, errno.ELOOP)
    stop(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2 if wrong else 1)


def _close_output() -> None:
    """Nothing more goes out: what is left would fail once more when the process ends."""
    with contextlib.suppress(OSError, io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
