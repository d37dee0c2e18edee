"""Config types as frozen dataclasses whose constraints are checked when they are made."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable

from igla_gen.emit.bounds import OUTSIDE, checks_of
from igla_gen.emit.docs import type_doc
from igla_gen.emit.values import LINE, Code, code, escaped, sentence
from igla_gen.expressions import names, show
from igla_gen.expressions.emit import Scope, emit_chain
from igla_gen.expressions.tree import Expression
from igla_gen.model.component import TypeSpec
from igla_gen.model.records import Record
from igla_gen.model.types import (
    MIXTURE_TOLERANCE,
    EnumType,
    FieldType,
    GenericType,
    NamedType,
    Type,
    is_mixture,
    python_type,
    unit_of,
)

LONGEST_BODY = 76  # lines of a function; with its head it has fewer than 80
LONGEST_MESSAGE = 80  # characters; a longer one stands on two lines
SUMS = "sums to "  # what is said of a mixture
DATACLASS = "@dataclass(frozen=True, kw_only=True, slots=True)"


def literal(
    value: object, type_: Type, name_of: Callable[[Record], str] = lambda record: record.name
) -> str:
    """Python source of a value of the type; `name_of` is how the class of a record is written."""
    if isinstance(type_, GenericType) and type_.name == "Option" and value is not None:
        return literal(value, type_.arguments[0], name_of)
    if isinstance(value, Record):
        fields = value.spec.fields
        parts = [f"{n}={literal(value[n], fields[n].type, name_of)}" for n in value.given]
        return f"{name_of(value)}({', '.join(parts)})"
    if isinstance(type_, NamedType) and type_.name == "Path":
        return f"Path({value!r})"
    arguments = type_.arguments if isinstance(type_, GenericType) else ()
    if isinstance(value, list | tuple):
        types = arguments if len(arguments) == len(value) else arguments[:1] * len(value)
        parts = [literal(item, part, name_of) for item, part in zip(value, types, strict=True)]
        return f"({', '.join(parts)},)" if len(parts) == 1 else f"({', '.join(parts)})"
    if isinstance(value, dict) and arguments:
        parts = [f"{n!r}: {literal(item, arguments[-1], name_of)}" for n, item in value.items()]
        return "{" + ", ".join(parts) + "}"
    return source(value)


def source(value: object) -> str:
    """Python source of plain data; `repr` alone writes infinity as a name."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(source, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{source(item)}, ' for item in value)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {source(v)}" for k, v in value.items()) + "}"
    return repr(value)


def fields_code(name: str, spec: TypeSpec, constants: set[str]) -> Code:
    """The fields with their help, and `__post_init__` where there is something to check."""
    lines: list[str] = []
    for field_name, field in spec.fields.items():
        default = f" = {_default(field)}" if field.has_default else ""
        lines.append(f"{field_name}: {python_type(field.type)}{default}")
        if text := _help(field):
            lines.append(f'"""{text}"""')
    own = _field_checks(name, spec)
    constraints = [_constraint(name, c, spec, constants) for c in spec.constraints]
    for method, body in check_methods(own, constraints).items():
        lines += ["", f"def {method}(self) -> None:", *(f"    {line}" for line in body)]
    return code("\n".join(lines))


def check_methods(own: list[list[str]], constraints: list[list[str]]) -> dict[str, list[str]]:
    """`__post_init__`, which makes all checks in their order, and the parts that it has where it
    would be too long to read.

    `own` are the checks of single fields by their types; a check is the lines of one `if`.
    """
    if not own and not constraints:
        return {}
    if sum(map(_height, own + constraints)) <= LONGEST_BODY:
        return {"__post_init__": [line for check in own + constraints for line in check]}
    parts: dict[str, list[str]] = {}
    for name, checks in (("_check_fields", own), ("_check_constraints", constraints)):
        for number, part in enumerate(_parts(checks), start=1):
            parts[name if number == 1 else f"{name}_{number}"] = part
    return {"__post_init__": [f"self.{name}()" for name in parts], **parts}


def _parts(checks: list[list[str]]) -> list[list[str]]:
    """The checks in as few functions as are short enough."""
    parts: list[list[str]] = []
    height = 0
    for check in checks:
        if not parts or height + _height(check) > LONGEST_BODY:
            parts.append([])
            height = 0
        parts[-1] += check
        height += _height(check)
    return parts


