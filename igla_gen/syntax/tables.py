"""Makes the tables of the grammars; Lark finds the states, the steps and what may come in each.

    python -m igla_gen.syntax.tables

writes `grammar/NAME.json` for each `grammar/NAME.lark`. States are numbered in the order in which
they are met, so that a table is a function of the text of its grammar and of Lark alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from lark import Lark
from lark.common import LexerConf
from lark.grammar import Rule
from lark.lexer import BasicLexer, ContextualLexer, Lexer, Token

from igla_gen.resources import grammar_text, resource_root

# the rules that a text may be read by
STARTS = {
    "document": ("start", "flow"),
    "expressions": ("start",),
    "quantities": ("quantity",),
    "types": ("field", "type"),
}
_FED = ("document",)  # whose terminals come from a scanner


class _NoLexer(Lexer):
    """Stands for a scanner."""

    def __init__(self, _conf: LexerConf) -> None:
        pass

    def lex(self, _state: object) -> Iterator[Token]:  # type: ignore[override]
        return iter(())


def lark_of(grammar: str, builder: object = None) -> Lark:
    """Lark's own parser of a grammar."""
    fed: dict[str, Any] = {"lexer": _NoLexer} if grammar in _FED else {}
    return Lark(
        grammar_text(grammar),
        parser="lalr",
        start=list(STARTS[grammar]),
        maybe_placeholders=grammar not in _FED,
        transformer=builder,  # type: ignore[arg-type]
        **fed,
    )


def table_of(grammar: str) -> str:
    """The text of the table."""
    lark = lark_of(grammar)
    conf = lark.parse_interactive(start=STARTS[grammar][0]).parser_state.parse_conf
    rows, starts = conf.states, conf.parse_table.start_states
    order = _numbered(rows, [starts[start] for start in STARTS[grammar]])
    rules = {rule: index for index, rule in enumerate(lark.rules)}
    states = [
        {
            str(kind): -1 - rules[target] if isinstance(target, Rule) else order[target]
            for kind, (_, target) in sorted(rows[state].items())
        }
        for state in order
    ]
    for start in STARTS[grammar]:
        end = order[conf.parse_table.end_states[start]]
        states[end]["$END"] = end
    table = {
        "made_from": hashlib.sha256(grammar_text(grammar).encode()).hexdigest(),
        "starts": {start: order[starts[start]] for start in STARTS[grammar]},
        "rules": [_rule(rule) for rule in lark.rules],
        "states": states,
        **({} if grammar in _FED else _lexers(lark, list(order))),
    }
    return _pretty(table)


def _numbered(rows: dict[int, dict[str, Any]], first: list[int]) -> dict[int, int]:
    """Lark's numbers to ours."""
    met = list(first)
    for state in met:  # grows while it is read
        targets = (target for _, (_, target) in sorted(rows[state].items()))
        met += [t for t in dict.fromkeys(targets) if not isinstance(t, Rule) and t not in met]
    return {state: number for number, state in enumerate(met)}


def _rule(rule: Rule) -> dict[str, Any]:
    """How many parts a rule has, and which of them make its value in which way."""
    parts, hands_on_one = _parts(rule), rule.options.expand1 and rule.alias is None
    found: dict[str, Any] = {"name": str(rule.origin.name), "size": len(rule.expansion)}
    inlines = any(isinstance(part, list) for part in parts)
    if not (hands_on_one and len(parts) == 1 and not inlines):
        found["build"] = str(rule.alias or rule.origin.name)
        if hands_on_one and inlines:
            found["hands_on_one"] = True
    if parts != list(range(len(rule.expansion))):
        found["parts"] = parts
    return found


def _parts(rule: Rule) -> list[int | list[int] | None]:
    """The parts that are kept, by their places; None where one may be and is not.

    A list is a part whose own parts stand for it: its rule has a name that begins with _.
    """
    symbols = iter(enumerate(rule.expansion))
    parts: list[int | list[int] | None] = []
    for is_left_out in rule.options.empty_indices or [False] * len(rule.expansion):
        if is_left_out:
            parts.append(None)
            continue
        place, symbol = next(symbols)
        if not symbol.is_term and symbol.name.startswith("_"):
            parts.append([place])
        elif not (symbol.is_term and symbol.filter_out) or rule.options.keep_all_tokens:
            parts.append(place)
    return parts


def _lexers(lark: Lark, states: list[int]) -> dict[str, Any]:
    """Which terminals may come in which state, in the order in which they are tried."""
    contextual = lark.parser.lexer
    assert isinstance(contextual, ContextualLexer)
    kept: list[dict[str, Any]] = []
    lexer_of = []
    for state in states:
        lexer = _lexer(contextual.lexers[state])
        if lexer not in kept:
            kept.append(lexer)
        lexer_of.append(kept.index(lexer))
    by_name = {t.name: t.pattern.to_regexp() for t in lark.terminals}
    return {
        "ignored": "|".join(by_name[name] for name in lark.ignore_tokens),
        "terminals": {
            name: by_name[name] for name in sorted(by_name) if name not in lark.ignore_tokens
        },
        "lexers": kept,
        "lexer_of": lexer_of,
    }


def _lexer(lexer: Any) -> dict[str, Any]:
    assert isinstance(lexer, BasicLexer)
    kinds = [t.name for t in lexer.scanner.terminals if t.name not in lexer.ignore_types]
    words = {
        name: {t.pattern.value: t.name for t in callback.scanner.terminals}
        for name, callback in sorted(lexer.callback.items())
    }
    return {"kinds": kinds, "words": words}


def _pretty(table: dict[str, Any]) -> str:
    """JSON with a line for each state, rule and lexer, so that changes can be reviewed."""
    lines = []
    for key, value in table.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = ",\n  ".join(json.dumps(item, ensure_ascii=False) for item in value)
            lines.append(f'"{key}": [\n  {inner}\n ]')
        else:
            lines.append(f'"{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def main() -> None:
    for grammar in STARTS:
        path = resource_root() / "grammar" / f"{grammar}.json"
        path.write_text(table_of(grammar), encoding="utf-8")
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
