"""The language server: pygls on the outside, `answers` within."""

from __future__ import annotations

import asyncio
import gc
import re
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer

from igla_gen import __version__
from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span
from igla_gen.editors import answers
from igla_gen.editors.answers import Location, lines_of
from igla_gen.editors.project import Declared, Project
from igla_gen.fixes import apply_fixes
from igla_gen.syntax.formatter import format_document

PAUSE = 0.05  # seconds without a change before a text is read
_KINDS = {
    "key": lsp.CompletionItemKind.Property,
    "type": lsp.CompletionItemKind.Class,
    "function": lsp.CompletionItemKind.Function,
    "constant": lsp.CompletionItemKind.Constant,
    "module": lsp.CompletionItemKind.Module,
    "value": lsp.CompletionItemKind.Value,
}
_SYMBOLS = {
    "constant": lsp.SymbolKind.Constant,
    "type": lsp.SymbolKind.Class,
    "formula": lsp.SymbolKind.Function,
    "behavior": lsp.SymbolKind.Method,
    "section": lsp.SymbolKind.Field,
}


class SpecServer(LanguageServer):
    """One workspace, its open texts, and what was last found in each."""

    def __init__(self) -> None:
        sync = lsp.TextDocumentSyncKind.Full
        super().__init__("igla-gen", __version__, text_document_sync_kind=sync)
        self._project: Project | None = None
        self._found: dict[str, tuple[str, list[Diagnostic]]] = (
            {}
        )  # with the text they were found in
        self.waiting: dict[str, asyncio.Task[None]] = {}

    @property
    def project(self) -> Project:
        """The specs of the workspace that the editor has open."""
        if self._project is None:
            root = self.workspace.root_path
            self._project = Project(Path(root) if root else Path.cwd())
        return self._project

    def units(self, text: str) -> int:
        """Length of a text in the units that the editor counts in."""
        return self.workspace.position_codec.client_num_units(text)

    def column(self, line: str, character: int) -> int:
        """Where the editor's `character` stands in a line, counted from zero."""
        width = 0
        for column, char in enumerate(line):
            if width >= character:
                return column
            width += self.units(char)
        return len(line)

    def place(self, path: Path, position: lsp.Position) -> tuple[int, int]:
        """Line and column, from zero, of the editor's position."""
        lines = lines_of(self.project.text(path))
        line = min(position.line, len(lines) - 1)
        return line, self.column(lines[line], position.character)

    def position(self, lines: list[str], line: int, column: int) -> lsp.Position:
        """The editor's position of a line and column that count from one."""
        if line > len(lines):
            return lsp.Position(len(lines) - 1, self.units(lines[-1]))
        return lsp.Position(line - 1, self.units(lines[line - 1][: max(0, column - 1)]))

    def range(self, lines: list[str], span: Span) -> lsp.Range:
        """The editor's range of a span."""
        start = self.position(lines, span.line, span.column)
        return lsp.Range(start, self.position(lines, span.end_line, span.end_column))

    def check(self, uri: str) -> None:
        """Reads an open text and tells the editor what is wrong."""
        path = path_of(uri)
        text, found = self.project.text(path), self.project.check(path)
        self._found[uri] = text, found
        lines = lines_of(text)
        items = [self.diagnostic(lines, item) for item in found]
        version = self.workspace.get_text_document(uri).version  # what is of an older text is dropped
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, items, version))

    def found(self, uri: str) -> list[Diagnostic]:
        """What is wrong in the text as it is now; nothing while it has not been read."""
        text, found = self._found.get(uri, ("", []))
        return found if text == self.project.text(path_of(uri)) else []

    def forget(self, uri: str) -> None:
        """Drops what was found in a text that is closed."""
        self._found.pop(uri, None)

    def diagnostic(self, lines: list[str], item: Diagnostic) -> lsp.Diagnostic:
        """A finding as the editor takes it."""
        level = lsp.DiagnosticSeverity
        levels = {"error": level.Error, "warning": level.Warning, "note": level.Information}
        return lsp.Diagnostic(
            self.range(lines, item.span),
            item.message + (f"\n{item.hint}" if item.hint else ""),
            severity=levels[item.severity],
            code=item.code,
            source="igla-gen",
        )

    def text_edit(self, lines: list[str], edit: Edit) -> lsp.TextEdit:
        """An edit of a fix as the editor takes it."""
        return lsp.TextEdit(self.range(lines, edit.span), edit.text)

    def whole(self, path: Path, text: str) -> list[lsp.TextEdit]:
        """The one edit that puts a new text in place of an open one; none where they are the same."""
        before = self.project.text(path)
        if text == before:
            return []
        lines = re.split(r"\r\n|\r|\n", before)
        end = lsp.Position(len(lines) - 1, self.units(lines[-1]))
        return [lsp.TextEdit(lsp.Range(lsp.Position(0, 0), end), text)]

    def location(self, found: Location) -> lsp.Location:
        """A place in a file as the editor takes it."""
        start = lsp.Position(found.line - 1, found.column - 1)
        end = lsp.Position(found.line - 1, found.column - 1 + found.width)
        return lsp.Location(
            uris.from_fs_path(str(found.path.resolve())) or "", lsp.Range(start, end)
        )


def path_of(uri: str) -> Path:
    """The file that a document of the editor is saved in; a name of its own while it is not."""
    return Path(uris.to_fs_path(uri) or uri.rpartition("/")[2])


def make_server() -> SpecServer:
    """The server with all that it answers."""
    gc.enable()  # it lives for hours
    server = SpecServer()
    _follow_texts(server)
    _answer_places(server)
    _answer_documents(server)
    return server


