"""A sample of what `make sensitivity` measures over all lines of all specs, and the measure itself."""

from __future__ import annotations

import pytest

from tests import sensitivity
from tests.sensitivity import KINDS, PASSED, Mutation


def sampled(kind: str) -> list[Mutation]:
    """Every so many mutations of one kind, over all specs."""
    texts = sensitivity.bench().texts()
    made = [m for name, text in texts.items() for m in sensitivity.mutations(name, text, (kind,))]
    return made[7 :: max(1, len(made) // 60)]


@pytest.mark.parametrize("kind", KINDS)
def test_no_mutation_goes_unnoticed(kind: str) -> None:
    outcomes = [sensitivity.bench().judge(mutation) for mutation in sampled(kind)]
    assert len(outcomes) >= 60
    unnoticed = [o for o in outcomes if o.verdict not in PASSED]
    assert not unnoticed, [(o.mutation.spec, o.mutation.line, o.mutation.what) for o in unnoticed]


def judged(old: str, new: str) -> str:
    """The verdict on one change of normalization.vibee."""
    name = "specs/architecture/normalization.vibee"
    text = sensitivity.bench().texts()[name]
    assert text.count(old) == 1
    line = text[: text.index(old)].count("\n") + 1
    mutation = Mutation("by-hand", name, line, old, text.replace(old, new), frozenset((line,)))
    return sensitivity.bench().judge(mutation).verdict


def test_the_measure_tells_the_verdicts_apart() -> None:
    assert judged("eps: Float = 1e-6", "eps: Float = 1e-5") == "changed"
    assert judged("eps: Float = 1e-6", "eps: Flaot = 1e-6") == "reported"
    assert judged("language: python", "language:   python  # as ever") == "silent"
    assert judged("types:\n", "\n\n\n\ntypes:\n") == "silent"


def test_what_cannot_be_made_is_not_taken_for_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise AttributeError("no such thing")

    monkeypatch.setattr(sensitivity.render, "_tidy", refuse)
    monkeypatch.setattr(sensitivity.render, "drafts", refuse)
    assert judged("eps: Float = 1e-6", "eps: Float = 1e-5") == "silent"


@pytest.mark.parametrize("use", ["export.huggingface", "export.llama_cpp", "evaluation.metrics"])
def test_a_use_is_missed_also_where_both_declare_a_name(use: str) -> None:
    """Programs all have a main, and some modules a type of one name that only one of them reads."""
    name = "specs/export/parity.vibee" if use.startswith("export") else "specs/recipes/pretrain.vibee"
    before, line, after = sensitivity.bench().texts()[name].partition(f"  - igla.{use}\n")
    number = before.count("\n") + 1
    mutation = Mutation("by-hand", name, number, line, before + after, frozenset((number - 5,)))
    outcome = sensitivity.bench().judge(mutation)
    assert line and f"igla.{use} is not in uses" in outcome.said
