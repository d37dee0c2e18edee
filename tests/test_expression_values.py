"""One expression, one value: what the compiler computes, what the emitted Python computes, and the torch of laws.

Well-typed expressions are drawn at random. The compiler's value and that of the emitted code must be
the same to the last bit and of one type, and both must refuse the same expressions; with tensors for
some of the names, each element must be what the compiler computes of the elements.
"""

from __future__ import annotations

import math
import statistics
from types import SimpleNamespace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from igla_gen.diagnostics import Span
from igla_gen.expressions import EvaluationError, Expression, evaluate, parse_expression
from igla_gen.expressions.emit import Scope, emit, emit_chain
from igla_gen.expressions.infer import Inference
from igla_gen.expressions.kinds import BOOL, FLOAT, INT, STRING, Kind, Maybe, Plain, Record, Several
from igla_gen.syntax.tree import Scalar

VALUES: dict[str, object] = {
    "n": 3,
    "m": -2,
    "zero": 0,
    "x": 0.5,
    "y": -1.25,
    "tiny": 1e-9,
    "flag": True,
    "off": False,
    "word": "rms",
    "items": [4, 1, 7],
    "parts": [0.25, -1.5],
    "missing": None,
    "config": {"width": 64, "eps": 1e-6, "mode": "layer", "limit": None, "sizes": [2, 3]},
}
KINDS: dict[str, Kind] = {
    "n": INT,
    "m": INT,
    "zero": INT,
    "x": FLOAT,
    "y": FLOAT,
    "tiny": FLOAT,
    "flag": BOOL,
    "off": BOOL,
    "word": STRING,
    "items": Several(INT),
    "parts": Several(FLOAT),
    "missing": Maybe(INT),
    "config": Record(
        "Config",
        {"width": INT, "eps": FLOAT, "mode": STRING, "limit": Maybe(FLOAT), "sizes": Several(INT)},
    ),
}
RUNTIME = {
    **VALUES,
    "config": SimpleNamespace(**VALUES["config"]),  # type: ignore[arg-type]
    "math": math,
    "statistics": statistics,
    "torch": torch,
}
BOUNDED = (
    "exponent over",
    "too large",
    "fractional power",
    "more than",
)  # the compiler's own limits


def parse(text: str) -> Expression:
    return parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))


