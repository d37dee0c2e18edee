"""The only values that may fill a hole of a template: a string from a spec is never code."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection

WIDTH = 92  # of docstring text, which is indented
# what no reviewer sees: in a spec it can only stand as an escape, and so it does in a docstring
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LINE = "\x00"  # a line break that takes over the indentation of the line its hole stands on


class Code(str):
    """Python source that the compiler made."""


def code(source: str) -> Code:
    """Source that keeps its own line structure wherever its hole is indented."""
    return Code(source.strip("\n").replace("\n", LINE))


def doc(paragraphs: list[str]) -> Code:
    """Docstring text: paragraphs wrapped, quotes and backslashes made harmless.

    A paragraph whose lines are indented by its author (a list of arguments) keeps its lines.
    """
    wrapped = [_wrap(paragraph) for paragraph in paragraphs if paragraph.strip()]
    text = "\n\n".join(wrapped).replace("\\", "\\\\").replace('"""', r"\"\"\"")
    text = escaped(text)
    if text.endswith('"'):
        text += " "
    lines = text.split("\n")
    if len(lines) > 1:
        lines.append("")
    return Code(LINE.join(lines))


def escaped(text: str) -> str:
    """Text of a docstring with an escape for each character that no reviewer sees."""
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _wrap(paragraph: str) -> str:
    lines = paragraph.strip("\n").split("\n")
    wrapped: list[str] = []
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        hanging = indent + ("    " if indent else "")
        wrapped += textwrap.wrap(
            line.strip(), WIDTH, initial_indent=indent, subsequent_indent=hanging,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    return "\n".join(wrapped)


def place_lines(text: str) -> str:
    """Gives the lines of every multi-line hole the indentation of the line it stands on."""
    out: list[str] = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip(" "))]
        first, *rest = line.split(LINE)
        out.append(first)
        out += [(indent + more) if more.strip() or more == "" else "" for more in rest]
    return "\n".join(piece.rstrip() if not piece.strip() else piece for piece in out)


def sentence(text: str, *, names: Collection[str] = ()) -> str:
    """The text with a capital in front and a full stop at the end; a name or formula keeps its case."""
    text = " ".join(text.split())
    if not text:
        return text
    first = text.split()[0].rstrip(".,:;")
    is_word = first.replace("-", "").replace("'", "").isalpha() and first not in names
    is_code = not is_word or (len(first) == 1 and first != "a")
    text = text if is_code else text[0].upper() + text[1:]
    return text if text[-1] in ".!?:" else text + "."
