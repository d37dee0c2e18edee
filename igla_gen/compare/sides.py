"""Two versions of one module, with what surrounds them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from igla_gen.compare.changes import Changes, Kind
from igla_gen.compare.meaning import Roles
from igla_gen.compare.values import prose
from igla_gen.diagnostics import Span
from igla_gen.frozen import frozen
from igla_gen.model.base import Spec
from igla_gen.model.library import Library, Unit
from igla_gen.syntax.tree import Scalar


@frozen
class Tree:
    """All specs and templates of one version."""

    label: str
    library: Library
    roles: Roles
    templates: dict[str, str] | None  # by path below templates/; None where there are none to see


@dataclass(slots=True)
class Sides:
    """The unit before and after, and the changes found so far."""

    old_tree: Tree
    new_tree: Tree
    old: Unit
    new: Unit
    changes: Changes = field(default_factory=Changes)
    renamed: dict[str, str] = field(default_factory=dict)

    def now(self, text: str) -> str:
        """Old text with the names that its things have now: to follow a rename is no change."""
        if not self.renamed:
            return text
        words = "|".join(map(re.escape, self.renamed))
        return re.sub(rf"\b({words})\b", lambda match: self.renamed[match.group()], text)

    def add(
        self, kind: Kind, subject: str, message: str, old: Span | None, new: Span | None
    ) -> None:
        self.changes.add(kind, subject, message, old, new)

    def text(
        self,
        kind: Kind,
        subject: str,
        what: str,
        old: Scalar | None,
        new: Scalar | None,
    ) -> None:
        """Reports a text that is another one, came or went."""
        if prose(old) == prose(new) and (old is None) == (new is None):
            return
        verb = "is new" if old is None else "is gone" if new is None else "is worded otherwise"
        self.add(kind, subject, f"{what} {verb}", place(old), place(new))


def place(node: Scalar | None) -> Span | None:
    return node.span if node is not None else None


def key_place(spec: Spec, *path: str) -> Span | None:
    """Where a key stands, or None if the spec has it not."""
    return spec.key_span(*path) if path and _has(spec, path) else None


def _has(spec: Spec, path: tuple[str, ...]) -> bool:
    node = spec.node
    for step in path:
        value = getattr(node, "get", lambda _step: None)(step)
        if value is None:
            return False
        node = value
    return True
