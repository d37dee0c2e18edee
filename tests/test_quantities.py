"""Quantities: read exactly, held to the unit of their type, and generated as plain numbers."""

from __future__ import annotations

import importlib.util
import math
import os
import re
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from igla_gen.diagnostics import Span, SpecError
from igla_gen.model.quantities import (
    MEASURES,
    SCALES,
    UNITS,
    QuantityError,
    fit_quantity,
    fit_range,
    parse_quantity,
)
from igla_gen.model.types import FieldType, parse_field
from igla_gen.rules.base import load_rule
from igla_gen.syntax.tree import Scalar
from tests.conftest import Workplace

SPEC = "specs/architecture/scaling.vibee"
TESTS = "tests/architecture/test_scaling.py"


def field(text: str) -> FieldType:
    return parse_field(Scalar(text, "plain", Span("x.vibee", 3, 10, 3, 10 + len(text))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Int = 4M tokens -- to train on", 4_000_000),
        ("Int = 14.7K", 14_700),
        ("Int = 140B", 140_000_000_000),
        ("Int = -3", -3),
        ("Int = 12 layers", 12),
        ("Float = 1.5M", 1_500_000.0),
        ("Float = 1e-6 -- small", 1e-6),
        ("Float = -.5K", -500.0),
        ("Bytes = 80GB", 80_000_000_000),
        ("Bytes = 1.5 KiB", 1536),
        ("Bytes = 0 bytes", 0),
        ("Duration = 90 min", 5400.0),
        ("Duration = 250ms", 0.25),
        ("Dollars = $2.50", 2.5),
        ("Dollars = $3M", 3_000_000.0),
        ("DollarsPerHour = $2.50/h", 2.5),
        ("DollarsPerHour = $48/day", 2.0),
        ("Fraction = 1.5% -- of the steps", 0.015),
        ("Fraction = 0.25", 0.25),
        ("Range<Duration> = 4-6 weeks", [2_419_200.0, 3_628_800.0]),
        ("Range<Int> = 4-6", [4, 6]),
        ("Range<Float> = [-1, 1.5]", [-1.0, 1.5]),
        ("Range<Bytes> = [80GB, 1TB]", [80 * 10**9, 10**12]),
        ("Range<DollarsPerHour> = $2-3/h", [2.0, 3.0]),
        ("Option<Bytes> = none", None),
        ("List<Int> = [1K, 2K]", [1000, 2000]),
        ("Map<String, Int> = {a: 1K}", {"a": 1000}),
        ("String = 4M", "4M"),
        ("Path = $HOME/data", "$HOME/data"),
    ],
)
def test_what_defaults_are_worth(text: str, value: object) -> None:
    found = field(text)
    assert found.default == value and type(found.default) is type(value)
    assert found.help == text.partition(" -- ")[2]


