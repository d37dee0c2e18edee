"""Text to located tree: the scanner, the document grammar, and the nodes they build."""

from igla_gen.syntax.parser import parse_document
from igla_gen.syntax.tree import Entry, Mapping, Node, Scalar, Sequence

__all__ = ["Entry", "Mapping", "Node", "Scalar", "Sequence", "parse_document"]
