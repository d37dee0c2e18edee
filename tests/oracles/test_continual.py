"""The generated continual learning against scipy, numpy and plain loops."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import rel_entr, softmax
from scipy.stats import chi2, chisquare

from igla.data.continual import (
    Reservoir,
    TransferMatrix,
    distillation_loss,
)

SEEDS = st.integers(0, 2**31 - 1)


def _kept(seed: int, capacity: int, added: int) -> list[int]:
    reservoir = Reservoir(capacity, seed)
    reservoir.add((torch.arange(added),))
    return reservoir.state_dict()["kept"][0].tolist()


@pytest.mark.parametrize(("capacity", "added"), [(1, 12), (5, 20), (19, 20)])
def test_reservoir_is_uniform(capacity: int, added: int) -> None:
    """Each sample is kept equally often; without replacement the statistic shrinks by a known factor."""
    counts, runs = np.zeros(added), 1500
    for seed in range(runs):
        counts[_kept(seed, capacity, added)] += 1
    statistic = ((counts - counts.mean()) ** 2 / counts.mean()).sum()
    shrunk = (added - capacity) / (added - 1)
    assert 1e-3 < chi2.sf(statistic / shrunk, added - 1) < 1 - 1e-3


def test_pairs_are_kept_independently() -> None:
    """Each pair of 7 samples is kept together equally often: 3 of 7, over 2100 seeds."""
    pairs = dict.fromkeys(combinations(range(7), 2), 0)
    for seed in range(2100):
        for pair in combinations(sorted(_kept(seed, 3, 7)), 2):
            pairs[pair] += 1
    assert chisquare(list(pairs.values())).pvalue > 1e-3


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, rows=st.integers(1, 9), classes=st.integers(1, 20), temperature=st.floats(0.3, 20))
def test_distillation_is_relative_entropy(
    seed: int, rows: int, classes: int, temperature: float
) -> None:
    student, teacher = 3 * np.random.default_rng(seed).standard_normal((2, rows, classes))
    p, q = (softmax(logits / temperature, axis=1) for logits in (teacher, student))
    want = temperature**2 * rel_entr(p, q).sum(1).mean()
    got = distillation_loss(torch.from_numpy(student), torch.from_numpy(teacher), temperature)
    assert got.item() == pytest.approx(want, rel=1e-9, abs=1e-10)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, num_tasks=st.integers(2, 8))
def test_transfer_is_that_of_the_papers(seed: int, num_tasks: int) -> None:
    """Loops over the definitions of Lopez-Paz and Ranzato, and of Chaudhry for forgetting."""
    rows = np.random.default_rng(seed).uniform(size=(num_tasks + 1, num_tasks))
    names = [str(task) for task in range(num_tasks)]
    matrix = TransferMatrix(names)
    for row in rows:
        matrix.add(dict(zip(names, row.tolist(), strict=True)))
    untrained, r, last = rows[0], rows[1:], num_tasks - 1
    backward = [r[last, i] - r[i, i] for i in range(last)]
    forward = [r[i - 1, i] - untrained[i] for i in range(1, num_tasks)]
    forgotten = [max(r[j, i] for j in range(last)) - r[last, i] for i in range(last)]
    got = matrix.summary()
    assert got.average_score == pytest.approx(r[last].mean(), rel=1e-12)
    assert got.backward_transfer == pytest.approx(np.mean(backward), rel=1e-9, abs=1e-12)
    assert got.forward_transfer == pytest.approx(np.mean(forward), rel=1e-9, abs=1e-12)
    assert got.forgetting == pytest.approx(np.mean(forgotten), rel=1e-9, abs=1e-12)
