"""The parts of a mixture sum to one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress

from igla_gen.diagnostics import Span
from igla_gen.model.component import ComponentSpec, InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import RecordType, record_type
from igla_gen.model.sections import section_type
from igla_gen.model.types import MIXTURE_TOLERANCE, FieldType, fit, is_mixture
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import HEADER, component
from igla_gen.syntax.tree import Mapping, plain_data


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Defaults, examples and sections: each mixture is whole."""
    for field, parts, span in _mixtures(library, unit):
        total = math.fsum(parts.values())
        if abs(total - 1) > MIXTURE_TOLERANCE:
            finder.report(
                f"the parts of {field} sum to {round(total, 9):g}, not to 1", span,
                f"the largest part would be {_completed(parts, total)}" if parts else None,
            )  # fmt: skip


def _completed(parts: dict[str, float], total: float) -> str:
    """The largest part as it must be for the sum to be one, where that is possible."""
    name = max(parts, key=lambda part: parts[part])
    value = round(parts[name] + 1 - total, 9)
    return f"{value:g} ({name})" if 0 <= value <= 1 else "outside 0 to 1: change several"


def _mixtures(library: Library, unit: Unit) -> Iterator[tuple[str, dict[str, float], Span]]:
    """Each mixture of a spec: its name, its parts, its place."""
    spec = unit.spec
    if isinstance(spec, ComponentSpec):
        for type_ in spec.types.values():
            yield from _of_defaults(type_.fields)
            example = type_.node.get("example")
            if isinstance(example, Mapping):
                yield from _of_values(library, (unit, type_), example)
        for formula in spec.formulas.values():
            yield from _of_defaults(formula.params)
        for behavior in spec.behaviors:
            yield from _of_defaults(behavior.params or {})
    if isinstance(spec, InstanceSpec):
        for sections in (spec.sections, spec.smoke):
            for name, node in sections.items():
                found = section_type(library, unit, name)
                if found is not None and isinstance(node, Mapping):
                    yield from _of_values(library, found, node)


def _of_defaults(fields: dict[str, FieldType]) -> Iterator[tuple[str, dict[str, float], Span]]:
    for name, field in fields.items():
        if is_mixture(field.type) and isinstance(field.default, dict):
            yield name, field.default, field.default_span or field.span  # type: ignore[misc]


def _of_values(
    library: Library, declared: RecordType, given: Mapping
) -> Iterator[tuple[str, dict[str, float], Span]]:
    """The mixtures of a record, and of those in it; wrong-type and missing-example report the others."""
    owner, spec = declared
    for entry in given.entries:
        name, node = entry.key.text, entry.value
        field = spec.fields.get(name)
        inner = record_type(library, owner, field.type) if field is not None else None
        if inner is not None and isinstance(node, Mapping):
            yield from _of_values(library, inner[1], node)
        if field is None or not is_mixture(field.type):
            continue
        with suppress(ValueError):
            parts = fit(plain_data(node), field.type)  # type: ignore[arg-type]
            if isinstance(parts, dict):
                yield name, parts, node.span  # type: ignore[misc]


_TYPES = """\
types:
  Corpus:
    description: What a model is trained on.
    fields:
      sources: "Mixture = {web: 0.6, code: 0.4} -- parts of the text"
"""
_READER = """\
formulas:
  kinds:
    description: Returns the number of sources.
    params: {corpus: Corpus}
    returns: Int
    is: len(corpus.sources)
    laws:
      - name: of_two
        holds: kinds(Corpus()) == 2
"""

RULE = Rule(
    code="IG303",
    name="mixture-sum",
    what="A `Mixture` whose parts do not sum to 1 (within 1e-6).",
    why=(
        "A share that is forgotten or given twice shifts every other one, and the config would "
        "refuse its own values when the run starts."
    ),
    bad=component(HEADER + _TYPES.replace("code: 0.4", "code: 0.5") + _READER),
    good=component(HEADER + _TYPES + _READER),
    check=check,
)
