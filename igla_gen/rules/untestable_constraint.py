"""The compiler finds a value that each constraint is the first to refuse."""

from __future__ import annotations

from igla_gen.emit.boundary import boundaries
from igla_gen.emit.laws import example_values
from igla_gen.expressions import EvaluationError, evaluate, show
from igla_gen.model.component import ComponentSpec, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, READER, TYPES, component


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Each constraint has a change of one example field that it is the first to refuse."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    for name, type_ in spec.types.items():
        try:
            values = example_values(library, unit, name, type_)
            constants = spec.constant_values
        except (ValueError, EvaluationError):
            continue  # other rules report it
        if type_.class_ is not None or any(field not in values for field in type_.fields):
            continue
        if not _example_fits(type_, constants | values):
            continue  # constraint-violated or unknown-name reports it
        for index, boundary in enumerate(boundaries(type_, values, constants)):
            if not boundary.refused:
                finder.report(
                    f"no change of one value is refused by {show(boundary.constraint)} first",
                    type_.span_of("constraints", index),
                    "another constraint already says it, or the example should lie nearer to its bound",
                )


def _example_fits(type_: TypeSpec, values: dict[str, object]) -> bool:
    try:
        return all(evaluate(constraint, values) for constraint in type_.constraints)
    except EvaluationError:
        return False


RULE = Rule(
    code="IG416",
    name="untestable-constraint",
    what=("A constraint for which no change of one value of the example is refused by it first."),
    why=(
        "The compiler tests each constraint at its boundary. One that it cannot test could be "
        "dropped from the generated code and no test would turn red."
    ),
    bad=component(HEADER + TYPES.replace("- 0 < eps", "- 0 < eps\n      - 0 - 1 < eps") + READER),
    good=component(HEADER + TYPES + READER),
    suppressible=True,
    check=check,
)
