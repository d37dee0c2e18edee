"""Jinja, set up so that a template is Python with comments for control lines."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import FunctionLoader, StrictUndefined, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from igla_gen.emit.provenance import mark, marked, unmarked
from igla_gen.emit.values import Code
from igla_gen.frozen import frozen


class TemplateFault(Exception):
    """A template cannot be rendered; the message names the template and the line."""


@frozen
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
        constants = (token.value, name, token.lineno)
        arguments = [*map(nodes.Const, constants), nodes.Name("blocks", "load")]
        call = self.call_method("_bind", arguments)
        params = [nodes.Name("doc", "param"), nodes.Name("fields", "param")]
        return nodes.CallBlock(call, params, [], body).set_lineno(token.lineno)

    def _bind(
        self,
        kind: str,
        name: str,
        line: int,
        blocks: dict[tuple[str, str], Block],
        caller: Callable[..., str],
    ) -> str:
        block = blocks.get((kind, name))
        if block is None:
            return ""
        text = caller(block.doc, block.holes.get("fields", Code("")))
        return _with_origin(text, f"# spec: {block.origin}{mark(line)}")


def _with_origin(text: str, comment: str) -> str:
    """The body of a block with the comment at its head and on each further definition in it."""
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if unmarked(line).strip()), 0)
    indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
    starts = _definitions(lines, indent)
    if starts and all(line.startswith(f"{indent}#") for line in lines[first : starts[0]]):
        starts = starts[1:]  # the head of the block is the head of its first definition
    for number in sorted({first, *starts}, reverse=True):
        lines.insert(number, indent + comment)
    return "\n".join(lines)


def _definitions(lines: list[str], indent: str) -> list[int]:
    """Where the functions and classes begin, each with its decorators."""
    starts, decorated = [], None
    for number, line in enumerate(lines):
        if line.startswith(f"{indent}@") and decorated is None:
            decorated = number
        if line.startswith((f"{indent}def ", f"{indent}async def ", f"{indent}class ")):
            starts.append(number if decorated is None else decorated)
            decorated = None
    return starts


def _only_typed(value: object) -> object:
    if isinstance(value, Code | StrictUndefined):
        return value
    raise TypeError(
        f"a hole holds {type(value).__name__}, not code that the compiler made: {value!r}"
    )


def make_environment(templates: dict[str, str]) -> SandboxedEnvironment:
    """An environment that knows these templates by name; what they render to holds line marks."""
    return SandboxedEnvironment(
        loader=FunctionLoader(lambda name: marked(templates[name]) if name in templates else None),
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
