"""Puts the imports of a rendered module in order: needed ones added, unused ones dropped.

Specialisation leaves out branches, and with them the last use of an import; nothing that is
generated carries an import it does not use.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping

OBVIOUS = {
    "Any": "from typing import Any",
    "Callable": "from collections.abc import Callable",
    "Iterable": "from collections.abc import Iterable",
    "Iterator": "from collections.abc import Iterator",
    "Sequence": "from collections.abc import Sequence",
    "Literal": "from typing import Literal",
    "NamedTuple": "from typing import NamedTuple",
    "Path": "from pathlib import Path",
    "Tensor": "from torch import Tensor",
    "dataclass": "from dataclasses import dataclass",
    "dataclasses": "import dataclasses",
    "math": "import math",
    "nn": "from torch import nn",
    "pytest": "import pytest",
    "statistics": "import statistics",
    "torch": "import torch",
}


def tidy_imports(source: str, providers: Mapping[str, str]) -> str:
    """The module with one sorted block of imports, each of them used.

    `providers` gives an import statement for names that the module may use without importing.
    """
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    used, bound = _names(tree)
    wanted: dict[str, str] = {}
    for node in imports:
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            if name in used or future:
                wanted[f"{_module(node, alias)} {name}"] = _statement(node, alias)
                bound.add(name)
    for name in sorted(used - bound):
        if statement := providers.get(name) or OBVIOUS.get(name):
            wanted[f"{statement} {name}"] = statement
    return _replace(source, tree, imports, list(wanted.values()))


def _names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names that are read anywhere, and names that are bound by something other than imports."""
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            used.add(node.value)  # a quoted annotation
    return used, bound


def _module(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    return alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"


def _statement(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    renamed = f" as {alias.asname}" if alias.asname else ""
    if isinstance(node, ast.Import):
        return f"import {alias.name}{renamed}"
    return f"from {node.module} import {alias.name}{renamed}"


def _replace(
    source: str, tree: ast.Module, imports: list[ast.Import | ast.ImportFrom], statements: list[str]
) -> str:
    lines = source.split("\n")
    drop = {n for node in imports for n in range(node.lineno - 1, (node.end_lineno or node.lineno))}
    first = tree.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    head_end = (first.end_lineno or 0) if is_doc else 0
    head = [line for i, line in enumerate(lines[:head_end]) if i not in drop]
    rest = [line for i, line in enumerate(lines) if i >= head_end and i not in drop]
    return "\n".join([*head, "", *_grouped(statements), "", *rest])


def _grouped(statements: list[str]) -> list[str]:
    """Future, standard library, others, igla: each group sorted, `from` lines merged by module."""
    merged: dict[str, set[str]] = {}
    for statement in statements:
        if statement.startswith("from "):
            module, _, names = statement.removeprefix("from ").partition(" import ")
            merged.setdefault(module, set()).update(names.split(", "))
    plain = {s for s in statements if s.startswith("import ")}
    lines = [*plain, *(f"from {m} import {', '.join(sorted(n, key=_case))}" for m, n in merged.items())]
    groups: list[list[str]] = [[], [], [], []]
    for line in lines:
        groups[_group(line.split()[1].split(".")[0])].append(line)
    out: list[str] = []
    for group in groups:
        if group:
            out += [*sorted(group, key=lambda s: (s.startswith("from "), s.split()[1].lower(), s)), ""]
    return out


def _case(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions."""
    rank = 0 if name.isupper() else 1 if name[0].isupper() else 2
    return rank, name


def _group(package: str) -> int:
    if package == "__future__":
        return 0
    if package in sys.stdlib_module_names:
        return 1
    return 3 if package == "igla" else 2
