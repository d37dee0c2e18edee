"""Everything that igla-gen can report, one rule a file: code, name, what, why, a bad and a good example."""

from igla_gen.rules.base import MODULES, Rule, all_rules, find_rule, load_rule, run_rules
from igla_gen.rules.examples import Example

__all__ = ["MODULES", "Example", "Rule", "all_rules", "find_rule", "load_rule", "run_rules"]
