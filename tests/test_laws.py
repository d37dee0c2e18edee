"""What the vocabulary of laws means on tensors: the emitted torch code, run and compared."""

from __future__ import annotations

import math

import pytest

from igla_gen.diagnostics import Span, SpecError
from igla_gen.expressions import parse_expression
from igla_gen.expressions.emit import VOCABULARY, Scope, emit, kind_of
from igla_gen.expressions.tree import names
from igla_gen.syntax.tree import Scalar

torch = pytest.importorskip("torch")

X = torch.tensor([[1.0, -2.0, 3.0], [4.0, 0.5, -6.0]], dtype=torch.float64)
V = torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64)
VALUES = {"x": X, "v": V, "n": 3, "items": [1, 2, 3]}


def scope() -> Scope:
    kinds = {"x": "tensor", "v": "tensor", "n": "scalar", "items": "other"}
    return Scope({name: name for name in VALUES}, kinds)


def emitted(text: str) -> str:
    scalar = Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1))
    return emit(parse_expression(scalar), scope())


def value(text: str) -> object:
    generator = torch.Generator().manual_seed(0)
    known = {"torch": torch, "math": math, "generator": generator, **VALUES}
    return eval(emitted(text), known)


CASES = {
    "x + 1": X + 1,
    "-x": -X,
    "x * v": X * V,
    "x / v": X / V,
    "x // 2": X // 2,
    "x % 2": X % 2,
    "x^2": X**2,
    "x @ v": X @ V,
    "x[0]": X[0],
    "x[..., 0:2]": X[..., 0:2],
    "x[:, 1]": X[:, 1],
    "x[1:]": X[1:],
    "sqrt(v)": torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64),
    "exp(x)": X.exp(),
    "log(v)": V.log(),
    "log2(v)": V.log2(),
    "sin(x)": X.sin(),
    "cos(x)": X.cos(),
    "tanh(x)": X.tanh(),
    "erf(x)": X.erf(),
    "sigmoid(x)": X.sigmoid(),
    "abs(x)": X.abs(),
    "floor(x)": X.floor(),
    "ceil(x)": X.ceil(),
    "round(x)": X.round(),
    "clamp(x, 0, 1)": X.clamp(0, 1),
    "sum(x)": torch.tensor(0.5, dtype=torch.float64),
    "sum(x, -1)": torch.tensor([[2.0], [-1.5]], dtype=torch.float64),
    "mean(x, 0)": X.mean(0, keepdim=True),
    "var(x, -1)": ((X - X.mean(-1, keepdim=True)) ** 2).mean(-1, keepdim=True),
    "std(v)": ((V - V.mean()) ** 2).mean().sqrt(),
    "min(x)": torch.tensor(-6.0, dtype=torch.float64),
    "max(x, 0)": torch.tensor([[4.0, 0.5, 3.0]], dtype=torch.float64),
    "norm(v)": (V * V).sum().sqrt(),
    "softmax(x, -1)": X.exp() / X.exp().sum(-1, keepdim=True),
    "log_softmax(x, -1)": X - X.exp().sum(-1, keepdim=True).log(),
    "argmax(x, -1)": torch.tensor([2, 0]),
    "sort(x, -1)": torch.tensor([[-2.0, 1.0, 3.0], [-6.0, 0.5, 4.0]], dtype=torch.float64),
    "cat([v, v], 0)": torch.cat([V, V]),
    "stack([v, v], 0)": torch.stack([V, V]),
    "outer(v, v)": V[:, None] * V[None, :],
    "cumsum(v, 0)": torch.tensor([1.0, 5.0, 14.0], dtype=torch.float64),
    "where(x > 0, x, 0 * x)": X.clamp(min=0),
    "reshape(x, 3, 2)": X.reshape(3, 2),
    "transpose(x, 0, 1)": X.T,
    "flip(v, 0)": torch.tensor([9.0, 4.0, 1.0], dtype=torch.float64),
    "isfinite(x)": torch.ones(2, 3, dtype=torch.bool),
    "isnan(x)": torch.zeros(2, 3, dtype=torch.bool),
    "zeros(2, 3)": torch.zeros(2, 3, dtype=torch.float64),
    "ones(n)": torch.ones(3, dtype=torch.float64),
    "full(7, 2)": torch.full((2,), 7.0, dtype=torch.float64),
    "arange(3)": torch.arange(3),
    "eye(2)": torch.eye(2, dtype=torch.float64),
    "tensor([1, 2])": torch.tensor([1.0, 2.0], dtype=torch.float64),
    "tensor([1, 2], dtype=int64)": torch.tensor([1, 2]),
    "normal(2, 3)": torch.randn(
        2, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    ),
    "uniform(4)": torch.rand(4, generator=torch.Generator().manual_seed(0), dtype=torch.float64),
    "integers(0, 9, 5)": torch.randint(0, 9, (5,), generator=torch.Generator().manual_seed(0)),
    "shape(x)": (2, 3),
    "dtype(x)": torch.float64,
    "len(x)": 2,
    "float(sum(x))": 0.5,
    "int(max(v))": 9,
    "list(v)": [1.0, 4.0, 9.0],
    "tuple(v)": (1.0, 4.0, 9.0),
    "str(n)": "3",
    "n + 1": 4,
    "sqrt(n)": math.sqrt(3),
    "max(n, 7)": 7,
    "min(items)": 1,
    "len(items)": 3,
    "x == x": True,
    "x == 2 * x": False,
    "x != 2 * x": True,
    "x != x": False,
    "x != 9": True,
    "x != 3": False,
    "x < 5": True,
    "x < 4": False,
    "0 - 7 < x < 5": True,
    "x ~= x + 1e-12": True,
    "x ~= x + 1": False,
    "not x == v": True,
    "x == x and v == v": True,
    "all(x < 5)": True,
    "any(x > 5)": False,
    "allclose(x, x)": True,
    "2 in items": True,
    "dtype(zeros(1, dtype=bfloat16)) == bfloat16": True,
    "none == none": True,
    "3.0 if n > 2 else 4.0": 3.0,
    "pi": math.pi,
    "inf": math.inf,
    "true and not false": True,
    "list(range(3))": [0, 1, 2],
    "dtype(tensor([1], dtype=int32)) == int32": True,
    "dtype(tensor([1], dtype=float16)) == float16": True,
    "dtype(tensor([1], dtype=float32)) == float32": True,
    "dtype(tensor([1], dtype=bool)) == bool": True,
}


