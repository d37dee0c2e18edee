"""What the specs say as text that does not depend on how it is written, and how types relate."""

from __future__ import annotations

from igla_gen.expressions import Expression, show
from igla_gen.model.component import Behavior, Formula, Law, TypeSpec
from igla_gen.model.types import EnumType, FieldType, GenericType, NamedType, TensorType, Type
from igla_gen.model.types import show as show_type
from igla_gen.syntax.tree import Node, Scalar, plain_data

_WIDER_THAN = {"Int": {"Float"}}
_READERS = ("Iterable", "Sequence")  # generics that accept what List gives


def prose(scalar: Scalar | None) -> str:
    """Text without its line breaks, which no reader of the output sees."""
    return " ".join(scalar.text.split()) if scalar is not None else ""


def data(node: Node | None) -> object:
    return plain_data(node) if node is not None else None


def shown(value: object) -> str:
    """A value as a spec writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {shown(item)}' for name, item in value.items())}}}"
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:_}"
    return f'"{value}"' if isinstance(value, str) else repr(value)


def same(a: object, b: object) -> bool:
    """Equal values of the same type: 1, 1.0 and true are three values."""
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or (a != a and b != b))


def accepts(new: Type, old: Type) -> bool:
    """Whether each value of the old type is one of the new type."""
    if show_type(new) == show_type(old):
        return True
    if isinstance(new, GenericType) and new.name == "Option":
        inner = old.arguments[0] if isinstance(old, GenericType) and old.name == "Option" else old
        return accepts(new.arguments[0], inner)
    match new, old:
        case EnumType(variants), EnumType(before):
            return set(before) <= set(variants)
        case NamedType("String"), EnumType():
            return True
        case NamedType(name), NamedType(before):
            return name in _WIDER_THAN.get(before, ()) or name == "Any"
        case NamedType("Any"), _:
            return True
        case GenericType(name, items), GenericType(before, old_items):
            is_reader = name in _READERS and before in ("List", *_READERS)
            return (name == before or is_reader) and all(map(accepts, items, old_items))
        case TensorType(("...",)), TensorType():
            return True
    return False


def body_of_law(law: Law) -> str:
    """A law without its name."""
    parts = [f"{word}: {show(value)}" for word, value in law.for_.items()]
    parts += [repr({word: data(node) for word, node in case.items()}) for case in law.cases]
    parts += [_statement(law.holds), _statement(law.refuses), prose(law.saying)]
    return "\n".join([*parts, repr(law.tolerance), repr(law.seed)])


def _statement(expression: Expression | None) -> str:
    return show(expression) if expression is not None else ""


def body_of_field(field: FieldType) -> str:
    default = shown(field.default) if field.has_default else ""
    return "\n".join((show_type(field.type), default, field.help))


def body_of_type(spec: TypeSpec) -> str:
    fields = [f"{name}: {body_of_field(field)}" for name, field in spec.fields.items()]
    constraints = [show(constraint) for constraint in spec.constraints]
    own = [prose(spec.class_)] if spec.class_ is not None else []
    return "\n".join([*fields, *constraints, *own])


def body_of_formula(formula: Formula) -> str:
    params = [f"{name}: {body_of_field(field)}" for name, field in formula.params.items()]
    where = [f"{name}: {show(value)}" for name, value in formula.where.items()]
    return "\n".join([*params, *where, show_type(formula.returns), show(formula.is_)])


def body_of_behavior(behavior: Behavior) -> str:
    """Its prose and its signature; the laws name it, and so change with a rename."""
    params = [f"{name}: {body_of_field(field)}" for name, field in (behavior.params or {}).items()]
    returns = show_type(behavior.returns) if behavior.returns is not None else ""
    texts = [prose(part) for part in (behavior.given, behavior.when, behavior.then)]
    return "\n".join([*texts, *params, returns])
