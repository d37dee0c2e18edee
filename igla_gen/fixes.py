"""Applies the fixes that findings carry, round by round, until nothing is left to apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from igla_gen.diagnostics import Diagnostic, Edit, Fix, Safety
from igla_gen.syntax import parse_document

ROUNDS = 20
_LINE_END = re.compile(r"\r\n|\r|\n")


class TextPlaces:
    """Where the lines and columns of findings lie in a text, whatever its line ends are."""

    def __init__(self, text: str) -> None:
        ends = [match.end() for match in _LINE_END.finditer(text)]
        self._starts = [int(text.startswith("\ufeff")), *ends]
        self._length = len(text)
        self.line_end = "\r\n" if "\r\n" in text else "\n"

    def offset(self, line: int, column: int) -> int:
        """Offset of a place; one behind the last line is the end of the text."""
        if line > len(self._starts):
            return self._length
        return min(self._starts[line - 1] + column - 1, self._length)

    def stretch(self, edit: Edit) -> tuple[int, int]:
        """Offsets between which an edit replaces."""
        span = edit.span
        return self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)


def apply_fixes(text: str, fixes: Iterable[Fix]) -> tuple[str, int]:
    """The text after every fix that does not touch another one before it, and how many those were."""
    places, taken, count = TextPlaces(text), dict[tuple[int, int], str](), 0
    for fix in fixes:
        own = {places.stretch(edit): edit.text for edit in fix.edits}
        if all(taken.get(stretch) == put for stretch, put in own.items()):
            count += 1  # another finding asks for the very same
        elif not any(_touch(one, other) for one in own for other in taken):
            taken |= own
            count += 1
    for (start, end), put in sorted(taken.items(), reverse=True):
        text = text[:start] + put.replace("\n", places.line_end) + text[end:]
    return text, count


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


@dataclass(slots=True)
class Fixed:
    """Texts by the names that findings show, how many findings were fixed, and what could not be."""

    texts: dict[str, str] = field(default_factory=dict)
    count: int = 0
    refused: set[str] = field(default_factory=set)


def fix_texts(
    sources: Mapping[str, str],
    find: Callable[[Mapping[str, str]], Iterable[Diagnostic]],
    safeties: Collection[Safety],
) -> Fixed:
    """Finds and fixes until no finding in `sources` carries a fix of these safeties any more.

    `find` reports what is wrong when the given texts stand for the files. A round that would make a
    file less readable is not taken, and the file is left alone from then on.
    """
    done = Fixed()
    for _ in range(ROUNDS):
        asked: dict[str, list[Diagnostic]] = {}
        for finding in find(done.texts):
            name, fix = finding.span.file, finding.fix
            if fix is not None and fix.safety in safeties and name in sources:
                asked.setdefault(name, []).append(finding)
        changed = [_fix_one(done, sources, name, findings) for name, findings in asked.items()]
        if not any(changed):
            break
    return done


def _fix_one(
    done: Fixed, sources: Mapping[str, str], name: str, findings: list[Diagnostic]
) -> bool:
    before = done.texts.get(name, sources[name])
    after, count = apply_fixes(before, [item.fix for item in findings if item.fix is not None])
    if name in done.refused or after == before:
        return False
    of_text = any(item.code.startswith("IG1") for item in findings)
    if _faults(after, name) > _faults(before, name) - of_text:
        done.refused.add(name)
        return False
    done.texts[name] = after
    done.count += count
    return True


def _faults(text: str, name: str) -> int:
    return len(parse_document(text, name).faults)
