"""Formulas: what they give, and whether that is a number of parameters."""

from __future__ import annotations

from igla_gen.compare.changes import Kind, pair
from igla_gen.compare.laws import compare_proofs
from igla_gen.compare.meaning import counts_parameters
from igla_gen.compare.sides import Sides, key_place
from igla_gen.compare.signatures import compare_signature
from igla_gen.compare.values import body_of_formula
from igla_gen.expressions import show
from igla_gen.model.component import ComponentSpec, Formula


def compare_formulas(sides: Sides) -> None:
    """Formulas that came, went, were renamed, or compute something else."""
    old, new = sides.old.spec, sides.new.spec
    assert isinstance(old, ComponentSpec) and isinstance(new, ComponentSpec)
    pairs = pair(
        {name: sides.now(body_of_formula(formula)) for name, formula in old.formulas.items()},
        {name: body_of_formula(formula) for name, formula in new.formulas.items()},
    )
    for name in pairs.removed:
        place = key_place(old, "formulas", name)
        sides.add("api", name, f"the formula {name} is gone", place, None)
    for name in pairs.added:
        place = key_place(new, "formulas", name)
        sides.add("api-addition", name, f"the formula {name} is new", None, place)
    for before, after in pairs.both():
        if before != after:
            places = key_place(old, "formulas", before), key_place(new, "formulas", after)
            sides.add("api", after, f"the formula {before} is now {after}", *places)
            sides.renamed[before] = after
    for before, after in pairs.both():
        _compare_formula(sides, after, old.formulas[before], new.formulas[after])
    kept = [after for _, after in pairs.both()]
    if kept != [name for name in new.formulas if name in kept]:
        places = key_place(old, "formulas"), key_place(new, "formulas")
        sides.add("docs", "formulas", "the formulas stand in another order", *places)


def _compare_formula(sides: Sides, name: str, old: Formula, new: Formula) -> None:
    sides.text("docs", name, f"the description of {name}", old.description, new.description)
    compare_signature(sides, name, old, new)
    compare_proofs(sides, name, old, new)
    before, after = sides.now(_computed(old)), _computed(new)
    if before == after:
        return
    places = old.span_of("is"), new.span_of("is")
    if sides.now(show(old.is_)) == show(new.is_):
        word = next(
            w
            for w in (*new.where, *old.where)
            if w not in old.where
            or w not in new.where
            or sides.now(show(old.where[w])) != show(new.where[w])
            or list(old.where) != list(new.where)
        )
        places = key_place(old, "where", word), key_place(new, "where", word)
        message = f'{name} computes "{word}" otherwise'
    else:
        message = f"{name} is {show(new.is_)}, it was {show(old.is_)}"
    kind: Kind = "numerics"
    if counts_parameters(name):
        kind, message = "checkpoint", f"{message}: it counts the parameters of the built module"
    sides.add(kind, name, message, *places)


def _computed(formula: Formula) -> str:
    where = [f"{word} = {show(value)}" for word, value in formula.where.items()]
    return "\n".join([*where, show(formula.is_)])
