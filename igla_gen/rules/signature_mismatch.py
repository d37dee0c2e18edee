"""Spec and template agree on signatures."""

from __future__ import annotations

import ast

from igla_gen.model.component import Behavior, ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.types import NamedType, TensorType, show
from igla_gen.rules.base import HEADER, Finder, Rule
from igla_gen.rules.templates import TemplateBlock, blocks, definitions_in, templates_of

_PLAIN = {"Int": "int", "Float": "float", "Bool": "bool", "String": "str", "Path": "Path"}


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """The template's function (or the class's __init__) has the params of the spec, in order."""
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    found = {block.name: block for block in blocks(names[0]) if block.kind == "behavior"}
    for behavior in unit.spec.behaviors:
        block = found.get(behavior.name.text)
        if block is not None:
            _check_block(finder, names[0], block, behavior)


def _check_block(finder: Finder, template: str, block: TemplateBlock, behavior: Behavior) -> None:
    name = behavior.name.text
    definition = next((d for d in definitions_in(template, block) if d.name == name), None)
    if definition is None:
        finder.report(f'the block in templates/{template} defines no "{name}"', behavior.name.span)
        return
    function = _initializer(definition) if isinstance(definition, ast.ClassDef) else definition
    if behavior.params is None or function is None:
        return
    arguments = [
        a for a in (*function.args.args, *function.args.kwonlyargs) if a.arg not in ("self", "cls")
    ]
    written, declared = [a.arg for a in arguments], list(behavior.params)
    if written != declared:
        finder.report(
            f"params are ({', '.join(declared)}), the template has ({', '.join(written)})",
            behavior.key_span("params"),
            f"templates/{template}:{function.lineno}",
        )
        return
    _check_types(finder, template, arguments, behavior)


def _check_types(
    finder: Finder, template: str, arguments: list[ast.arg], behavior: Behavior
) -> None:
    for argument, (name, param) in zip(arguments, (behavior.params or {}).items(), strict=True):
        wanted = _PLAIN.get(param.type.name) if isinstance(param.type, NamedType) else None
        if isinstance(param.type, TensorType):
            wanted = "Tensor"
        written = ast.unparse(argument.annotation) if argument.annotation is not None else "nothing"
        if wanted is not None and written != wanted:
            finder.report(
                f"{name} is {show(param.type)}, the template says {written}", param.span,
                f"templates/{template}:{argument.lineno} should say {wanted}",
            )  # fmt: skip


def _initializer(definition: ast.ClassDef) -> ast.FunctionDef | None:
    functions = (n for n in definition.body if isinstance(n, ast.FunctionDef))
    return next((f for f in functions if f.name == "__init__"), None)


RULE = Rule(
    code="IG409",
    name="signature-mismatch",
    why="documentation and laws speak of the spec's parameters, callers meet the template's",
    bad=HEADER + """\
behaviors:
  - name: rms_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", epsilon: Float}
    returns: Tensor[..., D]
    laws:
      - name: keeps_shape
        for: {x: "normal(2, 8)"}
        holds: shape(rms_norm(x, ones(8), 1e-6)) == shape(x)
""",
    good=HEADER + """\
behaviors:
  - name: rms_norm
    given: Hidden states
    when: RMSNorm is applied
    then: Each vector has root mean square one
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Float}
    returns: Tensor[..., D]
    laws:
      - name: keeps_shape
        for: {x: "normal(2, 8)"}
        holds: shape(rms_norm(x, ones(8), 1e-6)) == shape(x)
""",
    check=check,
)
