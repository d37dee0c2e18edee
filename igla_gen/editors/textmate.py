"""A TextMate grammar for colours, made from the tables that the compiler itself reads with.

`python -m igla_gen.editors.textmate > editors/vibee.tmLanguage.json` writes it.
"""

from __future__ import annotations

import json
from typing import Any

from igla_gen.editors.keys import KEYS
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS

_Pattern = dict[str, Any]
PROSE = ("description", "given", "when", "then", "raises", "saying")
_WORDS = {"true", "false", "none", "null", "pi", "inf"}


def grammar() -> _Pattern:
    """The whole grammar, as the file holds it."""
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "vibee",
        "scopeName": "source.vibee",
        "fileTypes": ["vibee"],
        "patterns": [_include(name) for name in ("block", "prose", "key", "value")],
        "repository": {
            "block": {"patterns": _blocks()},
            "prose": _prose(),
            "key": {"patterns": _keys()},
            "value": {"patterns": [_include("comment"), _include("string"), *_values()]},
            "comment": {"name": "comment.line.number-sign.vibee", "match": r"(?:^|(?<=\s))#.*$"},
            "string": {"patterns": _strings()},
        },
    }


def _include(name: str) -> _Pattern:
    return {"include": f"#{name}"}


def _any_of(words: Any) -> str:
    return "|".join(sorted(words, key=lambda word: (-len(word), word)))


def _captures(**names: str) -> _Pattern:
    return {number.lstrip("_"): {"name": f"{name}.vibee"} for number, name in names.items()}


def _blocks() -> list[_Pattern]:
    """`|` blocks: each goes on while lines are indented deeper than its key, or than its dash."""
    key = r"([^\s#\"'\[{-][^:#]*)(:)\s+"
    return [_block(r"()" + key, " "), _block(r"(- )" + key, "   "), _block(r"(-)()()\s+", " ")]


def _block(head: str, deeper: str) -> _Pattern:
    return {
        "begin": rf"^( *){head}(\|[-+0-9]*)\s*(#.*)?$",
        "beginCaptures": _captures(
            _2="punctuation.definition.list", _3="entity.name.tag", _4="punctuation.separator",
            _5="keyword.operator.block", _6="comment.line.number-sign",
        ),
        "end": rf"^(?!\1{deeper}|\s*$)",
        "contentName": "string.unquoted.block.vibee",
    }  # fmt: skip


def _prose() -> _Pattern:
    """Sentences: nothing in them is a type or an operator."""
    return {
        "match": rf"^( *)((?:- +)*)({_any_of(PROSE)})(:)\s+(?![\"'|\[{{])(.*?)(\s#.*)?$",
        "captures": _captures(
            _2="punctuation.definition.list", _3="keyword.other.key", _4="punctuation.separator",
            _5="string.unquoted.prose", _6="comment.line.number-sign",
        ),
    }  # fmt: skip


def _keys() -> list[_Pattern]:
    known = {key for keys in KEYS.values() for key in keys}
    before = r"(?:^|(?<=[\s{,]))"
    name = r"[^\s\"'\[\]{},:#][^\s,:\[\]{}#]*"
    return [
        {
            "match": rf"{before}({_any_of(known)})(:)(?=\s|$)",
            "captures": _captures(_1="keyword.other.key", _2="punctuation.separator"),
        },
        {
            "match": rf"{before}({name})(:)(?=\s|$)",
            "captures": _captures(_1="entity.name.tag", _2="punctuation.separator"),
        },
        {"match": r"^\s*((?:-(?: +|$))+)", "captures": _captures(_1="punctuation.definition.list")},
    ]


def _strings() -> list[_Pattern]:
    escape = {"name": "constant.character.escape.vibee", "match": r"\\."}
    return [
        {"name": "string.quoted.double.vibee", "begin": '"', "end": '"', "patterns": [escape]},
        {
            "name": "string.quoted.single.vibee", "begin": "'", "end": "'(?!')",
            "patterns": [{"name": "constant.character.escape.vibee", "match": "''"}],
        },
    ]  # fmt: skip


def _values() -> list[_Pattern]:
    generics = {*GENERICS, "Enum", "Tensor"}
    functions = VOCABULARY - _WORDS
    number = r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w.]*\w)"
    return [
        {"name": "string.unquoted.help.vibee", "match": r"(?<=\s)--\s.*$"},
        {"name": "storage.type.generic.vibee", "match": rf"\b(?:{_any_of(generics)})(?=[<\[])"},
        {"name": "storage.type.vibee", "match": rf"\b(?:{_any_of({*SCALARS, *FOREIGN})})\b"},
        {"name": "constant.language.vibee", "match": rf"\b(?:{_any_of(_WORDS)})\b"},
        {"name": "support.function.vibee", "match": rf"\b(?:{_any_of(functions)})(?=\()"},
        {"name": "keyword.operator.word.vibee", "match": r"\b(?:and|or|not|in|if|else)\b"},
        {"name": "constant.numeric.vibee", "match": number},
        {"name": "entity.name.type.vibee", "match": r"\b[A-Z]\w*\b"},
        {"name": "keyword.operator.vibee", "match": r"~=|[=!<>]=|[-+*/%^@=<>]|//"},
    ]


def main() -> None:
    """Prints the grammar."""
    print(json.dumps(grammar(), indent=2))


if __name__ == "__main__":
    main()