def one_of(*forms: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A form whose {names} are filled with what is drawn for them."""
    filled = st.fixed_dictionaries(
        {f"{name}{number}": part for name, part in parts.items() for number in ("", "2", "3")}
    )
    return st.tuples(st.sampled_from(forms), filled).map(lambda drawn: drawn[0].format(**drawn[1]))


def typed(depth: int) -> dict[str, st.SearchStrategy[str]]:
    """Texts of expressions of each type, so many levels deep."""
    leaves = {
        "i": st.sampled_from(
            [
                "0",
                "1",
                "2",
                "7",
                "1_000",
                "n",
                "m",
                "zero",
                "config.width",
                "len(items)",
                "items[1]",
                "items[-1]",
                "12345678901234567890",
            ]
        ),
        "f": st.sampled_from(
            ["x", "y", "tiny", "0.25", "1e-3", "3.", "1e300", "pi", "config.eps", "parts[0]", "inf"]
        ),
        "b": st.sampled_from(
            ["true", "false", "flag", "off", "missing == none", "config.limit != none"]
        ),
        "s": st.sampled_from(["word", "'rms'", "config.mode", "'a b'", "''"]),
        "l": st.sampled_from(
            ["items", "[1, 2, 3]", "range(4)", "(5, n)", "config.sizes", "range(1, n)"]
        ),
    }
    if depth == 0:
        return leaves
    part = typed(depth - 1)
    i, f, b, s, l = (part[key] for key in "ifbsl")  # noqa: E741
    number = i | f
    return {
        "i": leaves["i"]
        | one_of(
            "({i} + {i2})",
            "{i} - {i2}",
            "{i} * {i2}",
            "({i}) // ({i2})",
            "({i}) % ({i2})",
            "-{i}",
            "-({i})",
            "({i})^2",
            "abs({i})",
            "int({f})",
            "floor({f})",
            "ceil({f})",
            "round({f})",
            "min({i}, {i2})",
            "max({i}, {i2}, {i3})",
            "sum({l})",
            "len({l})",
            "({i}) if ({b}) else ({i2})",
            "clamp({i}, 0, 9)",
            "max({l})",
            "({l})[0]",
            "len({s})",
            i=i,
            f=f,
            b=b,
            l=l,
            s=s,
        ),
        "f": leaves["f"]
        | one_of(
            "{x} / ({x2})",
            "{f} + {x}",
            "{x} - {f}",
            "{f} * {x}",
            "({x})^0.5",
            "2^({x})",
            "({f})^({x})",
            "sqrt({x})",
            "exp({x})",
            "log({x})",
            "log2({x})",
            "sin({x})",
            "cos({x})",
            "tanh({x})",
            "erf({x})",
            "sigmoid({x})",
            "abs({f})",
            "float({x})",
            "clamp({f}, -1.0, 1.0)",
            "min({f}, {f2})",
            "max({f}, {f2})",
            "({f}) if ({b}) else ({f2})",
            "({f}) // ({x})",
            "({f}) % ({x})",
            "-({f})",
            "+({f})",
            "round({f}, 2)",
            "sum([{f}, {f2}])",
            f=f,
            x=number,
            b=b,
        ),
        "b": leaves["b"]
        | one_of(
            "{x} < {x2}",
            "({x} <= {x2} < {x3})",
            "{x} == {x2}",
            "{x} != {x2}",
            "{x} ~= {x2}",
            "{x} >= {x2} > {x3}",
            "not {b}",
            "not ({b})",
            "({b}) and ({b2})",
            "({b} or {b2})",
            "{b} and {b2} or {b3}",
            "{s} == {s2}",
            "{s} in ['rms', 'layer']",
            "{i} in {l}",
            "isfinite({x})",
            "isnan({f})",
            "all([{b}, {b2}])",
            "any([{b}, {b2}])",
            "({b}) if ({b2}) else ({b3})",
            "{l} == {l2}",
            x=number,
            b=b,
            s=s,
            i=i,
            l=l,
            f=f,
        ),
        "s": leaves["s"]
        | one_of("({s}) if ({b}) else ({s2})", "str({i})", "{s} + {s2}", s=s, b=b, i=i),
        "l": leaves["l"]
        | one_of(
            "[{i}, {i2}]",
            "({i}, {i2},)",
            "({l}) if ({b}) else ({l2})",
            "list({l})",
            "tuple({l})",
            i=i,
            l=l,
            b=b,
        ),
    }


ANY = st.one_of(*typed(2).values())


@settings(max_examples=300)
@given(ANY)
def test_the_emitted_code_of_formulas_has_the_value_that_the_compiler_computes(text: str) -> None:
    node = parse(text)
    sources = {name: name for name in VALUES}
    for emitted in {emit(node, Scope(sources)), emit_chain(node, Scope(sources))}:
        try:
            expected, refused = evaluate(node, VALUES), None
        except EvaluationError as error:
            expected, refused = None, str(error)
        try:
            found = eval(emitted, dict(RUNTIME))
        except (ArithmeticError, ValueError, TypeError, IndexError) as error:
            assert refused is not None, f"{text}: {expected!r}, but the code says {error!r}"
            continue
        if refused is not None:
            assert any(
                word in refused for word in BOUNDED
            ), f"{text}: {refused}, but the code says {found!r}"
            continue
        assert type(found) is type(expected), text
        assert repr(found) == repr(expected), text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('"%1000000000d" % n', "needs numbers"),
        ('"%s" % word', "needs numbers"),
        ("(2^4096 * 2^4096) * (2^4096 * 2^4096)", "the number is too large"),
        ("2^4096 * (2^4096 * 2)", "the number is too large"),
    ],
)
def test_what_grows_without_bound_is_refused(text: str, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        evaluate(parse(text), VALUES)


WANTED = {"Int": int, "Float": float, "Bool": bool, "String": str}


@settings(max_examples=200)
@given(ANY)
def test_the_value_is_of_the_type_that_is_inferred(text: str) -> None:
    inference = Inference(KINDS)
    kind = inference.infer(parse(text))
    assert not inference.faults, (text, inference.faults)
    try:
        value = evaluate(parse(text), VALUES)
    except EvaluationError:
        return
    if isinstance(kind, Plain) and kind.kind in WANTED:
        exact = kind.kind in ("Bool", "String")
        accepted = WANTED[kind.kind] if exact else (int, float)
        assert isinstance(value, accepted), (text, kind, value)
        if kind.kind == "Int":
            assert isinstance(value, int), (text, value)
        if kind.value is not None:
            assert value == kind.value, (text, kind, value)


# ---------------------------------------------------------------- the torch of laws

ELEMENTS = st.sampled_from([0.0, 1.0, -1.0, 0.5, -2.25, 3.0, 1e-3, 7.5, -0.5, 100.0])
VECTORS = st.lists(ELEMENTS, min_size=3, max_size=3)
NUMBERS = st.sampled_from(["2", "0.5", "3.", "-1", "k", "n", "(n + 1)", "sqrt(2)", "1e-3"])
SCALARS = {"k": -1.5, "n": 4}


def elementwise(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.sampled_from(["a", "b", "a", "b"]) | NUMBERS
    t = elementwise(depth - 1)
    return st.sampled_from(["a", "b"]) | one_of(
        "({t} + {t2})",
        "{t} - ({t2})",
        "({t}) * ({t2})",
        "({t}) / ({t2})",
        "({t}) // ({t2})",
        "({t}) % ({t2})",
        "-({t})",
        "({t})^2",
        "abs({t})^1.5",
        "sqrt({t})",
        "exp({t})",
        "log({t})",
        "log2({t})",
        "sin({t})",
        "cos({t})",
        "tanh({t})",
        "erf({t})",
        "sigmoid({t})",
        "abs({t})",
        "floor({t})",
        "ceil({t})",
        "round({t})",
        "clamp({t}, -1, 2)",
        "2^({t})",
        t=t,
    )


def tensor_names() -> Scope:
    return Scope({name: name for name in ("a", "b", *SCALARS)}, {"a": "tensor", "b": "tensor"})


def run(text: str, a: list[float], b: list[float]) -> object:
    names = {"a": torch.tensor(a, dtype=torch.float64), "b": torch.tensor(b, dtype=torch.float64)}
    source = emit(parse(text), tensor_names())
    return eval(source, {"torch": torch, "math": math, **names, **SCALARS})


def by_element(text: str, a: list[float], b: list[float]) -> list[object]:
    """The compiler's value for each element; None where it has none (torch says nan or infinity)."""
    found: list[object] = []
    for left, right in zip(a, b, strict=True):
        try:
            found.append(evaluate(parse(text), {"a": left, "b": right, **SCALARS}))
        except EvaluationError:
            found.append(None)
    return found


@settings(max_examples=200)
@given(elementwise(2), VECTORS, VECTORS)
def test_each_element_in_torch_is_what_the_compiler_computes(
    text: str, a: list[float], b: list[float]
) -> None:
    assume("a" in text.replace("tanh", "") or "b" in text)
    expected = by_element(text, a, b)
    try:
        found = run(text, a, b)
    except (ArithmeticError, ValueError):  # a part without tensors, which both refuse
        assert expected == [None] * 3
        return
    assume(isinstance(found, torch.Tensor))
    for value, wanted in zip(found.tolist(), expected, strict=True):
        if wanted is not None and abs(wanted) < 1e12:  # type: ignore[arg-type]
            assert value == pytest.approx(wanted, rel=1e-9, abs=1e-9), text


@settings(max_examples=150)
@given(
    elementwise(1),
    elementwise(1),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!=", "~="]),
    VECTORS,
    VECTORS,
)
def test_a_comparison_of_tensors_holds_where_each_element_does(
    left: str, right: str, sign: str, a: list[float], b: list[float]
) -> None:
    text = f"{left} {sign} {right}"
    sides = by_element(left, a, b), by_element(right, a, b)
    assume(None not in sides[0] and None not in sides[1])
    assume(any(name in f"{left} {right}" for name in ("a", "b")))
    margins = [abs(u - v) for u, v in zip(*sides, strict=True)]  # type: ignore[operator]
    assume(all(margin == 0 or margin > 1e-6 for margin in margins))  # no verdict by rounding
    verdicts = by_element(text, a, b)
    both = all(any(name in side for name in ("a", "b")) for side in (left, right))
    wanted = any(verdicts) if sign == "!=" and both else all(verdicts)
    assert run(text, a, b) == wanted, text


@settings(max_examples=300)
@given(
    one_of(
        "{r} * 2 - {r2}",
        "{r} / ({r2})",
        "({r} if {r} > {r2} else {r3})",
        "{r} <= {r2}",
        r=st.sampled_from(["sum(a)", "min(b)", "max(a)", "len(a)", "sum(b)", "k", "n", "max(b)"]),
    ),
    VECTORS,
    VECTORS,
)
def test_reductions_of_a_tensor_are_those_of_the_list(
    text: str, a: list[float], b: list[float]
) -> None:
    try:
        wanted = evaluate(parse(text), {"a": a, "b": b, **SCALARS})
    except EvaluationError:
        return
    assert float(run(text, a, b)) == pytest.approx(float(wanted), rel=1e-12, abs=1e-12), text  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["not a ~= 2.5", "2.5 ~= a or k == 0", "a ~= 2.5 and b ~= b"])
def test_whole_numbers_are_not_close_to_a_fraction(text: str) -> None:
    """A number beside a tensor keeps its value, whatever the dtype of the tensor."""
    scope = tensor_names()
    names = {"a": torch.arange(3), "b": torch.arange(3), **SCALARS}
    found = eval(emit(parse(text), scope), {"torch": torch, "math": math, **names})
    assert found is text.startswith("not")
