"""A recipe trains a model."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import recipe

RULE = Rule(
    code="IG214",
    name="not-a-model",
    what="A `model` of a recipe that names a spec of another kind.",
    why="The generated trainer imports its model; a component or a blueprint is none.",
    bad=recipe("igla.models.family"),
    good=recipe("igla.models.example"),
)
