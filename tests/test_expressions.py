"""Expressions: parsed, evaluated and emitted, against Python's own arithmetic."""

from __future__ import annotations

import contextlib
import math
import statistics
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from igla_gen.diagnostics import Span, SpecError
from igla_gen.expressions import EvaluationError, evaluate, parse_expression, show
from igla_gen.expressions.emit import Scope, emit, emit_chain
from igla_gen.expressions.tree import Expression, names
from igla_gen.syntax.tree import Scalar

VALUES = {"a": 3, "b": -2, "c": 0.5, "flag": True, "items": [4, 1, 7]}
PYTHON = {"__builtins__": {}, **VALUES, "min": min, "max": max, "abs": abs, "len": len, "round": round,
          "float": float, "int": int, "sum": sum, "floor": math.floor, "sqrt": math.sqrt}  # fmt: skip
RUNTIME = {"math": math, "statistics": statistics, **VALUES}


def parse(text: str) -> Expression:
    return parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))


def value(text: str, **values: object) -> object:
    return evaluate(parse(text), {**VALUES, **values})


def compiled(text: str) -> object:
    source = emit(parse(text), Scope(sources={name: name for name in VALUES}))
    return eval(source, dict(RUNTIME))


# ---------------------------------------------------------------- random arithmetic

ATOMS = st.sampled_from(["a", "b", "c", "0", "1", "2", "7", "0.25", "1e-3", "3.", "flag", "items[1]", "items[-1]",
                         "len(items)", "max(items)", "10", "1_000", "sqrt(2)"])  # fmt: skip
SPACE = st.sampled_from([" ", " ", "  "])


@st.composite
def joined(draw: st.DrawFn, parts: st.SearchStrategy[str], operators: list[str]) -> str:
    """Parts with operators between and no brackets, so that precedence decides."""
    count = draw(st.integers(1, 4))
    text = draw(parts)
    for _ in range(count - 1):
        text += draw(SPACE) + draw(st.sampled_from(operators)) + draw(SPACE) + draw(parts)
    return text


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 2) -> str:
    def operand() -> st.SearchStrategy[str]:
        if depth == 0:
            return ATOMS
        inner = arithmetic(depth - 1)
        return st.one_of(
            ATOMS,
            ATOMS,
            inner.map(lambda t: f"({t})"),
            inner.map(lambda t: f"abs({t})"),
            st.tuples(inner, inner).map(lambda p: f"min({p[0]}, {p[1]})"),
        )

    signed = operand().flatmap(
        lambda t: st.sampled_from(
            [t, t, f"-{t}", f"+{t}", f"- -{t}", f"{t}^2", f"-{t}^2", f"2^-{t}"]
        )
    )
    return draw(joined(signed, ["+", "-", "*", "/", "//", "%"]))


@st.composite
def logic(draw: st.DrawFn) -> str:
    compared = joined(arithmetic(0), ["<", "<=", ">", ">=", "==", "!="])
    negated = compared.flatmap(
        lambda t: st.sampled_from([t, t, f"not {t}", f"not not {t}", f"({t})"])
    )
    text = draw(joined(negated, ["and", "or"]))
    return draw(
        st.sampled_from([text, f"{draw(arithmetic(0))} if {text} else {draw(arithmetic(0))}"])
    )


EXPRESSIONS = st.one_of(arithmetic(), logic())


@settings(max_examples=300)
@given(EXPRESSIONS)
def test_evaluates_as_python_does(text: str) -> None:
    try:
        found, refused = value(text), None
    except EvaluationError as error:
        found, refused = None, error
    if refused is not None and any(
        word in str(refused) for word in ("exponent", "too large", "fractional")
    ):
        return  # Python would try
    try:
        expected = eval(text.replace("^", "**"), PYTHON)
    except (ArithmeticError, TypeError):
        assert refused is not None
        return
    assert refused is None, refused
    assert found == expected
    assert type(found) is type(expected)