def _height(check: list[str]) -> int:
    """How many lines a check has once it is formatted, or a few more."""
    room = 100 - 8  # of a line in a method
    return sum(1 if len(line) <= room else 3 + _breaks(line) for line in check)


def _breaks(line: str) -> int:
    """A message of two texts stands on two lines, the items of a tuple on one each."""
    return 1 if line.lstrip().startswith("raise ") else line.count(",")


def _default(field: FieldType) -> str:
    """What stands behind `=`; a map is made anew for each config, since it could be changed."""
    written = literal(field.default, field.type)
    if isinstance(field.default, dict):
        return f"dataclasses.field(default_factory=lambda: {written})"
    return written


def _help(field: FieldType) -> str:
    variants = field.type.variants if isinstance(field.type, EnumType) else ()
    unit = unit_of(field.type)
    text = f"{field.help.rstrip('.')} ({unit})" if field.help and unit else field.help or unit
    return escaped(sentence(text, names=variants).replace("\\", "\\\\").replace('"', "'"))


def _field_checks(name: str, spec: TypeSpec) -> list[list[str]]:
    """What the types of single fields ask for."""
    checks: list[list[str]] = []
    for field_name, field in spec.fields.items():
        if isinstance(field.type, EnumType):
            got = f"{name}.{field_name}={{self.{field_name}!r}} "
            accepted = f"is not one of {', '.join(field.type.variants)}"
            message = f"f{got + accepted!r}"
            if len(got + accepted) > LONGEST_MESSAGE:
                message = f"f{got!r} {accepted!r}"
            condition = f"if self.{field_name} not in {field.type.variants!r}:"
            checks.append([condition, f"    raise ValueError({message})"])
        if is_mixture(field.type):
            checks += _mixture(name, field_name)
        for condition, said in checks_of(field.type, f"self.{field_name}"):
            is_either = condition.startswith(f"self.{field_name} is None or ")
            checks.append(
                [
                    f"if not ({condition}):" if is_either else f"if not {condition}:",
                    f'    raise ValueError(f"{name}.{field_name}={{self.{field_name}!r}} {said}")',
                ]
            )
    return checks


def _mixture(name: str, field_name: str) -> list[list[str]]:
    values = f"self.{field_name}.values()"
    return [
        [
            f"if not all(0 <= part <= 1 for part in {values}):",
            f'    raise ValueError(f"{name}.{field_name}={{self.{field_name}}} {OUTSIDE}")',
        ],
        [
            f"if not abs(math.fsum({values}) - 1) <= {MIXTURE_TOLERANCE}:",
            f'    raise ValueError(f"{name}.{field_name} {SUMS}{{math.fsum({values})}}, not to 1")',
        ],
    ]


def _constraint(
    name: str, constraint: Expression, spec: TypeSpec, constants: set[str]
) -> list[str]:
    scope = Scope({field: f"self.{field}" for field in spec.fields} | {c: c for c in constants})
    read = [
        field for field in dict.fromkeys(n.name for n in names(constraint)) if field in spec.fields
    ]
    values = ", ".join(f"{field}={{self.{field}!r}}" for field in read)
    need, got = f"{name} needs {message_text(constraint)}, ", f"got {values}"
    if len(need + got) <= LONGEST_MESSAGE:
        message = f"f{need.replace('{', '{{').replace('}', '}}') + got!r}"
    else:
        message = f"{need!r} f{got!r}"
    fails = ast.unparse(ast.parse(f"not ({emit_chain(constraint, scope)})", mode="eval"))
    return [f"if {fails}:", f"    raise ValueError({message})"]


def message_text(constraint: Expression) -> str:
    """The constraint as error messages quote it."""
    return show(constraint).replace('"', "'")


def _one_line(spec: TypeSpec) -> str:
    return str(type_doc(spec)).replace(LINE, " ").strip()


def type_code(name: str, spec: TypeSpec, origin: str, constants: set[str]) -> Code:
    """A whole dataclass, or the words that a value is one of."""
    if spec.variants:
        words = ", ".join(repr(word.text) for word in spec.variants)
        return code(f'# spec: {origin}\n{name} = Literal[{words}]\n"""{_one_line(spec)}"""')
    head = [f"# spec: {origin}", DATACLASS, f"class {name}:", f'    """{type_doc(spec)}"""']
    body = fields_code(name, spec, constants)
    indented = [f"    {line}" if line else "" for line in body.split(LINE)]
    return code("\n".join([*head, "", *indented]).replace(LINE, f"{LINE}    "))
