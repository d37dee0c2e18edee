"""Behaviours: names, signatures, what they refuse, prose, laws and checks."""

from __future__ import annotations

from igla_gen.compare.changes import pair
from igla_gen.compare.laws import compare_proofs
from igla_gen.compare.sides import Sides, place
from igla_gen.compare.signatures import compare_signature
from igla_gen.compare.values import body_of_behavior, prose
from igla_gen.model.component import Behavior, ComponentSpec
from igla_gen.syntax.tree import plain_data


def compare_behaviors(sides: Sides) -> None:
    """Behaviours that came, went, were renamed, or promise something else."""
    old_spec, new_spec = sides.old.spec, sides.new.spec
    assert isinstance(old_spec, ComponentSpec) and isinstance(new_spec, ComponentSpec)
    old = {behavior.name.text: behavior for behavior in old_spec.built}
    new = {behavior.name.text: behavior for behavior in new_spec.built}
    pairs = pair(
        {name: sides.now(body_of_behavior(behavior)) for name, behavior in old.items()},
        {name: body_of_behavior(behavior) for name, behavior in new.items()},
    )
    for name in pairs.removed:
        sides.add("api", name, f"{_word(name)} {name} is gone", old[name].name.span, None)
    for name in pairs.added:
        message = f"{_word(name)} {name} is new"
        sides.add("api-addition", name, message, None, new[name].name.span)
    for before, after in pairs.both():
        if before != after:
            places = old[before].name.span, new[after].name.span
            sides.add("api", after, f"{_word(before)} {before} is now {after}", *places)
            sides.renamed[before] = after
    for before, after in pairs.both():
        _compare_behavior(sides, after, old[before], new[after])
    kept = [after for _, after in pairs.both()]
    if kept != [name for name in new if name in kept]:
        message = "the behaviours stand in another order"
        sides.add("docs", "behaviors", message, old_spec.name.span, new_spec.name.span)
    _compare_pending(sides, old_spec, new_spec)


def _compare_pending(sides: Sides, old: ComponentSpec, new: ComponentSpec) -> None:
    """Notes and what is pending are in the documentation alone."""
    before = {b.name.text: (prose(b.pending), prose(b.then)) for b in old.behaviors if b.pending}
    after = {b.name.text: (prose(b.pending), prose(b.then)) for b in new.behaviors if b.pending}
    notes = [[plain_data(n) for n in spec.notes.values()] for spec in (old, new)]
    if notes[0] != notes[1] or list(old.notes) != list(new.notes):
        sides.add("docs", "notes", "the notes say otherwise", old.name.span, new.name.span)
    if before != after or prose(old.pending) != prose(new.pending):
        message = "what is pending is said otherwise"
        sides.add("docs", "pending", message, old.name.span, new.name.span)


def _word(name: str) -> str:
    return "the class" if name[0].isupper() else "the function"


def _compare_behavior(sides: Sides, name: str, old: Behavior, new: Behavior) -> None:
    for key in ("given", "when", "then"):
        sides.text("docs", name, f'"{key}" of {name}', getattr(old, key), getattr(new, key))
    _compare_raises(sides, name, old, new)
    compare_signature(sides, name, old, new)
    compare_proofs(sides, name, old, new)


def _compare_raises(sides: Sides, name: str, old: Behavior, new: Behavior) -> None:
    before, after = prose(old.raises), prose(new.raises)
    if before == after:
        return
    places = place(old.raises), place(new.raises)
    if not before:
        sides.add("api", name, f"{name} raises now: {after}", *places)
    elif not after:
        sides.add("api-addition", name, f"{name} raises nothing any more", *places)
    elif before.split()[0] != after.split()[0]:
        error, was = after.split()[0], before.split()[0]
        sides.add("api", name, f"{name} raises {error}, it raised {was}", *places)
    else:
        message = f"{name} says otherwise when it raises {after.split()[0]}"
        sides.add("docs", name, message, *places)