@settings(max_examples=200)
@given(EXPRESSIONS)
def test_emitted_code_gives_the_evaluated_value(text: str) -> None:
    try:
        expected = value(text)
    except EvaluationError:
        return
    assert compiled(text) == expected


@settings(max_examples=200)
@given(EXPRESSIONS)
def test_shown_text_reads_back_as_the_same_expression(text: str) -> None:
    def bare(node: object) -> object:
        if isinstance(node, tuple):
            return tuple(map(bare, node))
        if hasattr(node, "__slots__") and hasattr(node, "span"):
            return (
                type(node),
                *(bare(getattr(node, name)) for name in node.__slots__ if name != "span"),
            )
        return node

    node = parse(text)
    assert bare(parse(show(node))) == bare(node)


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("2^3^2", 512), ("-2^2", -4), ("2**10", 1024), ("7 // 2", 3),
        ("-7 // 2", -4), ("-7 % 3", 2), ("7 / 2", 3.5), ("1e-6", 1e-6), ("1_000", 1000), (".5", 0.5),
        ("1 < 2 < 3", True), ("1 < 3 < 2", False), ("not 1 > 2", True), ("true and not false", True),
        ("1 ~= 1 + 1e-12", True), ("1 ~= 1.001", False), ("2 in [1, 2]", True), ("3 in (1, 2)", False),
        ("1 if 2 > 1 else 0", 1), ("1 if false else 2 if false else 3", 3), ("none == none", True),
        ("sqrt(16)", 4.0), ("log2(8)", 3.0), ("clamp(5, 0, 3)", 3), ("clamp(-5, 0, 3)", 0), ("sum([1, 2, 3])", 6),
        ("max(1, 2, 3)", 3), ("round(2.5)", 2), ("ceil(1.2)", 2), ("floor(-1.2)", -2), ("int(7 / 2)", 3),
        ("[1, 2][1]", 2), ('"rms" == \'rms\'', True), ("pi > 3", True), ("inf > 10^30", True), ("len([1, 2])", 2),
        ("exp(0)", 1.0), ("sigmoid(0)", 0.5), ("all([true, 1 < 2])", True), ("any([false, 2 < 1])", False),
    ],
)  # fmt: skip
def test_values(text: str, expected: object) -> None:
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)
    assert compiled(text) == expected


def test_fields_of_records() -> None:
    record = {"hidden_size": 64, "norm": {"eps": 1e-6}}
    assert value("config.hidden_size * 2", config=record) == 128
    assert value("config.norm.eps", config=record) == 1e-6
    with pytest.raises(EvaluationError, match="hidden_sise"):
        value("config.hidden_sise", config=record)


def test_names_in_order() -> None:
    assert [n.name for n in names(parse("f(a, b) + c.d if e else a"))] == [
        "f",
        "a",
        "b",
        "c",
        "e",
        "a",
    ]


def test_a_plain_chain_stays_a_chain() -> None:
    assert emit_chain(parse("0 < a <= 2"), Scope(sources={"a": "self.a"})) == "0 < self.a <= 2"


