"""Puts the imports of a rendered module in order: needed ones added, unused ones dropped.

Specialisation leaves out branches, and with them the last use of an import; nothing that is
generated carries an import it does not use.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping
from itertools import dropwhile

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
    return "\n".join(line for line, _ in tidy_lines(source, providers))


def tidy_lines(source: str, providers: Mapping[str, str]) -> list[tuple[str, int]]:
    """The same, line by line, with the line of the source that each one is; 0 for a new one."""
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
    """Names that the module reads from its own scope, and those that it binds there, imports apart."""
    scope = _Scope()
    for statement in tree.body:
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            scope.visit(statement)
    return scope.reads | scope.inner_reads, scope.binds


class _Scope(ast.NodeVisitor):
    """What one scope reads and binds, and what the scopes inside it read from outside."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.inner_reads: set[str] = set()
        self.binds: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        (self.reads if isinstance(node.ctx, ast.Load) else self.binds).add(node.id)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.binds |= {alias.asname or alias.name.split(".")[0] for alias in node.names}

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.binds |= {node.name} if node.name else set()
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.binds |= {node.name} if node.name else set()
        self.generic_visit(node)

    visit_MatchStar = visit_MatchAs

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._annotation(node.annotation)
        self._visit_all([node.target, node.value])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.binds.add(node.name)
        self._visit_all(node.decorator_list)
        self._annotation(node.returns)
        self._function(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node.args, [node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.binds.add(node.name)
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        inner = _Scope()
        inner._visit_all(node.body)
        # the names of a class body are not seen by the functions in it
        self.inner_reads |= (inner.reads - inner.binds) | inner.inner_reads

    def visit_ListComp(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
    ) -> None:
        inner = _Scope()
        inner.generic_visit(node)
        self.inner_reads |= (inner.reads | inner.inner_reads) - inner.binds

    visit_SetComp = visit_GeneratorExp = visit_DictComp = visit_ListComp

    def _function(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> None:
        given = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        given += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
        for argument in given:
            self._annotation(argument.annotation)
        self._visit_all([*arguments.defaults, *arguments.kw_defaults])
        inner = _Scope()
        inner.binds |= {argument.arg for argument in given}
        inner._visit_all(body)
        self.inner_reads |= (inner.reads | inner.inner_reads) - inner.binds

    def _visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _annotation(self, node: ast.expr | None) -> None:
        """An annotation, which may be in quotes; the words of a Literal are no names."""
        if node is None:
            return
        self.visit(node)
        subscripts = (part for part in ast.walk(node) if isinstance(part, ast.Subscript))
        literals = [part for part in subscripts if ast.unparse(part.value) == "Literal"]
        words = {id(word) for literal in literals for word in ast.walk(literal)}
        for part in ast.walk(node):
            if (
                isinstance(part, ast.Constant)
                and isinstance(part.value, str)
                and part.value.isidentifier()
                and id(part) not in words
            ):
                self.reads.add(part.value)


def _module(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    return alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"


def _statement(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    renamed = f" as {alias.asname}" if alias.asname else ""
    if isinstance(node, ast.Import):
        return f"import {alias.name}{renamed}"
    return f"from {node.module} import {alias.name}{renamed}"


def _replace(
    source: str, tree: ast.Module, imports: list[ast.Import | ast.ImportFrom], statements: list[str]
) -> list[tuple[str, int]]:
    lines = list(zip(source.split("\n"), range(1, source.count("\n") + 2), strict=True))
    drop = {n for node in imports for n in range(node.lineno - 1, (node.end_lineno or node.lineno))}
    first = tree.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    head_end = (first.end_lineno or 0) if is_doc else 0
    head = [line for i, line in enumerate(lines[:head_end]) if i not in drop]
    rest = [line for i, line in enumerate(lines) if i >= head_end and i not in drop]
    rest = list(dropwhile(lambda line: not line[0].strip(), rest))
    block = [(line, _source_line(line, imports)) for line in _grouped(statements)]
    return [*head, ("", 0), *block, *rest]  # a block ends with a blank line


def _source_line(line: str, imports: list[ast.Import | ast.ImportFrom]) -> int:
    """Where the source imports the module of this line first; 0 if it does not."""
    if not line:
        return 0
    module = line.split()[1]
    for node in imports:
        names = [_module(node, alias) for alias in node.names]
        if (node.module if isinstance(node, ast.ImportFrom) else "") == module or module in names:
            return node.lineno
    return 0


def _grouped(statements: list[str]) -> list[str]:
    """Future, standard library, others, igla: each group sorted, `from` lines merged by module."""
    merged: dict[str, set[str]] = {}
    for statement in statements:
        if statement.startswith("from ") and " as " not in statement:
            module, _, names = statement.removeprefix("from ").partition(" import ")
            merged.setdefault(module, set()).update(names.split(", "))
    plain = {s for s in statements if s.startswith("import ") or " as " in s}
    lines = [
        *plain,
        *(f"from {m} import {', '.join(sorted(n, key=_case))}" for m, n in merged.items()),
    ]
    groups: list[list[str]] = [[], [], [], []]
    for line in lines:
        groups[_group(line.split()[1].split(".")[0])].append(line)
    out: list[str] = []
    for group in groups:
        if group:
            out += [
                *sorted(group, key=lambda s: (s.startswith("from "), s.split()[1].lower(), s)),
                "",
            ]
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
