"""Case folders, run through the command line as a user would.

    tests/cases/<name>/spec.vibee          one spec, or
    tests/cases/<name>/specs/...           a tree of them (and templates/... where the case needs its own)
    tests/cases/<name>/command.txt         the arguments; default: check spec.vibee (or: check specs)
    tests/cases/<name>/expected.txt        what the command prints, and its exit code
    tests/cases/<name>/tree.json           the tree of spec.vibee, where the case is about it
    tests/cases/<name>/generated/...       files the command must have made, byte for byte

`UPDATE_CASES=1 pytest tests/test_cases.py` writes what is found as expected; read the difference before keeping it.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from igla_gen.syntax import Mapping, Node, Scalar, parse_document
from tests.conftest import Workplace

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
UPDATE = bool(os.environ.get("UPDATE_CASES"))


def settle(workplace: Workplace, case: Path) -> None:
    """Copies the inputs of the case into the workplace."""
    for folder in ("specs", "templates"):
        if (case / folder).is_dir():
            shutil.copytree(case / folder, workplace.root / folder, dirs_exist_ok=True)
    if (case / "spec.vibee").exists():
        shutil.copy(case / "spec.vibee", workplace.root / "spec.vibee")


def agree(path: Path, text: str) -> None:
    if UPDATE:
        path.write_bytes(text.encode("utf-8"))
    assert text == path.read_bytes().decode("utf-8")


def as_json(node: Node) -> object:
    place = f"{node.span.line}:{node.span.column}"
    if isinstance(node, Scalar):
        return {"at": place, node.style: node.text}
    if isinstance(node, Mapping):
        return {"at": place, "mapping": {e.key.text: as_json(e.value) for e in node.entries}}
    return {"at": place, "sequence": [as_json(item) for item in node.items]}


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str, scaling: Workplace) -> None:
    case = CASES / name
    if (case / "specs").is_dir():
        shutil.rmtree(scaling.root / "specs")
    settle(scaling, case)
    command = case / "command.txt"
    default = "check spec.vibee" if (case / "spec.vibee").exists() else "check specs"
    lines = command.read_text(encoding="utf-8").splitlines() if command.exists() else [default]
    said = ""
    for line in lines:
        result = scaling.run(*line.split())
        said += f"$ igla-gen {line}\n{result.out}{result.err}exit {result.code}\n"
    assert "Traceback" not in said
    agree(case / "expected.txt", said)
    for expected in sorted((case / "generated").rglob("*.py")):
        made = scaling.root / expected.relative_to(case)
        agree(expected, made.read_bytes().decode("utf-8"))


@pytest.mark.parametrize("name", [name for name in NAMES if (CASES / name / "tree.json").exists()])
def test_tree(name: str) -> None:
    case = CASES / name
    text = (case / "spec.vibee").read_bytes().decode("utf-8")
    document = parse_document(text, "spec.vibee")
    assert document.tree is not None and not document.faults
    agree(
        case / "tree.json", json.dumps(as_json(document.tree), indent=1, ensure_ascii=False) + "\n"
    )


def test_there_are_cases() -> None:
    assert len(NAMES) > 15
