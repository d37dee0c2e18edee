"""A finding stands on the line of the slip, or names it, where what goes wrong shows on another line."""

from __future__ import annotations

import pytest

from tests.conftest import SPEC, Workplace

SLIPS = {
    "a value that goes on over the next key": (
        "    laws:\n      - name: multiplies\n        holds: scale",
        "      - name: multiplies\n        holds: scale",
        "colon-in-plain-value",
        "goes on with the value of line {}",
        "    raises: ValueError if x is negative",
    ),
    "an item in place of the key of its list": (
        "    returns: Float\n    raises: ValueError if x is negative\n    laws:\n",
        "    raises: ValueError if x is negative\n    returns: Float\n      - an item\n",
        "colon-in-plain-value",
        "as does line {}",
        "      - an item",
    ),
    "a line of an expression that went elsewhere": (
        "        holds: scale(4.0, ScaleConfig(width=1)) == 8.0",
        "        holds: |\n          scale(4.0, ScaleConfig(width=1)) == 8.0 and\n        tolerance: 0.1",
        "bad-expression",
        "line {} does not go on with it",
        "        tolerance: 0.1",
    ),
    "a text that begins like a key": (
        "types:\n",
        "types:\n  A text: it goes on\n  on this line\n",
        "unexpected-text",
        "line {} is the last one further left",
        "types:",
    ),
    "a key in place of the first line of a text": (
        "    when: It is scaled\n    then: The number times the factor\n",
        "    then: |\n    when: It is scaled\n      by some\n      factor: the number\n",
        "bad-indentation",
        "quote the value of line {}",
        "    when: It is scaled",
    ),
    "a key under a text that begins below its own": (
        "    when: It is scaled\n",
        "    when:\n\n      # always\n      It is scaled\n      as: it is\n",
        "bad-indentation",
        "quote the value under line {}",
        "    when:",
    ),
    "returns: None": (
        "    returns: Float\n",
        "    returns: None\n",
        "unused-line",
        "spec.vibee:{}:5",
        "    returns: None",
    ),
    "a line of an expression that stands askew": (
        "    is: config.width * config.factor\n",
        "    where:\n      sides: |\n        max(\n          config.width,\n           config.factor\n        )\n"
        "    is: sides * config.factor\n",
        "uneven-indentation",
        "spec.vibee:{}:9",
        "           config.factor",
    ),
    "a required key among those of a table": (
        "    returns: Int\n    is: config",
        "    where:\n      is: config",
        "missing-key",
        "one stands deeper, on line {}",
        "      is: config",
    ),
    "a required key in a text": (
        "    description: Width times factor.\n    params: {config: ScaleConfig}\n    returns: Int",
        "    description: |\n      Width times factor.\n      returns: Int\n    params: {config: ScaleConfig}",
        "missing-key",
        "one stands deeper, on line {}",
        "      returns: Int",
    ),
    "a key that ends the mapping it should stand in": (
        "    description: Width times factor.",
        "  description: |\n      Width times factor.\n      Nothing else.",
        "bad-indentation",
        "line {} is the nearest one further left",
        "  description: |",
    ),
    "words that run into the module": (
        "description: Multiplies by a factor.",
        "  Multiplies by a factor.\ndescription: It does.",
        "bad-module",
        "spec.vibee:{}:3",
        "  Multiplies by",
    ),
    "a list under a key that holds a mapping": (
        "    params: {x: Float, config: ScaleConfig}",
        "    params:\n      - x",
        "wrong-shape",
        'it is the value of "params", on line {}',
        "    params:\n      - x",
    ),
    "an item of the wrong kind, far below its key": (
        "behaviors:\n",
        "behaviors:\n\n\n  - a word\n",
        "wrong-shape",
        'it is in the value of "behaviors", on line {}',
        "behaviors:",
    ),
    "nothing in place of a list": (
        "    checks: [scale_of_zero]",
        "    checks:\n    # none",
        "wrong-shape",
        "write '- item' lines from line {} on",
        "    # none",
    ),
    "a text in place of the first line of an item": (
        "      - name: multiplies\n        holds: scale(4.0, ScaleConfig(width=1)) == 8.0",
        "      a text\n        for:\n          q: normal(2)",
        "unexpected-text",
        "line {} is the last before it that stands no further right",
        "      a text",
    ),
    "params in a text": (
        "    then: The number times the factor\n    params: {x",
        "    then: |\n      The number times the factor\n      params: {x",
        "signature-mismatch",
        "line {} of the text reads 'params:'",
        "      params: {x",
    ),
    "checks in a text, and no laws": (
        SPEC[SPEC.index("    then:") :],
        "    then: |\n      The number times the factor\n      checks: [scale_of_zero]\n"
        "    params: {x: Float, config: ScaleConfig}\n    returns: Float\n",
        "behavior-without-test",
        "line {} of the text reads 'checks:'",
        "      checks: [scale",
    ),
    "a field that an example lacks": (
        "    example: {width: 4}",
        "    example: {}",
        "missing-example",
        "spec.vibee:{}:5",
        "    example: {}",
    ),
    "a default that breaks a constraint": (
        "      factor: Int = 2",
        "      factor: Int = 0",
        "constraint-violated",
        "here factor = 0 (line {})",
        "      factor: Int = 0",
    ),
    "a case that binds other names": (
        "        holds: scale(4.0, ScaleConfig(width=1)) == 8.0",
        "        cases: [{a: 1.0},\n          {b: 1.0}, {a: 2.0}]\n"
        "        holds: scale(a, ScaleConfig(width=1)) == a + a",
        "law-shape",
        "spec.vibee:{}:12",
        "          {b: 1.0}",
    ),
    "an input of another shape than the statement wants": (
        "        holds: scale(4.0, ScaleConfig(width=1)) == 8.0",
        "        for: {x: normal(2), y: normal(3)}\n        holds: scale(4.0, ScaleConfig(width=1)) * x == 8.0 * y",
        "dimension-mismatch",
        "its inputs stand on line {}",
        "        for:",
    ),
    "a class that nobody has": (
        "  ScaleConfig:",
        "  Odd:\n    description: Odd.\n    class: handwrittenq\n  ScaleConfig:",
        "unresolved-type",
        "spec.vibee:{}:12",
        "    class: handwrittenq",
    ),
}


