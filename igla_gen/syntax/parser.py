"""Tokens to tree: Lark's LALR parser over the scanner's terminals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.common import LexerConf
from lark.lexer import Lexer
from lark.visitors import v_args

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.resources import grammar_text
from igla_gen.syntax.repairs import with_repair
from igla_gen.syntax.scanner import NodeToken, Scanner, TooDeepError
from igla_gen.syntax.tree import Document, Entry, Mapping, Node, Scalar, Sequence

_WORDS = {
    "KEY": "a key",
    "COLON": "':'",
    "DASH": "'- '",
    "SCALAR": "a value",
    "BLOCK": "a '|' block",
    "NEWLINE": "the end of the line",
    "INDENT": "an indented block",
    "DEDENT": "the end of the block",
    "LBRACE": "'{'",
    "RBRACE": "'}'",
    "LBRACKET": "'['",
    "RBRACKET": "']'",
    "COMMA": "','",
    "$END": "the end of the file",
}


class _TokenLexer(Lexer):
    """Hands the tokens of a Scanner to Lark."""

    def __init__(self, _conf: LexerConf) -> None:
        pass

    def lex(self, scanner: Scanner) -> Iterator[Token]:  # type: ignore[override]
        return scanner.tokens()


@cache
def _document_parser() -> Lark:
    return Lark(grammar_text("document"), parser="lalr", lexer=_TokenLexer, maybe_placeholders=True)


@v_args(inline=True)
class _TreeBuilder(Transformer[Token, Node | None]):
    """Builds located nodes bottom-up."""

    def __init__(self, file: str, faults: list[Diagnostic]) -> None:
        super().__init__()
        self._file = file
        self._faults = faults

    def start(self, *children: Node | Token) -> Node | None:
        return next((child for child in children if not isinstance(child, Token)), None)

    def scalar(self, token: NodeToken) -> Scalar:
        return token.node

    def block(self, token: NodeToken) -> Scalar:
        return token.node

    def empty(self, newline: Token) -> Scalar:
        return self._empty(newline)

    def value(self, *children: Node | Token) -> Node:
        return next(child for child in children if not isinstance(child, Token))

    def entry(self, key: NodeToken, _colon: Token, value: Node) -> Entry:
        return Entry(key.node, value)

    def item(self, _dash: Token, value: Node) -> Node:
        return value

    def mapping(self, *entries: Entry) -> Mapping:
        return self._unique(entries, entries[0].key.span.to(entries[-1].value.span))

    def sequence(self, *items: Node) -> Sequence:
        return Sequence(items, items[0].span.to(items[-1].span))

    def flow_entry(
        self, key: NodeToken, colon: Token | None = None, value: Node | None = None
    ) -> Entry:
        return Entry(key.node, value or self._empty(colon or key))

    def flow_pair(self, key: NodeToken, colon: Token, value: Node | None) -> Mapping:
        entry = self.flow_entry(key, colon, value)
        return Mapping((entry,), key.node.span.to(entry.value.span))

    def flow_mapping(self, *children: Entry | Token | None) -> Mapping:
        entries = tuple(child for child in children if isinstance(child, Entry))
        return self._unique(entries, self._between(children))

    def flow_sequence(self, *children: Node | Token | None) -> Sequence:
        items = tuple(child for child in children if isinstance(child, Scalar | Mapping | Sequence))
        return Sequence(items, self._between(children))

    def _between(self, children: tuple[object, ...]) -> Span:
        first, last = children[0], children[-1]
        assert isinstance(first, Token) and isinstance(last, Token)
        return Span(self._file, first.line, first.column, last.end_line, last.end_column)

    def _empty(self, token: Token) -> Scalar:
        span = Span(self._file, token.line, token.column, token.line, token.column)
        return Scalar("", "empty", span)

    def _unique(self, entries: tuple[Entry, ...], span: Span) -> Mapping:
        seen: dict[str, Scalar] = {}
        for entry in entries:
            first = seen.setdefault(entry.key.text, entry.key)
            if first is not entry.key:
                self._faults.append(
                    Diagnostic(
                        "IG109",
                        "duplicate-key",
                        f"the key {entry.key.text!r} stands twice in one mapping",
                        entry.key.span,
                        f"it is already on line {first.span.line}; keep one of them",
                    )
                )
        return Mapping(tuple(e for e in entries if seen[e.key.text] is e.key), span)


def parse_document(text: str, file: str) -> Document:
    """Reads one document; every fault that was found is in it."""
    normalized = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    scanner = Scanner(normalized, file)
    tree = _parse(scanner)
    lines = normalized.split("\n") if scanner.faults else []
    faults = [with_repair(fault, lines) for fault in scanner.faults]
    comments = tuple(scanner.comments)
    tabs = [fault for fault in faults if fault.name == "tab-in-indentation"]
    if tabs:  # what follows a line that stands at no column is guesswork
        first = min(fault.span.line for fault in tabs)
        kept = [fault for fault in faults if fault in tabs or fault.span.line < first]
        return Document(file, text, None, tuple(kept), comments)
    return Document(file, text, tree, tuple(faults), comments)


def _parse(scanner: Scanner) -> Node | None:
    try:
        parsed = _document_parser().parse(scanner)  # type: ignore[arg-type]
    except TooDeepError:
        return None
    except UnexpectedInput as error:
        if not scanner.faults:
            scanner.faults.append(_unexpected(error, scanner.file, scanner.text))
        return None
    tree = _TreeBuilder(scanner.file, scanner.faults).transform(parsed)
    if tree is None and not scanner.faults:
        span = Span(scanner.file, 1, 1, 1, 1)
        scanner.faults.append(
            Diagnostic(
                "IG110", "empty-file", "the file says nothing", span, "a spec begins with 'name:'"
            )
        )
    return tree


def _unexpected(error: UnexpectedInput, file: str, text: str) -> Diagnostic:
    token = getattr(error, "token", None)
    kind = token.type if token is not None else "$END"
    line, column = (token.line, token.column) if token is not None else (None, None)
    if line is None or column is None:
        line, column = text.count("\n") + 1, 1
    width = max(1, len(str(token).split("\n")[0])) if token is not None else 1
    expected = sorted(
        _WORDS.get(name, name) for name in getattr(error, "accepts", None) or error.expected
    )
    return Diagnostic(
        "IG103",
        "unexpected-text",
        f"{_WORDS.get(kind, kind)} cannot stand here",
        Span(file, line, column, line, column + width),
        f"expected {' or '.join(expected)}",
    )
