"""Jinja, set up so that a template is Python with comments for control lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jinja2 import DictLoader, StrictUndefined, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from igla_gen.emit.values import Code


class TemplateFault(Exception):
    """A template cannot be rendered; the message names the template and the line."""


@dataclass(frozen=True, slots=True)
class Block:
    """What a `#% behavior NAME` (or type, or check) block gets from the spec."""

    doc: Code
    origin: str
    holes: dict[str, Code]


class BindingExtension(Extension):
    """`#% behavior NAME ... #% endbehavior`, and the same for `type` and `check`.

    The body is emitted if and only if the spec has the name; inside, `doc` is its docstring.
    """

    tags = {"behavior", "type", "check"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        token = next(parser.stream)
        name = parser.stream.expect("name").value
        body = parser.parse_statements((f"name:end{token.value}",), drop_needle=True)
        arguments = [nodes.Const(token.value), nodes.Const(name), nodes.Name("blocks", "load")]
        call = self.call_method("_bind", arguments)
        params = [nodes.Name("doc", "param"), nodes.Name("fields", "param")]
        return nodes.CallBlock(call, params, [], body).set_lineno(token.lineno)

    def _bind(
        self, kind: str, name: str, blocks: dict[tuple[str, str], Block], caller: Callable[..., str]
    ) -> str:
        block = blocks.get((kind, name))
        if block is None:
            return ""
        text = caller(block.doc, block.holes.get("fields", Code("")))
        first = text.lstrip("\n").split("\n")[0]
        indent = first[: len(first) - len(first.lstrip())]
        return f"{indent}# spec: {block.origin}\n{text}"


def _only_typed(value: object) -> object:
    if isinstance(value, Code | StrictUndefined):
        return value
    raise TypeError(
        f"a hole holds {type(value).__name__}, not code that the compiler made: {value!r}"
    )


def make_environment(templates: dict[str, str]) -> SandboxedEnvironment:
    """An environment that knows these templates by name."""
    return SandboxedEnvironment(
        loader=DictLoader(templates),
        extensions=[BindingExtension],
        undefined=StrictUndefined,
        finalize=_only_typed,
        line_statement_prefix="#%",
        block_start_string="<%never",
        block_end_string="never%>",
        comment_start_string="<#never",
        comment_end_string="never#>",
        keep_trailing_newline=True,
        autoescape=False,
    )


def render(environment: SandboxedEnvironment, name: str, context: dict[str, object]) -> str:
    """The text of one template.

    Raises:
        TemplateFault: with the template's name and line.
    """
    try:
        return environment.get_template(name).render(context)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f"{name}:{line}" if line else name
        raise TemplateFault(f"templates/{place}: {error.message}") from error
    except TypeError as error:
        raise TemplateFault(f"templates/{name}: {error}") from error
