"""The language of constraints, formulas and laws: parse, evaluate, emit."""

from igla_gen.expressions.evaluate import EvaluationError, evaluate
from igla_gen.expressions.parse import parse_expression
from igla_gen.expressions.tree import Expression, names, show

__all__ = ["EvaluationError", "Expression", "evaluate", "names", "parse_expression", "show"]