@pytest.mark.parametrize(
    ("text", "message", "at"),
    [
        ("Int = 80GB", "80GB is an amount of memory, not an Int", "GB"),
        ("Int = 14.75 tokens", "14.75 tokens is not a whole number (Int)", "14.75 tokens"),
        ("Int = 1.5", "1.5 is not a whole number (Int)", "1.5"),
        ("Int = 1.2345K", "is not a whole number", "1.2345K"),
        ("Int = 4 gb", "gb is not a unit", "gb"),
        ("Int = 4-6 K", "4-6 K is a range, not an Int", "K"),
        ("Float = 50%", "50% is a percentage, not a Float", "%"),
        ("Bytes = 4 weeks -- long", "4 weeks is a duration, not a Bytes", "weeks"),
        ("Bytes = 80", "80 is a number without a unit, not a Bytes", "80"),
        ("Bytes = 140B", "140B is a count, not a Bytes", "B"),
        ("Duration = 3 months", "3 months is a count, not a Duration", "months"),
        ("Duration = -3 h", "a duration is not negative", "-"),
        ("Dollars = $5/h", "$5/h is money per time, not a Dollars", "$5/h"),
        ("Dollars = $5GB", "$5GB mixes dollars and a unit", "GB"),
        ("DollarsPerHour = $5/fortnight", "fortnight is not a unit of time", "fortnight"),
        ("Fraction = 150%", "150% is not from 0 to 1 (Fraction)", "150%"),
        ("Range<Duration> = 6-4 weeks", "goes from high to low", "6-4"),
        ("Range<Duration> = 4 weeks", "4 weeks is not a range", "4 weeks"),
        ("Range<Int> = [6, 4]", "[6, 4] goes from high to low", "[6, 4]"),
        ("List<Bytes> = [1GB, 2 h]", "2 h is a duration, not a Bytes", "h"),
    ],
)
def test_what_does_not_fit_is_named_where_it_stands(text: str, message: str, at: str) -> None:
    with pytest.raises(SpecError) as caught:
        field(text)
    found = caught.value.diagnostic
    assert (found.code, message in found.message) == ("IG206", True), found.message
    start, end = found.span.column - 10, found.span.end_column - 10
    assert text[start:end] == at
    assert found.hint


NUMBERS = st.decimals("0.001", 99_999, places=3).map(lambda number: format(number.normalize(), "f"))


@given(NUMBERS, st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_a_written_quantity_is_read_exactly(number: str, unit: str, blank: str) -> None:
    found = parse_quantity(f"{number}{blank}{unit}")
    kind, size = UNITS[unit]
    assert (found.kind, found.low, found.high) == (kind, Fraction(number) * size, None)


@given(NUMBERS, NUMBERS, st.sampled_from(["", "M", "B"]))
def test_a_written_range_of_money_is_read_exactly(one: str, other: str, scale: str) -> None:
    low, high = sorted((one, other), key=Fraction)
    size = SCALES.get(scale, 1)
    found = parse_quantity(f"${low}-{high}{scale}/h")
    assert (found.low, found.high) == (Fraction(low) * size, Fraction(high) * size)


_ALPHABET = st.sampled_from("0123456789.-+_eEKMGTPiBbhs %$/\t\"'[]{},:= ²١éweks")


@given(st.text(_ALPHABET) | st.text(), st.sampled_from(sorted(MEASURES)))
def test_no_text_is_more_than_a_value_or_a_fault_inside_it(text: str, name: str) -> None:
    for read in (fit_quantity, fit_range):
        try:
            read(text, name)
        except QuantityError as error:
            assert 0 <= error.start <= error.end <= len(text) + 1


@given(st.text(_ALPHABET), st.sampled_from([*MEASURES, "Range<Int>", "Option<Bytes>", "String"]))
def test_no_default_is_more_than_a_value_or_a_located_fault(text: str, name: str) -> None:
    try:
        field(f"{name} = {text}")
    except SpecError as error:
        assert error.diagnostic.span.line == 3


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'String = "a\nb\t\\ \"c\" \u00e9" -- help', 'a\nb\t\\ "c" é'),
        (r"String = 'a\nb'", r"a\nb"),
        (r'Map<String, String> = {"a b": "x", c: "\n"}', {"a b": "x", "c": "\n"}),
    ],
)
def test_escapes_in_texts_of_defaults(text: str, value: object) -> None:
    assert field(text).default == value


@pytest.mark.parametrize("escape", [r"\x", r"\ud800", r"\u12"])
def test_what_is_no_escape_is_marked(escape: str) -> None:
    text = f'String = "ab{escape}"'
    with pytest.raises(SpecError) as caught:
        field(text)
    found = caught.value.diagnostic
    start, end = found.span.column - 10, found.span.end_column - 10
    assert found.code == "IG107" and escape.startswith(text[start:end]) and start == 12


def test_a_name_twice_in_a_map_is_a_fault() -> None:
    with pytest.raises(SpecError, match="stands twice"):
        field("Map<String, Int> = {a: 1, a: 2}")


