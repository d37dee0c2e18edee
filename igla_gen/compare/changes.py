"""One change: its class, what it is about, one sentence, and where it stands on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from igla_gen.diagnostics import Span
from igla_gen.frozen import frozen

Kind = Literal[
    "checkpoint",
    "api",
    "numerics",
    "config default",
    "template",
    "api-addition",
    "tests weakened",
    "tests",
    "docs",
]
Bump = Literal["none", "patch", "minor", "major"]

BUMPS: tuple[Bump, ...] = ("none", "patch", "minor", "major")
# class -> (the bump it asks for, what it means); in the order of reports, gravest first
KINDS: dict[Kind, tuple[Bump, str]] = {
    "checkpoint": (
        "major",
        "names or shapes of parameters change: saved checkpoints no longer fit",
    ),
    "api": ("major", "code or specs that use the module may no longer work"),
    "numerics": ("minor", "the same call may give other numbers"),
    "config default": ("minor", "whoever does not set the field gets another value"),
    "api-addition": ("minor", "more is offered or accepted than before"),
    "template": ("patch", "the code changed in the template: what it does to the numbers is not known"),
    "tests weakened": ("patch", "less is proved than before"),
    "tests": ("patch", "tests are added, tightened, or prove something else"),
    "docs": ("patch", "prose, sources, descriptions"),
}  # fmt: skip
BREAKING: tuple[Kind, ...] = ("checkpoint", "api")


@frozen
class Change:
    """What one line of the report says."""

    kind: Kind
    subject: str
    message: str
    old: Span | None = None
    new: Span | None = None

    @property
    def sort_key(self) -> tuple[int, int, str, str]:
        place = self.new or self.old
        return list(KINDS).index(self.kind), place.line if place else 0, self.subject, self.message


@dataclass(slots=True)
class Changes:
    """Collects the changes of one module."""

    items: list[Change] = field(default_factory=list)

    def add(
        self, kind: Kind, subject: str, message: str, old: Span | None, new: Span | None
    ) -> None:
        self.items.append(Change(kind, subject, message, old, new))

    def sorted(self) -> list[Change]:
        return sorted(dict.fromkeys(self.items), key=lambda change: change.sort_key)


def asked_by(changes: list[Change]) -> Bump:
    """The greatest bump that any of the changes asks for."""
    bumps = [KINDS[change.kind][0] for change in changes]
    return max(bumps, key=BUMPS.index, default="none")


@dataclass(slots=True)
class Pairs:
    """Names on both sides: kept, renamed, removed, added."""

    kept: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def both(self) -> Iterator[tuple[str, str]]:
        """Every old name with its new one."""
        yield from ((name, name) for name in self.kept)
        yield from self.renamed


def pair(old: dict[str, str], new: dict[str, str]) -> Pairs:
    """Matches names; one that is gone and one that is new with the same body are one, renamed.

    The values are the bodies as text. Where several have the same body nothing is guessed.
    """
    pairs = Pairs(kept=[name for name in old if name in new])
    gone = [name for name in old if name not in new]
    come = [name for name in new if name not in old]
    for name in gone:
        twins = [other for other in come if new[other] == old[name]]
        rivals = [other for other in gone if old[other] == old[name]]
        if len(twins) == len(rivals) == 1 and old[name]:
            pairs.renamed.append((name, twins[0]))
    paired = {name for couple in pairs.renamed for name in couple}
    pairs.removed = [name for name in gone if name not in paired]
    pairs.added = [name for name in come if name not in paired]
    return pairs