def test_the_span_of_a_part_is_where_it_stands() -> None:
    node = parse("a + sqrt(missing)")
    with pytest.raises(EvaluationError) as caught:
        evaluate(node, VALUES)
    assert (caught.value.span.column, caught.value.span.end_column) == (10, 17)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "division by zero"), ("7 % (a - 3)", "division by zero"), ("sqrt(-1)", "cannot be evaluated"),
        ("nope", "'nope' is not known"), ("a(1)", "not a function"), ("items[9]", "cannot be evaluated"),
        ("exp(1e9)", "cannot be evaluated"), ("2 ^ 99999", "exponent"), ("a @ b", "needs tensors"),
        ('a + "x"', "cannot be evaluated"), ("items[0:2]", "tensor"), ("a.b", "no field"),
        ("((9^4000)^4000)^4000", "too large"), ("[0] * 10^12", "too large"), ('"a" * 10^12', "too large"),
        ("(0 - 8) ^ 0.5 < 1", "cannot be evaluated"),
    ],
)  # fmt: skip
def test_what_has_no_value_says_why(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        value(text)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", 1), ("1 +", 4), ("1 + * 2", 5), ("(1", 3), ("1)", 2), ("a b", 3), ("a = 1", 3), ("a ! b", 3),
        ("a.__class__", 3), ("x if y", 7), ("lambda: 1", 7), ("f(a b)", 5), ("[1, 2", 6), ("'x", 1), ("a := 1", 3),
        ("a + 1e999", 5), ("1 + " + "9" * 5000, 5), ("a; b", 2), ("a < > b", 5), ("f(x=)", 5), ("()", 2),
        ("f(x=1, a)", 8),
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused_at_its_place(text: str, column: int) -> None:
    with pytest.raises(SpecError) as caught:
        parse(text)
    diagnostic = caught.value.diagnostic
    assert diagnostic.name == "bad-expression"
    assert diagnostic.span.column == column, diagnostic


@pytest.mark.parametrize("text", ["(" * 500 + "1" + ")" * 500, "-" * 5000 + "1", "not " * 3000 + "a", "[" * 9999,
                                  "+".join(["1"] * 3000), "2^" * 3000 + "1", "a" + ".b" * 5000])  # fmt: skip
def test_deep_nesting_ends_in_a_diagnostic_or_a_value(text: str) -> None:
    with contextlib.suppress(SpecError, EvaluationError):
        evaluate(parse(text), VALUES)


@pytest.mark.parametrize("piece", ["{0} + a", "a * ({0})", "-{0}", "not {0}", "min(a, {0})", "a if flag else {0}",
                                   "sigmoid({0})", "a == ({0})", "items[{0}]"])  # fmt: skip
def test_what_parses_can_be_emitted_however_deep(piece: str) -> None:
    text, levels = "a", 0
    with pytest.raises(SpecError, match="deep"):
        while levels < 100:
            emit(parse(text), Scope(sources=dict.fromkeys(VALUES, "x")))
            text, levels = piece.format(text), levels + 1
    assert 40 < levels < 99


@settings(max_examples=300)
@given(
    st.text(st.sampled_from("ab01.,()[]+-*/^%@<>=~!:'\" \n_notifels"), max_size=30)
    | st.text(max_size=20)
)
def test_any_text_gives_an_expression_or_a_diagnostic(text: str) -> None:
    try:
        node = parse(text)
    except SpecError as error:
        assert error.diagnostic.span.line >= 1
        return
    show(node)
    with contextlib.suppress(EvaluationError):
        evaluate(node, VALUES)
    with contextlib.suppress(SpecError):
        emit(node, Scope(sources=dict.fromkeys(VALUES, "x")))


def test_inside_a_larger_statement_closeness_keeps_the_tolerance() -> None:
    node = parse("not a ~= 2 or a == 3")
    scope = Scope({"a": "a"}, tolerance=0.25)
    assert emit(node, scope) == "not math.isclose(a, 2, rel_tol=0.25, abs_tol=0.25) or a == 3"
    scope.kinds["a"] = "tensor"
    alike = "torch.allclose(a.to(torch.result_type(a, 2)), torch.full_like(a, 2, dtype=torch.result_type(a, 2)), "
    assert f"{alike}rtol=0.25, atol=0.25)" in emit(node, scope)


@pytest.mark.parametrize(
    "text",
    [
        "0.5 in range(10^8)",
        "tuple(range(10^8))",
        "sum(range(10^8))",
        "all(range(1, 10^8))",
        "max(range(10^8))",
        "len(range(10^9, 0, 0 - 1))",
        "round(2^4096, 0 - 99999999)",
        "round(0.5, 10^9)",
        "[[0] * 60000] * 60000 == [[0] * 60000] * 60000",
        "str([0] * 60000)",
        "[[0] * 60000, [0] * 60000]",
        '("a" * 60000) + ("a" * 60000)',
    ],
)
def test_what_would_take_for_ever_is_refused(text: str) -> None:
    start = time.process_time()
    with pytest.raises(EvaluationError):
        evaluate(parse(text), {})
    assert time.process_time() - start < 1
