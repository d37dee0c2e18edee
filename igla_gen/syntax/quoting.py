"""How a text is written down as a scalar: when it may stand bare, and in which quotes it stands else."""

from __future__ import annotations

import re

_INDICATORS = "&*!|>%@`\"'[]{}#,"
_UNSEEN = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff"
_NOT_PLAIN = re.compile(rf":(?=\s|$)|\s#|[{_UNSEEN}]")
_NOT_PLAIN_IN_FLOW = re.compile(r"[,\[\]{}]|:(?=[,\[\]{}])")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_MUST_ESCAPE = re.compile(rf'["\\{_UNSEEN}]')


def may_stand_plain(text: str, *, in_flow: bool = False) -> bool:
    """Whether a reader takes the bare text for exactly this text (or for the number it spells)."""
    if not text or text != text.strip(" \t") or text[0] in _INDICATORS:
        return False
    if text[0] in "-?:" and text[1:2] in ("", " ", "\t"):
        return False
    if in_flow and text[0] in "?:":
        return False
    return not (_NOT_PLAIN.search(text) or (in_flow and _NOT_PLAIN_IN_FLOW.search(text)))


def double_quoted(text: str) -> str:
    """The text in double quotes on one line, with all that cannot be seen written as escapes."""
    return f'"{_MUST_ESCAPE.sub(_escape, text)}"'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _SHORT:
        return _SHORT[char]
    return f"\\x{ord(char):02x}" if ord(char) < 0x100 else f"\\u{ord(char):04x}"
