"""Which line of a template each generated line comes from, and which line of a spec.

Before a template is rendered each of its lines gets a mark with its number; after rendering the
marks are taken off again and their numbers kept. What formatting moves is found again by its
tokens, which formatting keeps in their order.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from igla_gen.emit.values import LINE
from igla_gen.frozen import frozen

MARK = "\ue000"  # of private use: no spec and no template holds it
_MARKED = re.compile(f"{MARK}(\\d+){MARK}")
_CONTROL = re.compile(r"^\s*#%")
_MOVED = frozenset("(),")  # what ruff adds and removes
_LAYOUT = frozenset(
    {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)
# from Python 3.12 on an f-string is many tokens
_OPENS = {getattr(tokenize, "FSTRING_START", -1): 1, getattr(tokenize, "FSTRING_END", -2): -1}
SPEC = "# spec: "


@frozen
class Lines:
    """Text with the template line that each of its lines came from; 0 for the compiler's own."""

    text: str
    origins: tuple[int, ...]


def marked(template: str) -> str:
    """The template with its line numbers, where they do not disturb."""
    lines = template.split("\n")
    return "\n".join(
        line if _CONTROL.match(line) else line + mark(number)
        for number, line in enumerate(lines, start=1)
    )


def mark(number: int) -> str:
    return f"{MARK}{number}{MARK}"


def unmarked(text: str) -> str:
    return _MARKED.sub("", text)


def read_marks(rendered: str) -> Lines:
    """The rendered text without its marks; a line of several lines keeps one number for all."""
    texts, origins, last = [], [], 1
    for line in rendered.split("\n"):
        found = _MARKED.search(line)
        last = int(found.group(1)) if found else last
        texts.append(unmarked(line))
        origins += [last] * (line.count(LINE) + 1)
    return Lines("\n".join(texts), tuple(origins))


# -- comments that name the spec ----------------------------------------------------------


def with_spec_comments(lines: Lines) -> Lines:
    """Gives each class and function that has none the `# spec` comment of those that use it.

    What stands outside the blocks of a template serves what stands inside: a helper belongs to
    the first thing, in reading order, that needs it, be it through other helpers.
    """
    rows = lines.text.split("\n")
    tree = ast.parse(lines.text)
    parts = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    owners = _owners(parts, rows)
    missing = {
        _first_line(node): owners[id(node)]
        for node in parts
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and id(node) in owners
        and spec_above(rows, _first_line(node)) is None
    }
    out: list[str] = []
    origins: list[int] = []
    for number, row in enumerate(rows, start=1):
        if number in missing:
            out.append(f"{SPEC}{missing[number]}")
            origins.append(lines.origins[number - 1])
        out.append(row)
        origins.append(lines.origins[number - 1])
    return Lines("\n".join(out), tuple(origins))


def _owners(parts: list[ast.stmt], rows: list[str]) -> dict[int, str]:
    """The spec line of each statement: its own, else that of the first one that uses it."""
    reads = {id(node): _named(node) for node in parts}
    owners = {
        id(node): spec
        for node in parts
        if (spec := spec_above(rows, _first_line(node))) is not None
    }
    waiting = [node for node in parts if id(node) not in owners]
    while waiting:
        found = {}
        for node in waiting:
            names = _bound(node)
            needed = _serves_all(node)
            users = (
                owners[id(u)] for u in parts if id(u) in owners and (needed or reads[id(u)] & names)
            )
            if (first := next(users, None)) is not None:
                found[id(node)] = first
        if not found:
            found = _registered(waiting, parts, owners)
        if not found:
            return owners
        owners |= found
        waiting = [node for node in waiting if id(node) not in owners]
    return owners


def _named(node: ast.stmt) -> set[str]:
    """Names in it, and those of its arguments and of `usefixtures`: a test names its fixtures so."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.arg):
            found.add(part.arg)
        elif isinstance(part, ast.Call) and getattr(part.func, "attr", "") == "usefixtures":
            found |= {a.value for a in part.args if isinstance(a, ast.Constant)}
    return found


def _registered(
    waiting: list[ast.stmt], parts: list[ast.stmt], owners: dict[int, str]
) -> dict[int, str]:
    """Of what nobody names, such as a function that a decorator hands over: the first thing that it names itself."""
    found = {}
    for node in waiting:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
        named = (owners[id(part)] for part in parts if id(part) in owners and _bound(part) & names)
        if (first := next(named, None)) is not None:
            found[id(node)] = first
    return found


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def _serves_all(node: ast.stmt) -> bool:
    """Whether it is a fixture that no test names, since all have it."""
    calls = (d for d in getattr(node, "decorator_list", []) if isinstance(d, ast.Call))
    return any(keyword.arg == "autouse" for call in calls for keyword in call.keywords)


def _first_line(node: ast.stmt) -> int:
    """Of a definition with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)])


def spec_above(rows: list[str], line: int) -> str | None:
    """`FILE:LINE` of a `# spec` comment among the comments right above a line; of several the first."""
    index = line - 2
    while index >= 0 and rows[index].startswith("#"):
        if rows[index].startswith(SPEC):
            return rows[index].removeprefix(SPEC).split(",")[0].strip()
        index -= 1
    return None


def spec_lines(text: str) -> list[str | None]:
    """For each line `FILE:LINE` of the spec that the statement around it names."""
    rows = text.split("\n")
    found: list[str | None] = [None] * len(rows)
    for node in ast.parse(text).body:
        first = _first_line(node)
        spec = spec_above(rows, first)
        if spec is None:
            continue
        while first > 1 and rows[first - 2].startswith("#"):
            first -= 1
        end = node.end_lineno or node.lineno
        found[first - 1 : end] = [spec] * (end - first + 1)
    return found


# -- formatting ---------------------------------------------------------------------------


def carried(before: Lines, after: str) -> tuple[int, ...]:
    """The origins of the lines of a formatted text; blank lines go with the line after them.

    Raises:
        ValueError: the texts do not hold the same tokens.
    """
    found: dict[int, int] = {}
    for old, new in zip(_tokens(before.text), _tokens(after), strict=True):
        if old.type != new.type:
            raise ValueError(f"line {new.first}: formatting changed line {old.first}")
        last = old.last - old.first
        for step in range(new.last - new.first + 1):
            line = before.origins[old.first - 1 + min(step, last)]
            found.setdefault(new.first + step, line)
    rows = after.split("\n")
    for number, row in enumerate(rows, start=1):
        if row.lstrip().startswith(")"):  # of brackets that formatting put there
            found.setdefault(number, found.get(number - 1, 0))
    origins, following = [0] * len(rows), 0
    for number in range(len(rows), 0, -1):
        following = found.get(number, following)
        origins[number - 1] = following
    return tuple(origins)


@frozen
class _Token:
    """What formatting keeps; strings that stand side by side are one, for it joins those that fit a line."""

    type: int
    first: int
    last: int


def _tokens(text: str) -> Iterator[_Token]:
    """The tokens that formatting keeps, in their order."""
    string: _Token | None = None
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        first, last = token.start[0], token.end[0]
        depth += _OPENS.get(token.type, 0)
        if token.type == tokenize.STRING or token.type in _OPENS or depth:
            string = _Token(tokenize.STRING, string.first if string else first, last)
            continue
        if string is not None and token.type != tokenize.NL:
            yield string
            string = None
        if token.type not in _LAYOUT and token.string not in _MOVED:
            yield _Token(token.type, first, last)
