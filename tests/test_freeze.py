"""`igla-gen freeze`: the contract of a model, from its spec to the generated program that writes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Workplace

SPEC = "specs/models/igla_tiny.vibee"


@pytest.fixture
def shipped(workplace: Workplace) -> Workplace:
    """A workplace with the specs and the generated code of this repository."""
    for folder in ("specs", "templates", "generated"):
        shutil.copytree(REPOSITORY / folder, workplace.root / folder, dirs_exist_ok=True)
    return workplace


def test_contract_is_written_beside_the_spec_and_held(
    shipped: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    result = shipped.run("freeze", SPEC)
    assert (result.code, result.err) == (0, ""), result.out
    path = shipped.root / "specs/models/igla_tiny.contract.json"
    contract = json.loads(path.read_text())
    assert contract["name"] == "igla.models.igla_tiny"
    assert contract["architecture"]["hidden_size"] == 512
    assert contract["parameters"]["embed_tokens.weight"] == [4096, 512]
    assert shipped.run("freeze", SPEC, "--check").code == 0
    assert shipped.run("check", "specs").code == 0  # a contract is no spec

    result = shipped.run("freeze", SPEC, "--check", "--vocab-size", "512")
    assert result.code == 1
    assert capfd.readouterr().err == "error: vocab_size is 512, frozen is 4096\n"


def test_tiers_have_contracts_of_their_own(
    shipped: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    spec, file = "specs/models/koshey.vibee", "koshey-7.contract.json"
    assert shipped.run("freeze", spec, "--tier", "7", "--contract", file).code == 0
    contract = json.loads((shipped.root / file).read_text())
    assert contract["architecture"]["context_length"] == 16384
    assert contract["architecture"]["moe"]["num_experts"] == 8
    assert shipped.run("freeze", spec, "--tier", "11").code == 1
    assert "tier is 11: give a number from 1 to 10" in capfd.readouterr().err


def test_a_spec_that_was_changed_is_not_frozen_as_it_was(shipped: Workplace) -> None:
    spec = shipped.root / SPEC
    spec.write_text(spec.read_text().replace("rope_base: 10000.0", "rope_base: 20000.0"))
    result = shipped.run("freeze", SPEC)
    assert result.code == 1
    assert "generated/igla/models/igla_tiny.py: spec-newer" in result.err
    assert result.err.endswith("run igla-gen gen\n")
    assert not list(shipped.root.glob("specs/models/*.json"))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("specs/models",), "specs/models is a folder: name the spec of one model"),
        (("specs/models/freeze.vibee",), "is a component: freeze takes a model"),
        (("specs/recipes/quickstart.vibee",), "is a recipe: freeze takes a model"),
        ((SPEC, "--check"), f"there is no contract; run igla-gen freeze {SPEC}"),
        ((SPEC, "--vocab-size", "0"), "--vocab-size"),
        ((SPEC, "--tokenizer", "none.model"), "none.model: no such file"),
        ((SPEC, "--tokenizer", "specs"), "specs: is a folder; name tokenizer.model"),
        ((SPEC, "--tier", "2"), f"{SPEC} has no tiers: leave out --tier"),
        ((SPEC, "--contract", "specs"), "--contract specs: this is a folder; name a file"),
        ((SPEC, "--contract", SPEC), f"{SPEC} is there, and is no contract: name another file"),
        ((SPEC, "--out", ""), "no folder is named; . is the one here"),
        ((SPEC, "--out", "elsewhere"), "elsewhere/igla/__init__.py: missing: was never generated"),
    ],
)
def test_what_cannot_be_frozen_is_said(
    shipped: Workplace, arguments: tuple[str, ...], message: str
) -> None:
    result = shipped.run("freeze", *arguments)
    assert result.code == (1 if "never generated" in message else 2) and message in result.err
    assert "Traceback" not in result.err


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer of 270 pieces, made by the generated program."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    program = (
        "import sys; from pathlib import Path\n"
        "from igla.data.tokenizer import TokenizerConfig, train_tokenizer\n"
        "config = TokenizerConfig(vocab_size=270)\n"
        "train_tokenizer(['the cat sat on the mat ' * 9], config, Path(sys.argv[1]))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "generated")}
    subprocess.run([sys.executable, "-c", program, str(path)], env=environment, check=True)
    return path


def test_a_tokenizer_of_another_size_is_not_frozen_silently(
    shipped: Workplace, tokenizer: Path
) -> None:
    """A run takes as many rows as the tokenizer has pieces; only an export pads."""
    given, contract = ("--tokenizer", str(tokenizer)), "specs/models/igla_tiny.contract.json"
    result = shipped.run("freeze", SPEC, *given)
    assert result.code == 1 and "has 270 pieces, the model has 4096 rows" in result.err
    assert "--vocab-size 270" in result.err and "--vocab-size 4096" in result.err
    assert not (shipped.root / contract).exists()

    result = shipped.run("freeze", SPEC, *given, "--vocab-size", "269")
    assert result.code == 1 and "has 270 pieces, the model has 269 rows" in result.err
    assert "--vocab-size 270" in result.err and "padded" not in result.err

    for rows in ("270", "272"):
        assert shipped.run("freeze", SPEC, *given, "--vocab-size", rows).code == 0
        frozen = json.loads((shipped.root / contract).read_text())
        assert frozen["architecture"]["vocab_size"] == int(rows)


def test_what_is_no_tokenizer_is_said_by_the_program(
    shipped: Workplace, capfd: pytest.CaptureFixture[str]
) -> None:
    shipped.write("poor.model", "no tokenizer\n")
    result = shipped.run("freeze", SPEC, "--tokenizer", "poor.model")
    assert result.code == 1
    said = result.err + capfd.readouterr().err
    assert "poor.model" in said and "Traceback" not in said
