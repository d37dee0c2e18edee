"""Does the output folder hold exactly what the specs and templates make?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from igla_gen.write.manifest import NAME, Written, digest, manifest_text, read_manifest
from igla_gen.write.plan import Plan


@dataclass(frozen=True, slots=True)
class Drift:
    """One file that is not as it should be, and why."""

    path: str
    cause: str


def find_drift(plan: Plan, out: Path, *, complete: bool) -> list[Drift]:
    """Every difference between the plan and the folder, by path.

    With `complete=False` (a part of the specs was named) files of other specs are not looked at.
    """
    before = read_manifest(out)
    found = [
        Drift(path, cause) for path in plan.texts if (cause := _cause(path, plan, out, before))
    ]
    if not complete:
        return sorted(found, key=lambda drift: drift.path)
    for path in before:
        if path not in plan.texts:
            spec = before[path].spec
            found.append(Drift(path, f"stale: {spec or 'no spec'} no longer makes it"))
    found += [Drift(path, "not written by igla-gen") for path in _strangers(out, plan, before)]
    if not found and _text(out / NAME) != manifest_text(plan.written):
        found.append(Drift(NAME, "the manifest is not that of these specs and this igla-gen"))
    return sorted(found, key=lambda drift: drift.path)


def _cause(path: str, plan: Plan, out: Path, before: dict[str, Written]) -> str | None:
    text = _text(out / path)
    expected = plan.texts[path]
    if text == expected:
        return None
    old, new = before.get(path), plan.written[path]
    if text is None:
        return (
            "missing: deleted, or never generated"
            if old
            else f"missing: {new.spec} was never generated"
        )
    if old is not None and digest(text) != old.sha256:
        return "edited by hand"
    if old is not None and old.spec_sha256 != new.spec_sha256:
        return f"{new.spec} (or a spec that it uses) changed and was not regenerated"
    if old is not None and old.template_sha256 != new.template_sha256:
        return f"{new.template} changed and was not regenerated"
    return "igla-gen itself changed and this was not regenerated"


def _strangers(out: Path, plan: Plan, before: dict[str, Written]) -> list[str]:
    """Python files below the output folder that neither the plan nor the manifest knows."""
    if not out.is_dir():
        return []
    paths = (p.relative_to(out).as_posix() for p in sorted(out.rglob("*.py")))
    return [p for p in paths if p not in plan.texts and p not in before and "__pycache__" not in p]


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
