"""Where the cursor is: the path of keys that leads there, found in the text by its indentation.

It looks at lines alone, so it answers in documents that are being written and cannot be read yet.
"""

from __future__ import annotations

import re

from igla_gen.frozen import frozen

ITEM = "-"  # a step of a path into a list
_LINE = re.compile(r"(?P<indent> *)(?P<dashes>(?:-(?: +|$))*)(?P<rest>.*)")
_KEY = re.compile(r"(?P<key>\"[^\"]*\"|'[^']*'|[^\s\"'\[\]{},#][^:#]*?)\s*:(?=\s|$)")
_FLOW_KEY = re.compile(r"\s*(?P<key>\"[^\"]*\"|'[^']*'|[^\s\"'\[\]{},:]+)\s*:\s")


@frozen
class Context:
    """`path` leads to the collection that the cursor is in; `key` is the key whose value it is in, if any.

    `word` is what stands between the start of the key or value and the cursor; `keys` are the other
    keys of the same mapping.
    """

    path: tuple[str, ...]
    key: str | None
    word: str
    keys: frozenset[str]
    line: int  # counted from zero

    @property
    def whole_path(self) -> tuple[str, ...]:
        """The path with the key at its end."""
        return self.path if self.key is None else (*self.path, self.key)


@frozen
class _Line:
    """One line: the columns of its dashes, the column of its content, and its key if it has one."""

    dashes: tuple[int, ...]
    column: int
    key: str | None
    value_at: int  # column behind the colon

    @property
    def first(self) -> int:
        return self.dashes[0] if self.dashes else self.column


def _read(text: str) -> _Line | None:
    match = _LINE.match(text)
    if match is None or not text.strip() or match["rest"].startswith("#"):
        return None
    start = match.start("rest")
    dashes = tuple(match.start("dashes") + m.start() for m in re.finditer("-", match["dashes"]))
    key = _KEY.match(match["rest"])
    end = start + key.end() if key else start
    return _Line(dashes, start, _bare(key["key"]) if key else None, end)


def _bare(key: str) -> str:
    return key[1:-1] if key[:1] in "\"'" and len(key) > 1 else key.strip()


def context_at(lines: list[str], line: int, column: int) -> Context:
    """The context of the character before `column` of `line`; both count from zero."""
    text = lines[line] if line < len(lines) else ""
    before = text[:column]
    here = _read(before)
    if here is None:
        inside = _in_block(lines, line, len(before))
        path = _outward(lines, line, len(before))
        return Context(path, "" if inside else None, "", _beside(lines, line, len(before)), line)
    path = _outward(lines, line, here.first) + (ITEM,) * len(here.dashes)
    keys = _beside(lines, line, here.column, item=bool(here.dashes))
    if here.key is None:
        return _in_flow(
            before[here.column :], Context(path, None, before[here.column :], keys, line)
        )
    value = before[here.value_at :].lstrip()
    return _in_flow(value, Context(path, here.key, value, keys, line))


def _in_block(lines: list[str], line: int, column: int) -> bool:
    """Whether the place is inside the text of a `|` block."""
    for number in range(line - 1, -1, -1):
        above = _read(lines[number])
        if above is not None and above.first < column:
            return re.search(r"[:-]\s+\|[-+0-9]*\s*(#.*)?$", lines[number]) is not None
    return False


def _beside(lines: list[str], line: int, column: int, *, item: bool = False) -> frozenset[str]:
    """The other keys of the mapping whose keys begin at `column`; an item begins on this line."""
    above = set() if item else _above(lines, line, column)
    return frozenset(above | _below(lines, line, column))


def _outward(lines: list[str], line: int, column: int) -> tuple[str, ...]:
    """The keys and items above that hold what begins at `column`."""
    path: list[str] = []
    is_dash = line < len(lines) and lines[line][column : column + 1] == "-"
    for number in range(line - 1, -1, -1):
        above = _read(lines[number])
        if above is None:
            continue
        if above.key is not None and _holds(above, column, is_dash):
            path.insert(0, above.key)
            column, is_dash = above.column, False
        while above.dashes and column > above.dashes[-1] and above.column >= column:
            column, is_dash = above.dashes[-1], True
            path.insert(0, ITEM)
            above = _Line(above.dashes[:-1], column, None, 0)
    return tuple(path)


def _holds(above: _Line, column: int, is_dash: bool) -> bool:
    return above.column < column or (is_dash and above.column == column)


def _above(lines: list[str], line: int, column: int) -> set[str]:
    """Keys of the same mapping above the line."""
    found: set[str] = set()
    for number in range(line - 1, -1, -1):
        other = _read(lines[number])
        if other is None or other.first > column:
            continue
        if other.column == column and other.key is not None:
            found.add(other.key)
        if other.column < column or other.first < column:
            break
    return found


def _below(lines: list[str], line: int, column: int) -> set[str]:
    """Keys of the same mapping below the line."""
    found: set[str] = set()
    for number in range(line + 1, len(lines)):
        other = _read(lines[number])
        if other is None or other.first > column:
            continue
        if other.column < column or other.dashes:
            break
        if other.key is not None:
            found.add(other.key)
    return found


def _in_flow(value: str, outside: Context) -> Context:
    """The context inside the brackets that are open at the end of `value`."""
    path, key, keys = outside.path, outside.key, outside.keys
    stack: list[tuple[str, str | None, set[str]]] = []
    start, quote = 0, ""
    for index, char in enumerate(value):
        if quote:
            quote = "" if char == quote and value[index - 1] != "\\" else quote
        elif char in "\"'" and value[start:index].rstrip()[-1:] in ("", ":"):
            quote = char
        elif char in "[{":
            stack.append((char, key if not stack else _key_of(value[start:index]), set()))
            start = index + 1
        elif char in "]}" and stack:
            stack.pop()
            start = index + 1
        elif char == "," and stack:
            stack[-1][2].add(_key_of(value[start:index]) or value[start:index].strip())
            start = index + 1
    if not stack:
        return outside
    for bracket, own, _ in stack:
        path += ((own,) if own else ()) + ((ITEM,) if bracket == "[" else ())
    piece = value[start:].lstrip()
    key = _key_of(piece) if stack[-1][0] == "{" else None
    word = _FLOW_KEY.sub("", piece, count=1) if key else piece
    keys = frozenset(stack[-1][2])
    return Context(path, key, word.lstrip(), keys, outside.line)


def _key_of(piece: str) -> str | None:
    match = _FLOW_KEY.match(piece)
    return _bare(match["key"]) if match else None
