"""Which specs are in the ancestor's form, and the keys that the form has."""

from __future__ import annotations

from igla_gen.syntax.tree import Mapping, Node, Scalar, Sequence

HEADER = ("name", "version", "language", "module", "description")
# what the ancestor's own compilers read, besides the header, types and behaviors
KNOWN = (
    "constants", "sacred_constants", "sacred_formula", "creation_pattern", "test_cases",
    "implementation", "functions", "imports",
)  # fmt: skip
# what a spec in today's form has in their place
INSTEAD = {
    "test_cases": "a test case of the ancestor; write it as a law: "
    "laws: [{name: case_1, holds: f(2.0) ~= 4.0, tolerance: 1e-6}], or as a table, with 'cases'",
    "sacred_constants": "constants of the ancestor; write them below 'constants'",
    "sacred_formula": "a formula of the ancestor; write it below 'formulas', or below 'notes'",
    "implementation": "code of the ancestor's specs; write it in the template of the module",
    "functions": "functions of the ancestor; write each as a behaviour, with a template block",
    "imports": "imports of the ancestor; name modules of specs in 'uses', others in the template",
    "creation_pattern": "a key of the ancestor; what nothing reads stands below 'notes'",
}
_TODAY = ("kind", "blueprint", "uses", "sources", "formulas", "pending", "notes")
_PROVEN = ("laws", "checks", "pending")


def is_ancestor(tree: Node) -> bool:
    """Whether a file is in the ancestor's form.

    A module path of today (`igla.FOLDER.NAME`), or a key or a behaviour that only today's form has,
    settles it: such a spec is today's, whatever else is wrong with it. Otherwise it takes a sign of
    the ancestor: another language, a key of its own, or a module without dots.
    """
    if not isinstance(tree, Mapping):
        return False
    module, language = tree.get("module"), tree.get("language")
    if isinstance(module, Scalar) and module.text.startswith("igla."):
        return False
    if any(tree.get(key) is not None for key in _TODAY) or _has_proof(tree.get("behaviors")):
        return False
    if isinstance(language, Scalar) and language.text not in ("python", ""):
        return True
    return any(tree.get(key) is not None for key in KNOWN if key != "constants")


def _has_proof(behaviors: Node | None) -> bool:
    items = behaviors.items if isinstance(behaviors, Sequence) else ()
    return any(
        item.get(key) is not None for item in items if isinstance(item, Mapping) for key in _PROVEN
    )