def module_of(place: Workplace, monkeypatch: pytest.MonkeyPatch):
    """The generated module, executed."""
    path = place.root / "generated/igla/architecture/scaling.py"
    spec = importlib.util.spec_from_file_location("generated_scaling", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "generated_scaling", module)
    spec.loader.exec_module(module)
    return module


FIELDS = """\
      width: Int -- channels
      budget: Int = 4M tokens -- what it is trained on
      memory: Bytes = 80GB -- of one device
      price: DollarsPerHour = $2.50/h
      warmup: Fraction = 1.5% -- of all steps
      calendar: Range<Duration> = 4-6 weeks -- from start to end
"""


def test_generated_code_holds_plain_numbers_and_names_their_units(
    scaling: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaling.change(SPEC, "      width: Int -- channels\n", FIELDS)
    scaling.change(SPEC, "      - width > 0\n", "      - width > 0\n      - memory >= 4_000\n")
    scaling.change(SPEC, "{width: 4}", "{width: 4K channels, warmup: 2%}")
    result = scaling.run("gen")
    assert result.code == 0, result.out + result.err
    config = module_of(scaling, monkeypatch).ScaleConfig(width=1)
    assert (config.budget, config.memory, config.price) == (4_000_000, 80_000_000_000, 2.5)
    assert (config.warmup, config.calendar) == (0.015, (2_419_200.0, 3_628_800.0))
    assert type(config.memory) is int and type(config.price) is float
    text = scaling.read("generated/igla/architecture/scaling.py")
    for said in (
        '"""Of one device (bytes)."""', '"""US dollars per hour."""', '"""Of all steps (from 0 to 1)."""',
        '"""From start to end (seconds)."""', "calendar: tuple[float, float]",
    ):  # fmt: skip
        assert said in text, text
    tests = scaling.read("generated/tests/architecture/test_scaling.py")
    assert "width=4000" in tests and "'memory': 3999" in tests.replace('"', "'"), tests


def test_a_wrong_unit_in_an_example_is_marked_there(scaling: Workplace) -> None:
    scaling.change(SPEC, "{width: 4}", "{width: 4GB}")
    result = scaling.run("check", "specs", "--output-format", "concise")
    line = next(i for i, t in enumerate(scaling.read(SPEC).splitlines(), 1) if "4GB" in t)
    column = scaling.read(SPEC).splitlines()[line - 1].index("GB") + 1
    assert result.code == 1
    assert f"{SPEC}:{line}:{column}: IG413" in result.out, result.out
    assert "4GB is an amount of memory, not an Int" in result.out


MIXED = """\
      width: Int -- channels
      sources: "Mixture = {web: 0.6, code: 40%} -- what it reads"
      shape: Tuple<Int, String, Float> = [2K, "a", 1]
      weights: "Map<String, Float> = {a: 1.5}"
"""


def test_a_mixture_is_held_to_its_sum(scaling: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    scaling.change(SPEC, "      width: Int -- channels\n", MIXED)
    result = scaling.run("gen")
    assert result.code == 0, result.out + result.err
    module = module_of(scaling, monkeypatch)
    config = module.ScaleConfig(width=1)
    assert config.sources == {"web": 0.6, "code": 0.4} and config.weights == {"a": 1.5}
    assert config.shape == (2000, "a", 1.0)
    assert config.sources is not module.ScaleConfig(width=1).sources
    with pytest.raises(ValueError, match=r"sources sums to 0\.75, not to 1"):
        module.ScaleConfig(width=1, sources={"web": 0.5, "code": 0.25})
    with pytest.raises(ValueError, match="not from 0 to 1"):
        module.ScaleConfig(width=1, sources={"web": 1.5, "code": -0.5})


def test_the_tests_of_a_mixture_notice_that_its_checks_are_gone(scaling: Workplace) -> None:
    scaling.change(SPEC, "      width: Int -- channels\n", MIXED)
    assert scaling.run("gen").code == 0
    module = "generated/igla/architecture/scaling.py"
    source = scaling.read(module)
    changes = {
        source: True,
        source.replace("<= 1e-06", "<= 1e-05"): False,
        source.replace("<= 1e-06", "<= 1e-08"): False,
        source.replace("all(0 <= part <= 1", "all(0 <= part"): False,
    }
    assert len(changes) == 4
    for text, passes in changes.items():
        scaling.write(module, text)
        assert generated_tests_pass(scaling) is passes


BOUNDED = """\
      width: Int -- channels
      warmup: Fraction = 1.5%
      cooldown: Option<Fraction> = none
      shares: List<Fraction> = [0.5, 40%]
      parts: "Map<String, Fraction> = {a: 10%}"
      layers: Range<Int> = [2, 4]
      calendar: Option<Range<Duration>> = none
      window: Range<Fraction> = [0.1, 0.5]
      windows: List<Range<Fraction>> = []
"""
BOUNDS = {
    "warmup": (1.5, -0.1, math.nan),
    "cooldown": (1.5, -0.1, math.nan),
    "shares": ((0.5, 1.5), (-0.1,)),
    "parts": ({"a": 0.5, "b": 2.0},),
    "layers": ((4, 2),),
    "calendar": ((2.0, 1.0), (math.nan, 1.0)),
    "window": ((0.5, 0.1), (-0.1, 0.5), (0.5, 1.5)),
    "windows": (((0.0, 0.5), (0.5, 0.1)), ((0.5, 1.5),)),
}


def test_a_config_refuses_what_is_no_fraction_or_range(
    scaling: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaling.change(SPEC, "      width: Int -- channels\n", BOUNDED)
    result = scaling.run("gen")
    assert result.code == 0, result.out + result.err
    config = module_of(scaling, monkeypatch).ScaleConfig
    assert config(width=1, warmup=1.0, cooldown=0.0, layers=(3, 3), windows=((0.0, 1.0),))
    for name, values in BOUNDS.items():
        for value in values:
            with pytest.raises(ValueError, match="from 0 to 1|from high to low") as caught:
                config(width=1, **{name: value})
            assert f"ScaleConfig.{name}={value!r} " in str(caught.value)


def generated_tests_pass(place: Workplace) -> bool:
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"generated/{TESTS}"]
    # two versions of one size within a second would be one to Python, which keeps the bytecode
    environment = {
        **os.environ, "PYTHONPATH": str(place.root / "generated"), "PYTHONDONTWRITEBYTECODE": "1"
    }  # fmt: skip
    return subprocess.run(run, cwd=place.root, env=environment, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0 <= self.warmup <= 1", "0 < self.warmup <= 1"),
        ("0 <= self.warmup <= 1", "0 <= self.warmup < 1"),
        ("0 <= self.warmup <= 1", "-1 <= self.warmup <= 1"),
        ("not 0 <= self.warmup <= 1", "self.warmup < 0 or self.warmup > 1"),
        ("0 <= self.cooldown <= 1", "0 <= self.cooldown <= 2"),
        ("self.calendar[0] <= self.calendar[1]", "self.calendar[0] < self.calendar[1]"),
        ("self.layers[0] <= self.layers[1]", "self.layers[1] <= self.layers[0]"),
        ("self.window[0] <= self.window[1]", "True"),
        ("all(0 <= part <= 1 for part in self.window)", "True"),
        ("all(0 <= part <= 1 for part in self.parts.values())", "True"),
        ("all(part[0] <= part[1] for part in self.windows)", "True"),
        ("", ""),
    ],
)
def test_the_tests_of_fractions_and_ranges_notice_each_change(
    scaling: Workplace, old: str, new: str
) -> None:
    scaling.change(SPEC, "      width: Int -- channels\n", BOUNDED)
    assert scaling.run("gen").code == 0
    scaling.change("generated/igla/architecture/scaling.py", old, new)
    assert generated_tests_pass(scaling) is (old == new)


def test_a_constraint_on_a_fraction_is_tested_where_the_type_lets_it(scaling: Workplace) -> None:
    scaling.change(SPEC, "      width: Int -- channels\n", BOUNDED)
    scaling.change(SPEC, "      - width > 0\n", "      - width > 0\n      - 0 < warmup <= 0.5\n")
    assert scaling.run("gen").code == 0
    assert generated_tests_pass(scaling)
    scaling.change(SPEC, "0 < warmup <= 0.5", "warmup <= 1")  # the type says so
    assert "IG416" in scaling.run("check", "--output-format", "concise").out


@pytest.mark.parametrize(
    ("field", "example", "mark", "said"),
    [
        ('"Mixture = {web: 0.6, code: 0.5}"', "", "{web: 0.6, code: 0.5}", "sum to 1.1, not to 1"),
        ("Mixture", ", sources: {web: 90%}", "{web: 90%}", "sum to 0.9, not to 1"),
    ],
)
def test_the_sum_of_a_mixture_is_marked(
    scaling: Workplace, field: str, example: str, mark: str, said: str
) -> None:
    scaling.change(SPEC, "      width: Int", f"      sources: {field}\n      width: Int")
    scaling.change(SPEC, "{width: 4}", f"{{width: 4{example}}}")
    result = scaling.run("check", "specs", "--output-format", "concise")
    lines = scaling.read(SPEC).splitlines()
    line = next(i for i, text in enumerate(lines, 1) if mark in text)
    place = f"{SPEC}:{line}:{lines[line - 1].index(mark) + 1}: IG303"
    assert result.code == 1 and place in result.out and said in result.out, result.out


@pytest.mark.parametrize(
    "text", ["Mixture = {a: 1.5}", "Mixture = {}", "Mixture = 3", "Tuple<Int, Int> = [1]"]
)
def test_what_is_no_mixture_or_tuple_does_not_fit(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        field(text)
    assert caught.value.diagnostic.code == "IG206"


def test_parameters_of_behaviors_may_be_quantities(scaling: Workplace) -> None:
    params = "params: {x: Float, config: ScaleConfig"
    scaling.change(SPEC, params, params + ', both: "Tuple<Int, Float>", wait: "Duration = 2 min"')
    result = scaling.run("check", "specs")
    assert result.code == 1 and "wait" in result.out + result.err
    template = "templates/architecture/scaling.py.j2"
    old = "config: ScaleConfig) -> float:"
    new = "config: ScaleConfig, both: tuple[int, float], wait: float = 120.0) -> float:"
    scaling.change(template, old, new)
    found = scaling.run("check", "specs", "--output-format", "concise").out
    assert "IG409" not in found, found
    scaling.change(template, "tuple[int, float]", "tuple[int, int]")
    assert "both is Tuple<Int, Float>" in scaling.run("check", "specs").out


def test_sections_take_quantities_and_mark_a_wrong_unit(workplace: Workplace) -> None:
    for name, text in load_rule("IG302").good.everything.items():
        workplace.write(name, text if isinstance(text, str) else text.decode())
    model = "specs/models/example.vibee"
    line = next(t for t in workplace.read(model).splitlines() if "hidden_size" in t)
    size = re.search(r"hidden_size: (\d+)", line)
    assert size is not None
    written = size[0].replace(size[1], f"{int(size[1]) / 1000}K channels")
    workplace.change(model, size[0], written)
    result = workplace.run("check", "specs")
    assert result.code == 0, result.out
    workplace.change(model, written, "hidden_size: 8GB")
    found = workplace.run("check", "specs", "--output-format", "concise").out
    row, text = next(x for x in enumerate(workplace.read(model).splitlines(), 1) if "8GB" in x[1])
    assert f"{model}:{row}:{text.index('GB') + 1}: IG206" in found, found
