"""Formulas and constants as module-level code."""

from __future__ import annotations

from igla_gen.emit.docs import formula_doc
from igla_gen.emit.types import literal
from igla_gen.emit.values import LINE, Code, code
from igla_gen.expressions.emit import Scope, emit, emit_chain
from igla_gen.expressions.tree import Expression
from igla_gen.model.component import Formula
from igla_gen.model.types import FieldType, python_type


def constants_code(constants: dict[str, Expression]) -> Code:
    """`NAME = value`, in the order of the spec."""
    scope = Scope({name: name for name in constants})
    lines = [f"{name} = {emit(value, scope)}" for name, value in constants.items()]
    return code("\n".join(lines))


def _parameter(name: str, field: FieldType) -> str:
    default = f" = {literal(field.default, field.type)}" if field.has_default else ""
    return f"{name}: {python_type(field.type)}{default}"


def formula_code(name: str, formula: Formula, origin: str, known: dict[str, str]) -> Code:
    """One function; the intermediate values of `where` become local variables."""
    local = {word: word for word in (*formula.params, *formula.where)}
    scope = Scope(known | local)
    params = ", ".join(_parameter(p, t) for p, t in formula.params.items())
    text = str(formula_doc(formula)).replace(LINE, f"{LINE}    ")
    lines = [
        f"# spec: {origin}",
        f"def {name}({params}) -> {python_type(formula.returns)}:",
        f'    """{text}"""',
    ]
    lines += [f"    {word} = {emit(value, scope)}" for word, value in formula.where.items()]
    lines.append(f"    return {emit_chain(formula.is_, scope)}")
    return code("\n".join(lines))
