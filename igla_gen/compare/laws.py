"""Laws and checks: what is proved less, what more, and what values the laws now state."""

from __future__ import annotations

from collections.abc import Callable

from igla_gen.compare.changes import Kind, pair
from igla_gen.compare.sides import Sides, key_place
from igla_gen.compare.values import body_of_law, data, prose
from igla_gen.expressions import Expression, show
from igla_gen.expressions.tree import Comparison, Logical
from igla_gen.model.component import Behavior, Formula, Law

# operator -> operators that say less
_WEAKER = {
    "==": ("~=", "<=", ">="),
    "~=": (),
    "<": ("<=", "!="),
    ">": (">=", "!="),
    "<=": (),
    ">=": (),
    "!=": (),
    "in": (),
}


def compare_proofs(
    sides: Sides, subject: str, old: Behavior | Formula, new: Behavior | Formula
) -> None:
    """The laws and checks of one behaviour or formula."""
    _compare_laws(sides, subject, {law.name.text: law for law in old.laws},
                  {law.name.text: law for law in new.laws})  # fmt: skip
    _order(sides, subject, "laws", [law.name.text for law in old.laws],
           [law.name.text for law in new.laws], old, new)  # fmt: skip
    before = {check.text: check for check in old.checks}
    after = {check.text: check for check in new.checks}
    for name, check in before.items():
        if name not in after:
            message = f"{subject} is no longer held by the check {name}"
            sides.add("tests weakened", subject, message, check.span, key_place(new, "checks"))
    for name, check in after.items():
        if name not in before:
            message = f"{subject} is held by the check {name}"
            sides.add("tests", subject, message, key_place(old, "checks"), check.span)
    _order(sides, subject, "checks", [c.text for c in old.checks], [c.text for c in new.checks],
           old, new)  # fmt: skip


def _order(sides: Sides, subject: str, key: str, old: list[str], new: list[str], *specs) -> None:
    kept = [[n for n in names if n in old and n in new] for names in (old, new)]
    if kept[0] != kept[1]:
        message = f"the {key} of {subject} stand in another order"
        sides.add("docs", subject, message, *(key_place(spec, key) for spec in specs))


def _compare_laws(sides: Sides, subject: str, old: dict[str, Law], new: dict[str, Law]) -> None:
    pairs = pair(
        {name: sides.now(body_of_law(law)) for name, law in old.items()},
        {name: body_of_law(law) for name, law in new.items()},
    )
    for name in pairs.removed:
        message = f'the law "{name}" is gone'
        sides.add("tests weakened", subject, message, old[name].name.span, None)
    for name in pairs.added:
        sides.add("tests", subject, f'the law "{name}" is new', None, new[name].name.span)
    for before, after in pairs.both():
        if before != after:
            places = old[before].name.span, new[after].name.span
            sides.add("tests", subject, f'the law "{before}" is now called "{after}"', *places)
        _compare_law(sides, subject, after, old[before], new[after])


def _compare_law(sides: Sides, subject: str, name: str, old: Law, new: Law) -> None:
    def add(kind: Kind, key: str, message: str) -> None:
        places = key_place(old, key) or old.name.span, key_place(new, key) or new.name.span
        sides.add(kind, subject, f'the law "{name}" {message}', *places)

    if old.tolerance != new.tolerance:
        kind: Kind = "tests weakened" if new.tolerance > old.tolerance else "tests"
        add(kind, "tolerance", f"allows {new.tolerance}, it allowed {old.tolerance}")
    if old.seed != new.seed:
        add("tests", "seed", f"draws with seed {new.seed}, it drew with {old.seed}")
    before, after = ([{k: data(v) for k, v in c.items()} for c in law.cases] for law in (old, new))
    if repr(before) != repr(after):
        lost = [case for case in before if repr(case) not in map(repr, after)]
        kind = "tests weakened" if len(after) < len(before) else "tests"
        told = f"has {len(after)} cases, it had {len(before)}"
        add(kind, "cases", told if len(after) != len(before) else f"has other cases than {lost}")
    inputs = [{word: show(value) for word, value in law.for_.items()} for law in (old, new)]
    inputs[0] = {word: sides.now(value) for word, value in inputs[0].items()}
    if list(inputs[0].items()) != list(inputs[1].items()):
        words = [w for w in (*inputs[0], *inputs[1]) if inputs[0].get(w) != inputs[1].get(w)]
        shown = ", ".join(dict.fromkeys(words)) or "the order"
        add("tests", "for", f"is tried on other inputs ({shown})")
    _compare_saying(add, old, new)
    _compare_statements(add, sides.now, old, new)


def _compare_saying(add, old: Law, new: Law) -> None:
    before, after = prose(old.saying), prose(new.saying)
    if before != after:
        is_weaker = after in before
        kind: Kind = "tests weakened" if is_weaker else "tests"
        add(kind, "saying", f'asks for the message "{after}", it asked for "{before}"')


def _compare_statements(add, now: Callable[[str], str], old: Law, new: Law) -> None:
    for key in ("holds", "refuses"):
        before, after = getattr(old, key), getattr(new, key)
        if before is None or after is None:
            if before is not after:
                said = show(after) if after is not None else show(before)
                verb = "no longer says" if after is None else "also says"
                kind: Kind = "tests weakened" if after is None else "tests"
                add(kind, key, f"{verb} what {key}: {said}")
        elif now(show(before)) != show(after):
            _compare_statement(add, key, before, after)


def _compare_statement(add, key: str, before: Expression, after: Expression) -> None:
    if key == "refuses":
        add("tests", key, f"refuses {show(after)}, it refused {show(before)}")
    elif is_weaker(after, before):
        add("tests weakened", key, f"says less: {show(after)}, it was {show(before)}")
    elif is_weaker(before, after):
        add("tests", key, f"says more: {show(after)}, it was {show(before)}")
    else:
        add("numerics", key, f"states other values: {show(after)}, it was {show(before)}")


def is_weaker(new: Expression, old: Expression) -> bool:
    """Whether the new statement follows from the old one by its form, and not the reverse."""
    parts, before = _conjuncts(new), _conjuncts(old)
    if [show(part) for part in parts] == [show(part) for part in before]:
        return False
    return all(any(_follows(part, given) for given in before) for part in parts)


def _conjuncts(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Logical) and node.operator == "and":
        return node.operands
    if isinstance(node, Comparison) and len(node.operators) > 1:
        links = zip(node.operands, node.operators, node.operands[1:], strict=False)
        return tuple(Comparison((a, b), (sign,), node.span) for a, sign, b in links)
    return (node,)


def _follows(part: Expression, given: Expression) -> bool:
    if show(part) == show(given):
        return True
    if isinstance(part, Logical) and part.operator == "or":
        return any(show(option) == show(given) for option in part.operands)
    if not isinstance(part, Comparison) or not isinstance(given, Comparison):
        return False
    sides_agree = list(map(show, part.operands)) == list(map(show, given.operands))
    return sides_agree and part.operators[0] in _WEAKER[given.operators[0]]
