"""Operators and functions get what they work on."""

from __future__ import annotations

from igla_gen.diagnostics import Diagnostic
from igla_gen.model.component import ComponentSpec
from igla_gen.model.kinds import type_faults
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import MODULES, Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.templates import block_names, templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """The types of all expressions in one pass, which also finds what IG215 to IG219 report."""
    if not isinstance(unit.spec, ComponentSpec):
        return
    codes = {name: code for code, name in MODULES.items()}
    reported = {item.span for item in library.findings.items}
    for fault in type_faults(library, unit, _extended_types(library, unit)):
        if fault.span not in reported:
            library.findings.items.append(
                Diagnostic(codes[fault.name], fault.name, fault.message, fault.span, fault.hint)
            )


def _extended_types(library: Library, unit: Unit) -> frozenset[str]:
    """Types that stand as a block in a template, where they may get properties."""
    found: set[str] = set()
    for used in library.used(unit):
        templates = templates_of(library, used)
        found |= block_names(templates[0], "type") if templates else set()
    return frozenset(found)


RULE = Rule(
    code="IG217",
    name="ill-typed-expression",
    what=(
        "An operator or function on values that it has no meaning for, such as a text compared with a "
        "number; or a law, a condition or a result of another type than it has to be: a law that is a "
        "tensor and compares it with nothing, a result that may be none."
    ),
    why=(
        "Such an expression is false for all values, or true for nearly all, or an error in the code "
        "that is made from it."
    ),
    bad=component(SOUND.replace("ones(8), 1e-6", "ones(8), 'small'")),
    good=component(SOUND),
    check=check,
)
