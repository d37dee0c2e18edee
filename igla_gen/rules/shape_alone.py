"""Laws look at values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from igla_gen.expressions import Expression
from igla_gen.expressions.tree import Attribute, Call, Name, children
from igla_gen.model.component import ComponentSpec, Law
from igla_gen.model.library import Library, Unit
from igla_gen.model.types import TensorType
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.truths import expanded_names

# what they say of a tensor is true of any values, but for the few that no code returns by mistake
BLIND = frozenset(("shape", "dtype", "len", "isfinite", "isnan"))
BLIND_FIELDS = frozenset(("shape", "dtype", "ndim", "device"))


def check(finder: Finder, _library: Library, unit: Unit) -> None:
    """A behaviour that returns a tensor has a check, or a law of the spec looks at its values."""
    spec = unit.spec
    if not isinstance(spec, ComponentSpec):
        return
    looked_at = {
        name
        for _, law in spec.laws()
        if law.holds is not None
        for name in _looked_at(law.holds, law.for_)
    }
    for behavior in spec.behaviors:
        name = behavior.name.text
        is_candidate = isinstance(behavior.returns, TensorType) and not behavior.checks
        if is_candidate and name not in looked_at and _is_called(name, behavior.laws):
            finder.report(
                f"no law looks at the values that {name} returns",
                behavior.name.span,
                "add a law that compares them with an independent result, or a check",
            )


def _is_called(name: str, laws: Iterable[Law]) -> bool:
    statements = ((law.holds, law.for_) for law in laws if law.holds is not None)
    return any(name in expanded_names(statement, inputs) for statement, inputs in statements)


def _looked_at(node: Expression, inputs: Mapping[str, Expression]) -> Iterator[str]:
    """Every name whose value the statement depends on; an input stands for its expression."""
    if isinstance(node, Call) and isinstance(node.function, Name) and node.function.name in BLIND:
        return
    if isinstance(node, Attribute) and node.name in BLIND_FIELDS:
        return
    if isinstance(node, Name):
        yield node.name
        if node.name in inputs:
            others = {name: value for name, value in inputs.items() if name != node.name}
            yield from _looked_at(inputs[node.name], others)
    for child in children(node):
        yield from _looked_at(child, inputs)


RULE = Rule(
    code="IG421",
    name="shape-alone",
    what=(
        "A behaviour that returns a tensor, has no check, and whose laws look at the shape, the "
        "dtype or the finiteness of the result alone."
    ),
    why=(
        "A function that returns zeros of the right shape would pass. One law that compares "
        "values with an independent result catches most of what can go wrong."
    ),
    bad=component(
        SOUND.replace(
            "rms_norm(x, ones(8), 1e-6) ~= x / sqrt(mean(x^2, -1) + 1e-6)",
            "shape(rms_norm(x, ones(8), 1e-6)) == (2, 8)",
        )
    ),
    good=component(SOUND),
    suppressible=True,
    check=check,
)
