"""`igla-gen check --fix`: the part that mends before the findings are printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from igla_gen.cli.common import default_paths, stop
from igla_gen.diagnostics import Diagnostic, Safety
from igla_gen.fixes import Fixed, fix_texts
from igla_gen.model.library import Library, find_specs, load, read_text, shown_path
from igla_gen.rewriting import RewriteError, replace_file, unified_diff


def fix_specs(paths: list[Path] | None, *, unsafe: bool, diff: bool) -> tuple[Library, bool]:
    """Mends what can be mended in the named specs (or shows it), and says how much that was.

    The library that is returned holds what remains; the other part says whether a text changed.
    """
    from igla_gen.rules import run_rules

    named, library = default_paths(paths), Library()
    files = {shown_path(path, Path.cwd()): path for path in find_specs(named)}
    texts = {shown: read_text(library, path, shown) for shown, path in files.items()}
    sources = {shown: text for shown, text in texts.items() if text is not None}

    def find(changed: Mapping[str, str]) -> list[Diagnostic]:
        nonlocal library
        overlay = {files[shown].resolve(): text for shown, text in changed.items()}
        library = load(named, Path.cwd(), overlay)
        run_rules(library)
        return library.findings.sorted()

    safeties: tuple[Safety, ...] = ("safe", "unsafe") if unsafe else ("safe",)
    fixed = fix_texts(sources, find, safeties)
    for shown, text in sorted(fixed.texts.items()):
        if diff:
            print(unified_diff(shown, sources[shown], text), end="")
        else:
            _replace(files[shown], text)
    _say(fixed, find(fixed.texts), unsafe=unsafe, diff=diff)
    return library, bool(fixed.texts)


def _replace(path: Path, text: str) -> None:
    try:
        replace_file(path, text)
    except RewriteError as error:
        stop(str(error), 1)


def _say(fixed: Fixed, left: list[Diagnostic], *, unsafe: bool, diff: bool) -> None:
    done = "would be fixed" if diff else "fixed"
    words = f"{fixed.count} {done}, {len(left)} {'remain' if len(left) != 1 else 'remains'}"
    more = sum(item.fix is not None and item.fix.safety == "unsafe" for item in left)
    if more and not unsafe:
        words += f"; {more} more with --unsafe-fixes, to be looked at after"
    for name in sorted(fixed.refused):
        words += f"; {name} has fixes that would not do together and is left as it was"
    print(f"igla-gen: {words}", file=sys.stderr)
