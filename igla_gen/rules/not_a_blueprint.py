"""Models and recipes are made from a blueprint."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import MODEL, MODEL_HEADER, SOUND, SPEC, Example, component, model

NO_FAMILY = MODEL_HEADER.replace("models.family", "architecture.normalization")

RULE = Rule(
    code="IG213",
    name="not-a-blueprint",
    what="A `blueprint` that names a spec of another kind.",
    why=("Only a blueprint says which sections its instances have and which template makes them."),
    bad=Example(
        {MODEL: MODEL_HEADER.replace("models.family", "architecture.normalization"), SPEC: SOUND},
        component(SOUND).aside,
    ),
    good=model(MODEL_HEADER + "dimensions: {hidden_size: 8}\ncontract: {parameters: 64}\n"),
)