def _follow_texts(server: SpecServer) -> None:
    async def check_soon(uri: str) -> None:
        await asyncio.sleep(PAUSE)
        server.check(uri)

    def changed(uri: str, text: str) -> None:
        server.project.open(path_of(uri), text)
        if uri in server.waiting:
            server.waiting[uri].cancel()
        server.waiting[uri] = asyncio.ensure_future(check_soon(uri))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        changed(params.text_document.uri, params.text_document.text)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def written(params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        changed(uri, server.workspace.get_text_document(uri).source)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: lsp.DidSaveTextDocumentParams) -> None:
        for path in server.project.opened():  # another spec may use what was saved
            uri = uris.from_fs_path(str(path)) or params.text_document.uri
            changed(uri, server.project.text(path))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        if uri in server.waiting:
            server.waiting.pop(uri).cancel()
        server.project.close(path_of(uri))
        server.forget(uri)
        server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def _answer_places(server: SpecServer) -> None:
    @server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[" ", "{", "[", ","])
    )
    def complete(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        path = path_of(params.text_document.uri)
        found = answers.complete(server.project, path, *server.place(path, params.position))
        return [
            lsp.CompletionItem(
                item.label, kind=_KINDS[item.kind], detail=item.detail or None,
                insert_text=item.insert, sort_text=f"{number:04}",
            )
            for number, item in enumerate(found)
        ]  # fmt: skip

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        uri = params.text_document.uri
        path = path_of(uri)
        line, column = server.place(path, params.position)
        here = [item for item in server.found(uri) if _holds(item.span, line, column)]
        parts = [answers.explain(item) for item in here]
        parts += [word] if (word := answers.hover(server.project, path, line, column)) else []
        text = lsp.MarkupContent(lsp.MarkupKind.Markdown, "\n\n---\n\n".join(parts))
        return lsp.Hover(text) if parts else None

    @server.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def define(params: lsp.DefinitionParams) -> list[lsp.Location]:
        path = path_of(params.text_document.uri)
        found = answers.definitions(server.project, path, *server.place(path, params.position))
        return [server.location(item) for item in found]

    @server.feature(lsp.TEXT_DOCUMENT_IMPLEMENTATION)
    def implement(params: lsp.ImplementationParams) -> list[lsp.Location]:
        path = path_of(params.text_document.uri)
        found = answers.implementations(server.project, path, *server.place(path, params.position))
        return [server.location(item) for item in found]


def _holds(span: Span, line: int, column: int) -> bool:
    place = (line + 1, column + 1)
    return (span.line, span.column) <= place <= (span.end_line, span.end_column)


def _answer_documents(server: SpecServer) -> None:
    @server.feature(lsp.TEXT_DOCUMENT_FORMATTING)
    def write_anew(params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
        path = path_of(params.text_document.uri)
        made = format_document(server.project.text(path), server.project.shown(path)).text
        return server.whole(path, made) if made is not None else []

    @server.feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outline(params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
        path = path_of(params.text_document.uri)
        lines = lines_of(server.project.text(path))
        return [_symbol(server, lines, item) for item in answers.symbols(server.project, path)]

    kinds = [lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll]

    @server.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=kinds))
    def mend(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        uri = params.text_document.uri
        path = path_of(uri)
        lines = lines_of(server.project.text(path))
        mendable = [item for item in server.found(uri) if item.fix is not None]
        here = [item for item in mendable if _overlap(server.range(lines, item.span), params.range)]
        actions = [_action(server, uri, lines, item) for item in here]
        safe = [item.fix for item in mendable if item.fix and item.fix.safety == "safe"]
        return [*actions, *_fix_all(server, uri, path, safe)]


def _overlap(one: lsp.Range, other: lsp.Range) -> bool:
    return _pair(one.start) <= _pair(other.end) and _pair(other.start) <= _pair(one.end)


def _pair(position: lsp.Position) -> tuple[int, int]:
    return position.line, position.character


def _action(server: SpecServer, uri: str, lines: list[str], item: Diagnostic) -> lsp.CodeAction:
    assert item.fix is not None
    edits = [server.text_edit(lines, edit) for edit in item.fix.edits]
    return lsp.CodeAction(
        f"{item.name}: {item.fix.what}",
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[server.diagnostic(lines, item)],
        is_preferred=item.fix.safety == "safe",
        edit=lsp.WorkspaceEdit(changes={uri: edits}),
    )


def _fix_all(server: SpecServer, uri: str, path: Path, fixes: list[Fix]) -> list[lsp.CodeAction]:
    if not fixes:
        return []
    text, _ = apply_fixes(server.project.text(path), fixes)
    edit = lsp.WorkspaceEdit(changes={uri: list(server.whole(path, text))})
    title = "Mend all that can be mended safely"
    return [lsp.CodeAction(title, kind=lsp.CodeActionKind.SourceFixAll, edit=edit)]


def _symbol(server: SpecServer, lines: list[str], item: Declared) -> lsp.DocumentSymbol:
    name = server.range(lines, item.span)
    last = server.position(lines, item.node.span.end_line, item.node.span.end_column)
    end = max(name.end, last, key=_pair)
    is_class = item.kind == "behavior" and item.name[:1].isupper()
    kind = lsp.SymbolKind.Class if is_class else _SYMBOLS[item.kind]
    return lsp.DocumentSymbol(item.name, kind, lsp.Range(name.start, end), name, detail=item.kind)
