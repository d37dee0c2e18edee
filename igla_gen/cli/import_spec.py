"""`igla-gen import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from igla_gen.ancestor.findings import check
from igla_gen.ancestor.forms import is_ancestor
from igla_gen.ancestor.names import module_path
from igla_gen.ancestor.writing import Imported, write_today
from igla_gen.cli.common import stop
from igla_gen.diagnostics import Diagnostic, Findings, Span
from igla_gen.model.library import Library, find_specs, is_module_path, read_text, shown_path
from igla_gen.reports.text import count_of, render_finding
from igla_gen.rewriting import RewriteError, replace_file
from igla_gen.syntax import parse_document
from igla_gen.syntax.formatter import format_document
from igla_gen.syntax.tree import Mapping

# what is an error in an old spec, and no obstacle to its import
_CARRIED = ("ancestor-spec", "unresolved-type", "duplicate-name", "case-without-behavior")


def run(
    paths: Annotated[list[Path], typer.Argument(help="Specs in the form of the ancestor.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write; a folder for several specs, or for those of a folder; default: stdout.",
        ),
    ] = None,
    module: Annotated[
        str | None, typer.Option(help="Module path of the new spec; default: made from its name.")
    ] = None,
    folder: Annotated[
        str | None, typer.Option(help="Folder of the module path: igla.FOLDER.NAME.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the output where it exists.")
    ] = False,
) -> None:
    """Write specs of the ancestor in today's form: every line kept, each behaviour pending."""
    files = find_specs(paths)
    into_folder = len(files) > 1 or any(path.is_dir() for path in paths)
    _refuse(files, output, module, folder)
    if into_folder and output is not None and output.is_file():
        stop(f"{output}: is a file, and {_several(paths, files)}; name a folder", 2)
    library = Library()
    made = {path: _import(library, path, module, folder) for path in files}
    complete = {path: found for path, found in made.items() if found is not None}
    if len(complete) < len(made):
        _print_faults(library)
        stop("nothing was written", 1)
    targets = _targets(complete, output, into_folder=into_folder)
    taken = [str(target) for target in targets.values() if target.exists()]
    if taken and not force:
        stop(f"{', '.join(taken)}: already there; name another --output, or add --force", 2)
    for path, found in complete.items():
        _write(found, targets.get(path))
        _report(shown_path(path, Path.cwd()), found)


def _refuse(files: list[Path], output: Path | None, module: str | None, folder: str | None) -> None:
    """Options that do not go together stop the run before anything is read."""
    if module is not None and (len(files) > 1 or folder is not None):
        stop("--module names one module: give one spec, and no --folder", 2)
    for path in (module, f"igla.{folder}.name" if folder is not None else None):
        if path is not None and not is_module_path(path):
            stop(f"{path}: not a module path; write igla.FOLDER.NAME", 2)


def _several(paths: list[Path], files: list[Path]) -> str:
    """Why the output is a folder: there are several specs, or a folder was given."""
    if len(files) > 1:
        return f"there are {len(files)} specs"
    return f"{next(path for path in paths if path.is_dir())} is a folder"


def _import(
    library: Library, path: Path, module: str | None, folder: str | None
) -> Imported | None:
    """The new spec, or None where the old one has faults; they are in the findings."""
    shown = shown_path(path, Path.cwd())
    text = read_text(library, path, shown)
    if text is None:
        return None
    document = parse_document(text, shown)
    library.findings.extend(document.faults)
    if document.tree is None or document.faults:
        return None
    if not is_ancestor(document.tree) or not isinstance(document.tree, Mapping):
        _not_old(library.findings, shown)
        return None
    faults = [f for f in check(document.tree) if f.severity == "error" and f.name not in _CARRIED]
    library.findings.extend(faults)
    if faults:
        return None
    name = document.tree.get("name")
    free = module or _free_module(module_path(name.text, folder), folder)  # type: ignore[union-attr]
    found = write_today(document, module=free, folder=folder)
    formatted = format_document(found.text, shown)
    if formatted.text is None:
        library.findings.extend(formatted.faults)
        return None
    found.text = formatted.text
    return found


def _not_old(findings: Findings, shown: str) -> None:
    findings.add(
        "IG511", "ancestor-spec", "this spec is not in the form of the ancestor",
        Span(shown, 1, 1, 1, 1), "there is nothing to import; run igla-gen check",
    )  # fmt: skip


def _free_module(path: str, folder: str | None) -> str:
    """The path, or one below igla.imported where a template already builds another module there."""
    from igla_gen.emit.templates import template_texts

    place = path.removeprefix("igla.").replace(".", "/")
    if folder is None and f"{place}.py.j2" in template_texts():
        return f"igla.imported.{path.rsplit('.', 1)[1]}"
    return path


def _targets(
    made: dict[Path, Imported], output: Path | None, *, into_folder: bool
) -> dict[Path, Path]:
    """Where each spec goes: what comes from a folder goes to one, be it one spec alone."""
    if output is None:
        return {}
    if not into_folder and not output.is_dir():
        return dict.fromkeys(made, output)
    names = [path.name for path in made]
    if twins := sorted({name for name in names if names.count(name) > 1}):
        stop(f"{', '.join(twins)}: several specs have this name; import them one by one", 2)
    return {path: output / path.name for path in made}


def _write(found: Imported, target: Path | None) -> None:
    if target is None:
        sys.stdout.write(found.text)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if target.exists():
            replace_file(target, found.text)
        else:
            target.write_text(found.text, encoding="utf-8", newline="\n")
    except (OSError, RewriteError) as error:
        stop(str(error), 1)


def _report(shown: str, found: Imported) -> None:
    """What was mapped and what was kept, on stderr: stdout may be the spec."""
    types, behaviors = count_of(found.types, "type"), count_of(found.behaviors, "behaviour")
    pending = (
        "" if not found.behaviors else " (pending)" if found.behaviors == 1 else " (all pending)"
    )
    lines = [f"{shown}: {types}, {behaviors}{pending} -> {found.module}"]
    lines += [f"  renamed: {old} is now {new}" for new, old in found.renamed.items()]
    lines += [f"  no such type, Any stands for it: {place}" for place in found.untyped]
    lines += [f"  kept below notes: {', '.join(found.notes)}"] if found.notes else []
    print("\n".join(lines), file=sys.stderr)


def _print_faults(library: Library) -> None:
    found: list[Diagnostic] = library.findings.sorted()
    for item in found:
        shown = render_finding(item, library.sources.get(item.span.file))
        print(shown, end="\n\n", file=sys.stderr)
