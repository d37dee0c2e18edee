"""What a run found, as text for people and as data for programs; one module a format."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Literal, get_args

from igla_gen.diagnostics import Diagnostic
from igla_gen.frozen import frozen

Format = Literal["text", "concise", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = get_args(Format)
_MODULES: dict[Format, str] = {"json": "json_data"}  # the others are named as their format


@frozen
class Report:
    """What one run found, in reading order, and the texts that it was found in."""

    findings: tuple[Diagnostic, ...]
    suppressed: tuple[tuple[Diagnostic, str], ...]  # with the reason that each suppression gives
    sources: Mapping[str, str]
    specs: int  # those that were read without fault

    def count(self, severity: str) -> int:
        """How many findings there are of a severity."""
        return sum(item.severity == severity for item in self.findings)

    @property
    def fails(self) -> bool:
        """Whether there is more than notes."""
        return self.count("note") < len(self.findings)

    def fixable(self, safety: str) -> int:
        """How many findings carry a fix of this safety."""
        return sum(item.fix is not None and item.fix.safety == safety for item in self.findings)


def render_report(report: Report, form: Format, *, color: bool = False, width: int = 120) -> str:
    """The whole report in one of the formats; `color` and `width` are those of the terminal."""
    module = importlib.import_module(f"igla_gen.reports.{_MODULES.get(form, form)}")
    if form == "text":
        return module.render(report, color=color, width=width)
    return module.render(report)
