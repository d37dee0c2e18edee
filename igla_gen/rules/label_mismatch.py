"""The label of a model is what its parameter count rounds to."""

from __future__ import annotations

from igla_gen.expressions import EvaluationError
from igla_gen.model.component import InstanceSpec
from igla_gen.model.counting import Counter, changes_towards, counter_of, label_range, short
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import Record, place_of
from igla_gen.model.sections import section_type, section_values
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import FAMILY, FAMILY_SPEC, MODEL_HEADER, Example, model

SHOWN = 3  # changes that would reach the label


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """A label that is a number and a letter is held against the count that is promised."""
    blueprint = library.blueprint(unit) if isinstance(unit.spec, InstanceSpec) else None
    counter = counter_of(library, blueprint) if blueprint is not None else None
    if counter is None or any(f.span.file == unit.source.shown for f in library.findings.items):
        return  # what does not keep its contract is told that first
    if section_type(library, unit, counter.promised[0]) is None:
        return
    promise: object = section_values(library, unit, counter.promised[0], smoke=False)
    for step in counter.promised[1:-1]:
        promise = promise.get(step) if isinstance(promise, Record) else None
    if isinstance(promise, Record) and isinstance(promise.get("label"), str):
        _check_label(finder, library, unit, counter, promise)


def _check_label(
    finder: Finder, library: Library, unit: Unit, counter: Counter, promise: Record
) -> None:
    label, count = str(promise["label"]), promise[counter.promised[-1]]
    wanted = label_range(label)
    if wanted is None or not isinstance(count, int) or wanted[0] <= count < wanted[1]:
        return
    sizes = section_values(library, unit, counter.section, smoke=False)
    try:
        changes = changes_towards(counter, sizes, *wanted)[:SHOWN]
    except EvaluationError:
        changes = []
    ways = ", ".join(f"{c.field}={c.value} ({short(c.parameters)})" for c in changes)
    reached = (
        f"what reaches the label: {ways}" if ways else "no change of one size reaches the label"
    )
    message = f"the label is {label}, the count {short(count)}"
    finder.report(message, place_of(promise, [("label",)]), f"the count stands; {reached}")


_TEMPLATE = "templates/models/family.py.j2"
_LABELLED = FAMILY_SPEC.replace(
    "      parameters: Int\n",
    "      parameters: Int\n      label: String\n    example: {parameters: 1, label: none}\n",
)


def _model(label: str) -> Example:
    spec = f"dimensions: {{hidden_size: 64, num_layers: 2}}\ncontract: {{parameters: 8192, label: {label}}}\n"
    files = model(MODEL_HEADER + spec)
    template = files.aside[_TEMPLATE] + "LABEL = CONTRACT.label\n"
    return Example({**files.files, FAMILY: _LABELLED}, {**files.aside, _TEMPLATE: template})


RULE = Rule(
    code="IG304",
    name="label-mismatch",
    what="A label such as `7B` beside a parameter count that does not round to it.",
    why=(
        "Labels of models are rounded generously, and whoever plans memory or money by the label is "
        "off by as much. The count is right; the note says by which sizes the label would be, too."
    ),
    bad=_model("9K"),
    good=_model("8K"),
    suppressible=True,
    severity="note",
    check=check,
)
