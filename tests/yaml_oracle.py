"""PyYAML with the YAML 1.2 core schema in place of the 1.1 resolvers: what trees are held against."""

from __future__ import annotations

import math
import re

import yaml

# what PyYAML reads and the language deliberately refuses, or the other way round, is named here
# by the tests that meet it; see "The document" in docs/language.md


class CoreLoader(yaml.SafeLoader):
    """Reads structure as PyYAML does, and plain scalars by the core schema of YAML 1.2."""


CoreLoader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})\Z"), _first
    )


def _int(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = node.value
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _float(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    text = node.value.lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


CoreLoader.add_constructor("tag:yaml.org,2002:int", _int)
CoreLoader.add_constructor("tag:yaml.org,2002:float", _float)


def core_load(text: str) -> object:
    """The tree that PyYAML reads.

    Raises:
        yaml.YAMLError: the text is not YAML to it.
    """
    return yaml.load(text, CoreLoader)


def same(one: object, other: object) -> bool:
    """Equality of trees that tells 1 from 1.0 from true, and takes every nan for the same."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        assert isinstance(other, dict)
        return [*map(repr, one)] == [*map(repr, other)] and all(
            same(a, b) for a, b in zip(one.values(), other.values(), strict=True)
        )
    if isinstance(one, list):
        assert isinstance(other, list)
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        assert isinstance(other, float)
        return one == other or (math.isnan(one) and math.isnan(other))
    return one == other
