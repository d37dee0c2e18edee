"""`# igla: allow NAME-OR-CODE[, ...] -- reason`: findings that somebody decided to live with.

A suppression stands at the end of the line of its finding, or alone on a line before it. It is
reported itself where it gives no reason, allows nothing, names no rule, or names one without
which the output would not be right.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span, respelling, suggestion
from igla_gen.frozen import frozen
from igla_gen.model.library import Library
from igla_gen.rules.base import MODULES, Rule, find_rule, load_rule
from igla_gen.syntax.tree import Comment, Document, Mapping, Node, Scalar, Sequence

FORM = "# igla: allow NAME -- reason"
_MEANT = re.compile(r"#+\s*igla(-gen)?\s*(:|\b(allow|ignore|disable|suppress|noqa)\b)", re.I)
_ALLOW = re.compile(r"#\s*igla:\s*allow\s+(?P<words>[\w-]+(\s*,\s*[\w-]+)*)(\s+--(?P<reason>.*))?")
_WORD = re.compile(r"[\w-]+")


@frozen
class Word:
    """One name or code of a suppression, and where it stands."""

    text: str
    span: Span


@dataclass(slots=True)
class Suppression:
    """One comment that allows findings of one line."""

    comment: Comment
    words: tuple[Word, ...]
    reason: str
    line: int
    used: set[Word] = field(default_factory=set)


def apply_suppressions(library: Library, looked_at: Collection[str]) -> None:
    """Moves what comments allow from `findings` to `suppressed`; reports comments that are wrong.

    `looked_at` are the files that the rules have run on: of others nobody knows what is unused.
    """
    for document in library.documents.values():
        comments = [comment for comment in document.comments if _MEANT.match(comment.text)]
        if comments:
            found = list(_read(library, document, comments))
            _suppress(library, document, found)
            _report(library, document, found, is_checked=document.file in looked_at)


def _read(library: Library, document: Document, comments: list[Comment]) -> Iterator[Suppression]:
    others = {comment.span.line for comment in document.comments if comment.alone}
    for comment in comments:
        match = _ALLOW.fullmatch(comment.text.rstrip())
        if match is None:
            hint = f"write {FORM}"
            _add(library, "IG505", "this comment suppresses nothing", comment.span, hint)
            continue
        line = comment.span.line
        while comment.alone and line in others:
            line += 1
        start, end = match.span("words")
        words = tuple(
            Word(word.group(), _part(comment, word.start(), word.end()))
            for word in _WORD.finditer(comment.text, start, end)
        )
        yield Suppression(comment, words, (match["reason"] or "").strip(), line)


def _part(comment: Comment, start: int, end: int) -> Span:
    span = comment.span
    return Span(span.file, span.line, span.column + start, span.line, span.column + end)


def _suppress(library: Library, document: Document, found: list[Suppression]) -> None:
    first_lines = dict(_first_lines(document.tree)) if document.tree is not None else {}
    kept = []
    for item in library.findings.items:
        places = {item.span.line, first_lines.get(item.span.line, item.span.line)}
        here = [s for s in found if s.line in places] if item.span.file == document.file else []
        words = [(s, word) for s in here for word in s.words if _means(word, item)]
        if not words or not load_rule(item.code).suppressible:
            kept.append(item)
            continue
        suppression, word = words[0]
        suppression.used.add(word)
        library.suppressed.append((item, suppression.reason))
    library.findings.items[:] = kept


def _means(word: Word, item: Diagnostic) -> bool:
    return word.text.lower() == item.name or word.text.upper() == item.code


def _first_lines(node: Node) -> Iterator[tuple[int, int]]:
    """For each further line of a value of several lines, the line on which the value begins."""
    match node:
        case Scalar(text=text) if text:
            first, last = node.span.line, max(node.span.end_line, node.place(len(text) - 1)[0])
            yield from ((line, first) for line in range(first + 1, last + 1))
        case Sequence(items=items):
            yield from (pair for item in items for pair in _first_lines(item))
        case Mapping(entries=entries):
            yield from (pair for entry in entries for pair in _first_lines(entry.value))


def _report(
    library: Library, document: Document, found: list[Suppression], *, is_checked: bool
) -> None:
    is_sound = is_checked and not any(
        item.severity == "error" and item.span.file == document.file
        for item in library.findings.items
    )
    for suppression in found:
        if not suppression.reason:
            span, hint = suppression.comment.span, f"write {FORM}"
            _add(library, "IG501", "this suppression gives no reason", span, hint)
        unused = []
        for word in suppression.words:
            rule = find_rule(word.text)
            if rule is None:
                message, known = f'there is no rule "{word.text}"', MODULES.values()
                fix = respelling(word.text, known, word.span)
                _add(library, "IG503", message, word.span, suggestion(word.text, known), fix)
            elif not rule.suppressible:
                _report_firm(library, rule, word)
            elif word not in suppression.used and is_sound:
                unused.append(word)  # after an error not every rule has looked
        _report_unused(library, document, suppression, unused)


def _report_firm(library: Library, rule: Rule, word: Word) -> None:
    message = f"{rule.code} {rule.name} cannot be suppressed"
    _add(library, "IG504", message, word.span, "without it the output would not be right; mend it")


def _report_unused(
    library: Library, document: Document, suppression: Suppression, unused: list[Word]
) -> None:
    for word in unused:
        message = f'no finding of "{word.text}" on line {suppression.line}'
        rest = tuple(w for w in suppression.words if w not in unused)
        edit = _shorten(suppression, rest) if rest else _remove(document, suppression.comment)
        fix = Fix("delete it", (edit,)) if word is unused[0] else None
        _add(library, "IG502", message, word.span, "delete it", fix)


def _shorten(suppression: Suppression, rest: Iterable[Word]) -> Edit:
    first, last = suppression.words[0].span, suppression.words[-1].span
    return Edit(first.to(last), ", ".join(word.text for word in rest))


def _remove(document: Document, comment: Comment) -> Edit:
    """The comment with the spaces before it; with its whole line where it stands alone."""
    span = comment.span
    if comment.alone:
        return Edit(Span(span.file, span.line, 1, span.line + 1, 1), "")
    before = document.text.splitlines()[span.line - 1][: span.column - 1]
    column = len(before.rstrip()) + 1
    return Edit(Span(span.file, span.line, column, span.end_line, span.end_column), "")


def _add(
    library: Library,
    code: str,
    message: str,
    span: Span,
    hint: str | None = None,
    fix: Fix | None = None,
) -> None:
    rule = load_rule(code)
    library.findings.items.append(
        Diagnostic(code, rule.name, message, span, hint, rule.severity, fix)
    )
