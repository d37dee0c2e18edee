"""The language server as an editor has it: a process that speaks over its standard streams."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from igla_gen import __version__
from tests.conftest import SPEC

REPOSITORY = Path(__file__).parent.parent
NORM = "specs/architecture/normalization.vibee"
TINY = "specs/models/igla_tiny.vibee"
OPTIONS = {"tabSize": 2, "insertSpaces": True}
HALVES = [
    "",
    "#",
    "a",
    "- ",
    "[",
    "name:\n\ttypes:",
    "types:\n  A:\n    fields: {",
    "\x00",
    "behaviors:\n  - name: é🙂",
]


class Editor:
    """The client's side: sends requests, keeps what comes back."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._process = subprocess.Popen(
            [sys.executable, "-m", "igla_gen", "lsp"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root,
        )  # fmt: skip
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self._kept: list[dict[str, Any]] = []
        self._id = 0
        self._texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}  # of open texts
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            self._messages.put(json.loads(stream.read(length)))

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: dict[str, Any] | None) -> Any:
        self._id += 1
        number = self._id
        self._send({"id": number, "method": method, "params": params})
        answer = self._wait(lambda message: message.get("id") == number and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def _wait(self, wanted: Any, seconds: float = 60) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            for message in self._kept:
                if wanted(message):
                    self._kept.remove(message)
                    return message
            self._kept.append(self._messages.get(timeout=max(0.01, end - time.monotonic())))

    def start(self) -> dict[str, Any]:
        uri = self.root.as_uri()
        folders = [{"uri": uri, "name": "work"}]
        result = self.ask(
            "initialize",
            {"processId": None, "rootUri": uri, "capabilities": {}, "workspaceFolders": folders},
        )
        self.notify("initialized", {})
        return result

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str) -> list[dict[str, Any]]:
        document = {"uri": self.uri(name), "languageId": "vibee", "version": 1, "text": text}
        self._texts[name], self._versions[name] = text, 1
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.findings(name)

    def change(self, name: str, text: str) -> list[dict[str, Any]]:
        self._texts[name] = text
        self._versions[name] += 1
        document = {"uri": self.uri(name), "version": self._versions[name]}
        self.notify(
            "textDocument/didChange",
            {"textDocument": document, "contentChanges": [{"text": text}]},
        )  # fmt: skip
        return self.findings(name)

    def close(self, name: str) -> None:
        del self._versions[name]
        self.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(name)}})

    def findings(self, name: str) -> list[dict[str, Any]]:
        message = self._wait(
            lambda m: m.get("method") == "textDocument/publishDiagnostics"
            and m["params"]["uri"] == self.uri(name)
        )
        assert message["params"].get("version") == self._versions.get(name)
        return message["params"]["diagnostics"]

    def at(self, name: str, before: str) -> dict[str, Any]:
        """The place behind a piece of the open text, in the units that an editor counts in."""
        text = self._texts[name]
        head = text[: text.index(before) + len(before)]
        line = head.rpartition("\n")[2]
        position = {"line": head.count("\n"), "character": len(line.encode("utf-16-le")) // 2}
        return {"textDocument": {"uri": self.uri(name)}, "position": position}

    def labels(self, name: str, before: str) -> list[str]:
        items = self.ask("textDocument/completion", self.at(name, before))
        return [item["label"] for item in items]

    def hover(self, name: str, before: str) -> str:
        found = self.ask("textDocument/hover", self.at(name, before))
        return found["contents"]["value"] if found else ""

    def places(self, method: str, name: str, before: str) -> list[tuple[str, int]]:
        found = self.ask(f"textDocument/{method}", self.at(name, before))
        return [
            (item["uri"].removeprefix(self.root.as_uri() + "/"), item["range"]["start"]["line"] + 1)
            for item in found
        ]

    def stop(self) -> int:
        self.ask("shutdown", None)
        self.notify("exit", {})
        return self._process.wait(20)

    def kill(self) -> str:
        self._process.kill()
        _, errors = self._process.communicate()
        return errors.decode()


def edited(text: str, edits: list[dict[str, Any]]) -> str:
    """The text after the edits of the server; columns are those of ASCII lines."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines) + 1)]
    for edit in sorted(edits, key=lambda e: -e["range"]["start"]["line"]):
        start, end = (
            starts[edit["range"][side]["line"]] + edit["range"][side]["character"]
            for side in ("start", "end")
        )
        text = text[:start] + edit["newText"] + text[end:]
    return text


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    root = tmp_path_factory.mktemp("workspace")
    for folder in ("specs", "generated"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    client = Editor(root)
    assert client.start()["serverInfo"] == {"name": "igla-gen", "version": __version__}
    yield client
    errors = client.kill()
    assert "Traceback" not in errors, errors


@pytest.fixture
def norm(editor: Editor) -> Iterator[str]:
    """The text of a shipped spec, open and without fault."""
    text = (editor.root / NORM).read_text()
    assert editor.open(NORM, text) == []
    yield text
    editor.close(NORM)
    assert editor.findings(NORM) == []


def test_findings_follow_the_open_text(editor: Editor, norm: str) -> None:
    found = editor.change(NORM, norm.replace("    when: The root", "    é: 1\n    wehn: The root"))
    assert [(item["code"], item["severity"]) for item in found] == [
        ("IG204", 1),
        ("IG203", 1),
        ("IG203", 1),
    ]
    near = found[-1]
    assert near["range"]["start"]["character"] == 4 and near["range"]["end"]["character"] == 8
    assert near["message"] == "\"wehn\" is not a key here\ndid you mean 'when'?"
    assert near["source"] == "igla-gen"
    assert editor.change(NORM, norm) == []
    assert (editor.root / NORM).read_text() == norm


def test_rules_that_look_at_the_library_speak(editor: Editor, norm: str) -> None:
    broken = norm.replace("w: uniform(64)}", "w: uniform(64), z: ones(3)}", 1)
    assert [item["code"] for item in editor.change(NORM, broken)] == ["IG417"]
    text = (editor.root / TINY).read_text()
    found = editor.open(TINY, text.replace("num_layers: 4", "num_layers: 5"))
    assert {item["code"] for item in found} == {"IG302"}
    assert editor.change(TINY, text) == []


def test_columns_are_those_of_the_editor(editor: Editor, norm: str) -> None:
    """An editor counts an emoji as two."""
    found = editor.change(NORM, norm.replace("given: A NormConfig", 'given: "🙂🙂\\q"'))
    assert [item["code"] for item in found] == ["IG107"]
    assert found[0]["range"]["start"]["character"] == len('    given: "') + 4
    assert "bad-escape" in editor.hover(NORM, 'given: "🙂🙂\\')
    assert "bad-escape" not in editor.hover(NORM, 'given: "🙂')


def test_hover_explains(editor: Editor, norm: str) -> None:
    assert editor.hover(NORM, "    rais").startswith("**raises**\n\nWhich errors")
    assert "Which norm, over how many channels" in editor.hover(NORM, "params: {config: NormCon")
    assert "float in Python" in editor.hover(NORM, "eps: Floa")
    assert "rms_norm(x: Tensor[..., D]" in editor.hover(NORM, "holds: rms_no")
    assert "vocabulary" in editor.hover(NORM, "~= x / sqr")
    assert editor.hover(NORM, "given: Hidden sta") == ""
    editor.change(NORM, norm.replace("    when: The root", "    wehn: The root"))
    text = editor.hover(NORM, "    weh")
    assert "IG203 unknown-key" in text and "default taken in silence" in text


def test_completion_of_keys(editor: Editor, norm: str) -> None:
    editor.change(NORM, norm + "    ")
    labels = editor.labels(NORM, norm + "    ")
    assert labels and "laws" in labels and "raises" not in labels and "name" not in labels
    editor.change(
        NORM,
        norm.replace(
            "        holds: rms_norm(x, w, 1e-6)",
            "        ho\n        holds: rms_norm(x, w, 1e-6)",
            1,
        ),
    )
    labels = editor.labels(NORM, "        ho")
    assert "cases" in labels and "for" not in labels and "holds" not in labels
    editor.change(NORM, norm + "unk")
    assert {"constants", "uses"} <= set(editor.labels(NORM, norm + "unk"))
    assert "types" not in editor.labels(NORM, norm + "unk")


def test_completion_of_values(editor: Editor, norm: str) -> None:
    labels = editor.labels(NORM, "hidden_size: ")
    assert {"Int", "Tensor", "NormConfig", "RMSNorm"} <= set(labels)
    labels = editor.labels(NORM, "holds: ")
    assert {"rms_norm", "x", "w", "sqrt", "NormConfig"} <= set(labels)
    assert editor.labels(NORM, "given: ") == []
    editor.change(NORM, norm.replace("checks: [rms", "checks: [, rms"))
    assert "num_params_counts_the_built_module" in editor.labels(NORM, "checks: [")
    editor.change(NORM, norm.replace("\ntypes:", "uses: []\nkind: \n\ntypes:", 1))
    labels = editor.labels(NORM, "uses: [")
    assert "igla.architecture.attention" in labels
    assert "igla.architecture.normalization" not in labels and "igla.models.igla_tiny" not in labels
    assert editor.labels(NORM, "kind: ") == ["component", "blueprint", "model", "recipe"]


def test_completion_in_an_instance(editor: Editor) -> None:
    text = (editor.root / TINY).read_text()
    half = text.replace("tie_embeddings: true", "tie_embeddings: ").replace(
        "  init_std: 0.02\n", "  \n"
    )
    editor.open(TINY, half)
    assert editor.labels(TINY, "tie_embeddings: ") == ["true", "false"]
    labels = editor.labels(TINY, "tie_embeddings: \n  ")
    assert "init_std" in labels and "hidden_size" not in labels
    editor.change(TINY, text + "smoke:\n  ")
    assert editor.labels(TINY, text + "smoke:\n  ") == ["architecture", "contract"]
    editor.change(TINY, text + "smoke:\n  contract: {")
    assert "label" in editor.labels(TINY, text + "smoke:\n  contract: {")
    assert "learnable parameters, exactly" in editor.hover(TINY, "\n  paramet")


def test_definitions(editor: Editor, norm: str) -> None:
    line = norm[: norm.index("  NormConfig:")].count("\n") + 1
    assert editor.places("definition", NORM, "params: {config: Norm") == [(NORM, line)]
    (file, number), *tests = editor.places("definition", NORM, "  NormConf")
    assert all(path.startswith("generated/tests/") for path, _ in tests)
    assert file == "generated/igla/architecture/normalization.py"
    assert (editor.root / file).read_text().split("\n")[number - 1].startswith("@dataclass")
    found = editor.places("implementation", NORM, "holds: rms_n")
    assert [file for file, _ in found] == ["generated/igla/architecture/normalization.py"]
    assert "def rms_norm(" in (editor.root / file).read_text().split("\n")[found[0][1] - 1]
    assert editor.places("definition", NORM, "given: Hid") == []
    attention = "specs/architecture/attention.vibee"
    editor.open(attention, (editor.root / attention).read_text())
    [(file, number)] = editor.places("definition", attention, "igla.architecture.posi")
    assert (file, number) == ("specs/architecture/positional.vibee", 1)


def test_formatting_is_that_of_fmt(editor: Editor, norm: str) -> None:
    assert editor.ask("textDocument/formatting", {**editor.at(NORM, ""), "options": OPTIONS}) == []
    ugly = norm.replace("types:\n", "types:   # all\n", 1).replace(
        "  NormConfig:", "    NormConfig:", 1
    )
    ugly = ugly.replace("eps: Float = 1e-6", "eps:   Float = 1e-6").replace(
        "    NormConfig:", "  NormConfig:"
    )
    editor.change(NORM, ugly)
    edits = editor.ask("textDocument/formatting", {**editor.at(NORM, ""), "options": OPTIONS})
    assert edited(ugly, edits) == norm.replace("types:\n", "types: # all\n", 1)
    editor.change(NORM, norm + "a: [")
    assert editor.ask("textDocument/formatting", {**editor.at(NORM, ""), "options": OPTIONS}) == []


def test_fixes_are_code_actions(editor: Editor, norm: str) -> None:
    bad = norm.replace("given: A NormConfig", "given: A: NormConfig").replace(
        "version: ", "vresion: "
    )
    bad = bad.replace("when: A block is built", "when: Now: a block is built")
    editor.change(NORM, bad)
    place = editor.at(NORM, "given: A")["position"]
    ask = {"textDocument": {"uri": editor.uri(NORM)}, "range": {"start": place, "end": place}}
    actions = editor.ask("textDocument/codeAction", {**ask, "context": {"diagnostics": []}})
    assert [action["title"] for action in actions] == [
        "colon-in-plain-value: quote the value", "Mend all that can be mended safely",
    ]  # fmt: skip
    assert actions[0]["isPreferred"] and actions[0]["kind"] == "quickfix"
    texts = [edited(bad, action["edit"]["changes"][editor.uri(NORM)]) for action in actions]
    assert texts[0] == bad.replace("A: NormConfig", '"A: NormConfig"')
    assert texts[1] == texts[0].replace("Now: a block is built", '"Now: a block is built"')


def test_symbols(editor: Editor, norm: str) -> None:
    found = editor.ask("textDocument/documentSymbol", {"textDocument": {"uri": editor.uri(NORM)}})
    names = [item["name"] for item in found]
    assert names[:3] == ["NormConfig", "norm_num_params", "rms_norm"] and "residual" in names
    for item in found:
        assert item["range"]["start"]["line"] <= item["selectionRange"]["start"]["line"]
        assert item["range"]["end"]["line"] >= item["selectionRange"]["end"]["line"]


@pytest.mark.parametrize("text", HALVES)
def test_half_a_document_is_no_accident(editor: Editor, norm: str, text: str) -> None:
    editor.change(NORM, text)
    for method in (
        "completion",
        "hover",
        "definition",
        "implementation",
        "formatting",
        "documentSymbol",
    ):
        for line, character in ((0, 0), (0, 99), (2, 13), (99, 1)):
            position = {"line": line, "character": character}
            document = {"textDocument": {"uri": editor.uri(NORM)}, "options": OPTIONS}
            editor.ask(f"textDocument/{method}", {**document, "position": position})


def test_a_text_that_is_not_saved_is_read(editor: Editor) -> None:
    found = editor.open("specs/architecture/new.vibee", "name: x\nname: y\n")
    assert [item["code"] for item in found] == ["IG109"]


def test_the_process_ends_when_it_is_asked_to(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    client = Editor(tmp_path)
    client.start()
    assert client.open("specs/x.vibee", SPEC) == []
    assert client.stop() == 0
    assert client.kill() == ""


def test_without_pygls_there_is_a_sentence(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pygls'] = None; from igla_gen.cli import main; main()"
    command = [sys.executable, "-c", code, "lsp"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "pip install 'pygls>=2,<3'" in result.stderr and "Traceback" not in result.stderr
