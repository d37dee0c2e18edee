"""The page on models says what their specs promise, and each module is what the page says of it."""

from __future__ import annotations

import importlib
import re

import pytest

from tests.conftest import REPOSITORY

PAGE = (REPOSITORY / "docs" / "models.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
COLUMNS = (
    "hidden_size", "num_layers", "num_heads", "num_kv_heads", "ffn_size", "vocab_size",
    "context_length", "rope_base",
)  # fmt: skip


def test_every_model_is_on_the_page() -> None:
    specs = (REPOSITORY / "specs" / "models").glob("*.vibee")
    models = {path.stem for path in specs if "\nkind: model\n" in path.read_text(encoding="utf-8")}
    assert {name for name, _ in ROWS} == models


@pytest.mark.parametrize(("name", "cells"), ROWS, ids=[name for name, _ in ROWS])
def test_the_page_says_what_the_module_has(name: str, cells: str) -> None:
    module = importlib.import_module(f"igla.models.{name}")
    count, *sizes = (cell.replace(",", "") for cell in cells.split(" | "))
    assert int(count) == module.CONTRACT.parameters
    found = [str(getattr(module.CONFIG, column)).removesuffix(".0") for column in COLUMNS]
    moe = getattr(module.CONFIG, "moe", None)
    if moe is not None:
        found[COLUMNS.index("ffn_size")] = f"{moe.num_experts} x {module.CONFIG.ffn_size}"
    assert sizes == found


def test_the_tiers_on_the_page_are_those_of_the_model() -> None:
    module = importlib.import_module("igla.models.koshey")
    rows = re.findall(r"^\| ([\d, ]+) \| ([\d, ]+) \| (.+) \|$", PAGE, re.MULTILINE)
    said = [
        (int(number), int(context))
        for numbers, contexts, _ in rows
        for number, context in zip(numbers.split(", "), contexts.split(", "), strict=True)
    ]
    assert said == [(n, module.tier_of(n).context_length) for n in range(1, 11)]
    for words, number in ((rows[0][2], 1), (rows[1][2], 4), (rows[2][2], 7)):
        names = [name.replace("_", " ") for name in module.tier_of(number).adds]
        shown = words.replace("mixture of 8 experts, 2 a token", "mixture of experts")
        assert all(name in shown for name in names), (words, names)
