"""Imports of generated modules: what is used and nothing else, by Python's own scopes."""

from __future__ import annotations

import ast

import pytest

from igla_gen.emit.imports import tidy_imports

PROVIDERS = {
    "scale": "from igla.a import scale",
    "area": "from igla.a import area",
    "b": "from igla import b",
}


def imports_of(source: str) -> list[str]:
    tidied = tidy_imports(source, PROVIDERS)
    return [
        ast.unparse(node)
        for node in ast.parse(tidied).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nimport sys\nprint(sys)\n", ["import sys"]),
        ("x = scale(1)\n", ["from igla.a import scale"]),
        ("x = area(scale)\n", ["from igla.a import area, scale"]),
        ("def scale(): ...\nscale()\n", []),
        ("scale = 1\nprint(scale)\n", []),
        ("def f(scale): return scale\n", []),
        ("def f():\n    scale = 1\n    return scale\n", []),
        ("def f():\n    from x import scale\n    return scale\n", []),
        ("def f(*, scale=1): return scale\ndef g(): return scale\n", ["from igla.a import scale"]),
        (
            "class A:\n    scale: int\n\n    def f(self): return scale(1)\n",
            ["from igla.a import scale"],
        ),
        ("class A:\n    scale = 1\n    twice = scale\n", []),
        ("def f(): return [scale for scale in range(3)]\n", []),
        ("def f(): return [scale for x in range(3)]\n", ["from igla.a import scale"]),
        ("f = lambda scale: scale\n", []),
        ("f = lambda x=scale: x\n", ["from igla.a import scale"]),
        ("def outer(scale):\n    def inner(): return scale\n    return inner\n", []),
        ("x = ['scale', 'area']\n", []),
        ("def f(x: 'scale') -> 'area': ...\n", ["from igla.a import area, scale"]),
        ("def f(x: Literal['scale'] | 'area') -> None: ...\n",
         ["from typing import Literal", "from igla.a import area"]),
        ("def f(x: scale) -> None: ...\n", ["from igla.a import scale"]),
        ("x: scale = 1\n", ["from igla.a import scale"]),
        ("try: pass\nexcept E as scale: print(scale)\n", []),
        ("with f() as scale: print(scale)\n", []),
        ("for scale in x: print(scale)\n", []),
        ("@scale\ndef f(): ...\n", ["from igla.a import scale"]),
        ("class A(scale, metaclass=area): ...\n", ["from igla.a import area, scale"]),
        ("print(scale.x.y)\n", ["from igla.a import scale"]),
        ("print(x.scale)\n", []),
        ("f(scale=1)\n", []),
        (
            "from __future__ import annotations\nimport re as r\nr.x\n",
            ["from __future__ import annotations", "import re as r"],
        ),
        ("import os.path\nos.path.x\n", ["import os.path"]),
        ("math.pi, torch.x, np.y\n", ["import math", "import torch"]),
        (
            "from b import c\nfrom a import d\nimport z\nimport sys\nfrom igla import e\nc, d, z, sys, e\n",
            ["import sys", "import z", "from a import d", "from b import c", "from igla import e"],
        ),
        ("(scale := 3)\nprint(scale)\n", []),
        ("match x:\n    case [scale, *area]: print(scale, area)\n", []),
        ("def f():\n    global b\n    return b\n", ["from igla import b"]),
    ],
)
def test_imports(source: str, expected: list[str]) -> None:
    assert imports_of(source) == expected


def test_the_docstring_and_the_code_stay() -> None:
    source = '"""Doc.\n\nMore.\n"""\n\nimport os\n\n# a comment\nx = 1  # another\n'
    tidied = tidy_imports(source, PROVIDERS)
    assert ast.get_docstring(ast.parse(tidied)) == "Doc.\n\nMore."
    assert "# a comment\nx = 1  # another\n" in tidied
    assert "import" not in tidied
