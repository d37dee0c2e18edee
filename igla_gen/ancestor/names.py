"""Names that today's form accepts, made from those of the ancestor."""

from __future__ import annotations

import builtins
import keyword
import re

from igla_gen.emit.imports import OBVIOUS
from igla_gen.expressions.emit import VOCABULARY
from igla_gen.model.types import FOREIGN, GENERICS, SCALARS

LANGUAGE = frozenset((*SCALARS, *FOREIGN, *GENERICS, "Enum", "Tensor"))
_LOCAL = frozenset(
    ("self", "cls", "int", "float", "bool", "str", "tuple", "list", "dict", "F", "re")
)
_LOCAL |= frozenset(OBVIOUS)  # what generated modules import by these names
_GLOBAL = frozenset(dir(builtins)) | VOCABULARY | LANGUAGE | _LOCAL
_PREFIXES = ("igla_training_", "igla_finetuning_", "igla_alignment_", "igla_model_")
# where the modules of the 41 stand; a finetuning, alignment or model spec goes to its own folder
_FOLDERS = {
    "data": "data_pipeline tokenizer data_mixing curriculum continual",
    "architecture": "architecture attention moe positional normalization activation ewc",
    "optimization": "optimizer scheduler gradient loss regularization hyperparams",
    "distributed": "distributed mixed_precision checkpointing",
    "evaluation": "metrics evaluation ablation infrastructure",
    "planning": "cost timeline fusion",
}
_RENAMED = {
    "data_pipeline": "pipeline", "data_mixing": "mixing", "architecture": "decoder",
    "distributed": "parallel", "evaluation": "benchmarks",
}  # fmt: skip
_SIZED = ("7b", "13b", "34b", "70b")


class Names:
    """Gives each thing a name of its own that is a valid one."""

    def __init__(self, *, is_global: bool) -> None:
        self._reserved = _GLOBAL if is_global else _LOCAL
        self._taken: set[str] = set()

    def give(self, old: str, fallback: str, table: str = "") -> str:
        """The old name where it is valid and free, else the nearest one that is.

        Names of one table differ by more than their case.
        """
        name = identifier(old, fallback)
        if keyword.iskeyword(name) or name in self._reserved:
            name += "_"
        base, number = name, 2
        while {name, f"{table}.{name.lower()}"} & self._taken:
            name, number = f"{base.rstrip('_')}_{number}", number + 1
        self._taken |= {name, f"{table}.{name.lower()}"}
        return name


def identifier(old: str, fallback: str) -> str:
    """The letters, digits and underscores of a text, or the fallback."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", old).strip("_")
    if not re.search(r"[A-Za-z]", name) or len(name) < len(old.strip("_")) / 2:
        return fallback
    return name if not name[0].isdigit() else f"{fallback}_{name}"


def module_path(name: str, folder: str | None = None) -> str:
    """Where the component belongs: the place of the 41, the folder that was named, or igla.imported."""
    prefix = next((p for p in _PREFIXES if name.startswith(p)), "")
    rest = name.removeprefix(prefix)
    last = identifier(rest if prefix else name, "spec").lower()
    last = f"{last}_" if keyword.iskeyword(last) else last
    if folder is not None:
        return f"igla.{folder}.{last}"
    if prefix == "igla_training_":
        home = next((f for f, words in _FOLDERS.items() if rest in words.split()), "imported")
        return f"igla.{home}.{_RENAMED.get(rest, last) if home != 'imported' else last}"
    if prefix == "igla_model_":
        return f"igla.models.{f'igla_{rest}' if rest in _SIZED else last}"
    if prefix:
        return f"igla.{prefix.split('_')[1]}.{last}"
    return f"igla.imported.{last}"
