"""Nothing in a spec becomes code or a path: it is refused at its place, or stays in literals and docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from igla_gen.model import library as libraries
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
    "first\x00import os",
    "\x00",
    "\ue0007\ue000",
    "\ue000",
    "# fmt: off",
    ")(*[",
)
NEUTRAL = "some_word"  # in its place nothing is hostile
# a component, a blueprint, and what is made of blueprints
SPECS = (
    "specs/architecture/normalization.vibee",
    "specs/models/language_model.vibee",
    "specs/models/igla_tiny.vibee",
    "specs/recipes/quickstart.vibee",
)
STRIDE = 61  # of the sample that runs on each change


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


def skeleton(text: str, *words: str) -> str:
    """The syntax tree without the values of its literals; the words in its names are a neutral one."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
        for field, value in ast.iter_fields(node):
            if words and isinstance(value, str) and not isinstance(node, ast.Constant):
                setattr(node, field, re.sub("|".join(words), NEUTRAL, value))
    return ast.dump(tree)


def built(spec: str, text: str) -> list[str] | str:
    """The files that depend on a spec when it holds this text, or why there are none."""
    bench = sensitivity.bench()
    library = bench.loaded(spec, text)
    unit = library.requested[0] if library.requested else None
    if unit is None:
        return "refused"
    libraries._load_uses(library, sensitivity.ROOT)
    readers = sensitivity.readers(library, unit)
    run_rules(library, [unit, *readers])
    if sensitivity.faults_of(library):
        return "refused"
    if unit.module != bench.units[spec].module:
        return f"another path: {unit.module}"
    # drafts: what comes after them sorts imports, adds comments and lays out, and reads no spec
    return [text for reader in readers for text in sensitivity.drafts_of(library, reader)]


@cache
def sound(spec: str) -> list[tuple[str, str]]:
    """The files that depend on a spec as it is, each with its skeleton."""
    made = built(spec, sensitivity.bench().texts()[spec])
    assert not isinstance(made, str), made
    return [(text, skeleton(text)) for text in made]


def is_sound(spec: str, made: list[str]) -> bool:
    """Whether these files are those of the spec as it is, but for literals."""
    pairs = list(zip(made, sound(spec), strict=True))
    return all(text == before or skeleton(text) == shape for text, (before, shape) in pairs)


def verdict(spec: str, scalar: Scalar, hostile: str) -> str:
    """`refused` or `same`; anything else is said."""
    source = sensitivity.Text(spec, sensitivity.bench().texts()[spec])
    extent = source.extent(scalar)
    made = built(spec, source.replaced(extent, double_quoted(hostile)))
    if isinstance(made, str):
        return made
    if is_sound(spec, made):
        return "same"
    if hostile.isidentifier():  # a name that may stand there, like any other one
        other = built(spec, source.replaced(extent, NEUTRAL))
        if not isinstance(other, str) and _renamed(made, hostile) == _renamed(other, hostile):
            return "same"
        before = built(spec, source.text)  # where a word counts as used that a template happens to hold
        words = (hostile, scalar.text)
        if scalar.text.isidentifier() and _renamed(made, *words) == _renamed(before, *words):
            return "same"
    return f"other code from line {scalar.span.line}"


def _renamed(texts: list[str] | str, *words: str) -> list[str]:
    return [skeleton(text, *words) for text in texts]


def harm(spec: str, hostile: str, places: slice, *, keys: bool) -> list[tuple[int, str, str]]:
    """Where a text in a spec does harm, with what it does; tried in some places of the spec."""
    tree = parse_document(sensitivity.bench().texts()[spec], spec).tree
    assert tree is not None
    chosen = list(scalars(tree, keys=keys))[places]
    assert chosen
    said = [(s.span.line, s.text[:30], verdict(spec, s, hostile)) for s in chosen]
    return [item for item in said if item[2] not in ("refused", "same")]


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("keys", [False, True], ids=["values", "keys"])
def test_no_text_in_some_places_becomes_code(spec: str, keys: bool) -> None:
    """Each hostile text, each in other places."""
    for number, hostile in enumerate(HOSTILE):
        bad = harm(spec, hostile, slice(number % 17, None, STRIDE), keys=keys)
        assert not bad, (hostile, bad)


@pytest.mark.slow  # in each place
@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text)[:30])
@pytest.mark.parametrize("keys", [False, True], ids=["values", "keys"])
@pytest.mark.parametrize("spec", SPECS)
def test_no_text_of_a_spec_becomes_code(spec: str, hostile: str, keys: bool) -> None:
    bad = harm(spec, hostile, slice(0, None, 1 if len(hostile) < 1000 else 9), keys=keys)
    assert not bad, bad


@pytest.mark.parametrize(
    "module",
    ["igla.../../x.y", "igla./etc.x", "/tmp/x.y", "igla.a.class", "..", "os.path.x", f"igla.{'a' * 255}.x"],
)
def test_no_module_is_a_path_outside(scaling: Workplace, module: str) -> None:
    place = "specs/architecture/scaling.vibee"
    scaling.change(place, "igla.architecture.scaling", f'"{module}"')
    before = scaling.files(".")
    result = scaling.run("gen")
    assert result.code == 1 and "is not a module path" in result.out
    assert scaling.files(".") == before
