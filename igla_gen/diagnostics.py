"""One Diagnostic for every stage: errors are data first, text second."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from igla_gen.frozen import frozen

# an error stops `gen`, a warning fails `check` alone, a note fails nothing
Severity = Literal["error", "warning", "note"]
Safety = Literal["safe", "unsafe", "display"]  # what `--fix` may apply; display is only shown

_CLEARLY = 0.1  # by how much the nearest word must be more like than the next


class Span(NamedTuple):
    """A stretch of one source file; lines and columns count from one, the end is exclusive.

    Of all that is made of a spec there is most of these, and a tuple is made in half the time.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of the other."""
        return Span(self.file, self.line, self.column, other.end_line, other.end_column)


@frozen
class Edit:
    """Puts `text` in place of what stands at `span`; an empty span inserts."""

    span: Span
    text: str


@frozen
class Fix:
    """Edits that mend a finding, what they do in words, and whether they may be applied unasked.

    A `safe` fix keeps the meaning of the spec; an `unsafe` one may change it; a `display` one is a
    suggestion that nobody applies but a person.
    """

    what: str
    edits: tuple[Edit, ...]
    safety: Safety = "safe"


@frozen
class Diagnostic:
    """One finding: what is wrong, where, and what to do about it."""

    code: str
    name: str
    message: str
    span: Span
    hint: str | None = None
    severity: Severity = "error"
    fix: Fix | None = None

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        return (self.span.file, self.span.line, self.span.column, self.code, self.message)

    def as_dict(self) -> dict[str, object]:
        """The finding as plain data, in a stable order."""
        return {
            "code": self.code,
            "name": self.name,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "file": self.span.file,
            "line": self.span.line,
            "column": self.span.column,
            "end_line": self.span.end_line,
            "end_column": self.span.end_column,
        }


class SpecError(ValueError):
    """A fault in a spec, raised where it cannot be collected."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(slots=True)
class Findings:
    """Collects diagnostics over all files of one run."""

    items: list[Diagnostic] = field(default_factory=list)

    def add(
        self,
        code: str,
        name: str,
        message: str,
        span: Span,
        hint: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        self.items.append(Diagnostic(code, name, message, span, hint, fix=fix))

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.items.extend(diagnostics)

    def sorted(self) -> list[Diagnostic]:
        """In reading order, each one once."""
        return sorted(dict.fromkeys(self.items), key=lambda item: item.sort_key)


def articled(name: str) -> str:
    """The name of a type as it stands in a sentence: an Int, a Float."""
    return f"{'an' if name[:1] in tuple('AEIOU') else 'a'} {name}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most likely a slip of, or None."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def respelling(word: str, known: Iterable[str], span: Span) -> Fix | None:
    """Puts the known word that is clearly nearest in place of `word`; None where none is."""
    words = set(known)
    if word.lower() in words:
        return Fix(f"write {word.lower()!r}", (Edit(span, word.lower()),), "safe")
    close = difflib.get_close_matches(word, words, n=2, cutoff=0.6)
    likeness = [difflib.SequenceMatcher(None, other, word).ratio() for other in close]
    if not close or (len(close) == 2 and likeness[0] - likeness[1] < _CLEARLY):
        return None
    return Fix(f"write {close[0]!r}", (Edit(span, close[0]),), "unsafe")


def suggestion(word: str, known: Iterable[str], first: Iterable[str] = ()) -> str:
    """A hint that names the nearest known word, or all of them when they are few, some `first`."""
    foremost = set(first)
    words = sorted(known, key=lambda each: (each not in foremost, each))
    close = nearest(word, words)
    if close is not None:
        return f"did you mean {close!r}?"
    if not words:
        return "nothing is accepted here"
    shown = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"accepted: {shown}"
