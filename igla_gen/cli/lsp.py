"""`igla-gen lsp`."""

from __future__ import annotations

import logging

from igla_gen.cli.common import stop


def run() -> None:
    """Speak the Language Server Protocol on standard input and output, for editors."""
    try:
        from igla_gen.editors.server import make_server
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        stop("the language server needs pygls; install it with: pip install 'pygls>=2,<3'", 2)
    logging.basicConfig(level=logging.ERROR)  # to standard error: standard output is the protocol's
    make_server().start_io()
