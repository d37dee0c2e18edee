"""Runs the example of a rule in a workplace of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from igla_gen.model.library import Library, load
from igla_gen.reports import Report, render_report
from igla_gen.resources import home_at
from igla_gen.rules import run_rules
from igla_gen.rules.base import Rule
from igla_gen.rules.examples import Example


def said_of(rule: Rule) -> str:
    """What `igla-gen check specs` prints of the bad example of a rule, without the summary."""
    library = try_example(rule.bad)
    findings = tuple(library.findings.sorted())
    report = Report(findings, (), library.sources, len(library.units))
    return render_report(report, "text", width=100).rpartition("\n\n")[0]


def try_example(example: Example) -> Library:
    """The example, read and held to every rule as if it stood in the current folder."""
    with tempfile.TemporaryDirectory(prefix="igla-example-") as folder:
        root = Path(folder).resolve()
        for path, content in example.everything.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        with _no_templates_kept(), home_at(root):
            library = load([root / "specs"], root)
            run_rules(library)
    return library


@contextmanager
def _no_templates_kept() -> Iterator[None]:
    """Templates are read once a process; the example has others than what is around it."""
    from igla_gen.emit.templates import template_texts

    template_texts.cache_clear()
    try:
        yield
    finally:
        template_texts.cache_clear()
