"""The generated mixing against scipy's solvers and numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, rel_entr
from scipy.stats import entropy

from igla.data.mixing import (
    DomainDraw,
    DoReMi,
    DoReMiConfig,
    domain_weighted_loss,
    excess_loss_sums,
    exponentiated_update,
    floor_weights,
    mixture_entropy,
)

SEEDS = st.integers(0, 2**31 - 1)


def _mixture(seed: int, num_domains: int, spread: float) -> np.ndarray:
    weights = np.exp(spread * np.random.default_rng(seed).standard_normal(num_domains))
    return weights / weights.sum()


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, num_domains=st.integers(2, 8), part=st.floats(0, 0.9))
def test_floor_is_what_a_solver_finds(seed: int, num_domains: int, part: float) -> None:
    """Least relative entropy under the floor, by sequential least squares."""
    weights, floor = _mixture(seed, num_domains, 1.0), part / num_domains
    found = minimize(
        lambda p: rel_entr(p, weights).sum(),
        np.full(num_domains, 1 / num_domains),
        jac=lambda p: np.log(np.maximum(p, 1e-300) / weights) + 1,
        bounds=[(max(floor, 1e-9), 1)] * num_domains,
        constraints={"type": "eq", "fun": lambda p: p.sum() - 1, "jac": lambda p: np.ones_like(p)},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    got = floor_weights(torch.from_numpy(weights), floor).numpy()
    np.testing.assert_allclose(got, found.x, atol=2e-5)
    assert rel_entr(got, weights).sum() <= found.fun + 1e-9


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, num_domains=st.integers(1, 30), spread=st.floats(0, 20))
def test_entropy_is_that_of_scipy(seed: int, num_domains: int, spread: float) -> None:
    weights = _mixture(seed, num_domains, spread)
    assert mixture_entropy(torch.from_numpy(weights)) == pytest.approx(entropy(weights), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, num_domains=st.integers(1, 12), step=st.floats(0, 5), smoothing=st.floats(0, 1))
def test_update_is_the_maximum_of_its_objective(
    seed: int, num_domains: int, step: float, smoothing: float
) -> None:
    """What exponentiated gradient is: the most of step times gain less the relative entropy to the old weights."""
    rng = np.random.default_rng(seed)
    weights, losses = _mixture(seed, num_domains, 1.0), 3 * rng.standard_normal(num_domains)
    got = exponentiated_update(
        torch.from_numpy(weights), torch.from_numpy(losses), step, smoothing
    ).numpy()
    unnormalised = np.log(weights) + step * losses
    grown = np.exp(unnormalised - logsumexp(unnormalised))
    np.testing.assert_allclose(got, (1 - smoothing) * grown + smoothing / num_domains, rtol=1e-10)
    best = logsumexp(unnormalised)  # the maximum, by convex duality
    assert step * grown @ losses - rel_entr(grown, weights).sum() == pytest.approx(best, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, num_domains=st.integers(2, 6), dtype=st.sampled_from([np.float32, np.float64]))
def test_doremi_is_algorithm_1_in_numpy(seed: int, num_domains: int, dtype: type) -> None:
    """Twelve steps on random token losses, with domains that are absent from some of the batches."""
    rng = np.random.default_rng(seed)
    doremi = DoReMi([str(k) for k in range(num_domains)], DoReMiConfig(smoothing=0.01))
    weights = np.full(num_domains, 1 / num_domains)
    excess, steps = np.zeros(num_domains), []
    for _ in range(12):
        proxy, reference = rng.gamma(2.0, size=(2, 40)).astype(dtype)
        domains = rng.integers(0, num_domains, 40) * rng.integers(0, 2, 40)
        for k in set(domains.tolist()):
            own = domains == k
            excess[k] = np.maximum(proxy.astype(float) - reference.astype(float), 0)[own].mean()
        grown = weights * np.exp(excess)
        weights = 0.99 * grown / grown.sum() + 0.01 / num_domains
        steps.append(weights)
        tensors = [torch.from_numpy(part) for part in (proxy, reference, domains)]
        doremi.update(*excess_loss_sums(*tensors, num_domains))
        want = sum(
            weights[k] * proxy[domains == k].astype(float).mean() for k in set(domains.tolist())
        )
        loss = domain_weighted_loss(tensors[0], tensors[2], doremi.weights_k)
        assert loss.item() == pytest.approx(want, rel=1e-5 if dtype is np.float32 else 1e-12)
    np.testing.assert_allclose(list(doremi.mixture().values()), np.mean(steps, 0), rtol=1e-10)


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, num_domains=st.integers(1, 12), spread=st.floats(0, 3), changes=st.integers(0, 4))
def test_draw_keeps_to_the_weights(seed: int, num_domains: int, spread: float, changes: int) -> None:
    """Less than one sample off after every draw under fixed weights; each change adds less than one more."""
    names = [str(k) for k in range(num_domains)]
    asked, counts = np.zeros(num_domains), np.zeros(num_domains)
    draw = DomainDraw(dict(zip(names, _mixture(seed, num_domains, spread).tolist(), strict=True)))
    for change in range(changes + 1):
        weights = _mixture(seed + change, num_domains, spread)
        draw.set_weights(dict(zip(names, weights.tolist(), strict=True)))
        for _ in range(100):
            counts[int(draw.next())] += 1
            asked += weights
            assert np.abs(counts - asked).max() < 1 + change
