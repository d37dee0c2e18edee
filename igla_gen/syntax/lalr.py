"""Runs the tables that Lark makes of a grammar, in a loop half as long as Lark's own.

Lark's loop asks for a builder by rule at each step, and calls one even for a rule that hands on its
only part; in a language of expressions most steps are of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import intern
from typing import Any

from lark import Lark, Token, UnexpectedToken
from lark.grammar import Rule

# what to do in a state: the next state after a terminal or a part; or the rule that ends here, as
# the number of its parts, its name, and what builds its value (None where its only part is it)
_Step = int | tuple[int, str, Callable[[list[Any]], Any] | None]


class Tables:
    """The steps of a grammar for one of its start rules."""

    def __init__(self, lark: Lark, start: str) -> None:
        conf = lark.parse_interactive(start=start).parser_state.parse_conf
        self.lark = lark
        self.start = start
        self.first = conf.start_state
        self.steps: dict[int, dict[str, _Step]] = {
            state: {
                intern(str(kind)): _reduction(target, conf.callbacks) if isinstance(target, Rule) else target
                for kind, (_, target) in row.items()
            }
            for state, row in conf.states.items()
        }
        self.steps[conf.end_state]["$END"] = conf.end_state

    def parse(self, text: str) -> Any:
        """What the builders make of a text.

        Raises:
            UnexpectedInput: at the character where it stops making sense.
        """
        run = Run(self)
        feed, token = run.feed_token, None
        for token in self.lark.parse_interactive(text, self.start).lexer_thread.lex(run):
            feed(token)
        return run.end(token)


class Run:
    """One text on its way through the tables."""

    __slots__ = ("state_stack", "tables", "value_stack")

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.state_stack = [tables.first]
        self.value_stack: list[Any] = []

    @property
    def position(self) -> int:
        """The state, by which Lark's lexer knows what may come."""
        return self.state_stack[-1]

    def feed_token(self, token: Any) -> None:
        """Takes a terminal, after ending every rule that ends before it.

        Raises:
            UnexpectedToken: it cannot stand here; nothing that was fed is lost.
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
                raise UnexpectedToken(token, set(filter(str.isupper, steps[states[-1]])))
            size, name, build = step  # type: ignore[misc]
            if build is None:
                states[-1] = steps[states[-2]][name]  # type: ignore[assignment]
                continue
            parts: list[Any] = []
            if size:
                parts = values[-size:]
                del states[-size:], values[-size:]
            values.append(build(parts))
            states.append(steps[states[-1]][name])  # type: ignore[arg-type]

    def end(self, last: Token | None = None) -> Any:
        """The value of the whole; `last` is the terminal before the end."""
        end = Token.new_borrow_pos("$END", "", last) if last else Token("$END", "", 0, 1, 1)
        self.feed_token(end)
        return self.value_stack[0]


def _reduction(rule: Rule, callbacks: Any) -> _Step:
    hands_on = (
        rule.options.expand1
        and rule.alias is None
        and len(rule.expansion) == 1
        and not rule.expansion[0].is_term
        and not any(rule.options.empty_indices)
    )
    return len(rule.expansion), intern(str(rule.origin.name)), None if hands_on else callbacks[rule]
