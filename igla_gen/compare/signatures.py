"""Parameters and results of formulas and behaviours: what a caller may no longer do."""

from __future__ import annotations

import re

from igla_gen.compare.changes import Kind, pair
from igla_gen.compare.sides import Sides, key_place
from igla_gen.compare.values import accepts, body_of_field, same, shown
from igla_gen.diagnostics import Span
from igla_gen.model.component import Behavior, Formula
from igla_gen.model.types import FieldType, TensorType, Type, show

Callable_ = Behavior | Formula


def compare_signature(sides: Sides, name: str, old: Callable_, new: Callable_) -> None:
    """Names, order, types, defaults and help of the parameters, and the result."""
    before, after = dict(old.params or {}), dict(new.params or {})
    _declared(sides, name, old, new)
    pairs = pair(_bodies(before), _bodies(after))
    for word in pairs.removed:
        sides.add("api", name, f"{name} no longer takes {word}", before[word].span, None)
    for word in pairs.added:
        _added(sides, name, word, after, list(before))
    for was, word in pairs.both():
        if was != word:
            message = f"{name} takes {word} where it took {was}: keyword calls break"
            sides.add("api", name, message, before[was].span, after[word].span)
        compare_parameter(sides, f"{name}({word})", before[was], after[word])
    _order(sides, name, old, new, [w for _, w in pairs.both()], dict(pairs.both()))
    _result(sides, name, old, new)


def _bodies(params: dict[str, FieldType]) -> dict[str, str]:
    return {word: body_of_field(param) for word, param in params.items()}


def _declared(sides: Sides, name: str, old: Callable_, new: Callable_) -> None:
    if (old.params is None) != (new.params is None):
        verb = "are no longer declared" if new.params is None else "are declared now"
        kind: Kind = "api" if new.params is None else "docs"
        places = key_place(old, "params"), key_place(new, "params")
        sides.add(kind, name, f"the params of {name} {verb}", *places)


def _added(
    sides: Sides, name: str, word: str, params: dict[str, FieldType], before: list[str]
) -> None:
    param = params[word]
    is_last = all(other not in before for other in list(params)[list(params).index(word) :])
    if param.has_default and is_last:
        message = f"{name} also takes {word}, by default {shown(param.default)}"
        sides.add("api-addition", name, message, None, param.span)
    else:
        why = "without a default" if not param.has_default else "before others"
        sides.add("api", name, f"{name} takes {word} too, {why}", None, param.span)


def compare_parameter(sides: Sides, subject: str, old: FieldType, new: FieldType) -> None:
    """One parameter of the same name (or a renamed one)."""
    if sides.now(show(old.type)) != show(new.type):
        kind, how = _type_change(old.type, new.type)
        message = f"{subject} is {show(new.type)}, it was {show(old.type)}{how}"
        sides.add(kind, subject, message, old.span, new.span)
    if old.has_default and not new.has_default:
        sides.add("api", subject, f"{subject} has no default any more", old.span, new.span)
    elif new.has_default and not old.has_default:
        message = f"{subject} has the default {shown(new.default)}"
        sides.add("api-addition", subject, message, old.span, new.span)
    elif not same(old.default, new.default):
        message = f"{subject} is {shown(new.default)} by default, it was {shown(old.default)}"
        sides.add("config default", subject, message, old.span, new.span)
    if old.help != new.help:
        sides.add("docs", subject, f"the help of {subject} is worded otherwise", old.span, new.span)


def _type_change(old: Type, new: Type) -> tuple[Kind, str]:
    if _renamed_dimensions(old) == _renamed_dimensions(new):
        return "docs", " (the same shape with other letters)"
    if accepts(new, old):
        return "api-addition", " (it accepts all that it accepted)"
    return "api", ""


def _renamed_dimensions(type_: Type) -> str:
    """The type with each letter of its shapes numbered in order of appearance."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${numbers.setdefault(match.group(), len(numbers))}"

    text = show(type_)
    if isinstance(type_, TensorType):
        return re.sub(r"(?<=[\[ /*+(-])[A-Za-z_]\w*", number, text)
    return text


def _order(
    sides: Sides, name: str, old: Callable_, new: Callable_, kept: list[str], words: dict[str, str]
) -> None:
    was = [words[word] for word in (old.params or {}) if word in words]
    now = [word for word in (new.params or {}) if word in kept]
    if was != now:
        message = f"{name} takes ({', '.join(now)}), it took ({', '.join(was)})"
        sides.add("api", name, message, key_place(old, "params"), key_place(new, "params"))


def _result(sides: Sides, name: str, old: Callable_, new: Callable_) -> None:
    before, after = old.returns, new.returns
    places: tuple[Span | None, Span | None] = (
        before.span if before is not None else None,
        after.span if after is not None else None,
    )
    if before is None or after is None:
        if before is not after:
            kind: Kind = "api" if after is None else "docs"
            verb = "is no longer declared" if after is None else "is declared now"
            sides.add(kind, name, f"the result of {name} {verb}", *places)
    elif sides.now(show(before)) != show(after):
        kind, how = "api", ""
        if _renamed_dimensions(before) == _renamed_dimensions(after):
            kind, how = "docs", " (the same shape with other letters)"
        elif accepts(before, after):
            kind, how = "api-addition", " (callers get nothing that they could not get)"
        sides.add(kind, name, f"{name} returns {show(after)}, it was {show(before)}{how}", *places)
