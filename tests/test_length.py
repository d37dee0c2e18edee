"""Generated functions are short enough to be read in one go."""

from __future__ import annotations

import ast
import re
import statistics

import pytest

from igla_gen.emit.types import check_methods
from tests.conftest import REPOSITORY

MEDIAN, NINE_TENTHS, LONGEST = 12, 40, 80  # lines


def lengths(tree: str) -> dict[str, int]:
    """Lines of each function by its place."""
    found = {}
    for path in sorted((REPOSITORY / "generated" / tree).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                place = f"{path.relative_to(REPOSITORY)}:{node.lineno} {node.name}"
                found[place] = (node.end_lineno or node.lineno) - node.lineno + 1
    return found


@pytest.mark.parametrize("tree", ["igla", "tests"])
def test_functions_are_short(tree: str) -> None:
    found = lengths(tree)
    assert len(found) > 500
    assert not [f"{place}: {lines}" for place, lines in found.items() if lines > LONGEST]
    assert statistics.median(found.values()) <= MEDIAN
    assert statistics.quantiles(found.values(), n=10)[-1] <= NINE_TENTHS


@pytest.mark.parametrize(("own", "constraints"), [(2, 3), (0, 30), (30, 0), (25, 60), (60, 90)])
def test_a_long_config_makes_the_same_checks_in_the_same_order(own: int, constraints: int) -> None:
    checks = [
        [f"if not self.x{i} > 0:", f"    raise ValueError('x{i}')"]
        for i in range(own + constraints)
    ]
    methods = check_methods(checks[:own], checks[own:])
    called = re.findall(r"self\.(_check_\w+)\(\)", "\n".join(methods["__post_init__"]))
    assert called == [name for name in methods if name != "__post_init__"]
    made = [line for name in called or methods for line in methods[name]]
    assert made == [line for check in checks for line in check]
    assert all(len(body) < LONGEST - 2 for body in methods.values())
    assert bool(called) == (2 * (own + constraints) > LONGEST - 4)


def test_a_config_without_checks_has_none() -> None:
    assert check_methods([], []) == {}
