"""Pages on the language: keys, types, expressions, each made from the table that the compiler reads."""

from __future__ import annotations

import types
import typing
from typing import Any

from igla_gen.diagnostics import Span
from igla_gen.editors.keys import sentence
from igla_gen.expressions.emit import vocabulary
from igla_gen.expressions.evaluate import CONSTANTS, FUNCTIONS
from igla_gen.model.base import Spec
from igla_gen.model.component import (
    Behavior,
    BlueprintSpec,
    ComponentSpec,
    Formula,
    Header,
    InstanceSpec,
    Law,
    TypeSpec,
)
from igla_gen.model.quantities import MEASURES
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS, GenericType, NamedType, python_type
from igla_gen.reference.rules import table
from igla_gen.rules.out_of_order import HEADER, ORDERS

# loosest first
OPERATORS = (
    ("a if c else b", "one of two"),
    ("or", "one of them holds"),
    ("and", "all of them hold"),
    ("not", "does not hold"),
    ("== != < <= > >=", "comparison, chains allowed; on tensors it must hold for every element"),
    ("~=", "closeness within the tolerance, absolute and relative"),
    ("in", "membership"),
    ("+ -", "sum, difference"),
    ("* / // % @", "product, quotient, whole quotient, remainder, matrix product"),
    ("-x +x", "sign"),
    ("^ **", "power"),
    ("x.name f(...) x[...]", "attribute, call, index or slice"),
)
_SPECS: tuple[tuple[str, type[Spec], str], ...] = (
    ("Component", ComponentSpec, "`kind: component`, or no `kind`."),
    (
        "Blueprint",
        BlueprintSpec,
        "`kind: blueprint`: a component with `sections`, `requires` and `tested_by` besides.",
    ),
    (
        "Model and recipe",
        InstanceSpec,
        "`kind: model` or `kind: recipe`. Each section of the blueprint is a key too, before `smoke`.",
    ),
)
_ORDER_OF: dict[type[Spec], str] = {
    TypeSpec: "type", Formula: "formula", Behavior: "behavior", Law: "law",
}  # fmt: skip


def keys_page() -> str:
    """Every key of every kind of spec, and of what stands inside."""
    parts = [
        "# Keys",
        "A key that is not listed where it stands is an error (IG203). Keys are listed in the order that "
        "they stand in; another order is reported (IG426).",
    ]
    inner: dict[str, type[Spec]] = {}
    for title, cls, note in _SPECS:
        parts += [f"## {title}", note, _keys_of(cls)]
        inner |= _inside(cls)
    for name, cls in inner.items():
        doc = " ".join((cls.__doc__ or "").split("\n\n")[0].split())
        parts += [f"## {name}", doc, _keys_of(cls)]
    return "\n\n".join(parts) + "\n"


def _keys_of(cls: type[Spec]) -> str:
    rows = []
    fields = {info.alias or name: info for name, info in cls.model_fields.items()}
    for key in sorted(fields, key=order_of(cls).index):
        if cls is InstanceSpec and key == "sections":
            continue  # they stand at the top, under their own names
        said = sentence(cls.__mro__, key)
        assert said is not None, f"editors/keys.py says nothing of {cls.__name__}.{key}"
        needed = "yes" if fields[key].is_required() else ""
        rows.append((f"`{key}`", needed, said))
    return table(("Key", "Required", "Says"), rows)


def order_of(cls: type[Spec]) -> tuple[str, ...]:
    """The keys of a class in the order that rule IG426 holds them to."""
    if cls is InstanceSpec:
        return (*HEADER, "sections", "smoke")
    return ORDERS["spec" if issubclass(cls, Header) else _ORDER_OF[cls]]


def _inside(cls: type[Spec]) -> dict[str, type[Spec]]:
    """The classes that the keys of a class hold, and those inside of them, by name."""
    found: dict[str, type[Spec]] = {}
    for info in cls.model_fields.values():
        for other in _classes_in(info.annotation):
            found |= {other.__name__: other} | _inside(other)
    return found


def _classes_in(annotation: Any) -> list[type[Spec]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, Spec) else []
    return [cls for part in typing.get_args(annotation) for cls in _classes_in(part)]


def types_page() -> str:
    """Types that need no declaration, and what stands for them in the generated code."""
    span = Span("", 1, 1, 1, 1)
    generics = [
        (f"`{name}<{', '.join(_words_for(count))}>`", f"`{python}`")
        for name, count in GENERICS.items()
        for python in [python_type(_generic(name, count, span))]
    ]
    parts = [
        "# Types",
        "A field or parameter is `TYPE [= default] [-- help]`. Besides these, a type is the name of one that "
        "the spec or a spec in `uses` declares, or of a behaviour that is a class.",
        "## Values",
        table(("Type", "In Python"), _pairs(SCALARS)),
        "## Quantities",
        "A default, and a value in an example or a section, may carry a unit. What is generated holds a plain "
        "number in the unit that the table gives; the docstring of the field names it. A range is written "
        "`4-6 weeks` or `[4 weeks, 6 weeks]`.",
        table(("Type", "Written", "Unit in Python"), _measures()),
        "## Of Python and torch",
        table(("Type", "In Python"), _pairs(FOREIGN)),
        "## Of other types",
        table(("Type", "In Python"), generics),
        "## Words and tensors",
        table(
            ("Type", "In Python"),
            [
                ("`Enum<a, b>`", "`Literal['a', 'b']`"),
                (
                    "`Tensor[B, T, D]`",
                    "`Tensor`; a dimension is a name, a number, both in one, or `...`",
                ),
            ],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _measures() -> list[tuple[str, ...]]:
    mixture = ("`Mixture`", "{web: 0.6, code: 40%}: parts that sum to 1", "from 0 to 1 each")
    return [*((f"`{name}`", m.accepted, m.unit) for name, m in MEASURES.items()), mixture]


def _generic(name: str, count: int | None, span: Span) -> GenericType:
    words = _words_for(count)
    return GenericType(name, tuple(NamedType(word, span) for word in words), span)


def _words_for(count: int | None) -> tuple[str, ...]:
    """Stand-ins for the arguments of a generic type."""
    return {1: ("T",), 2: ("K", "V"), None: ("A", "B", "...")}[count]


def _pairs(items: dict[str, str]) -> list[tuple[str, ...]]:
    return [(f"`{name}`", f"`{python}`") for name, python in items.items()]


def expressions_page() -> str:
    """Operators and the closed vocabulary."""
    known = {*FUNCTIONS, *CONSTANTS}
    parts = [
        "# Expressions",
        "Constraints and formulas are evaluated by the compiler and become plain Python; laws become torch. "
        "What may be called: the words below, and what the spec and the specs in its `uses` declare.",
        "## Operators",
        "From the loosest to the tightest.",
        table(("Operator", "Means"), [(f"`{signs}`", said) for signs, said in OPERATORS]),
    ]
    for title, rows in vocabulary().items():
        parts.append(f"## {title}")
        if title == "Reductions":
            parts.append(
                "With a dimension the result keeps it, with size one, so that it broadcasts."
            )
        shown = [
            (f"`{call}`", *(f"`{form}`" if form else "" for form in forms), _evaluated(call, known))
            for call, *forms in rows
        ]
        header = ("Written", "On tensors", "On plain values", "Evaluated by the compiler")
        parts.append(table(header, shown))
    return "\n\n".join(parts) + "\n"


def _evaluated(call: str, known: set[str]) -> str:
    return "yes" if call.partition("(")[0] in known else ""
