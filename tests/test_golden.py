"""The smoke profile of each recipe has the loss curve that it had: tests/golden/NAME.json.

A change that is meant to change them: python tests/test_golden.py writes them anew, to be read as a difference.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import random
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import REPOSITORY

GOLDEN = REPOSITORY / "tests" / "golden"
RECIPES = sorted(
    path.stem
    for path in (REPOSITORY / "specs" / "recipes").glob("*.vibee")
    if "\nkind: recipe\n" in path.read_text(encoding="utf-8")
)
SYLLABLES = ("ba", "den", "fi", "gor", "hu", "lam", "ne", "pol", "ri", "sut", "ta", "vex")
FIGURES = ("loss", "held_out_loss", "learning_rate", "gradient_norm")
CLOSE = 1e-4  # relative; processors add in different orders


def write_texts(folder: Path) -> Path:
    """Documents of invented words, the same on every machine: 300 words, some of them often."""
    draw = random.Random(0)
    words = ["".join(draw.choices(SYLLABLES, k=draw.randint(1, 4))) for _ in range(300)]
    weights = [1 / rank for rank in range(1, 301)]
    folder.mkdir()
    for index in range(400):
        text = " ".join(draw.choices(words, weights, k=60)) + "\n"
        (folder / f"{index:03d}.txt").write_text(text, encoding="utf-8")
    return folder


def curve_of(recipe: ModuleType, folder: Path) -> list[dict[str, Any]]:
    """What a run of the smoke profile logs, in float32 on one thread."""
    smoke = recipe.SMOKE
    options = dataclasses.replace(
        smoke,
        data=write_texts(folder / "texts"),
        out=folder / "out",
        documents=dataclasses.replace(smoke.documents, held_out_fraction=0.05, sources=()),
        tokenizer=dataclasses.replace(smoke.tokenizer, num_threads=1),
        training=dataclasses.replace(
            smoke.training, threads=1, precision="float32", weights="float32", compile=False
        ),
        export=dataclasses.replace(smoke.export, gguf=(), llama_cpp=False),
    )
    recipe.train(options, recipe.SMOKE_CONFIG)
    lines = (options.out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    names = ("step", *FIGURES)
    return [{name: record[name] for name in names if name in record} for record in records]


@pytest.mark.parametrize("name", RECIPES)
def test_loss_curve_is_that_of_the_golden_file(name: str, tmp_path: Path) -> None:
    found = curve_of(importlib.import_module(f"igla.recipes.{name}"), tmp_path)
    expected = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    assert [set(record) for record in found] == [set(record) for record in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours == pytest.approx(theirs, rel=CLOSE)
    losses = [record["loss"] for record in found if "loss" in record]
    assert losses[-1] < losses[0]


def test_there_is_a_golden_file_for_each_recipe_alone() -> None:
    assert sorted(path.stem for path in GOLDEN.glob("*.json")) == RECIPES


def main() -> None:
    """Write all golden files anew, or those of the recipes that are named."""
    for name in sys.argv[1:] or RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            curve = curve_of(importlib.import_module(f"igla.recipes.{name}"), Path(folder))
        lines = ",\n".join(json.dumps(record) for record in curve)
        (GOLDEN / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
        print(f"wrote {GOLDEN / name}.json")


if __name__ == "__main__":
    main()
