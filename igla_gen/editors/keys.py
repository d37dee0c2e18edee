"""One sentence on each key of a spec: the schema's descriptions, and what an editor shows on a key."""

from __future__ import annotations

# class of the model -> key -> what it says
KEYS: dict[str, dict[str, str]] = {
    "Header": {
        "name": "Name of the spec; it stands in the docstring of what is generated.",
        "version": "Version of the spec, in quotes: \"1.0.0\".",
        "language": "The language that is written: python.",
        "module": "Dotted path of the generated module; the spec stands at the same place below specs/.",
        "description": "What the module is, in a sentence; it becomes the module's docstring.",
        "sources": "Papers and pages that the module follows, for its docstring.",
        "uses": "Modules whose types, formulas and behaviours this spec reads.",
    },
    "ComponentSpec": {
        "kind": "component (the default), blueprint, model or recipe.",
        "constants": "Named values that are computed once, as constants of the module.",
        "pending": "Why there is no template of this component yet; behaviours may say it one by one.",
        "notes": "What is carried along, such as what an imported spec said besides; for the docstring.",
        "types": "Named types; each with fields becomes a frozen dataclass.",
        "formulas": "Arithmetic that the compiler evaluates and the module offers as functions.",
        "behaviors": "The public functions and classes of the module, each with laws or checks.",
    },
    "BlueprintSpec": {
        "sections": "The config type of each section that an instance fills in.",
        "requires": "Statements over the sections that each instance must satisfy.",
        "tested_by": "The instance whose tests hold all checks; those of the others hold what differs.",
    },
    "InstanceSpec": {
        "kind": "model or recipe.",
        "blueprint": "The module of the blueprint that this is made from.",
        "model": "The module of the model that the recipe trains.",
        "sections": "The sections of the blueprint; they stand at the top of the spec.",
        "smoke": "Changes to the sections for a run of seconds.",
    },
    "TypeSpec": {
        "description": "What the type is; it becomes the docstring of its class.",
        "fields": "Names of the fields, each as: TYPE [= default] [-- help].",
        "constraints": "Statements over the fields; each becomes a ValueError with the value, and a test.",
        "example": "Values for the fields without a default; tests of the constraints start from it.",
        "variants": "Words, in place of fields: a value of the type is one of them.",
        "class": "handwritten for a class in the template, or the type of Python that the name stands for.",
    },
    "Law": {
        "name": "Name of the law; it becomes the name of its test.",
        "for": "Inputs of the law, bound in order; a later one may use an earlier one.",
        "cases": "A table of values; the law holds for each row.",
        "holds": "The statement that must hold; ~= is closeness within the tolerance.",
        "refuses": "A call that must raise ValueError.",
        "saying": "Text that the message of the refusal contains.",
        "tolerance": "How close ~= is, absolute and relative; 1e-9 unless said.",
        "seed": "Seed of the random inputs; 0 unless said.",
    },
    "Formula": {
        "description": "What the formula computes; it becomes the docstring.",
        "params": "Names of the parameters, each as: TYPE [= default] [-- help].",
        "returns": "Type of the result.",
        "where": "Names for intermediate values.",
        "is": "The expression that is the result.",
        "laws": "Statements that the tests hold the formula to.",
        "checks": "Names of check blocks in the test template.",
    },
    "Behavior": {
        "name": "Name of the function, or of the class where it is written LikeThis.",
        "given": "What there is before; prose for the docstring.",
        "when": "What happens; prose for the docstring.",
        "then": "What comes of it; its first sentence is the summary of the docstring.",
        "pending": "Why the module does not have it yet; it then needs no law, check or template block.",
        "params": "Names of the parameters, each as: TYPE [= default] [-- help].",
        "returns": "Type of the result.",
        "raises": "Which errors are raised, and when; prose for the docstring.",
        "laws": "Statements that the tests hold the behaviour to.",
        "checks": "Names of check blocks in the test template.",
    },
}  # fmt: skip


def sentence(classes: tuple[type, ...], key: str) -> str | None:
    """What is said about a key of a class, or of the nearest of its bases that has it."""
    return next(
        (KEYS[cls.__name__][key] for cls in classes if key in KEYS.get(cls.__name__, {})), None
    )
