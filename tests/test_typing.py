"""The types of expressions: what cannot be right is reported, what is shipped is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from igla_gen.diagnostics import Span, SpecError
from igla_gen.expressions import calls, parse_expression
from igla_gen.expressions.infer import Inference
from igla_gen.expressions.kinds import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    UNKNOWN,
    Array,
    Bindings,
    Function,
    Kind,
    Maybe,
    Param,
    Record,
    Several,
    ShapeError,
    Words,
    evaluate_dimension,
    show_kind,
)
from igla_gen.model.kinds import type_faults
from igla_gen.model.library import load
from igla_gen.syntax.tree import Scalar

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIG = Record(
    "Config", {"size": INT, "norm": Words(("rms", "layer")), "name": STRING, "eps": FLOAT}
)


def tensor(name: str, *dims: str, is_required: bool = True) -> Param:
    return Param(name, Array(), is_required, dims)


KINDS: dict[str, Kind] = {
    "n": INT, "eps": FLOAT, "flag": BOOL, "word": STRING, "config": CONFIG, "any": UNKNOWN,
    "items": Several(INT), "maybe": Maybe(INT), "x": Array((2, 7, 64)), "w": Array((64,)),
    "t": Array((2,), "int"),
    "rms": Function("rms", (tensor("x", "...", "D"), tensor("w", "D"), Param("eps", FLOAT, False)),
                    Array(), ("...", "D")),
    "halves": Function("halves", (tensor("x", "T", "2*D"), tensor("y", "T", "D")), Array(), ("D/2",)),
    "attend": Function("attend", (tensor("q", "B", "T", "D"), tensor("k", "B", "S", "D")),
                       Array(), ("B", "T", "S")),
    "pick": Function("pick", (Param("norm", Words(("rms", "layer")), True),), INT),
}  # fmt: skip


def infer(text: str) -> tuple[Kind, list[str]]:
    node = parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))
    inference = Inference(KINDS)
    kind = inference.infer(node)
    return kind, [fault.name for fault in inference.faults]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("normal(2, 3) @ normal(3, 5)", (2, 5)),
        ("x * w", (2, 7, 64)),
        ("x / sqrt(mean(x^2, -1) + 1e-6) * w", (2, 7, 64)),
        ("mean(x, 1)", (2, 1, 64)),
        ("sum(x, [0, 2])", (1, 7, 1)),
        ("sum(x)", ()),
        ("argmax(x, 1)", (2, 64)),
        ("cat([x, x], 1)", (2, 14, 64)),
        ("stack([w, w, w], 0)", (3, 64)),
        ("outer(w, normal(3))", (64, 3)),
        ("transpose(x, 0, 2)", (64, 7, 2)),
        ("reshape(x, 2, -1)", (2, 448)),
        ("flip(x, 0)", (2, 7, 64)),
        ("where(x > 0, x, 0)", (2, 7, 64)),
        ("x[0, 1:5]", (4, 64)),
        ("x[..., 0]", (2, 7)),
        ("x[:, -3:]", (2, 3, 64)),
        ("x[t]", (2, 7, 64)),
        ("eye(11)[tensor([1, 2, 3], dtype=int64)]", (3, 11)),
        ("tensor([[1, 2], [3, 4], [5, 6]])", (3, 2)),
        ("arange(2, 10, 3)", (3,)),
        ("normal(len(w), 2 * 3)", (64, 6)),
        ("softmax(x, -1) @ transpose(x, 1, 2)", (2, 7, 7)),
        ("rms(x, w)", (2, 7, 64)),
        ("rms(w, w, 1e-6)", (64,)),
        ("halves(normal(3, 8), normal(3, 4))", (2,)),
        ("attend(x, normal(2, 9, 64))", (2, 7, 9)),
    ],
)
def test_shapes(text: str, shape: tuple[int, ...]) -> None:
    kind, faults = infer(text)
    assert faults == []
    assert isinstance(kind, Array) and kind.shape == shape


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x + normal(7, 63)", "dimension-mismatch"),
        ("x @ w @ w", "dimension-mismatch"),
        ("normal(2, 3) @ normal(2, 3)", "dimension-mismatch"),
        ("cat([normal(2, 3), normal(2, 4)], 0)", "dimension-mismatch"),
        ("stack([x, w], 0)", "dimension-mismatch"),
        ("reshape(x, 3, 3)", "dimension-mismatch"),
        ("transpose(w, 0, 1)", "dimension-mismatch"),
        ("mean(w, 1)", "dimension-mismatch"),
        ("w[0, 0]", "dimension-mismatch"),
        ("w[64]", "dimension-mismatch"),
        ("tensor([[1, 2], [3]])", "dimension-mismatch"),
        ("shape(x) == (2, 7)", "dimension-mismatch"),
        ("shape(x) == (2, 64, 7)", "dimension-mismatch"),
        ("x == w", "dimension-mismatch"),
        ("x ~= normal(2, 7, 63)", "dimension-mismatch"),
        ("rms(x, normal(63))", "dimension-mismatch"),
        ("rms(x, x)", "dimension-mismatch"),
        ("halves(normal(3, 8), normal(3, 5))", "dimension-mismatch"),
        ("halves(normal(3, 7), normal(3, 4))", "dimension-mismatch"),
        ("attend(x, normal(3, 9, 64))", "dimension-mismatch"),
        ("attend(x, normal(64, 9, 2))", "dimension-mismatch"),
        ("rms(x)", "wrong-argument"),
        ("rms(x, w, 1e-6, 3)", "wrong-argument"),
        ("rms(x, w, epsilon=1e-6)", "wrong-argument"),
        ("rms(x, w, x=x)", "wrong-argument"),
        ("sqrt(n, n)", "wrong-argument"),
        ("rms(x, w, word)", "ill-typed-expression"),
        ("rms(x, 3)", "ill-typed-expression"),
        ("word == n", "ill-typed-expression"),
        ("config + 1", "ill-typed-expression"),
        ("config.name * 1.5", "ill-typed-expression"),
        ("word ~= word", "ill-typed-expression"),
        ("n in n", "ill-typed-expression"),
        ("-word", "ill-typed-expression"),
        ("n[0]", "ill-typed-expression"),
        ("n(1)", "ill-typed-expression"),
        ("len(n)", "ill-typed-expression"),
        ("softmax(n, 0)", "ill-typed-expression"),
        ("config.sise", "unknown-field"),
        ("n.size", "unknown-field"),
        ("config.norm == 'rmss'", "unknown-variant"),
        ("config.norm in ('rms', 'lay')", "unknown-variant"),
        ("pick('batch')", "unknown-variant"),
        ("not x", "ill-typed-expression"),
        ("not n", "ill-typed-expression"),
        ("1 if n else 2", "ill-typed-expression"),
        ("config if flag else n", "ill-typed-expression"),
        ("word if flag else x", "ill-typed-expression"),
        ("normal(2, dtype=int64)", "ill-typed-expression"),
        ("uniform(2, dtype=bool)", "ill-typed-expression"),
        ("normal(0, 64) == zeros(0, 64)", "dimension-mismatch"),
        ("x[2:] == 5", "dimension-mismatch"),
        ("x[:, 1:1] ~= x[:, 1:1]", "dimension-mismatch"),
    ],
)
def test_what_cannot_be_right_is_reported_once(text: str, fault: str) -> None:
    assert infer(text)[1] == [fault]


@pytest.mark.parametrize(
    "text",
    [
        "any + 1", "any.x.y(3)[0]", "any == word", "maybe > 0", "maybe == none", "flag and n > 0",
        "config.norm == word", "config.norm in ('rms', 'layer')", "word in 'abc'", "items == [1]",
        "(x > 0) * x", "allclose(x, w)", "[1] + [2]", "word + 'x'", "[0] * n", "rms(any, w)",
        "rms(x, w, eps=n)", "sum(items) / len(items)", "min(n, eps, 3)", "x == 3", "str(n) + word",
        "not flag", "not maybe", "n if maybe else 0", "n if any else eps", "not any", "not (x > 0)",
        "w if flag else x", "none if flag else n", "config.norm if flag else word", "sum(zeros(0)) == 0",
        "normal(2, dtype=float64)", "integers(0, 9, 4, dtype=int64)", "shape(x[2:]) == (0, 7, 64)",
    ],
)  # fmt: skip
def test_what_may_be_right_is_left_alone(text: str) -> None:
    assert infer(text)[1] == []


@pytest.mark.parametrize(
    ("text", "is_statement"),
    [
        ("flag", True), ("x == x", True), ("all(x > 0)", True), ("any", True), ("isfinite(x)", True),
        ("x", False), ("sum(x)", False), ("rms(x, w)", False), ("n", False), ("word", False),
        ("maybe", False), ("t", False),
    ],
)  # fmt: skip
def test_a_statement_is_true_or_false(text: str, is_statement: bool) -> None:
    node = parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))
    inference = Inference(KINDS)
    inference.expect_bool(node, "a law")
    assert inference.faults == [] if is_statement else "a law is true or false" in str(inference.faults)


@pytest.mark.parametrize(
    ("text", "wanted", "is_it"),
    [
        ("n", INT, True), ("maybe", INT, False), ("maybe if maybe != none else 0", INT, True),
        ("n if flag else none", INT, False), ("n if flag else none", Maybe(INT), True),
        ("maybe or n", INT, True), ("n or none", INT, False), ("any or none", UNKNOWN, True),
    ],
)  # fmt: skip
def test_a_value_that_may_be_none_is_not_one_that_is_there(text: str, wanted: Kind, is_it: bool) -> None:
    node = parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))
    inference = Inference(KINDS)
    inference.expect(node, wanted, "the result")
    assert (inference.faults == []) == is_it


@pytest.mark.parametrize(
    ("dim", "size"),
    [("D", 6), ("D/2", 3), ("2*D + 1", 13), ("D - 2*N", 2), ("Z", None), ("D/4", None), ("7", 7)],
)
def test_arithmetic_of_dimensions(dim: str, size: int | None) -> None:
    assert evaluate_dimension(dim, {"D": 6, "N": 2}) == size


def test_a_dimension_is_solved_where_only_one_size_fits() -> None:
    bindings = Bindings()
    bindings.bind("x", ("2*D",), (8,))
    bindings.check("x", ("2*D",), (8,))
    assert bindings.size("D") == 4
    with pytest.raises(ShapeError, match="D is 4 by x and 5 by y"):
        bindings.bind("y", ("D",), (5,))


# -- specs --------------------------------------------------------------------------------


def faults_of(path: Path) -> list[tuple[str, str, int]]:
    library = load([path], REPOSITORY)
    assert not library.findings.items
    return [
        (fault.name, fault.message, fault.span.line)
        for unit in library.requested
        for fault in type_faults(library, unit, frozenset())
    ]


def test_shipped_specs_have_no_faults() -> None:
    assert faults_of(REPOSITORY / "specs") == []


@pytest.mark.parametrize(
    ("spec", "before", "after", "fault"),
    [
        ("architecture/normalization", "w: uniform(64)}", "w: uniform(63)}", "dimension-mismatch"),
        ("architecture/normalization", "x: \"Tensor[..., D]\", weight: \"Tensor[D]\", eps",
         "x: \"Tensor[..., D]\", weight: \"Tensor[B, D]\", eps", "dimension-mismatch"),
        ("architecture/normalization", "rms_norm(1000 * x, w, 1e-12)", "rms_norm(w, x, 1e-12)",
         "dimension-mismatch"),
        ("architecture/normalization", "== (2, 3, 8)", "== (2, 8, 3)", "dimension-mismatch"),
        ("architecture/normalization", "== \"rms\"", "== \"rsm\"", "unknown-variant"),
        ("architecture/attention", "k: \"normal(1, 5, 1, 4)\"", "k: \"normal(1, 5, 1, 3)\"",
         "dimension-mismatch"),
        ("architecture/attention", "attend(q, k, v)[0, :, 0] ~=", "attend(q, k, v)[0, :, 0, :, 0] ~=",
         "dimension-mismatch"),
        ("architecture/attention", "config.num_heads +", "config.num_head +", "unknown-field"),
        ("architecture/decoder", "- vocab_size > 0", "- vocab_size + 0", "ill-typed-expression"),
        ("architecture/decoder", "is: num_params(config) * bytes_per_element",
         "is: num_params(config) / bytes_per_element", "ill-typed-expression"),
        ("architecture/decoder", "3 * forward_flops_per_token(config, sequence_length)",
         "3 * forward_flops_per_token(config)", "wrong-argument"),
        ("optimization/loss", "holds: cross_entropy_sum(h, w, t, chunk_tokens=chunk)",
         "holds: cross_entropy_sum(h, w, t, chunk=chunk)", "wrong-argument"),
        ("models/language_model", "architecture.vocab_size == contract.vocabulary",
         "architecture.vocab_size == contract.label", "ill-typed-expression"),
    ],
)  # fmt: skip
def test_a_slip_in_a_shipped_spec_is_found(
    tmp_path: Path, spec: str, before: str, after: str, fault: str
) -> None:
    text = (REPOSITORY / "specs" / f"{spec}.vibee").read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "mutant.vibee").write_text(text.replace(before, after, 1), encoding="utf-8")
    found = faults_of(tmp_path / "mutant.vibee")
    line = text[: text.index(before)].count("\n") + 1
    assert fault in {name for name, _, _ in found}
    assert any(at >= line for _, _, at in found)


# -- no expression brings the checker down ------------------------------------------------

ATOMS = st.sampled_from([*KINDS, "1", "0.5", "-1", "'rms'", "none", "float64", "pi", "...", "zzz"])
FUNCTIONS = st.sampled_from(
    (*sorted(calls.KNOWN), "rms", "halves", "attend", "pick"),
)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    some = st.lists(inner, max_size=4).map(", ".join)
    signs = st.sampled_from(
        ["+", "-", "*", "/", "//", "%", "^", "@", "==", "!=", "<", "~=", "in", "and", "or"]
    )
    return st.one_of(
        st.tuples(inner, signs, inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(FUNCTIONS, some).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, some).map(lambda p: f"{p[0]}[{p[1] or '0'}]"),
        st.tuples(inner, inner).map(lambda p: f"{p[0]}[{p[1]}:]"),
        some.map(lambda s: f"[{s}]"),
        inner.map(lambda s: f"(not {s})"),
        inner.map(lambda s: f"{s}.size"),
    )


@settings(max_examples=600)
@example("x[..., ..., 0]")
@given(st.recursive(ATOMS, compound, max_leaves=10))
def test_every_expression_gets_a_kind_or_a_located_fault(text: str) -> None:
    try:
        node = parse_expression(Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1)))
    except SpecError:
        return
    inference = Inference(KINDS)
    assert show_kind(inference.infer(node))
    inference.infer_refused(node)
    assert all(1 <= fault.span.column <= len(text) and fault.message for fault in inference.faults)
