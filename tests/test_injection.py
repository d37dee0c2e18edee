"""Nothing in a spec becomes code or a path: it is refused at its place, or stays in literals and docstrings."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from igla_gen.rules import run_rules
from igla_gen.syntax import parse_document
from igla_gen.syntax.quoting import double_quoted
from igla_gen.syntax.tree import Mapping, Node, Scalar, Sequence
from tests import sensitivity
from tests.conftest import Workplace

HOSTILE = (
    '"""\nimport os\nos.system("x")\n"""',
    "'''",
    '"',
    "\\",
    '\\""" + __import__(\'os\').system(\'x\') + """',
    "first\nimport os",
    "first\rimport os",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "#% endbehavior",
    "\n#% endbehavior\nimport os\n#% behavior x\n",
    "{__import__('os')}",
    "a \u202e txt.exe",
    "a\u2066b",
    "../../../tmp/x",
    "/etc/passwd",
    "igla.../../x",
    "class",
    "print",
    "__class__",
    "self",
    "x" * 20_000,
    "1); import os; (",
    "\u2028import os",
    "\x0cimport os",
    "\x85import os",
)
SPEC = "specs/architecture/normalization.vibee"


def scalars(node: Node, *, keys: bool) -> Iterator[Scalar]:
    """Every key, or every value, of a tree: whatever a spec may hold, now and later."""
    if isinstance(node, Mapping):
        for entry in node.entries:
            if keys:
                yield entry.key
            yield from scalars(entry.value, keys=keys)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item, keys=keys)
    elif not keys:
        yield node


def skeleton(text: str) -> str:
    """The syntax tree without the values of its literals."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
    return ast.dump(tree)


def verdict(text: str, place: int) -> str:
    """`refused` or `same`; anything else is said."""
    bench = sensitivity.bench()
    library = bench.loaded(SPEC, text)
    unit = library.requested[0] if library.requested else None
    if unit is not None:
        run_rules(library)
    found = library.findings.sorted()
    if found:
        near = {item.span.line for item in found if item.span.file == SPEC}
        return "refused" if near or unit is None else f"refused elsewhere: {found[0].message}"
    assert unit is not None
    if unit.module != bench.units[SPEC].module:
        return f"another path: {unit.module}"
    made, before = (
        sensitivity.rendered(lib, lib.units[unit.module]) for lib in (library, bench.base)
    )
    is_same = list(map(skeleton, made)) == list(map(skeleton, before))
    return "same" if is_same else f"other code from line {place}"


@pytest.mark.slow  # each text in each place of a spec, rendered
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text)[:30])
@pytest.mark.parametrize("keys", [False, True], ids=["values", "keys"])
def test_no_text_of_a_spec_becomes_code(hostile: str, keys: bool) -> None:
    text = sensitivity.bench().texts()[SPEC]
    tree = parse_document(text, SPEC).tree
    assert tree is not None
    source = sensitivity.Text(SPEC, text)
    quoted = double_quoted(hostile)
    bad = []
    for scalar in list(scalars(tree, keys=keys))[:: 1 if len(hostile) < 1000 else 9]:
        new = source.replaced(source.extent(scalar), quoted)
        said = verdict(new, scalar.span.line)
        if said not in ("refused", "same"):
            bad.append((scalar.span.line, scalar.text[:30], said))
    assert not bad, bad


@pytest.mark.parametrize(
    "module", ["igla.../../x.y", "igla./etc.x", "/tmp/x.y", "igla.a.class", "..", "os.path.x"]
)
def test_no_module_is_a_path_outside(scaling: Workplace, module: str) -> None:
    place = "specs/architecture/scaling.vibee"
    scaling.change(place, "igla.architecture.scaling", f'"{module}"')
    before = scaling.files(".")
    result = scaling.run("gen")
    assert result.code == 1 and "is not a module path" in result.out
    assert scaling.files(".") == before
