"""Near duplicates against datasketch's own index, and what they take of the memory."""

from __future__ import annotations

import random
import sys
import zlib
from pathlib import Path

import pytest

from igla.data.cleaning import NearDuplicateConfig, NearDuplicates, shingles

datasketch = pytest.importorskip("datasketch")


def texts(number: int) -> list[str]:
    """Half of them are an earlier one, with some words changed."""
    chance = random.Random(0)
    found = [[str(chance.random()) for _ in range(40)]]
    for _ in range(number - 1):
        text = list(chance.choice(found)) if chance.random() < 0.5 else []
        for place in chance.sample(range(40), chance.randrange(4)) if text else range(40):
            text[place : place + 1] = [str(chance.random())]
        found.append(text)
    return [" ".join(text) for text in found]


def found_by_datasketch(config: NearDuplicateConfig, documents: list[str]) -> list[int | None]:
    """All of it in memory: signatures, and the library's own tables of bands."""
    index = datasketch.MinHashLSH(
        min(config.threshold, 0.9), config.permutations, weights=(0.1, 0.9)
    )
    kept, answers = {}, []
    for number, text in enumerate(documents):
        signature = datasketch.MinHash(config.permutations, seed=1, hashfunc=zlib.crc32)
        signature.update_batch([s.encode() for s in shingles(text, config.shingle_words)])
        alike = [(-signature.jaccard(kept[other]), other) for other in index.query(signature)]
        if alike and -min(alike)[0] >= config.threshold:
            answers.append(min(alike)[1])
            continue
        index.insert(number, signature)
        kept[number] = signature
        answers.append(None)
    return answers


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8])
def test_found_is_what_datasketch_finds(threshold: float) -> None:
    config = NearDuplicateConfig(threshold=threshold, shingle_words=2)
    documents = texts(400)
    index = NearDuplicates(config)
    found = [index.find(str(number), text) for number, text in enumerate(documents)]
    expected = found_by_datasketch(config, documents)
    assert [None if name is None else int(name) for name in found] == expected
    assert 20 < sum(number is not None for number in expected) < 380


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_documents() -> None:
    """Those after the first 3000, which fill the cache of the tables, take none; in memory each took 7 kB."""

    def memory() -> int:
        status = Path("/proc/self/status").read_text()
        return int(status.split("RssAnon:")[1].split()[0]) * 1024

    index = NearDuplicates(NearDuplicateConfig())
    chance = random.Random(0)
    for number in range(6_000):
        if number == 3_000:
            before = memory()
        assert index.find(str(number), " ".join(str(chance.random()) for _ in range(12))) is None
    assert memory() - before < 3_000 * 250