@pytest.mark.parametrize("text", CASES)
def test_value(text: str) -> None:
    found, expected = value(text), CASES[text]
    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    else:
        found = found.item() if isinstance(found, torch.Tensor) else found
        assert found == expected
        assert type(found) is type(expected)


def test_every_word_of_the_vocabulary_has_a_case() -> None:
    read = set()
    for text in CASES:
        scalar = Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1))
        read |= {name.name for name in names(parse_expression(scalar))}
    # float64 is the default; replace takes records, which tests/test_records.py has
    assert VOCABULARY - read == {"float64", "replace"}


@pytest.mark.parametrize(
    "text",
    [
        "sqrt()",
        "sqrt(x, 2)",
        "mean(x, -1, 0)",
        "softmax(x)",
        "cat([x, x])",
        "outer(n, n, n, q)",
        "zeros()",
        "full()",
        "normal(2, dtype=float65)",
        "normal(2, device=cpu)",
        "sum(x, dim=1)",
        "frobnicate(x)",
        "y + 1",
        "sum(items, 3)",
        "exp(n, n)",
    ],
)
def test_a_wrong_call_is_a_diagnostic(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        emitted(text)
    assert caught.value.diagnostic.name == "unknown-name"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("x", "tensor"),
        ("x + n", "tensor"),
        ("n * 2", "scalar"),
        ("sum(x)", "tensor"),
        ("sum(items)", "scalar"),
        ("float(x)", "scalar"),
        ("shape(x)", "other"),
        ("x[0]", "tensor"),
        ("-x", "tensor"),
        ("normal(3)", "tensor"),
        ("x if n > 1 else n", "tensor"),
    ],
)
def test_kind(text: str, kind: str) -> None:
    scalar = Scalar(text, "plain", Span("case.vibee", 1, 1, 1, len(text) + 1))
    assert kind_of(parse_expression(scalar), scope()) == kind