@pytest.mark.parametrize(("old", "new", "name", "said", "slip"), SLIPS.values(), ids=SLIPS)
def test_the_line_of_the_slip_is_named(
    scaling: Workplace, old: str, new: str, name: str, said: str, slip: str
) -> None:
    assert SPEC.count(old) == 1
    text = SPEC.replace(old, new)
    scaling.write("spec.vibee", text)
    line = text[: text.index(slip)].count("\n") + 1
    result = scaling.run("check", "spec.vibee")
    assert result.code == 1
    assert name in result.out and said.format(line) in result.out, result.out


def test_a_check_that_nothing_binds_is_placed_in_the_spec(scaling: Workplace) -> None:
    """The finding stands in the template; the spec's line is that of the check before or after it."""
    template = "templates/architecture/test_scaling.py.j2"
    check = "#% check scale_of_one\ndef test_scale_of_one() -> None:\n    assert True\n#% endcheck\n"
    scaling.write(template, f"{scaling.read(template)}\n\n{check}")
    line = SPEC[: SPEC.index("    checks:")].count("\n") + 1
    result = scaling.run("check", "specs/")
    assert "test-without-check" in result.out
    assert f"(after scale_of_zero, specs/architecture/scaling.vibee:{line})" in result.out


def test_a_key_that_is_at_home_elsewhere_is_not_astray(scaling: Workplace) -> None:
    """Types and formulas have descriptions of their own: no one of them is the spec's."""
    scaling.write("spec.vibee", SPEC.replace("description: Multiplies by a factor.\n", "", 1))
    assert "stands deeper" not in scaling.run("check", "spec.vibee").out


@pytest.mark.parametrize("word", ["Callable[[float], None]", "bytes", "torch.dtype", "Any"])
def test_classes_of_python_are_known(scaling: Workplace, word: str) -> None:
    text = SPEC.replace(
        "  ScaleConfig:", f"  Odd:\n    description: Odd.\n    class: {word}\n  ScaleConfig:"
    )
    scaling.write("spec.vibee", text)
    assert "unresolved-type" not in scaling.run("check", "spec.vibee").out
