"""What a rule is, the table of all of them, and running those that look at specs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from igla_gen.diagnostics import Diagnostic, Fix, Safety, Severity, Span
from igla_gen.frozen import frozen
from igla_gen.processes import in_parts
from igla_gen.rules.examples import Example

if TYPE_CHECKING:
    from igla_gen.model.library import Library, Unit

    Check = Callable[["Finder", Library, Unit], None]

# every code that igla-gen can report; the rule stands in the module of its name, with _ for -
MODULES: dict[str, str] = {
    "IG101": "tab-in-indentation",
    "IG102": "bad-indentation",
    "IG103": "unexpected-text",
    "IG104": "unsupported-syntax",
    "IG105": "colon-in-plain-value",
    "IG106": "unclosed-quote",
    "IG107": "bad-escape",
    "IG108": "unclosed-bracket",
    "IG109": "duplicate-key",
    "IG110": "empty-file",
    "IG111": "not-utf-8",
    "IG112": "unreadable-file",
    "IG113": "nested-too-deep",
    "IG114": "control-character",
    "IG115": "not-formatted",
    "IG116": "bidi-control",
    "IG117": "number-too-long",
    "IG118": "uneven-indentation",
    "IG201": "bad-type",
    "IG202": "bad-expression",
    "IG203": "unknown-key",
    "IG204": "missing-key",
    "IG205": "wrong-shape",
    "IG206": "wrong-type",
    "IG207": "duplicate-module",
    "IG208": "unknown-kind",
    "IG209": "bad-module",
    "IG210": "unsupported-language",
    "IG211": "unresolved-module",
    "IG212": "unknown-name",
    "IG213": "not-a-blueprint",
    "IG214": "not-a-model",
    "IG215": "dimension-mismatch",
    "IG216": "wrong-argument",
    "IG217": "ill-typed-expression",
    "IG218": "unknown-field",
    "IG219": "unknown-variant",
    "IG301": "constraint-violated",
    "IG302": "contract-mismatch",
    "IG303": "mixture-sum",
    "IG304": "label-mismatch",
    "IG401": "behavior-without-test",
    "IG402": "check-without-test",
    "IG403": "test-without-check",
    "IG404": "behavior-without-block",
    "IG405": "block-without-behavior",
    "IG406": "unresolved-type",
    "IG407": "reserved-name",
    "IG408": "duplicate-name",
    "IG409": "signature-mismatch",
    "IG410": "law-shape",
    "IG411": "trivial-law",
    "IG412": "useless-tolerance",
    "IG413": "missing-example",
    "IG414": "missing-template",
    "IG415": "cyclic-uses",
    "IG416": "untestable-constraint",
    "IG417": "unused-line",
    "IG418": "missing-hole",
    "IG419": "unused-declaration",
    "IG420": "shadowed-name",
    "IG421": "shape-alone",
    "IG422": "ambiguous-name",
    "IG423": "similar-name",
    "IG424": "unread-field",
    "IG425": "unread-variant",
    "IG426": "out-of-order",
    "IG427": "unlisted-use",
    "IG501": "suppression-without-reason",
    "IG502": "unused-suppression",
    "IG503": "unknown-rule",
    "IG504": "firm-rule",
    "IG505": "bad-suppression",
    "IG510": "pending-behavior",
    "IG511": "ancestor-spec",
    "IG512": "prose-only",
    "IG513": "capital-key",
    "IG514": "ancestor-key",
    "IG515": "prose-test-case",
    "IG516": "case-without-behavior",
    "IG517": "code-in-spec",
}

FEWEST = 8  # units of a process: to begin one for less takes longer

# those of them that look at specs which were read without fault, in the order in which they run
RUNS = (
    "IG407",
    "IG408",
    "IG415",
    "IG406",
    "IG414",
    "IG418",
    "IG404",
    "IG405",
    "IG409",
    "IG401",
    "IG402",
    "IG403",
    "IG410",
    "IG411",
    "IG412",
    "IG212",
    "IG217",
    "IG413",
    "IG301",
    "IG416",
    "IG302",
    "IG303",
    "IG304",
    "IG417",
    "IG419",
    "IG420",
    "IG421",
    "IG422",
    "IG423",
    "IG424",
    "IG425",
    "IG426",
    "IG427",
    "IG510",
)


@frozen
class Rule:
    """One code that igla-gen reports; `bad` and `good` are specs that it reports and does not report.

    `what` says what is reported, `why` what goes wrong without it: whole sentences, the text of the
    rule's page. `fix` is the safety of the fix that its findings carry, None where they carry none.
    A rule is `suppressible` where the output is right all the same. `check` looks at one unit; it is
    None where an earlier pass reports the code.
    """

    code: str
    name: str
    what: str
    why: str
    bad: Example
    good: Example
    fix: Safety | None = None
    suppressible: bool = False
    severity: Severity = "error"
    check: Check | None = None


@frozen
class Finder:
    """Reports findings under the code and name of one rule."""

    rule: Rule
    library: Library

    def report(
        self, message: str, span: Span, hint: str | None = None, fix: Fix | None = None
    ) -> None:
        rule = self.rule
        self.library.findings.items.append(
            Diagnostic(rule.code, rule.name, message, span, hint, rule.severity, fix)
        )


def load_rule(code: str) -> Rule:
    """The rule of a code in MODULES."""
    return importlib.import_module(f"igla_gen.rules.{MODULES[code].replace('-', '_')}").RULE


def find_rule(word: str) -> Rule | None:
    """The rule of a code (IG411, ig411) or a name (trivial-law), None if there is none."""
    codes = {name: code for code, name in MODULES.items()}
    code = codes.get(word.lower(), word.upper())
    return load_rule(code) if code in MODULES else None


def all_rules() -> list[Rule]:
    """Every rule, in the order of the codes."""
    return [load_rule(code) for code in sorted(MODULES)]


def run_rules(
    library: Library, units: Iterable[Unit] | None = None, *, processes: int = 1
) -> None:
    """Adds to the library's findings what the rules find in every unit, or in some.

    With more processes than one they share the units, where these are many.
    """
    from igla_gen.rules.suppressions import apply_suppressions

    chosen = list(library.units.values() if units is None else units)
    for code in RUNS:
        load_rule(code)  # once for all processes
    findings = library.findings.items

    def found_in(part: list[Unit]) -> list[Diagnostic]:
        before = len(findings)
        _run(library, part)
        found = findings[before:]
        del findings[before:]
        return found

    for found in in_parts(found_in, chosen, processes, FEWEST):
        findings += found
    apply_suppressions(library, {unit.source.shown for unit in chosen})


def _run(library: Library, chosen: list[Unit]) -> None:
    for rule in map(load_rule, RUNS):
        assert rule.check is not None
        finder = Finder(rule, library)
        for unit in chosen:
            rule.check(finder, library, unit)
