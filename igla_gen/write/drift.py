"""Does the output folder hold exactly what the specs and templates make?"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from igla_gen.frozen import frozen
from igla_gen.write.differences import unified
from igla_gen.write.files import IN_THE_WAY, orphans, recorded
from igla_gen.write.manifest import (
    NAME,
    Manifest,
    ManifestError,
    Written,
    makers,
    manifest_text,
    read_manifest,
)
from igla_gen.write.plan import Plan
from igla_gen.write.standing import Standing, standing, text_of
from igla_gen.write.transaction import STAGE, interrupted

FORMAT_VERSION = 1  # of the JSON report

KINDS = {
    "spec-newer": "its spec, or one that it uses, changed since it was generated",
    "template-newer": "its template changed since it was generated",
    "generator-newer": "igla-gen or ruff, which lays it out, changed since it was generated",
    "edited": "it was edited by hand",
    "line-endings": "its lines end in CRLF",
    "missing": "it was deleted, or never generated",
    "orphaned": "igla-gen wrote it, and no spec makes it any more",
    "foreign": "igla-gen did not write it",
    "unvouched": "it says that igla-gen wrote it, and no manifest confirms that",
    "manifest-missing": "there is no manifest, so igla-gen does not know what it owns",
    "manifest-foreign": "another program wrote it",
    "manifest-damaged": "the manifest cannot be read",
    "manifest-stale": "the files are right, and the manifest is not that of these specs",
    "interrupted": "a run was stopped half-way",
}


@frozen
class Drift:
    """One file that is not as it should be: why, and what mends it."""

    path: str
    kind: str
    cause: str
    spec: str = ""
    template: str = ""
    diff: str = ""
    remedy: str = ""


@frozen
class Comparison:
    """A plan beside a folder; `command` is the run that brings one to the other."""

    plan: Plan
    out: Path
    before: Manifest
    command: str


def report_data(out: Path, drifts: list[Drift]) -> dict[str, object]:
    """The report as plain data."""
    return {
        "version": FORMAT_VERSION,
        "out": out.as_posix(),
        "clean": not drifts,
        "drift": [asdict(drift) for drift in drifts],
    }


def find_drift(
    plan: Plan, out: Path, *, complete: bool, command: str = "igla-gen gen"
) -> list[Drift]:
    """Every difference between the plan and the folder, by path.

    With `complete=False` (a part of the specs was named) files of other specs are not looked at.
    """
    before, found = _manifest(plan, out, command)
    if (left := interrupted(out)) is not None:
        found.append(Drift(STAGE, "interrupted", left, remedy=command))
    here = Comparison(plan, out, before, command)
    found += [drift for path in plan.texts if (drift := _planned(here, path)) is not None]
    if complete:
        found += _orphans(here) + _strangers(here)
        found += [] if found else _stale_manifest(here)
    return sorted(found, key=lambda drift: drift.path)


def _manifest(plan: Plan, out: Path, command: str) -> tuple[Manifest, list[Drift]]:
    try:
        before = read_manifest(out)
    except ManifestError as error:
        remedy = f"git checkout {out / NAME}, or {command} --force"
        if error.kind == "foreign":
            remedy = "move it, or name another --out"
        return Manifest(), [Drift(NAME, f"manifest-{error.kind}", str(error), remedy=remedy)]
    there = any(os.path.lexists(out / path) for path in plan.texts)
    if before.files or not there:
        return before, []
    return before, [
        Drift(NAME, "manifest-missing", KINDS["manifest-missing"], remedy=f"{command} --force")
    ]


def _planned(here: Comparison, path: str) -> Drift | None:
    old, new, text = here.before.files.get(path), here.plan.written[path], here.plan.texts[path]
    how = standing(here.out, path, text, old)
    if how == "same":
        return None
    kind, cause, remedy = _cause(how, old, new, here)
    diff = "" if how in IN_THE_WAY else _diff(here, path)
    return Drift(path, kind, cause, new.spec, new.template, diff, remedy)


def _diff(here: Comparison, path: str) -> str:
    return unified((here.out / path).as_posix(), text_of(here.out / path), here.plan.texts[path])


def _cause(
    how: Standing, old: Written | None, new: Written, here: Comparison
) -> tuple[str, str, str]:
    """Kind, cause and remedy of a planned file that stands otherwise."""
    force = f"{here.command} --force"
    if how in IN_THE_WAY:
        return "foreign", IN_THE_WAY[how], "move it, or name another --out"
    if how == "absent":
        never = f"{new.spec} was never generated".lstrip()  # a file of the package has no spec
        return "missing", "deleted since it was generated" if old else never, here.command
    if how == "line-endings":
        return "line-endings", "its lines end in CRLF; igla-gen writes LF", here.command
    if how == "edited":
        source = " or ".join(filter(None, (new.template, new.spec))) or "igla-gen"
        cause = "edited by hand since it was generated"
        if old is not None and (also := _changed_sources(old, new)):
            cause += f"; {also} changed too"
        return "edited", cause, f"bring the change into {source}, then {force}"
    if how == "unvouched":
        return "unvouched", KINDS["unvouched"], force
    return *_newer(old, new, here.before), here.command


def _newer(old: Written | None, new: Written, before: Manifest) -> tuple[str, str]:
    """What changed since an untouched file was generated."""
    if old is not None and (specs := _changed_specs(old, new)):
        return "spec-newer", f"{_changed_sources(old, new)} changed since it was generated" + (
            f" ({new.spec} uses it)" if new.spec not in specs else ""
        )
    if old is not None and old.template_sha256 != new.template_sha256:
        return "template-newer", f"{new.template} changed since it was generated"
    for maker, version in makers().items():
        if before.makers.get(maker, version) != version:
            name = maker.replace("_", "-")
            return "generator-newer", f"{name} {before.makers[maker]} made it, this is {version}"
    return "generator-newer", "igla-gen itself changed since it was generated"


def _changed_specs(old: Written, new: Written) -> list[str]:
    """Specs that are other, new or gone; an entry that recorded none says nothing."""
    if not old.specs:
        return []
    names = dict.fromkeys((*new.specs, *old.specs))
    return [name for name in names if old.specs.get(name) != new.specs.get(name)]


def _changed_sources(old: Written, new: Written) -> str:
    changed = _changed_specs(old, new)
    if old.template_sha256 != new.template_sha256 and new.template:
        changed.append(new.template)
    return " and ".join(changed)


def _orphans(here: Comparison) -> list[Drift]:
    stale, kept = orphans(here.plan, here.out, here.before, force=False)
    found = []
    for path in (*stale, *kept):
        known = here.before.files[path]
        cause = f"{known.spec or 'no spec'} no longer makes it"
        remedy = here.command
        if path in kept:
            cause += ", and it was edited by hand, so that igla-gen gen keeps it"
            remedy = f"delete it, or {here.command} --force"
        if os.path.lexists(here.out / path):
            found.append(Drift(path, "orphaned", cause, known.spec, known.template, "", remedy))
    return found


def _strangers(here: Comparison) -> list[Drift]:
    """Files below the output folder that neither the plan nor the manifest knows."""
    known = {NAME, *here.plan.texts, *here.before.files}
    return [
        Drift(path, "foreign", KINDS["foreign"], remedy="move it out of the folder, or delete it")
        for path in sorted(_files(here.out))
        if path not in known
    ]


def _files(out: Path) -> list[str]:
    """Every file but hidden ones and what Python cached; links are not followed."""
    found = []
    for folder, names, files in os.walk(out):
        names[:] = [n for n in names if n != "__pycache__" and not n.startswith(".")]
        links = [n for n in names if Path(folder, n).is_symlink()]
        shown = [n for n in (*files, *links) if not n.startswith(".")]
        found += [Path(folder, n).relative_to(out).as_posix() for n in shown]
    return found


def _stale_manifest(here: Comparison) -> list[Drift]:
    expected = manifest_text(recorded(here.plan, here.before, []))
    if text_of(here.out / NAME) == expected:
        return []
    for path, new in here.plan.written.items():
        old = here.before.files.get(path)
        if old is not None and (changed := _changed_sources(old, new)):
            cause = f"{changed} changed, and {path} stays as it is; the manifest still names the old one"
            return [Drift(NAME, "manifest-stale", cause, new.spec, new.template, "", here.command)]
    return [Drift(NAME, "manifest-stale", KINDS["manifest-stale"], remedy=here.command)]
