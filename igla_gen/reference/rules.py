"""The page of each rule, which `igla-gen explain` prints too, and their index."""

from __future__ import annotations

import re

from igla_gen.reference.trial import said_of
from igla_gen.reports.display import visible
from igla_gen.rules.base import Rule
from igla_gen.rules.examples import Example

FIXES = {
    "safe": "`igla-gen check --fix` mends it; the meaning of the spec stays.",
    "unsafe": (
        "`igla-gen check --fix --unsafe-fixes` puts what is likely meant; look at it afterwards. "
        "`--diff` shows it and writes nothing."
    ),
    "display": "A finding may show what would mend it; nothing is changed by itself.",
    None: "None; what is meant only the writer of the spec knows.",
}
GROUPS = {
    "IG1": "Text and syntax",
    "IG2": "Keys, types, names, expressions",
    "IG3": "Values and contracts",
    "IG4": "Meaning",
    "IG5": "Suppressions",
}
_WIDE = 160  # an example of a rule about length is longer
_ESCAPED = "What would not show is written as an escape."


def rule_page(rule: Rule) -> str:
    """What is reported, why, an example with what is said of it, one that is right, what mends it."""
    parts = [f"# {rule.name} ({rule.code})", rule.what, "## Why", rule.why]
    if rule.bad.files:
        parts += ["## Bad", *_files(rule.bad, {}), "`igla-gen check` says:", fence(said_of(rule))]
        parts += ["## Good", *_files(rule.good, rule.bad.files)]
    parts += ["## Fix", FIXES[rule.fix], "## Suppressing", _suppressing(rule)]
    return "\n\n".join(parts) + "\n"


def _suppressing(rule: Rule) -> str:
    if rule.suppressible:
        comment = f"# igla: allow {rule.name} -- why it may stay"
        return f"`{comment}` at the end of the line, or alone on the line before it."
    return "Not possible: without it the output would not be right."


def _files(example: Example, others: object) -> list[str]:
    """Each file of an example that is not the same in the other one."""
    parts = []
    for path, content in example.files.items():
        if isinstance(others, dict) and others.get(path) == content and len(example.files) > 1:
            continue
        text = (
            content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else content
        )
        escaped = "\n".join(map(visible, text.split("\n")))
        shown = "\n".join(
            line if len(line) <= _WIDE else f"{line[:_WIDE]}..." for line in escaped.split("\n")
        )
        as_it_is = content if isinstance(content, str) else content.decode("utf-8", "replace")
        note = "" if escaped == as_it_is else f" {_ESCAPED}"
        language = "yaml" if path.endswith(".vibee") else "python" if path.endswith(".j2") else ""
        parts += [f"`{path}`:{note}", fence(shown, language)]
    return parts


def fence(text: str, language: str = "text") -> str:
    """A block of code in Markdown, whatever is in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    marks = "`" * max(3, longest + 1)
    return f"{marks}{language}\n{text.rstrip()}\n{marks}"


def rules_index(rules: list[Rule]) -> str:
    """All rules by group, with a line on each."""
    parts = [
        "# Rules",
        "Everything that `igla-gen check` reports. `igla-gen explain NAME` prints the same pages. "
        "A finding is an error unless it is said to be a warning or a note; errors stop `igla-gen gen`, "
        "notes fail nothing.",
    ]
    for prefix, title in GROUPS.items():
        rows = [_row(rule) for rule in rules if rule.code.startswith(prefix)]
        parts += [f"## {prefix}xx: {title}", table(("Code", "Name", "Fix", "Reports"), rows)]
    return "\n\n".join(parts) + "\n"


def _row(rule: Rule) -> tuple[str, ...]:
    said = "" if rule.severity == "error" else f" ({rule.severity})"
    name = f"[{rule.name}]({rule.name}.md){said}"
    return rule.code, name, rule.fix or "", first_sentence(rule.what)


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends a sentence."""
    return re.split(r"(?<=[.])\s+(?=[A-Z`])", text, maxsplit=1)[0]


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table in Markdown; a bar within a cell is escaped."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |"
        for line in lines
    )
