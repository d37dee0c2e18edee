"""Lint rules, one a file: each has a code, a name, a reason, a bad and a good example."""

from igla_gen.rules.base import Rule, all_rules, run_rules

__all__ = ["Rule", "all_rules", "run_rules"]
