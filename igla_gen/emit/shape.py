"""What a generated file must hold, and whether it does.

Rules look at templates; this looks at the file itself, just before it is written.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import field

from igla_gen.emit.laws import snake
from igla_gen.frozen import frozen
from igla_gen.model.component import ComponentSpec


@frozen
class Shape:
    """Names that a file defines, once each, and the fields of its config types."""

    names: tuple[str, ...] = ()
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)


def module_shape(spec: ComponentSpec) -> Shape:
    """Every type, formula, constant and behaviour that the spec declares."""
    own = {name: type_ for name, type_ in spec.types.items() if type_.class_ is None}
    behaviors = (b.name.text for b in spec.behaviors if not getattr(b, "pending", None))
    names = dict.fromkeys((*own, *spec.formulas, *spec.constants, *behaviors))
    return Shape(tuple(names), {name: tuple(type_.fields) for name, type_ in own.items()})


def tests_shape(spec: ComponentSpec, elsewhere: Collection[str] = ()) -> Shape:
    """A test for every law, and for every check but those that are tested elsewhere."""
    laws = (f"test_{snake(subject)}_{law.name.text}" for subject, law in spec.laws())
    checks = (f"test_{check.text}" for _, check in spec.checks() if check.text not in elsewhere)
    return Shape(tuple(dict.fromkeys((*laws, *checks))))


def shape_faults(text: str, shape: Shape) -> list[str]:
    """What is missing from the text of a file, or stands in it twice; it must be Python.

    Raises:
        SyntaxError: it is not.
    """
    tree = ast.parse(text)
    compile(tree, "generated", "exec", dont_inherit=True)  # finds more than parsing does
    defined = Counter(_defined(tree))
    faults = [f"{name} is missing" for name in shape.names if not defined[name]]
    parts = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    twice = Counter(part.name for part in parts)
    faults += [f"{name} is defined {count} times" for name, count in twice.items() if count > 1]
    for part in tree.body:
        if isinstance(part, ast.ClassDef):
            found = {n.target.id for n in part.body if _is_field(n)}
            wanted = shape.fields.get(part.name, ())
            faults += [f"{part.name}.{name} is missing" for name in wanted if name not in found]
    return faults


def _is_field(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (t.id for t in node.targets if isinstance(t, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
