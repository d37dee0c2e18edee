"""`igla-gen docs`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import folder_named, stop


def run(
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", parser=folder_named, metavar="DIRECTORY", help="Folder that the pages go to."
        ),
    ] = Path("docs"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name the pages that differ.")
    ] = False,
) -> None:
    """Write the pages on rules, keys, types, expressions and commands from the code's own tables."""
    from igla_gen.cli import ABOUT, COMMANDS
    from igla_gen.reference.pages import differing, make_pages
    from igla_gen.write.transaction import WriteError, commit, locked, recover

    commands = {
        name: importlib.import_module(f"igla_gen.cli.{module}").run
        for name, module in COMMANDS.items()
    }
    pages = make_pages(ABOUT, commands)
    changed, stale, foreign = differing(out, pages)
    if check:
        for path in (*changed, *stale):
            print(f"{out / path}: {'no page is made of this name' if path in stale else 'differs'}")
        if changed or stale:
            count = len(changed) + len(stale)
            differ = "1 page differs" if count == 1 else f"{count} pages differ"
            stop(f"{differ} from the code; run igla-gen docs", 1)
        print(f"{out}: {len(pages)} pages, all as the code makes them")
        return
    if foreign:
        named = ", ".join(str(out / path) for path in foreign)
        stop(f"{named}: written by hand, and a page of that name is made; move it", 1)
    try:
        with locked(out):
            recover(out, force=False)
            commit(out, changed, stale)
    except (WriteError, OSError) as error:
        stop(f"{error}; no page was changed", 1)
    print(f"{len(changed)} written, {len(pages) - len(changed)} unchanged, {len(stale)} removed")
