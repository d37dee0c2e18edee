"""Every shipped template is Python before it is rendered, and keeps to what a template may hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

FOLDER = REPOSITORY / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.j2"))
HOLE = re.compile(r"\{\{(.*?)\}\}")
CONTROL = re.compile(r"^\s*#% (.*)$", re.MULTILINE)


def text_of(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_there_are_templates() -> None:
    assert len(TEMPLATES) >= 2


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_parses_as_python_before_it_is_rendered(name: str) -> None:
    ast.parse(text_of(name), filename=name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_its_blocks_are_closed_in_order(name: str) -> None:
    open_blocks: list[str] = []
    for line in CONTROL.findall(text_of(name)):
        word = line.split()[0]
        if word.startswith("end"):
            assert open_blocks, f"{line} closes nothing"
            assert open_blocks.pop() == word.removeprefix("end")
        elif word in {"behavior", "type", "check", "if", "for"}:
            open_blocks.append(word)
        else:
            assert word in {"else", "elif", "set"}, f"{line} is not a control line"
    assert open_blocks == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_its_holes_are_simple(name: str) -> None:
    for hole in HOLE.findall(text_of(name)):
        assert re.fullmatch(r" [a-z_]+(\([^()]*\))? ", hole), f"{{{{{hole}}}}} is more than a name"


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_has_a_partner_and_a_spec(name: str) -> None:
    path = Path(name)
    stem = path.name.removesuffix(".py.j2").removeprefix("test_")
    assert {
        (path.parent / f"{stem}.py.j2").as_posix(),
        (path.parent / f"test_{stem}.py.j2").as_posix(),
    } <= set(TEMPLATES)
    assert (REPOSITORY / "specs" / path.parent / f"{stem}.vibee").exists()


@pytest.mark.parametrize("name", TEMPLATES)
def test_its_imports_are_absolute(name: str) -> None:
    imports = [
        node for node in ast.walk(ast.parse(text_of(name))) if isinstance(node, ast.ImportFrom)
    ]
    assert all(node.level == 0 for node in imports)
    modules = {node.module for node in imports} | {
        alias.name
        for node in ast.walk(ast.parse(text_of(name)))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not any(module and module.split(".")[0] == "igla_gen" for module in modules)


def test_the_generator_needs_neither_torch_nor_its_own_output() -> None:
    for path in (REPOSITORY / "igla_gen").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {name.split(".")[0] for name in names} & {"torch", "igla", "numpy"}, path
