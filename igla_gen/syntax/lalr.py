"""Reads texts and terminals by the tables of a grammar.

Lark makes the tables from `grammar/NAME.lark` (see `igla_gen.syntax.tables`); they lie beside it as
`NAME.json`, since to make them takes longer than to read all specs. A table that was made of another
text than the one beside it is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import cache
from sys import intern
from typing import Any

from igla_gen.resources import grammar_text, table_text

Build = Callable[[list[Any]], Any]
# what to do in a state: the next state after a terminal or a part; or the rule that ends here, as
# the number of its parts, its name, and what builds its value (None where its only part is it)
_Step = int | tuple[int, str, Build | None]
_Match = Callable[[str, int], re.Match[str] | None]


class StaleTableError(RuntimeError):
    """The table of a grammar is damaged, or was made from another text of it."""


class Token(str):
    """A terminal of a text: what it says, its kind, and from where to where it stands."""

    __slots__ = ("end_pos", "start_pos", "type")

    def __new__(cls, kind: str, text: str, start: int) -> Token:
        token = str.__new__(cls, text)
        token.type = kind
        token.start_pos = start
        token.end_pos = start + len(text)
        return token


class UnexpectedError(ValueError):
    """A terminal that cannot stand where it stands; nothing that was read before it is lost."""

    def __init__(self, token: Any) -> None:
        super().__init__(token)
        self.token = token

    @property
    def offset(self) -> int:
        """Where a text stops making sense: its length where it breaks off."""
        return self.token.start_pos


class Tables:
    """The steps of a grammar for one of its start rules, and the builder of its values.

    The builder has a method for each rule, by the rule's name or that of its alternative; it takes
    the list of the rule's parts.
    """

    def __init__(self, grammar: str, start: str, builder: object) -> None:
        data = _table(grammar)
        reductions = [_reduction(rule, builder) for rule in data["rules"]]
        self.grammar = grammar
        self.first: int = data["starts"][start]
        self.steps: list[dict[str, _Step]] = [
            {
                intern(kind): step if step >= 0 else reductions[-1 - step]
                for kind, step in row.items()
            }
            for row in data["states"]
        ]
        self._lexers = _Lexers(data) if "lexers" in data else None
        self._unfolded: dict[tuple[int, int, str], int] = {}

    def unfold(self, below: int, state: int, kind: str) -> int:
        """The state after all the rules of one part that end, one for another, before a terminal.

        A name is an atom, a power, a product, a sum, ...: each level of precedence is such a rule.
        They change nothing but the last state, so where they lead is found out once.
        """
        key = below, state, kind
        found = self._unfolded.get(key)
        if found is None:
            while (step := self.steps[state].get(kind)).__class__ is tuple and step[2] is None:  # type: ignore[index]
                state = self.steps[below][step[1]]  # type: ignore[assignment, index]
            found = self._unfolded[key] = state
        return found

    def parse(self, text: str) -> Any:
        """What the builder makes of a text.

        Raises:
            UnexpectedError: at the character where it stops making sense.
        """
        assert self._lexers is not None
        run, matches, offset = Run(self), self._lexers.matches, 0
        feed, states = run.feed_token, run.state_stack
        while True:
            state = states[-1]
            found = (matches[state] or self._lexers.match_in(state))(text, offset)
            if found is None:
                break
            kind: str = found.lastgroup  # type: ignore[assignment]
            word = found[kind]
            offset = found.end()
            words = self._lexers.words[state].get(kind)
            kind = words.get(word, kind) if words else kind
            feed(Token(kind, word, offset - len(word)))
        offset = self._lexers.skip(text, offset).end()  # type: ignore[union-attr]
        if offset < len(text):
            raise UnexpectedError(Token("", text[offset], offset))
        feed(Token("$END", "", offset))
        return run.value_stack[0]


class _Lexers:
    """What may come in each state of a text, as patterns; each is compiled when it is first needed."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data
        self._made: dict[int, _Match] = {}
        self.matches: list[_Match | None] = [None] * len(data["states"])
        # kinds of which some words are of another kind: a name that is a word of the language
        self.words = [data["lexers"][lexer]["words"] for lexer in data["lexer_of"]]
        self.skip = re.compile(f"(?:{data['ignored']})*").match

    def match_in(self, state: int) -> _Match:
        """The pattern of a state: what is passed over, and one terminal."""
        lexer = self._data["lexer_of"][state]
        if lexer not in self._made:
            terminals, kinds = self._data["terminals"], self._data["lexers"][lexer]["kinds"]
            choices = "|".join(f"(?P<{kind}>{terminals[kind]})" for kind in kinds) or "(?!)"
            self._made[lexer] = re.compile(f"(?:{self._data['ignored']})*+(?:{choices})").match
        self.matches[state] = self._made[lexer]
        return self._made[lexer]


