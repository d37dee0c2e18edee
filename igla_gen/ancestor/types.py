"""The ancestor's type names in today's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from igla_gen.frozen import frozen

_SCALARS = {
    "Int": "int integer long short byte i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 usize isize "
    "Int Integer Int8 Int16 Int32 Int64 UInt UInt8 UInt16 UInt32 UInt64 Long Byte U8 U16 U32 U64 "
    "I8 I16 I32 I64",
    "Float": "float double f16 f32 f64 f128 Float Double Float16 Float32 Float64 F16 F32 F64 number Number",
    "Bool": "bool boolean Bool Boolean",
    "String": "str string String Str text Text char Char",
    "Path": "Path",
    "None": "void Void None null Null unit Unit",
    "Any": "any Any object Object anytype anyopaque Timestamp DateTime Date Time Duration Bytes "
    "bytes JSON Json json Tensor Matrix Vector Function Callable Pointer",
}
SCALARS = {word: today for today, words in _SCALARS.items() for word in words.split()}
_LISTS = ("List", "Array", "Vec", "Set", "Seq", "Slice", "ArrayList", "list", "array", "Sequence")
_MAPS = ("Map", "HashMap", "Dict", "dict", "map", "StringHashMap", "AutoHashMap")
_OPTIONS = ("Option", "Optional", "Maybe", "option", "optional")
_NAME = re.compile(r"[^\W\d]\w*")
_GENERIC = re.compile(r"([^\W\d]\w*)\s*[<(\[](.*)[>)\]]", re.DOTALL)
_SLICE = re.compile(r"\[\s*\w*\s*\]\s*(?:const\s+)?(.+)", re.DOTALL)


@frozen
class Translated:
    """A type in today's words, and the names in it that nothing declares."""

    text: str
    unknown: tuple[str, ...] = ()


def translate(text: str, declared: Mapping[str, str]) -> Translated:
    """Today's word for an old type; `declared` maps old names of types to new ones.

    What today's language has no word for (a function, a struct on the spot) is Any.
    """
    text = " ".join(text.split())
    if text in declared:
        return Translated(declared[text])
    if text in SCALARS:
        return Translated(SCALARS[text])
    if text in ("[]const u8", "[]u8", "&str", "*const u8"):
        return Translated("String")
    if text.startswith("?"):
        return _wrap("Option", text[1:], declared)
    if text.endswith("?"):
        return _wrap("Option", text[:-1], declared)
    if text.startswith("*"):
        return translate(text[1:].removeprefix("const "), declared)
    if match := _SLICE.fullmatch(text):
        return _wrap("List", match.group(1), declared)
    if text.startswith("[") and text.endswith("]"):
        return _wrap("List", text[1:-1], declared)
    if match := _GENERIC.fullmatch(text):
        return _generic(match.group(1), _split(match.group(2)), declared)
    return Translated("Any", (text,) if _NAME.fullmatch(text) else ())


def _wrap(name: str, inner: str, declared: Mapping[str, str]) -> Translated:
    if not inner.strip():
        return Translated("Any")
    found = translate(inner, declared)
    return Translated(f"{name}<{found.text}>", found.unknown)


def _generic(name: str, arguments: list[str], declared: Mapping[str, str]) -> Translated:
    if name in _LISTS and len(arguments) == 1:
        return _wrap("List", arguments[0], declared)
    if name in _OPTIONS and len(arguments) == 1:
        return _wrap("Option", arguments[0], declared)
    found = [translate(argument, declared) for argument in arguments if argument.strip()]
    unknown = tuple(word for item in found for word in item.unknown)
    if name in _MAPS and len(found) == 2:
        return Translated(f"Map<{found[0].text}, {found[1].text}>", unknown)
    return Translated("Any")


def _split(text: str) -> list[str]:
    """The arguments between commas that stand in no bracket of their own."""
    parts, depth = [""], 0
    for char in text:
        depth += (char in "<([{") - (char in ">)]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
