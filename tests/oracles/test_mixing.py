"""The generated mixing against scipy's solvers and numpy, and over readers of shards."""

from __future__ import annotations

import json
from pathlib import Path

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
    MixedReader,
    domain_weighted_loss,
    excess_loss_sums,
    exponentiated_update,
    floor_weights,
    mixture_entropy,
)
from igla.data.reader import Prefetcher, TokenReader
from igla.data.shards import write_shards
from igla.data.sources import Document

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


class _Words:
    """A tokenizer of one word, whose id is 10 for the first domain, 20 for the second, ..."""

    bos_id, eos_id, vocab_size = 1, 2, 100

    def __init__(self, word: int) -> None:
        self.word, self.sha256 = word, f"word {word}"

    def encode_arrays(self, texts: list[str], *, bos: bool, eos: bool) -> list[np.ndarray]:
        return [np.array([1, *[self.word] * len(text), 2], np.int32) for text in texts]


WEIGHTS = {"web": 0.5, "code": 0.3, "math": 0.2}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Shards of three domains, of 40, 25 and 8 windows of 16 tokens."""
    out = tmp_path_factory.mktemp("shards")
    for number, (name, size) in enumerate(zip(WEIGHTS, (40, 25, 8), strict=True), 1):
        documents = [Document("s", str(i), "x" * 14) for i in range(size + 1)]
        write_shards(documents, _Words(10 * number), out / name)
    return {name: out / name for name in WEIGHTS}


def _reader(
    folders: dict[str, Path], packing: str, batch_size: int, rank: int = 0, world_size: int = 1
) -> MixedReader:
    readers = {
        name: TokenReader(folder, 16, 1, 3, packing=packing) for name, folder in folders.items()
    }
    return MixedReader(readers, WEIGHTS, batch_size, rank=rank, world_size=world_size)


@pytest.mark.parametrize("packing", ["concat", "best_fit"])
def test_shards_are_mixed_as_asked(folders: dict[str, Path], packing: str) -> None:
    """Counted in the tokens themselves; each domain goes through its own epochs."""
    source = _reader(folders, packing, 5)
    words = torch.cat([source.next_batch().inputs.amax(1) for _ in range(40)])
    counts = {name: int((words == 10 * number).sum()) for number, name in enumerate(WEIGHTS, 1)}
    assert counts == {"web": 100, "code": 60, "math": 40}
    report = {share.domain: (share.samples, share.epochs) for share in source.report()}
    sizes = {name: source._readers[name].num_windows for name in WEIGHTS}
    assert report == {name: (count, count // sizes[name]) for name, count in counts.items()}


@pytest.mark.parametrize("packing", ["concat", "best_fit"])
def test_mixed_shards_go_on_with_other_ranks(folders: dict[str, Path], packing: str) -> None:
    """One rank, then three from its state, then two from theirs, one of them read ahead in a thread."""
    whole = _reader(folders, packing, 6)
    batches = [whole.next_batch() for _ in range(9)]
    source = _reader(folders, packing, 6)
    for _ in range(3):
        source.next_batch()
    state = json.loads(json.dumps(source.state_dict()))
    for first, world_size in ((3, 3), (6, 2)):
        ranks = [_reader(folders, packing, 6 // world_size, r, world_size) for r in range(world_size)]
        for rank in ranks:
            rank.load_state_dict(state)
        with Prefetcher(ranks[0]) as ahead:
            for want in batches[first : first + 3]:
                got = [source.next_batch() for source in (ahead, *ranks[1:])]
                for name in ("inputs", "targets", "document_ids"):
                    parts = [getattr(batch, name) for batch in got]
                    assert torch.equal(torch.cat(parts), getattr(want, name))
            state = ahead.state_dict()
        assert all(rank.state_dict() == state for rank in ranks[1:])
