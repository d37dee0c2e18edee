"""Text to located tree: the scanner, the document grammar, and the nodes they build."""

from igla_gen.syntax.parser import parse_document
from igla_gen.syntax.tree import Comment, Document, Entry, Mapping, Node, Scalar, Sequence

__all__ = [
    "Comment",
    "Document",
    "Entry",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "parse_document",
]