class Run:
    """Terminals on their way through the tables."""

    __slots__ = ("state_stack", "tables", "value_stack")

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.state_stack = [tables.first]
        self.value_stack: list[Any] = []

    def feed_token(self, token: Any) -> None:
        """Takes a terminal, after ending every rule that ends before it.

        Raises:
            UnexpectedError: it cannot stand here; nothing that was fed is lost.
        """
        states, values, steps = self.state_stack, self.value_stack, self.tables.steps
        kind = token.type
        while True:
            step = steps[states[-1]].get(kind)
            if step.__class__ is int:
                states.append(step)  # type: ignore[arg-type]
                values.append(token)
                return
            if step is None:
                raise UnexpectedError(token)
            size, name, build = step  # type: ignore[misc]
            if build is None:
                states[-1] = self.tables.unfold(states[-2], states[-1], kind)
                continue
            parts: list[Any] = []
            if size:
                parts = values[-size:]
                del states[-size:], values[-size:]
            values.append(build(parts))
            states.append(steps[states[-1]][name])  # type: ignore[arg-type]

    def end(self) -> Any:
        """The value of the whole."""
        self.feed_token(Token("$END", "", 0))
        return self.value_stack[0]


@cache
def _table(grammar: str) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(table_text(grammar))
        is_fresh = data["made_from"] == hashlib.sha256(grammar_text(grammar).encode()).hexdigest()
    except (ValueError, KeyError, TypeError):
        is_fresh = False
    if not is_fresh:
        raise StaleTableError(
            f"grammar/{grammar}.json was not made from grammar/{grammar}.lark as it is; "
            "make it again: python -m igla_gen.syntax.tables"
        )
    return data


def _reduction(rule: dict[str, Any], builder: object) -> _Step:
    """A rule that ends: which of its parts make its value, and how."""
    name, parts, method = intern(rule["name"]), rule.get("parts"), rule.get("build")
    if method is None:
        hand_on = None if parts is None else lambda found, at=parts[0]: found[at]
        return rule["size"], name, hand_on
    build: Build = _as_it_is if method.startswith("_") else getattr(builder, method)
    if rule.get("hands_on_one"):
        build = _unless_one(build)
    return rule["size"], name, build if parts is None else _choosing(parts, build)


def _as_it_is(found: list[Any]) -> list[Any]:
    """The parts of a rule that stand for it in another one."""
    return found


def _grown(list_: list[Any], found: list[Any], others: list[Any]) -> list[Any]:
    """The list of a repetition with what comes next; it is not copied, since nobody else has it."""
    for part in others:
        list_.append(found[part])
    return list_


def _unless_one(build: Build) -> Build:
    """One part alone is the value."""
    return lambda found: found[0] if len(found) == 1 else build(found)


def _choosing(parts: list[int | list[int] | None], build: Build) -> Build:
    """Builds from some of the parts: a number is one, a list one whose own parts stand for it, None
    the place of one that was left out.
    """
    first, *others = parts or [None]
    if all(isinstance(part, int) for part in others):
        if isinstance(first, int):
            return lambda found: build([found[part] for part in parts])  # type: ignore[index]
        if isinstance(first, list):
            return lambda found, at=first[0]: build(_grown(found[at], found, others))

    def choose(found: list[Any]) -> Any:
        chosen: list[Any] = []
        for part in parts:
            if isinstance(part, list):
                inner = found[part[0]]
                chosen = chosen + inner if chosen else inner  # a list that grows is not copied
            else:
                chosen.append(None if part is None else found[part])
        return build(chosen)

    return choose
