"""Models and recipes fit their blueprint and keep their contract."""

from __future__ import annotations

from igla_gen.model.component import InstanceSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.sections import check_instance
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import MODEL_HEADER, model
from igla_gen.rules.templates import template_text


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Sections, values, constraints, requirements (see model/sections.py) and the model."""
    if isinstance(unit.spec, InstanceSpec):
        check_instance(library, unit, finder.library.findings)
        _check_model(library, unit, unit.spec)


def _check_model(library: Library, unit: Unit, spec: InstanceSpec) -> None:
    """`model` names a model, and is there where the template asks for one."""
    if spec.model is not None:
        model = library.model(unit)
        if model is not None and model.kind != "model":
            library.findings.add(
                "IG214", "not-a-model", f"{model.module} is a {model.kind}", spec.model.span,
                "name a spec of kind model",
            )  # fmt: skip
    elif library.blueprint(unit) is not None and "model_import" in template_text(library, unit):
        library.findings.add(
            "IG204", "missing-key", 'the key "model" is missing', spec.blueprint.span,
            "add 'model: igla.models.NAME', the model that the recipe trains",
        )  # fmt: skip


SECTIONS = MODEL_HEADER + """\
dimensions: {hidden_size: 64, num_layers: 2}
contract: {parameters: 8192}
"""

RULE = Rule(
    code="IG302",
    name="contract-mismatch",
    what=(
        "A statement of the blueprint's `requires` that a model or recipe does not satisfy, such "
        "as a promised parameter count that is not the computed one."
    ),
    why=(
        "A model whose size is not what its spec says is otherwise found out in the middle of a "
        "run, or never."
    ),
    bad=model(SECTIONS.replace("8192", "9000")),
    good=model(SECTIONS),
    check=check,
)
