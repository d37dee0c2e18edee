"""Behaviours that are pending: said, listed, and neither built nor tested."""

from __future__ import annotations

import pytest

from tests.conftest import Workplace

LATER = """\
  - name: rescale
    given: A number
    when: It is scaled back
    then: The number over the factor
    pending: waits for a caller
"""
WAITING = """\
name: igla_example_waiting
version: "1.0.0"
language: python
module: igla.architecture.waiting
description: Waits.
behaviors:
"""
SPEC = "specs/architecture/scaling.vibee"
ALONE = "specs/architecture/waiting.vibee"


@pytest.fixture
def pending(scaling: Workplace) -> Workplace:
    scaling.write(SPEC, scaling.read(SPEC) + LATER)
    return scaling


def test_a_pending_behavior_needs_no_law_and_no_block(pending: Workplace) -> None:
    assert pending.run("check", "specs").code == 0


def test_it_stands_in_the_docstring_and_not_in_the_code(pending: Workplace) -> None:
    assert pending.run("gen").code == 0
    module = pending.read("generated/igla/architecture/scaling.py")
    assert "Pending:\n    rescale: waits for a caller\n" in module
    assert "def rescale" not in module


def test_it_is_counted_by_list(pending: Workplace) -> None:
    assert "(1 of 2 behaviours pending)" in pending.run("list").out


def test_a_law_cannot_call_it(pending: Workplace) -> None:
    pending.change(SPEC, "holds: scale(4.0,", "holds: rescale(4.0,")
    out = pending.run("check", "specs").out
    assert "IG212" in out and "rescale" in out


def test_a_block_of_the_template_is_a_finding(pending: Workplace) -> None:
    pending.change(
        "templates/architecture/scaling.py.j2",
        "behavior scale\ndef scale(",
        "behavior rescale\ndef rescale(",
    )
    out = pending.run("check", "specs").out
    assert 'pending-behavior]: "rescale" is pending, and templates/' in out


def test_without_a_reason_it_is_a_finding(pending: Workplace) -> None:
    pending.change(SPEC, "pending: waits for a caller", "pending:")
    assert "wrong-shape" in pending.run("check", "specs").out


def test_a_component_that_waits_as_a_whole_is_read_and_not_generated(scaling: Workplace) -> None:
    scaling.write(ALONE, WAITING + LATER)
    assert scaling.run("check", "specs").code == 0
    result = scaling.run("gen")
    assert result.code == 0
    assert f"{ALONE}: all of it is pending and it has no template: not generated" in result.out
    assert not (scaling.root / "generated/igla/architecture/waiting.py").exists()
    assert scaling.run("gen", "--check").code == 0


def test_it_is_checked_all_the_same(scaling: Workplace) -> None:
    scaling.write(ALONE, WAITING + LATER + "    params: {x: Flaot}\n")
    assert "IG406" in scaling.run("check", "specs").out


def test_a_spec_that_uses_what_is_not_generated_is_a_finding(scaling: Workplace) -> None:
    scaling.write(ALONE, WAITING.replace("behaviors:\n", "pending: a sketch\n"))
    scaling.change(
        SPEC,
        "description: Multiplies",
        "uses: [igla.architecture.waiting]\ndescription: Multiplies",
    )
    out = scaling.run("check", "specs").out
    assert "igla.architecture.waiting is pending: no such module is generated" in out


def test_half_a_template_is_not_forgiven(scaling: Workplace) -> None:
    scaling.write(ALONE, WAITING + LATER)
    scaling.write("templates/architecture/waiting.py.j2", '"""{{ module_doc }}"""\n')
    assert "missing-template" in scaling.run("check", "specs").out


def test_notes_stand_in_the_docstring_leaf_by_leaf(scaling: Workplace) -> None:
    notes = 'notes: {origin: {by: "a \\"quote\\"\\"\\"", pages: [3, 4]}, none: []}\n'
    scaling.change(SPEC, "\ntypes:\n", f"{notes}\ntypes:\n")
    assert scaling.run("gen").code == 0
    module = scaling.read("generated/igla/architecture/scaling.py")
    assert "    origin.pages.1: 3\n    origin.pages.2: 4\n    none:\n" in module


def test_variants_are_a_literal_that_fields_may_name(scaling: Workplace) -> None:
    types = """types:
  Mode:
    description: How.
    variants: [fast, "it's exact"]
  Choice:
    description: What is taken.
    fields: {mode: Mode}
"""
    scaling.change(SPEC, "types:\n", types)
    result = scaling.run("gen")
    assert result.code == 0, result.out
    module = scaling.read("generated/igla/architecture/scaling.py")
    assert """Mode = Literal["fast", "it's exact"]\n\"\"\"How.\"\"\"\n""" in module
    assert "    mode: Mode\n" in module
    assert "from typing import Literal\n" in module


def test_variants_are_distinct_and_alone(scaling: Workplace) -> None:
    mode = "types:\n  Mode:\n    description: How.\n    variants: [a, a]\n    fields: {x: Int}\n"
    scaling.change(SPEC, "types:\n", mode)
    out = scaling.run("check", "specs").out
    assert '"a" is declared twice' in out and "Mode has variants and fields" in out
