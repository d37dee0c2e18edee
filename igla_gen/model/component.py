"""What a component spec says, as frozen models that keep their places."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from pydantic import Field

from igla_gen.expressions.evaluate import TOLERANCE, evaluate
from igla_gen.model.base import (
    Expr,
    FieldText,
    Integer,
    Items,
    Number,
    Raw,
    Spec,
    Table,
    Text,
    TypeText,
)


class TypeSpec(Spec):
    """A named type: fields, constraints, and an example that fills what has no default.

    Or `variants`: the words that a value is one of. Or a `class`: `handwritten` in the template, or
    a type of Python that the name stands for.
    """

    description: Text
    fields: Table[FieldText] = Field(default_factory=dict)
    constraints: Items[Expr] = ()
    example: Table[Raw] = Field(default_factory=dict)
    variants: Items[Text] = ()
    class_: Text | None = Field(default=None, alias="class")

    @property
    def is_handwritten(self) -> bool:
        """The class is written in the template; the spec only names it."""
        return self.class_ is not None and self.class_.text == "handwritten"

    @property
    def alias(self) -> str | None:
        """The Python type that the name stands for in signatures, where it is no class of its own."""
        return self.class_.text if self.class_ is not None and not self.is_handwritten else None


class Law(Spec):
    """One executable statement: inputs, and what must hold or be refused."""

    name: Text
    for_: Table[Expr] = Field(default_factory=dict, alias="for")
    cases: Items[Table[Raw]] = ()
    holds: Expr | None = None
    refuses: Expr | None = None
    saying: Text | None = None
    tolerance: Number = TOLERANCE
    seed: Integer = 0


class Formula(Spec):
    """Arithmetic that the compiler evaluates and the generated module offers as a function."""

    description: Text
    params: Table[FieldText]
    returns: TypeText
    where: Table[Expr] = Field(default_factory=dict)
    is_: Expr = Field(alias="is")
    laws: Items[Law] = ()
    checks: Items[Text] = ()


class Behavior(Spec):
    """One public function or class of the module; `pending` is why there is none yet."""

    name: Text
    given: Text
    when: Text
    then: Text
    pending: Text | None = None
    params: Table[FieldText] | None = None
    returns: TypeText | None = None
    raises: Text | None = None
    laws: Items[Law] = ()
    checks: Items[Text] = ()


class Header(Spec):
    """What every spec begins with."""

    name: Text
    version: Text
    language: Text
    module: Text
    description: Text
    sources: Items[Text] = ()
    uses: Items[Text] = ()


class ComponentSpec(Header):
    """A module with its types, formulas and behaviours; `pending` is why there is no template yet."""

    kind: Text | None = None
    pending: Text | None = None
    notes: Table[Raw] = Field(default_factory=dict)
    constants: Table[Expr] = Field(default_factory=dict)
    types: Table[TypeSpec] = Field(default_factory=dict)
    formulas: Table[Formula] = Field(default_factory=dict)
    behaviors: Items[Behavior] = ()

    @cached_property
    def constant_values(self) -> dict[str, object]:
        """The constants, evaluated, each by those above it."""
        values: dict[str, object] = {}
        for name, expression in self.constants.items():
            values[name] = evaluate(expression, values)
        return values

    @cached_property
    def built(self) -> tuple[Behavior, ...]:
        """The behaviours that the module has: those that are not pending."""
        return tuple(b for b in self.behaviors if b.pending is None)

    @property
    def is_pending(self) -> bool:
        """There is nothing to build yet: all behaviours are pending, or the whole component is."""
        waits = bool(self.behaviors) or self.pending is not None
        return waits and not self.built and not self.formulas

    def laws(self) -> Iterator[tuple[str, Law]]:
        """Every law with the name of what it speaks of, in the order of the file."""
        for name, formula in self.formulas.items():
            yield from ((name, law) for law in formula.laws)
        for behavior in self.built:
            yield from ((behavior.name.text, law) for law in behavior.laws)

    def checks(self) -> Iterator[tuple[str, Text]]:
        """Every check with the name of what binds it."""
        for name, formula in self.formulas.items():
            yield from ((name, check) for check in formula.checks)
        for behavior in self.built:
            yield from ((behavior.name.text, check) for check in behavior.checks)


class BlueprintSpec(ComponentSpec):
    """A component from which models or recipes are made: one template, several modules.

    `sections` names the config type of each section that an instance fills in; `requires`
    are statements over the sections that each instance must satisfy. The tests of the instance
    `tested_by` hold all checks, those of the others what the template has for each.
    """

    sections: Table[TypeText] = Field(default_factory=dict)
    requires: Items[Expr] = ()
    tested_by: Text | None = None


class InstanceSpec(Header):
    """A model or a recipe: the sections of its blueprint, filled in."""

    kind: Text
    blueprint: Text
    model: Text | None = None
    sections: Table[Raw] = Field(default_factory=dict)
    smoke: Table[Raw] = Field(default_factory=dict)
