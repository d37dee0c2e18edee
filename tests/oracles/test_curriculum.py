"""The generated curriculum against scipy and numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, linprog
from scipy.stats import chisquare, rankdata

from igla.data.curriculum import (
    CompetenceSampler,
    PacingConfig,
    competence,
    difficulty_order,
    rarity_difficulty,
    self_paced_weights,
)

SEEDS = st.integers(0, 2**31 - 1)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, num_samples=st.integers(1, 60), kinds=st.integers(1, 60))
def test_order_is_that_of_ranks(seed: int, num_samples: int, kinds: int) -> None:
    difficulty = np.random.default_rng(seed).integers(0, kinds, num_samples).astype(float)
    order = difficulty_order(torch.from_numpy(difficulty)).numpy()
    assert (rankdata(difficulty, method="ordinal")[order] == np.arange(1, num_samples + 1)).all()


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, vocab_size=st.integers(1, 50))
def test_rarity_is_the_unigram_likelihood(seed: int, vocab_size: int) -> None:
    rng = np.random.default_rng(seed)
    documents = [rng.integers(0, vocab_size, rng.integers(0, 40)) for _ in range(5)]
    counts = np.bincount(np.concatenate(documents), minlength=vocab_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        frequencies = counts / counts.sum()
    want = [-np.log(np.prod(frequencies[tokens], dtype=np.longdouble)) for tokens in documents]
    got = rarity_difficulty([torch.from_numpy(d) for d in documents], torch.from_numpy(counts))
    np.testing.assert_allclose(got.numpy(), np.array(want, dtype=float), rtol=1e-10, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(start=st.floats(0.01, 0.9), power=st.floats(0.5, 6), part=st.floats(0, 1))
def test_competence_solves_its_equation(start: float, power: float, part: float) -> None:
    """c^p grows by the same amount at each step, from the start to one; found by bisection."""
    total = 1000
    config = PacingConfig(initial_competence=start, power=power, total_steps=total)
    step = round(part * total)
    want = brentq(
        lambda c: (c**power - start**power) / (1 - start**power) - step / total,
        start - 1e-9,
        1 + 1e-9,
        xtol=1e-14,
    )
    assert competence(step, config) == pytest.approx(want, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, threshold=st.floats(0.1, 4))
def test_self_paced_weights_solve_the_linear_program(seed: int, threshold: float) -> None:
    losses = np.random.default_rng(seed).gamma(2.0, size=20)
    found = linprog(losses - threshold, bounds=[(0, 1)] * 20)
    got = self_paced_weights(torch.from_numpy(losses), threshold).numpy()
    np.testing.assert_allclose(got, found.x, atol=1e-9)


@pytest.mark.parametrize("batch_size", [1, 7, 30, 100])
def test_draws_are_uniform_over_what_is_in(batch_size: int) -> None:
    """Chi-square over the 30 easiest of 60 samples, by one rank of two, over 600 steps."""
    config = PacingConfig(pacing="linear", initial_competence=0.5, total_steps=10**9)
    difficulty_n = torch.randn(60, generator=torch.Generator().manual_seed(0))
    size = max(1, batch_size // 2)
    sampler = CompetenceSampler(difficulty_n, config, size, seed=1, rank=1, world_size=2)
    drawn = torch.cat([sampler.next_batch() for _ in range(600)]).numpy()
    counts = np.bincount(drawn, minlength=60)[difficulty_order(difficulty_n).numpy()]
    assert counts[30:].sum() == 0
    assert chisquare(counts[:30]).pvalue > 1e-3
