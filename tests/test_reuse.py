"""What a change of one spec makes again: its own files, and those of specs that see the change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from igla_gen.diagnostics import Span
from igla_gen.emit import render
from igla_gen.model.component import ComponentSpec, Header, InstanceSpec
from igla_gen.model.library import Library, find_specs, load
from igla_gen.syntax.tree import Scalar
from igla_gen.write.plan import generating_units
from igla_gen.write.reuse import interface
from tests.conftest import REPOSITORY

SPEC = REPOSITORY / "specs" / "architecture" / "normalization.vibee"


def test_what_is_no_part_of_an_interface_changes_no_other_file() -> None:
    """For each unit of the repository: the specs that it reads lose their prose, their laws and
    their places, and keep their interface; its files stay as they are."""
    folder = REPOSITORY / "specs"
    whole = load([folder], REPOSITORY)
    moved = load(
        [folder],
        REPOSITORY,
        {path.resolve(): f"# x\n\n# y\n{path.read_text()}" for path in find_specs([folder])},
    )
    bare = {
        module: replace(unit, spec=without_prose(unit.spec)) for module, unit in moved.units.items()
    }
    for module, unit in bare.items():
        assert interface(moved, moved.units[module]) == interface(whole, whole.units[module])
        assert unit.spec.description != whole.units[module].spec.description
    for unit in generating_units(whole):
        own = {unit.module: unit}
        if isinstance(unit.spec, InstanceSpec):
            maker = whole.blueprint(unit)
            assert maker is not None
            own[maker.module] = maker
        seen = Library(units=bare | own, requested=[unit])
        for draft, plain in zip(render.drafts(seen, unit), render.drafts(whole, unit), strict=True):
            assert draft.text == plain.text, f"{draft.path} depends on more than the interfaces"


def without_prose(spec: Header) -> Header:
    other = Scalar("other words", "plain", Span("x", 1, 1, 1, 12))
    prose = dict.fromkeys(("given", "when", "then"), other)
    update: dict[str, object] = {"description": other, "sources": ()}
    if isinstance(spec, ComponentSpec):
        update["behaviors"] = tuple(
            behavior.model_copy(update={**prose, "raises": None, "laws": (), "checks": ()})
            for behavior in spec.behaviors
        )
        update["formulas"] = {
            name: formula.model_copy(update={"laws": (), "checks": ()})
            for name, formula in spec.formulas.items()
        }
    return spec.model_copy(update=update)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RMSNorm and LayerNorm over", "All norms over"),
        ("given: ", "given: Once more "),
        ("\ntypes:", "\n# a comment\ntypes:"),
        ("holds: ", "holds: true and "),
    ],
)
def test_prose_laws_and_places_are_no_part_of_an_interface(old: str, new: str) -> None:
    text = SPEC.read_text()
    assert old in text
    assert seen_of(text.replace(old, new, 1)) == seen_of(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("eps: Float", "epsilon: Float"),
        ("1e-6", "1e-7"),
        ("returns: Tensor", "returns: Int # Tensor"),
    ],
)
def test_what_others_read_is_part_of_an_interface(old: str, new: str) -> None:
    text = SPEC.read_text()
    assert old in text
    assert seen_of(text.replace(old, new, 1)) != seen_of(text)


def seen_of(text: str) -> str:
    path = SPEC.resolve()
    library = load([path], REPOSITORY, {path: text})
    return interface(library, library.units["igla.architecture.normalization"])
