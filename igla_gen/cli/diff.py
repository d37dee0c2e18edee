"""`igla-gen diff`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from igla_gen.cli.common import default_paths, stop

if TYPE_CHECKING:
    from igla_gen.compare.sides import Tree

OldTree = Annotated[
    str,
    typer.Argument(metavar="OLD", help="A spec, a folder of specs, a git ref, or REF:PATH."),
]
NewTree = Annotated[
    str | None,
    typer.Argument(metavar="[NEW]", help="The same; default: the specs as they lie here."),
]


def run(
    old: OldTree,
    new: NewTree = None,
    output_format: Annotated[str, typer.Option("--output-format", help="text or json.")] = "text",
) -> None:
    """Say what changed between two versions of specs, by meaning, and what it asks of the versions."""
    from igla_gen.compare.compare import compare
    from igla_gen.compare.report import data_report, text_report
    from igla_gen.compare.trees import NoSuchTree

    if output_format not in ("text", "json"):
        stop(f"--output-format {output_format}: accepted are text, json", 2)
    if "" in (old, new):
        stop("an empty word names no specs; leave out NEW for the specs here", 2)
    try:
        with opened(old) as before, opened(new if new is not None else _here(old)) as after:
            only = None
            if new is None and Path(old).is_file():
                only = {unit.module for unit in before.library.requested}
            comparison = compare(before, after, only=only)
    except NoSuchTree as error:
        stop(str(error), 2)
    if output_format == "json":
        print(json.dumps(data_report(comparison), indent=1))
    else:
        print(text_report(comparison), end="")
    raise typer.Exit(1 if comparison.old_faults or comparison.new_faults else 0)


def _here(old: str) -> str:
    """What stands here for OLD: the same path, or all specs."""
    ref, colon, path = old.partition(":")
    return path if colon and ref and not Path(old).exists() else ""


@contextmanager
def opened(word: str) -> Iterator[Tree]:
    """The tree that a word of the command line names; the empty word is the specs here.

    Raises:
        NoSuchTree: it is no path here and nothing that git knows.
    """
    from igla_gen.compare.trees import NoSuchTree, extracted, is_commit, read_paths

    if not word or Path(word).exists():
        paths = default_paths([Path(word)] if word else None)
        yield _read(paths, Path.cwd(), word or "the working tree")
        return
    ref, _, path = word.partition(":")
    if not path and not is_commit(ref):
        raise NoSuchTree(f"{word}: no such file or folder, and no commit that git knows here")
    with extracted(ref) as root:
        target = root / (path or "specs")
        if ".." in Path(path).parts or not target.exists():
            raise NoSuchTree(f"{word}: {path or 'specs'} is not in {ref} below this folder")
        yield read_paths([target], root, word)


def _read(paths: list[Path], root: Path, label: str) -> Tree:
    from igla_gen.compare.trees import read_paths

    return read_paths(paths, root, label)
