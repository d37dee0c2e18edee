"""Spec and template agree on signatures."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterator
from itertools import zip_longest

from igla_gen.emit.types import literal
from igla_gen.expressions import EvaluationError
from igla_gen.model.base import line_astray
from igla_gen.model.component import Behavior, ComponentSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.records import constants_of
from igla_gen.model.types import (
    EnumType,
    GenericType,
    NamedType,
    Type,
    named_types,
    python_type,
    show,
)
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import NORM_TEMPLATE, SOUND, component
from igla_gen.rules.templates import TemplateBlock, blocks, signature_in, templates_of

Words = dict[str, str]


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """The template's function (or the class's __init__) has the params of the spec, in order, of
    their types and with their defaults, and the function returns what the spec says.
    """
    names = templates_of(library, unit)
    if names is None or not isinstance(unit.spec, ComponentSpec):
        return
    found = {block.name: block for block in blocks(names[0]) if block.kind == "behavior"}
    written_as = _python_words(library, unit)
    before = len(library.findings.items)
    for behavior in unit.spec.behaviors:
        block = found.get(behavior.name.text)
        if block is not None:
            _check_block(finder, names[0], block, behavior, written_as)
    if len(library.findings.items) > before:
        _check_aliases(finder, names[0], found, unit.spec, written_as)


def _check_aliases(
    finder: Finder,
    template: str,
    found: dict[str, TemplateBlock],
    spec: ComponentSpec,
    written_as: Words,
) -> None:
    """A `class` that fits none of the signatures which name it is wrong itself."""
    fits: dict[str, bool] = {}
    for behavior in spec.behaviors:
        block = found.get(behavior.name.text)
        for type_, node in _pairs(block, behavior) if block is not None else ():
            for named in named_types(type_):
                is_right = _fits(type_, node, written_as)
                fits[named.name] = fits.get(named.name, False) or is_right
    for name, type_ in spec.types.items():
        if type_.class_ is not None and not fits.get(name, True):
            finder.report(
                f"no signature in templates/{template} has {name} as {type_.class_.text}",
                type_.class_.span,
            )


def _pairs(block: TemplateBlock, behavior: Behavior) -> Iterator[tuple[Type, ast.expr | None]]:
    """Types of the spec with the annotations of the template, where both have the name."""
    signature = signature_in(block, behavior.name.text)
    function = signature.function if signature is not None else None
    if function is None:
        return
    for argument in _arguments(function):
        if behavior.params and argument.arg in behavior.params:
            yield behavior.params[argument.arg].type, argument.annotation
    if behavior.returns is not None:
        yield behavior.returns, function.returns


def _python_words(library: Library, unit: Unit) -> Words:
    """How Python writes some names: the aliases among the types, the values of the constants."""
    words: Words = {}
    for used in reversed(library.used(unit)):
        if isinstance(used.spec, ComponentSpec):
            words |= {name: t.alias for name, t in used.spec.types.items() if t.alias}
            with contextlib.suppress(EvaluationError):  # constraint-violated reports it
                words |= {name: repr(value) for name, value in constants_of(used).items()}
    return words


def _check_block(
    finder: Finder, template: str, block: TemplateBlock, behavior: Behavior, written_as: Words
) -> None:
    name = behavior.name.text
    signature = signature_in(block, name)
    if signature is None:
        finder.report(f'the block in templates/{template} defines no "{name}"', behavior.name.span)
        return
    if signature.is_class and behavior.returns is not None:
        finder.report("a class returns nothing", behavior.key_span("returns"), "delete 'returns'")
    function = signature.function
    if function is not None and not signature.is_class:
        _check_result(finder, template, function, behavior, written_as)
    if function is None and not behavior.params:
        if behavior.params is not None:
            message = "a class without __init__ has no params to speak of"
            finder.report(message, behavior.key_span("params"), "delete it")
        return
    written = [a.arg for a in _arguments(function)] if function is not None else []
    declared = list(behavior.params or ())
    if written != declared:
        other = [d for d, w in zip_longest(declared, written) if d != w]
        place = behavior.key_span("params", other[0]) if other[0] else behavior.key_span("params")
        astray = line_astray(behavior.node, "params") if behavior.params is None else None
        there = f"; line {astray} of the text reads 'params:'" if astray else ""
        finder.report(
            f"params are ({', '.join(declared)}), the template has ({', '.join(written)})",
            place if behavior.params is not None else behavior.name.span,
            f"templates/{template}:{function.lineno if function else signature.line}{there}",
        )
    elif behavior.params is None and not signature.is_class:
        finder.report(
            f'{name} takes nothing, and the spec does not say so', behavior.name.span,
            "add 'params: {}'",
        )  # fmt: skip
    elif function is not None:
        _check_types(finder, template, function, behavior, written_as)


def _check_types(
    finder: Finder, template: str, function: ast.FunctionDef, behavior: Behavior, written_as: Words
) -> None:
    defaults = _defaults(function)
    for argument in _arguments(function):
        param = (behavior.params or {})[argument.arg]
        if not _fits(param.type, argument.annotation, written_as):
            finder.report(
                f"{argument.arg} is {show(param.type)}, the template says {_text(argument.annotation)}",
                param.span,
                f"templates/{template}:{argument.lineno} should say {_wanted(param.type, written_as)}",
            )
        if param.has_default:
            wanted = ast.unparse(ast.parse(literal(param.default, param.type), mode="eval"))
            found = written_as.get(text := _text(defaults.get(argument.arg)), text)
            if found != wanted:
                finder.report(
                    f"{argument.arg} has the default {wanted}, the template says {text}",
                    param.span,
                    f"templates/{template}:{argument.lineno}",
                )


def _check_result(
    finder: Finder, template: str, function: ast.FunctionDef, behavior: Behavior, written_as: Words
) -> None:
    returns = behavior.returns
    if returns is None and _text(function.returns) not in ("nothing", "None"):
        finder.report(
            f"{behavior.name.text} returns {_text(function.returns)} in the template and nothing here",
            behavior.name.span,
            "add 'returns', or annotate the function with None",
        )
    if returns is not None and not _fits(returns, function.returns, written_as):
        finder.report(
            f"{behavior.name.text} returns {show(returns)}, the template says {_text(function.returns)}",
            behavior.span_of("returns"),
            f"templates/{template}:{function.lineno} should say {_wanted(returns, written_as)}",
        )


def _arguments(function: ast.FunctionDef) -> list[ast.arg]:
    given = (*function.args.args, *function.args.kwonlyargs)
    return [argument for argument in given if argument.arg not in ("self", "cls")]


def _defaults(function: ast.FunctionDef) -> dict[str, ast.expr]:
    arguments = function.args
    last = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    pairs = [*zip(last, arguments.defaults, strict=True)]
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return {argument.arg: default for argument, default in pairs if default is not None}


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.Name):  # most are, and to unparse takes its time
        return node.id
    return ast.unparse(node) if node is not None else "nothing"


def _wanted(type_: Type, written_as: Words) -> str:
    return re.sub(r"\w+", lambda word: written_as.get(word[0], word[0]), python_type(type_))


def _fits(type_: Type, node: ast.expr | None, written_as: Words) -> bool:
    """Whether the annotation is one that the type may have: `List` may be a list or a tuple."""
    text = _text(node)
    match type_:
        case NamedType("Any"):
            return node is not None
        case NamedType("Callable"):
            return text.startswith("Callable")
        case NamedType("Optimizer"):
            return text.startswith("torch.optim.")
        case NamedType("Device"):
            return text in ("torch.device", "torch.device | str")
        case EnumType():
            return text in ("str", _wanted(type_, written_as))
        case GenericType("Option", (item,)):
            is_optional = isinstance(node, ast.BinOp) and _text(node.right) == "None"
            return is_optional and _fits(item, node.left, written_as)
        case GenericType("Range"):
            return text == _wanted(type_, written_as)
        case GenericType(name, items) if isinstance(node, ast.Subscript):
            outer = {"List": ("list", "tuple"), "Map": ("dict",), "Tuple": ("tuple",)}.get(
                name, (name,)
            )
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            inner = [part for part in inner if _text(part) != "..."]
            pairs = zip(items * len(inner) if name == "List" else items, inner, strict=False)
            if name == "Tuple" and len(inner) != len(items):
                return False
            return _text(node.value) in outer and all(_fits(i, n, written_as) for i, n in pairs)
    return text == _wanted(type_, written_as)


RULE = Rule(
    code="IG409",
    name="signature-mismatch",
    what=(
        "A behaviour whose params, defaults or result differ from the signature in the template."
    ),
    why=("Docstrings and laws speak of the spec's parameters, callers meet the template's."),
    bad=component(SOUND.replace("eps: Float", "epsilon: Float"), template=NORM_TEMPLATE),
    good=component(SOUND, template=NORM_TEMPLATE),
    check=check,
)
