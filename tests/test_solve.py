"""`igla-gen solve`: sizes for a parameter count, by the count that the blueprint itself requires."""

from __future__ import annotations

import importlib
import json
import shutil

import pytest

from tests.conftest import REPOSITORY, Workplace

SIZES = ("num_layers", "hidden_size", "num_heads", "num_kv_heads", "head_dim", "ffn_size")


@pytest.fixture
def shipped(workplace: Workplace) -> Workplace:
    """A workplace with the specs of this repository."""
    shutil.copytree(REPOSITORY / "specs", workplace.root / "specs", dirs_exist_ok=True)
    return workplace


def solved(shipped: Workplace, *arguments: str) -> dict[str, object]:
    result = shipped.run("solve", "--output-format", "json", *arguments)
    assert result.code == 0, result.out + result.err
    return json.loads(result.out)


def test_the_frozen_model_is_the_first_answer(shipped: Workplace) -> None:
    best = solved(shipped, "--params", "1.5B", "--top", "1")["shapes"][0]
    module = importlib.import_module("igla.models.igla_1_5b")
    assert best["sizes"] == {name: getattr(module.CONFIG, name) for name in best["sizes"]}
    assert best["parameters"] == module.CONTRACT.parameters


def test_counts_are_those_of_the_generated_formula(shipped: Workplace) -> None:
    decoder = importlib.import_module("igla.architecture.decoder")
    scaling = importlib.import_module("igla.planning.scaling")
    rows = solved(shipped, "--params", "1.5B", "--top", "1800")["shapes"]
    assert len(rows) == 1800
    for row in rows[::97]:
        config = decoder.DecoderConfig(**row["sizes"])
        assert decoder.num_params(config) == row["parameters"]
        assert row["gap"] == pytest.approx(row["parameters"] / 1.5e9 - 1)
        measured = {n: row["sizes"][n] for n in SIZES if n != "head_dim"}
        assert row["shape"] == pytest.approx(scaling.shape_distance(**measured))


def test_the_search_is_what_it_says(shipped: Workplace) -> None:
    data = solved(shipped, "--params", "1.5B", "--top", "100000")
    assert data["legal"] == len(data["shapes"])
    sizes = [row["sizes"] for row in data["shapes"]]
    expected = {
        (layers, heads * 128, heads, kv, 128, ffn, tied)
        for layers in range(24, 29)
        for heads in range(16, 21)
        for kv in range(4, 9)
        if heads % kv == 0
        for ffn in range(256, 4 * heads * 128 + 1, 256)
        for tied in (True, False)
    }
    found = {(*(s[name] for name in SIZES), s["tie_embeddings"]) for s in sizes}
    assert found == expected and len(found) == len(sizes)
    assert {(s["vocab_size"], s["context_length"]) for s in sizes} == {(32000, 4096)}


def test_order_is_by_gap_and_by_shape(shipped: Workplace) -> None:
    rows = solved(shipped, "--params", "1.5B", "--top", "1800", "--within", "0.5%")["shapes"]
    near = [row for row in rows if abs(row["gap"]) <= 0.005]
    assert rows[: len(near)] == near and len(near) > 5
    shapes = [row["shape"] for row in near]
    assert shapes == sorted(shapes)
    gaps = [abs(row["gap"]) for row in rows[len(near) :]]
    assert gaps == sorted(gaps)
    exact = solved(shipped, "--params", "1.5B", "--within", "0%", "--top", "1800")["shapes"]
    assert abs(exact[0]["gap"]) == min(abs(row["gap"]) for row in rows)


def test_options_bound_the_search(shipped: Workplace) -> None:
    options = ("--layers", "12", "--heads", "8-12", "--hidden", "512-768", "--head-dim", "64")
    more = ("--kv-heads", "2-4", "--ffn-multiple", "128", "--ffn-ratio", "3", "--tied", "yes")
    data = solved(shipped, "--params", "80M", *options, *more, "--vocabulary", "8K".replace("K", "000"),
                  "--context", "512", "--top", "1000")  # fmt: skip
    for sizes in (row["sizes"] for row in data["shapes"]):
        assert sizes["num_layers"] == 12 and sizes["tie_embeddings"] is True
        assert (
            sizes["hidden_size"] == 64 * sizes["num_heads"] and 512 <= sizes["hidden_size"] <= 768
        )
        assert (
            sizes["num_kv_heads"] in (2, 3, 4) and sizes["num_heads"] % sizes["num_kv_heads"] == 0
        )
        assert sizes["ffn_size"] % 128 == 0 and sizes["ffn_size"] <= 3 * sizes["hidden_size"]
        assert (sizes["vocab_size"], sizes["context_length"]) == (8000, 512)


