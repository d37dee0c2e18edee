"""`igla-gen explain`: what a rule reports, why, and what to do."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import typer

from igla_gen.cli.common import stop
from igla_gen.diagnostics import suggestion
from igla_gen.rules import MODULES, Rule, all_rules, find_rule

VERSION = 1  # of the JSON, as docs/seams.md describes it


def run(
    rule: Annotated[
        str | None, typer.Argument(help="Code or name, such as IG411 or trivial-law.")
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="Every rule: code, name, fix, what it reports.")
    ] = False,
    output_format: Annotated[
        Literal["text", "json"], typer.Option("--output-format", help="Form of the answer.")
    ] = "text",
) -> None:
    """Explain a rule: what it reports, why, a bad and a good example, what mends it."""
    if list_all == (rule is not None):
        stop("name one rule, or ask for all of them with --list", 2)
    if rule is None:
        rules = all_rules()
        data = {"version": VERSION, "rules": [_summary(item) for item in rules]}
        print(json.dumps(data, indent=1) if output_format == "json" else _table(rules))
        return
    found = find_rule(rule)
    if found is None:
        codes = MODULES if rule[:2].upper() == "IG" else MODULES.values()
        stop(f'there is no rule "{rule}"; {suggestion(_as_known(rule), codes)}', 2)
    _explain(found, as_json=output_format == "json")


def _as_known(word: str) -> str:
    return word.upper() if word[:2].upper() == "IG" else word.lower().replace("_", "-")


def _table(rules: list[Rule]) -> str:
    from igla_gen.reference.rules import first_sentence

    width = max(len(item.name) for item in rules)
    return "\n".join(
        f"{item.code}  {item.name:{width}}  {item.fix or '-':7}  {first_sentence(item.what)}"
        for item in rules
    )


def _summary(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "fix": rule.fix,
        "suppressible": rule.suppressible,
        "what": rule.what,
        "why": rule.why,
    }


def _explain(rule: Rule, *, as_json: bool) -> None:
    from igla_gen.reference.rules import rule_page
    from igla_gen.reference.trial import said_of

    if not as_json:
        print(rule_page(rule), end="")
        return
    data = {"version": VERSION} | _summary(rule)
    for key, example in (("bad", rule.bad), ("good", rule.good)):
        data[key] = {
            path: text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
            for path, text in example.files.items()
        }
    data["reported"] = said_of(rule) if rule.bad.files else None
    print(json.dumps(data, indent=1))
