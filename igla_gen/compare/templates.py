"""Templates: parameters that a module class makes, read from its Python; for the rest, that it changed."""

from __future__ import annotations

import ast

from igla_gen.compare.sides import Sides
from igla_gen.diagnostics import Span
from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import Unit


def compare_templates(sides: Sides) -> None:
    """The template of the module and that of its tests."""
    before, after = sides.old_tree.templates, sides.new_tree.templates
    if before is None or after is None or isinstance(sides.new.spec, InstanceSpec):
        return
    (old_code, old_test), (new_code, new_test) = _names(sides.old), _names(sides.new)
    _compare_code(sides, old_code, new_code, before.get(old_code), after.get(new_code))
    if _essence(before.get(old_test)) != _essence(after.get(new_test)):
        message = f"templates/{new_test} changed: its checks prove something else"
        places = _top(old_test, before.get(old_test)), _top(new_test, after.get(new_test))
        sides.add("tests", "test template", message, *places)


def _names(unit: Unit) -> tuple[str, str]:
    folder, _, name = unit.relative.rpartition("/")
    return f"{folder}/{name}.py.j2", f"{folder}/test_{name}.py.j2"


def _top(name: str, text: str | None) -> Span | None:
    return Span(f"templates/{name}", 1, 1, 1, 1) if text is not None else None


def _compare_code(
    sides: Sides, old_name: str, new_name: str, old: str | None, new: str | None
) -> None:
    if _essence(old) == _essence(new):
        return
    places = _top(old_name, old), _top(new_name, new)
    before, after = parameters(old or ""), parameters(new or "")
    for owner in dict.fromkeys((*before, *after)):
        was, now = before.get(owner, {}), after.get(owner, {})
        lost, got = sorted(set(was) - set(now)), sorted(set(now) - set(was))
        other = sorted(name for name in was if name in now and was[name] != now[name])
        told = [f"{', '.join(names)} {verb}" for names, verb in
                ((lost, "gone"), (got, "new"), (other, "made otherwise")) if names]  # fmt: skip
        if told and (was or now):
            message = f"parameters or submodules of {owner}: {'; '.join(told)}"
            sides.add("checkpoint", owner, message, *places)
    message = f"templates/{new_name} changed: what that does to the numbers is not known"
    sides.add("template", "template", message, *places)


def _essence(text: str | None) -> str | None:
    """The template without comments of Python and blank lines; control lines count."""
    if text is None:
        return None
    lines = (line.rstrip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("# "))


def parameters(template: str) -> dict[str, dict[str, str]]:
    """For each class with an `nn.` base, what its `__init__` puts on `self` by a call.

    A template parses as Python before it is rendered, so this needs no rendering.
    """
    try:
        tree = ast.parse(template)
    except SyntaxError:
        return {}
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {c.name: _made(c) for c in classes if any("nn." in ast.unparse(b) for b in c.bases)}


def _made(owner: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for method in owner.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for node in ast.walk(method):
                found |= _assigned(node)
    return found


def _assigned(node: ast.AST) -> dict[str, str]:
    """`self.weight = nn.Parameter(...)`, `self.weight: X = Y(...)`, `self.register_buffer("x", ...)`."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        made = ast.unparse(node.value)
        return {
            t.attr: made
            for t in targets
            if isinstance(t, ast.Attribute) and ast.unparse(t.value) == "self"
        }
    if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("self.register_"):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return {first.value: ast.unparse(node)}
    return {}