def test_the_golden_ladder(shipped: Workplace) -> None:
    data = solved(shipped, "--params", "1.5B", "--ladder", "phi", "--rungs", "4")
    rungs = [row["sizes"] for row in data["ladder"]]
    assert rungs[0] == data["shapes"][0]["sizes"] and len(rungs) == 5
    phi = (1 + 5**0.5) / 2
    for number, sizes in enumerate(rungs):
        first = rungs[0]
        assert sizes["num_layers"] == round(first["num_layers"] * phi**number)
        kv = first["num_kv_heads"]
        assert sizes["num_heads"] == round(first["num_heads"] * phi**number / kv) * kv
        assert sizes["hidden_size"] == 128 * sizes["num_heads"] and sizes["num_kv_heads"] == kv
        assert sizes["ffn_size"] % 256 == 0
        ratio = sizes["ffn_size"] / sizes["hidden_size"]
        assert ratio == pytest.approx(first["ffn_size"] / first["hidden_size"], rel=0.05)


def test_text_for_people(shipped: Workplace) -> None:
    result = shipped.run(
        "solve", "--params", "1.5B", "--top", "2", "--ladder", "phi", "--rungs", "1"
    )
    assert result.code == 0 and result.err == ""
    assert "1_800 legal shapes for 1_500_000_000 parameters" in result.out
    rows = [line.split() for line in result.out.splitlines() if line.strip()[:1].isdigit()][1:]
    assert [row[0] for row in rows] == ["1", "2", "0", "1"]
    assert rows[2][1:8] == rows[0][1:8] and rows[2][8] == "1.00"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("350M",), "from 355_043_328 to 2_824_747_520 parameters: start --layers, --hidden and --heads lower"),
        (("7B",), "from 355_043_328 to 2_824_747_520 parameters: let --layers, --hidden and --heads go higher"),
        (("1.5B", "--within", "0%"), "is within 0% of 1.5B; "),
        (("1.5B", "--within", "0%"), ": widen a range, or take a smaller --ffn-multiple"),
    ],
)  # fmt: skip
def test_ranges_without_such_a_shape_are_told_with_what_to_widen(
    shipped: Workplace, arguments: tuple[str, ...], said: str
) -> None:
    result = shipped.run("solve", "--params", *arguments)
    assert result.code == 0 and said in result.err


def test_long_searches_say_how_far_they_are(shipped: Workplace) -> None:
    result = shipped.run("solve", "--params", "1.5B", "--ffn-multiple", "64")
    assert result.code == 0
    assert "igla-gen: 5_000 of 7_200 shapes" in result.err


def test_a_blueprint_without_a_shape_formula_ranks_by_gap(shipped: Workplace) -> None:
    shipped.change("specs/planning/scaling.vibee", "  shape_distance:", "  proportions:")
    path = "specs/planning/scaling.vibee"
    shipped.write(path, shipped.read(path).replace("shape_distance(", "proportions("))
    rows = solved(shipped, "--params", "1.5B", "--top", "1800")["shapes"]
    gaps = [abs(row["gap"]) for row in rows]
    assert gaps == sorted(gaps) and rows[0]["shape"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--params", "many"), 2, "--params many:"),
        (("--params", "0"), 2, "give one parameter or more"),
        (("--params", "1.5B", "--layers", "28-24"), 2, "--layers 28-24: write LOW-HIGH"),
        (("--params", "1.5B", "--heads", "x"), 2, "--heads x: write LOW-HIGH"),
        (("--params", "1.5B", "--within", "80GB"), 2, "--within 80GB:"),
        (("--params", "1.5B", "--blueprint", "igla.models.nothing"), 2, "no spec writes this module"),
        (("--params", "1.5B", "--blueprint", "igla.recipes.pretrain"), 2, "it requires no num_params"),
        (("--params", "1.5B", "--tied", "maybe"), 2, "--tied"),
        (("--params", "1.5B", "--heads", "17", "--kv-heads", "4-8"), 1, "no shape in these ranges"),
        (("--params", "1.5X"), 2, "X is not a unit; accepted: "),
        (("--params", "1.5B", "--layers", "1-100000"), 1, "are too many"),
        (("--params", "1.5B", "--layers", "1-" + "9" * 5000), 2, "write LOW-HIGH"),
        (("--params", "1.5B", "--vocabulary", "1" + "0" * 400), 2, "--vocabulary"),
        (("--params", "1.5B", "--context", "1" + "0" * 400), 2, "--context"),
        (("--params", "1.5B", "--heads", "1-1000000", "--kv-heads", "1-1000000"), 1, "are too many"),
        ((), 2, "--params"),
    ],
)  # fmt: skip
def test_what_cannot_be_solved_is_a_sentence(
    shipped: Workplace, arguments: tuple[str, ...], code: int, said: str
) -> None:
    result = shipped.run("solve", *arguments)
    assert result.code == code
    assert said in result.err and "Traceback" not in result.err
