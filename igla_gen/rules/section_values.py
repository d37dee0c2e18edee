"""Models and recipes fit their blueprint and keep their contract."""

from __future__ import annotations

from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.sections import check_instance
from igla_gen.rules.base import HEADER, Finder, Rule

INSTANCE = HEADER.replace("architecture.normalization", "models.example") + """\
kind: model
blueprint: igla.models.family
"""


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Sections, values, constraints and requirements; see model/sections.py."""
    if isinstance(unit.spec, InstanceSpec):
        check_instance(library, unit, finder.library.findings)


RULE = Rule(
    code="IG302",
    name="contract-mismatch",
    why="a model whose parameter count is not what its name says is found out in the middle of a run",
    bad=INSTANCE + """\
dimensions: {hidden_size: 64, num_layers: 2}
contract: {parameters: 9000}
""",
    good=INSTANCE + """\
dimensions: {hidden_size: 64, num_layers: 2}
contract: {parameters: 8192}
""",
    check=check,
)
