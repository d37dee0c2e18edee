"""`igla-gen fmt`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.cli.common import stop, takes_color
from igla_gen.diagnostics import Diagnostic
from igla_gen.frozen import frozen
from igla_gen.model.library import MAX_BYTES, Library, find_specs, read_text, shown_path
from igla_gen.reports.text import render_finding
from igla_gen.rewriting import RewriteError, replace_file, unified_diff
from igla_gen.syntax.formatter import format_document
from igla_gen.syntax.parser import too_large

Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Spec files or folders, or - for standard input; default: specs/ here."),
]


@frozen
class _Text:
    """One text to format; `path` is None for standard input."""

    path: Path | None
    shown: str
    before: str
    after: str | None
    faults: tuple[Diagnostic, ...]

    @property
    def differs(self) -> bool:
        return self.after is not None and self.after != self.before


def run(
    paths: Paths = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; name the files that would change.")
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing; show what would change.")
    ] = False,
) -> None:
    """Write specs in their one layout; comments, values and the order of keys stay."""
    texts = list(_read(paths))
    for text in texts:
        for fault in sorted(text.faults, key=lambda fault: fault.sort_key):
            shown = render_finding(fault, text.before, color=takes_color(sys.stderr))
            print(shown, file=sys.stderr)
    if check or diff:
        _show(texts, diff=diff)
    else:
        _write(texts)
    changes = any(text.differs for text in texts) and (check or diff)
    raise typer.Exit(1 if changes or any(text.after is None for text in texts) else 0)


def _read(paths: list[Path] | None) -> Iterator[_Text]:
    if not paths and not Path("specs").is_dir():
        stop("there is no folder specs/ here; name the files to format", 2)
    named = paths or [Path("specs")]
    if Path("-") in named:
        if len(named) > 1:
            stop("- stands for standard input, and no other path goes with it", 2)
        yield _standard_input()
        return
    library = Library()
    for path in find_specs(named):
        shown = shown_path(path, Path.cwd())
        before = read_text(library, path, shown)
        if before is None:
            yield _Text(path, shown, "", None, (library.findings.items[-1],))
            continue
        made = format_document(before, shown)
        yield _Text(path, shown, before, made.text, made.faults)


def _standard_input() -> _Text:
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            return _Text(None, "<stdin>", "", None, (too_large("<stdin>"),))
        before = data.decode("utf-8")
    except UnicodeDecodeError as error:
        stop(f"standard input: byte {error.start} is not UTF-8; save the text as UTF-8", 1)
    made = format_document(before, "<stdin>")
    return _Text(None, "<stdin>", before, made.text, made.faults)


def _show(texts: list[_Text], *, diff: bool) -> None:
    differing = [text for text in texts if text.differs]
    for text in differing:
        if diff:
            print(unified_diff(text.shown, text.before, text.after or ""), end="")
        else:
            print(f"would format {text.shown}")
    print(_summary(texts, "would be formatted"), file=sys.stderr if diff else sys.stdout)


def _write(texts: list[_Text]) -> None:
    for text in texts:
        if text.path is None:
            sys.stdout.buffer.write((text.after or "").encode("utf-8"))
            return
        if text.differs:
            try:
                replace_file(text.path, text.after or "")
            except RewriteError as error:
                stop(str(error), 1)
            print(f"formatted {text.shown}")
    print(_summary(texts, "formatted"))


def _summary(texts: list[_Text], done: str) -> str:
    changed = sum(text.differs for text in texts)
    faulty = sum(text.after is None for text in texts)
    left = f", {faulty} left alone (they have faults)" if faulty else ""
    return f"{changed} {done}, {len(texts) - changed - faulty} unchanged{left}"
