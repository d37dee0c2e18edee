"""What a rule is, and running all of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.model.library import Library, Unit

Check = Callable[["Finder", Library, Unit], None]

MODULES = (
    "reserved_name",
    "duplicate_name",
    "cyclic_uses",
    "unresolved_type",
    "missing_template",
    "missing_hole",
    "behavior_without_block",
    "block_without_behavior",
    "signature_mismatch",
    "behavior_without_test",
    "check_without_test",
    "test_without_check",
    "law_shape",
    "trivial_law",
    "useless_tolerance",
    "unknown_name",
    "missing_example",
    "constraint_violated",
    "untestable_constraint",
    "section_values",
    "unused_line",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One lint rule; `bad` and `good` are specs that it reports and does not report."""

    code: str
    name: str
    why: str
    bad: str
    good: str
    check: Check


@dataclass(frozen=True, slots=True)
class Finder:
    """Reports findings under the code and name of one rule."""

    rule: Rule
    library: Library

    def report(self, message: str, span: Span, hint: str | None = None) -> None:
        self.library.findings.items.append(
            Diagnostic(self.rule.code, self.rule.name, message, span, hint)
        )


def all_rules() -> list[Rule]:
    """Every rule, in the order in which they run."""
    return [importlib.import_module(f"igla_gen.rules.{name}").RULE for name in MODULES]


def run_rules(library: Library) -> None:
    """Adds to the library's findings what the rules find in every unit."""
    for rule in all_rules():
        finder = Finder(rule, library)
        for unit in list(library.units.values()):
            rule.check(finder, library, unit)


HEADER = """\
name: igla_example
version: "1.0.0"
language: python
module: igla.architecture.normalization
description: An example.
"""
