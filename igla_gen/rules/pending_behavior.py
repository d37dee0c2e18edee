"""What is pending is not there."""

from __future__ import annotations

from igla_gen.emit.templates import is_unbuilt
from igla_gen.model.component import Behavior, ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import BEHAVIORS, HEADER, NORM_TEMPLATE, PLAIN_TEMPLATE, component
from igla_gen.rules.templates import block_names, templates_of

PENDING = HEADER + BEHAVIORS[: BEHAVIORS.index("    laws:")] + "    pending: waits for a kernel\n"


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """A pending behaviour has no block, law or check; nobody uses a component that waits as a whole."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    names = templates_of(library, unit)
    blocks = block_names(names[0], "behavior") if names else set()
    for behavior in spec.behaviors:
        if behavior.pending is not None:
            _check_behavior(finder, behavior, names[0] if names else "", blocks)
    if spec.pending is not None and (spec.built or spec.formulas):
        finder.report(
            "the component is pending, yet it has behaviours or formulas that are not",
            spec.key_span("pending"), "delete 'pending' here, and say it where it holds",
        )  # fmt: skip
    if not is_unbuilt(unit):
        _check_uses(finder, library, unit)


def _check_behavior(finder: Finder, behavior: Behavior, template: str, blocks: set[str]) -> None:
    name = behavior.name.text
    if name in blocks:
        finder.report(
            f'"{name}" is pending, and templates/{template} builds it',
            behavior.key_span("pending"), "delete 'pending', and add a law or a check",
        )  # fmt: skip
    for key in ("laws", "checks"):
        if getattr(behavior, key):
            finder.report(
                f'"{name}" is pending, so its {key} test nothing', behavior.key_span(key),
                "delete 'pending', or this key",
            )  # fmt: skip


def _check_uses(finder: Finder, library: Library, unit: Unit) -> None:
    for index, use in enumerate(unit.spec.uses):
        used = library.units.get(use.text)
        if used is not None and is_unbuilt(used):
            finder.report(
                f"{use.text} is pending: no such module is generated",
                unit.spec.span_of("uses", index), f"write its template, or finish {used.source.shown}",
            )  # fmt: skip


RULE = Rule(
    code="IG510",
    name="pending-behavior",
    what=(
        "A pending behaviour that has a template block, laws or checks all the same, or a spec that "
        "uses a component all of which is pending."
    ),
    why=(
        "`pending: REASON` says that the module does not have the behaviour yet. Where it is built, "
        "the word would keep its tests away; where it is not, nothing can use or test it."
    ),
    bad=component(PENDING, template=NORM_TEMPLATE),
    good=component(PENDING, template=PLAIN_TEMPLATE),
    check=check,
)
