"""Writes a plan: all of it or nothing, and never over what igla-gen does not own."""

from __future__ import annotations

import os
from pathlib import Path

from igla_gen.frozen import frozen
from igla_gen.write.differences import first_lines, indented, unified
from igla_gen.write.manifest import (
    NAME,
    Manifest,
    ManifestError,
    Written,
    manifest_text,
    read_manifest,
)
from igla_gen.write.plan import Plan
from igla_gen.write.standing import Standing, standing, text_of
from igla_gen.write.transaction import WriteError, commit

FEW = 3  # files whose differences one refusal shows

IN_THE_WAY: dict[Standing, str] = {
    "foreign": "stands in the way, and igla-gen did not write it; move it or name another --out",
    "folder": "a folder stands where a file belongs; move it or name another --out",
    "blocked": "a file stands where one of its folders belongs; move it or name another --out",
    "link": "is, or lies behind, a symbolic link, and igla-gen follows none; replace the link by what it names",
    "unreadable": "cannot be read; grant access, then run again",
}


@frozen
class Report:
    """What a run did; `kept` are files that no spec makes any more and that were edited."""

    written: tuple[str, ...]
    unchanged: int
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def write(plan: Plan, out: Path, *, complete: bool, force: bool = False) -> Report:
    """Brings the output folder to the plan.

    With `complete=False` (a part of the specs was named) files of other specs stay. With `force`
    files that were edited by hand are overwritten, and removed where no spec makes them any more.

    Raises:
        WriteError: a file is in the way or was edited, or the disk refuses; nothing was changed.
        ManifestError: nobody can tell what igla-gen owns.
    """
    _refuse_clashes(plan)
    before = manifest_for_writing(out, force=force)
    found = {
        path: standing(out, path, text, before.files.get(path)) for path, text in plan.texts.items()
    }
    _refuse_blocked(out, found)
    if not force:
        _refuse_edited(plan, out, found)
    changed = [path for path, how in found.items() if how != "same"]
    stale, kept = orphans(plan, out, before, force=force) if complete else ([], [])
    files = recorded(plan, before, kept) if complete else before.files | plan.written
    text = manifest_text(files)
    gone = [path for path in stale if os.path.lexists(out / path)]
    if changed or gone or text_of(out / NAME) != text:
        _commit(out, {path: plan.texts[path] for path in changed} | {NAME: text}, gone)
    return Report(tuple(changed), len(found) - len(changed), tuple(gone), tuple(kept))


def manifest_for_writing(out: Path, *, force: bool) -> Manifest:
    """The manifest; with `force` a damaged one counts for none."""
    if standing(out, NAME, None, None) in ("folder", "link"):
        raise ManifestError("foreign", f"{out / NAME}: stands in the way of the manifest; move it")
    try:
        return read_manifest(out)
    except ManifestError as error:
        if force and error.kind == "damaged":
            return Manifest()
        raise


def orphans(plan: Plan, out: Path, before: Manifest, *, force: bool) -> tuple[list[str], list[str]]:
    """Files of the last run that no spec makes any more: those to remove and those to keep."""
    stale, kept = [], []
    for path, known in before.files.items():
        if path in plan.texts or _is_planned_in_other_case(plan, out, path):
            continue
        how = standing(out, path, None, known)
        mine = how in ("ours", "absent") or (force and how == "edited")
        (stale if mine else kept).append(path)
    return stale, kept


def recorded(plan: Plan, before: Manifest, kept: list[str]) -> dict[str, Written]:
    """What the manifest says after a whole run."""
    return plan.written | {path: before.files[path] for path in kept}


def _is_planned_in_other_case(plan: Plan, out: Path, path: str) -> bool:
    """On a disk that ignores case, `Scaling.py` is the planned `scaling.py`."""
    twins = (p for p in plan.texts if p.casefold() == path.casefold())
    return any(
        (out / p).exists() and (out / path).exists() and (out / p).samefile(out / path)
        for p in twins
    )


def _refuse_clashes(plan: Plan) -> None:
    seen: dict[str, str] = {}
    for path in plan.texts:
        twin = seen.setdefault(path.casefold(), path)
        if twin != path:
            one, two = plan.written[twin].spec, plan.written[path].spec
            raise WriteError(
                f"{twin} (of {one}) and {path} (of {two}) are one file on disks that ignore case; "
                "rename one of the modules"
            )


def _refuse_blocked(out: Path, found: dict[str, Standing]) -> None:
    for path, how in found.items():
        if how in IN_THE_WAY:
            raise WriteError(f"{out / path}: {IN_THE_WAY[how]}")


def _refuse_edited(plan: Plan, out: Path, found: dict[str, Standing]) -> None:
    edited = [path for path, how in found.items() if how in ("edited", "unvouched")]
    if not edited:
        return
    lines = []
    for number, path in enumerate(edited):
        why = "edited by hand" if found[path] == "edited" else "in no manifest, and not as planned"
        lines.append(f"{out / path}: {why}")
        if number < FEW:
            diff = unified(str(out / path), text_of(out / path), plan.texts[path])
            lines.append(indented(first_lines(diff)))
    count = "1 file differs" if len(edited) == 1 else f"{len(edited)} files differ"
    raise WriteError(
        "\n".join(lines) + f"\n{count} from what igla-gen wrote, and nothing was written; "
        "bring the change into the spec or the template, then overwrite with igla-gen gen --force"
    )


def _commit(out: Path, texts: dict[str, str], stale: list[str]) -> None:
    try:
        commit(out, texts, stale)
    except OSError as error:
        place = error.filename2 or error.filename or out  # of a rename: where the file goes to
        raise WriteError(
            f"{place}: cannot be written ({error.strerror}); nothing was changed; "
            "free some space or grant access, then run again"
        ) from error
