"""What the examples of rules are made of: small specs, and the templates that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from igla_gen.frozen import frozen

FOLDER = "architecture"
SPEC = f"specs/{FOLDER}/normalization.vibee"
TEMPLATE = f"templates/{FOLDER}/normalization.py.j2"
TESTS = f"templates/{FOLDER}/test_normalization.py.j2"
FAMILY = "specs/models/family.vibee"
MODEL = "specs/models/example.vibee"


@frozen
class Example:
    """A small workplace: text by path.

    `files` are what a reader needs to see, the one that it is about first; `aside` is what must
    stand there too, such as templates in which nothing is wrong.
    """

    files: Mapping[str, str | bytes]
    aside: Mapping[str, str] = field(default_factory=dict)

    @property
    def everything(self) -> dict[str, str | bytes]:
        """All files of the workplace."""
        return {**self.aside, **self.files}


NO_EXAMPLE = Example({})  # of what only a fault of igla-gen itself could bring about

HEADER = """\
name: igla_example
version: "1.0.0"
language: python
module: igla.architecture.normalization
description: Norms of hidden states.
"""
BEHAVIORS = """\
behaviors:
  - name: rms_norm
    given: Hidden states of any leading shape
    when: RMSNorm is applied
    then: Returns each vector with root mean square one, times the weight
    params: {x: "Tensor[..., D]", weight: "Tensor[D]", eps: Float}
    returns: Tensor[..., D]
    laws:
      - name: definition
        for: {x: "normal(2, 8)"}
        holds: rms_norm(x, ones(8), 1e-6) ~= x / sqrt(mean(x^2, -1) + 1e-6)
"""
TYPES = """\
types:
  NormConfig:
    description: Which norm, over how many channels.
    fields:
      hidden_size: Int -- channels in the normalised dimension
      eps: Float = 1e-6 -- added to the mean square before the root
    constraints:
      - 0 < eps
    example: {hidden_size: 64}
"""
READER = """\
formulas:
  smallest:
    description: Returns the square root that an all-zero vector is divided by, times the channels.
    params: {config: NormConfig}
    returns: Float
    is: config.hidden_size * sqrt(config.eps)
    laws:
      - name: of_four
        holds: smallest(NormConfig(hidden_size=4, eps=0.25)) == 2.0
"""
SOUND = HEADER + BEHAVIORS

PLAIN_TEMPLATE = '''\
"""{{ module_doc }}"""

import torch
from torch import Tensor

{{ constants }}

{{ types }}

{{ formulas }}
'''
_BLOCK = '''

#% behavior rms_norm
def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """{{ doc }}"""
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight
#% endbehavior
'''
NORM_TEMPLATE = PLAIN_TEMPLATE + _BLOCK
NORM_TESTS = '''\
"""{{ test_doc }}"""

{{ laws }}
'''
CHECK = '''

#% check gradient_is_exact
def test_gradient_is_exact() -> None:
    """{{ doc }}"""
    assert True
#% endcheck
'''


def component(spec: str, *, template: str | None = None, tests: str | None = None) -> Example:
    """A component with its templates; a template that is given is shown, else a sound one stands by."""
    sound = NORM_TEMPLATE if "name: rms_norm\n" in spec else PLAIN_TEMPLATE
    files = {SPEC: spec}
    files |= {
        path: text for path, text in ((TEMPLATE, template), (TESTS, tests)) if text is not None
    }
    return Example(files, {TEMPLATE: sound, TESTS: NORM_TESTS})


# a spec in the form of the ancestor, in which each example finds one thing more than its form
OLD_SPEC = """\
name: old_cache
version: "1.0.0"
language: zig
module: old_cache
"""
BEHAVIOR_OF_OLD = """\
behaviors:
  - name: put
    given: A key and a value
    when: Stored
    then: The value is kept under the key
"""


def old(spec: str) -> Example:
    """A spec in the form of the ancestor."""
    return Example({SPEC: spec})


FAMILY_SPEC = """\
name: igla_example_family
kind: blueprint
version: "1.0.0"
language: python
module: igla.models.family
description: Models of one family.
types:
  ModelConfig:
    description: Dimensions.
    fields:
      hidden_size: Int
      num_layers: Int = 1
    constraints:
      - num_layers > 0
    example: {hidden_size: 8}
  Contract:
    description: What the model promises.
    fields:
      parameters: Int
formulas:
  num_params:
    description: Returns the number of parameters.
    params: {config: ModelConfig}
    returns: Int
    is: config.num_layers * config.hidden_size^2
    laws:
      - name: squares
        holds: num_params(ModelConfig(hidden_size=8)) == 64
sections: {dimensions: ModelConfig, contract: Contract}
requires:
  - num_params(dimensions) == contract.parameters
"""
_FAMILY_TEMPLATE = '''\
"""{{ module_doc }}"""

{{ types }}

{{ formulas }}

DIMENSIONS = {{ section_dimensions }}
CONTRACT = {{ section_contract }}
'''
FAMILY_TESTS = '"""{{ test_doc }}"""\n\n{{ instance_import }}\n\n{{ laws }}\n'
MODEL_HEADER = """\
name: igla_example_model
kind: model
version: "1.0.0"
language: python
module: igla.models.example
description: A model of the family.
blueprint: igla.models.family
"""


def model(spec: str) -> Example:
    """A model of a family whose parameter count is num_layers * hidden_size^2."""
    return Example(
        {MODEL: spec, FAMILY: FAMILY_SPEC},
        {
            "templates/models/family.py.j2": _FAMILY_TEMPLATE,
            "templates/models/test_family.py.j2": FAMILY_TESTS,
        },
    )


_RECIPE = """\
name: igla_example_recipe
kind: recipe
version: "1.0.0"
language: python
module: igla.recipes.example
description: Trains a model.
blueprint: igla.recipes.train
model: NAME
"""
_TRAIN = """\
name: igla_example_train
kind: blueprint
version: "1.0.0"
language: python
module: igla.recipes.train
description: Trainers.
"""


def recipe(model_name: str) -> Example:
    """A recipe that trains the model of this name, beside a family and one model of it."""
    family = model(MODEL_HEADER + "dimensions: {hidden_size: 8}\ncontract: {parameters: 64}\n")
    train = {
        "specs/recipes/train.vibee": _TRAIN,
        "templates/recipes/train.py.j2": '"""{{ module_doc }}"""\n\n{{ model_import }}\n',
        "templates/recipes/test_train.py.j2": FAMILY_TESTS,
    }
    files = {"specs/recipes/example.vibee": _RECIPE.replace("NAME", model_name)}
    return Example(files, {**family.everything, **train})
