"""A comparison as text for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator

from igla_gen.compare.changes import KINDS, Change
from igla_gen.compare.compare import Comparison, Difference
from igla_gen.diagnostics import Diagnostic, Span

FORMAT = 1  # of the JSON; it grows when a key goes or means something else


def text_report(comparison: Comparison) -> str:
    """Modules with their changes, gravest first, and what each asks of its version."""
    parts = [
        "\n".join([_head(found), *(_line(change) for change in found.changes)])
        for found in comparison.modules
    ]
    parts += [_faults("old", comparison.old, comparison.old_faults)]
    parts += [_faults("new", comparison.new, comparison.new_faults)]
    parts = [part for part in parts if part]
    if not parts:
        nothing = f"no specs differ in meaning between {comparison.old} and {comparison.new}"
        parts.append(nothing)
    return "\n\n".join(parts) + "\n"


def _head(found: Difference) -> str:
    return f"{found.module}: {version_sentence(found)}"


def version_sentence(found: Difference) -> str:
    """`asks for major; version went 1.0.0 -> 1.0.1: not enough`."""
    if found.new_version is None:
        return f"gone (it was {found.old_version})"
    if found.old_version is None:
        return f"new, at version {found.new_version}"
    asked = f"asks for {found.asked}" if found.changes else "asks for no other version"
    if found.old_version == found.new_version:
        return f"{asked}; version is {found.new_version} as before: {_verdict(found)}"
    went = f"version went {found.old_version} -> {found.new_version}"
    return f"{asked}; {went}: {_verdict(found)}"


def _verdict(found: Difference) -> str:
    if found.made is None:
        return "not a step from one MAJOR.MINOR.PATCH to a later one"
    return "enough" if found.is_enough else "not enough"


def _line(change: Change) -> str:
    width = max(map(len, KINDS))
    places = " -> ".join(_place(span) for span in (change.old, change.new) if span is not None)
    at = f"\n  {'':{width}}  at {places}" if places else ""
    return f"  {change.kind:{width}}  {change.message}{at}"


def _place(span: Span) -> str:
    return f"{span.file}:{span.line}"


def _faults(side: str, label: str, faults: tuple[Diagnostic, ...]) -> str:
    if not faults:
        return ""
    lines = [f"could not be read in {label} ({side}), and was not compared:"]
    lines += [f"  {_place(f.span)}:{f.span.column} {f.code} {f.name}: {f.message}" for f in faults]
    return "\n".join(lines)


def data_report(comparison: Comparison) -> dict[str, object]:
    """The comparison as plain data, in a stable order; docs/versioning.md says what the keys mean."""
    return {
        "version": FORMAT,
        "old": comparison.old,
        "new": comparison.new,
        "modules": [_module_data(found) for found in comparison.modules],
        "unreadable": {
            "old": [fault.as_dict() for fault in comparison.old_faults],
            "new": [fault.as_dict() for fault in comparison.new_faults],
        },
    }


def _module_data(found: Difference) -> dict[str, object]:
    return {
        "module": found.module,
        "old_version": found.old_version,
        "new_version": found.new_version,
        "asked": found.asked,
        "made": found.made,
        "enough": found.is_enough,
        "changes": [
            {
                "class": change.kind,
                "bump": KINDS[change.kind][0],
                "subject": change.subject,
                "message": change.message,
                "old": _place_data(change.old),
                "new": _place_data(change.new),
            }
            for change in found.changes
        ],
    }


def _place_data(span: Span | None) -> dict[str, object] | None:
    return {"file": span.file, "line": span.line, "column": span.column} if span else None


def breaks_report(comparison: Comparison) -> Iterator[str]:
    """One line for each break that no version announces."""
    for found in comparison.modules:
        for change in found.breaks:
            place = change.new or change.old
            at = f"{_place(place)}: " if place is not None else ""
            yield f"{at}{change.kind}: {change.message}"
        if found.breaks:
            yield f"  {found.module} {version_sentence(found)}"
