"""Every line of a spec changes something."""

from __future__ import annotations

from collections.abc import Iterable

from igla_gen.expressions import Expression, names
from igla_gen.expressions.emit import SEEDED
from igla_gen.model.base import Spec
from igla_gen.model.component import BlueprintSpec, ComponentSpec, Formula, InstanceSpec, Law
from igla_gen.model.library import Library, Unit, declarations, types_in
from igla_gen.model.types import NamedType, named_types
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.templates import template_text
from igla_gen.rules.usage import expressions_of, has_word, removal
from igla_gen.syntax.editing import remove_entry, remove_item
from igla_gen.syntax.tree import Mapping, Sequence, plain_data

HINT = "use it, or delete the line"


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Uses, inputs of laws, seeds, `where` values, sections and classes without fields are used."""
    if isinstance(unit.spec, InstanceSpec):
        _check_instance(finder, library, unit, unit.spec)
        return
    for _, law in unit.spec.laws():
        if not _has_unknown_name(finder, law):
            _check_law(finder, law)
    for formula in unit.spec.formulas.values():
        if not _has_unknown_name(finder, formula):
            _check_where(finder, formula)
    for behavior in unit.spec.behaviors:
        if isinstance(behavior.returns, NamedType) and behavior.returns.name == "None":
            message = "what returns nothing says so by having no 'returns'"
            _report_entry(finder, message, behavior, "returns")
    _check_types(finder, unit.spec)
    _check_uses(finder, library, unit)
    if isinstance(unit.spec, BlueprintSpec):
        _check_sections(finder, library, unit, unit.spec)


def _has_unknown_name(finder: Finder, part: Spec) -> bool:
    """Whether unknown-name, which runs first, reports this part: the name may be a slip of the line."""
    span = part.node.span
    return any(
        item.code == "IG212"
        and item.span.file == span.file
        and span.line <= item.span.line <= span.end_line
        for item in finder.library.findings.items
    )


def _check_sections(finder: Finder, library: Library, unit: Unit, spec: BlueprintSpec) -> None:
    text, required = template_text(library, unit), _read(spec.requires)
    for name in spec.sections:
        if f"section_{name}" not in text and name not in required:
            message = f'neither the template nor a requirement reads "{name}"'
            _report_entry(finder, message, spec, "sections", name)


def _check_law(finder: Finder, law: Law) -> None:
    statements = [e for e in (law.holds, law.refuses) if e is not None]
    read = _read([*law.for_.values(), *statements])
    for word in law.for_:
        if word not in read:
            _report_entry(finder, f'no part of the law reads "{word}"', law, "for", word)
    for word in dict.fromkeys(word for case in law.cases for word in case):
        if word not in read:
            finder.report(f'no part of the law reads "{word}"', law.key_span("cases"), HINT)
    if law.node.get("seed") is not None and not read & set(SEEDED):
        _report_entry(finder, "nothing in this law is drawn", law, "seed")
    elif law.node.get("seed") is not None and law.seed == 0:
        _report_entry(finder, "0 is the seed of every law", law, "seed")


def _check_where(finder: Finder, formula: Formula) -> None:
    read = _read([*formula.where.values(), formula.is_])
    for word in formula.where:
        if word not in read:
            _report_entry(finder, f'the formula never reads "{word}"', formula, "where", word)


def _check_types(finder: Finder, spec: ComponentSpec) -> None:
    """A type with `class` emits nothing: it is named by the signatures, and has nothing else."""
    named = {n.name for type_ in types_in(spec) for n in named_types(type_)}
    for name, type_ in spec.types.items():
        for key in ("fields", "constraints", "example", "class"):
            if type_.variants and type_.node.get(key) is not None:
                message = f"{name} has variants and {key}"
                finder.report(message, type_.key_span(key), "variants are all that there is to it")
        if type_.class_ is None or type_.variants:
            if not type_.fields and not type_.variants and not spec.is_pending:
                message = f"{name} has neither fields, variants nor class"
                finder.report(message, spec.key_span("types", name), "say what it holds")
            continue
        for key in ("fields", "constraints", "example"):
            if type_.node.get(key) is not None:
                finder.report(
                    f"{name} has class and {key}", type_.key_span(key), "a class has no fields here"
                )
        if not type_.is_handwritten and name not in named:
            finder.report(f"no type here names {name}", spec.key_span("types", name), HINT)


def _check_uses(finder: Finder, library: Library, unit: Unit) -> None:
    spec = unit.spec
    assert isinstance(spec, ComponentSpec)
    words = {n.name for type_ in types_in(spec) for n in named_types(type_)}
    words |= _read(expressions_of(spec))
    text = template_text(library, unit)
    for index, use in enumerate(spec.uses):
        used = library.units.get(use.text)
        if used is None or not isinstance(used.spec, ComponentSpec):
            continue  # unresolved-module reports it
        offered = {name for name, _ in declarations(used.spec)} | {use.text.rsplit(".", 1)[1]}
        if not offered & words and not any(has_word(text, name) for name in offered):
            message, fix = f"nothing here names what {use.text} declares", None
            if isinstance(node := spec.node.get("uses"), Sequence):
                fix = remove_item(unit.source.text, node, index) or removal(library, spec, "uses")
            finder.report(message, spec.span_of("uses", index), HINT, fix)


def _check_instance(finder: Finder, library: Library, unit: Unit, spec: InstanceSpec) -> None:
    for use in spec.uses[:1]:
        finder.report(
            f"what a {unit.kind} uses is said by its blueprint", use.span, "delete 'uses'",
            removal(library, spec, "uses"),
        )  # fmt: skip
    if library.blueprint(unit) is None:
        return
    _check_smoke(finder, spec)
    text = template_text(library, unit)
    if spec.model is not None and "model_import" not in text:
        fix = removal(library, spec, "model")
        finder.report(
            "this blueprint trains no model", spec.key_span("model"), "delete 'model'", fix
        )
    for name in spec.smoke:
        if f"section_{name}" in text and f"smoke_{name}" not in text:
            _report_entry(
                finder, f'the blueprint has no smoke profile of "{name}"', spec, "smoke", name
            )


def _report_entry(finder: Finder, message: str, spec: Spec, *path: str) -> None:
    fix = removal(finder.library, spec, *path)
    finder.report(message, spec.key_span(*path), HINT, fix)


def _check_smoke(finder: Finder, spec: InstanceSpec) -> None:
    """The smoke profile says what it changes, and no value that the section has anyway."""
    for name, node in spec.smoke.items():
        section = spec.sections.get(name)
        if isinstance(node, Mapping) and isinstance(section, Mapping):
            for entry in node.entries:
                own = section.get(entry.key.text)
                if own is not None and repr(plain_data(own)) == repr(plain_data(entry.value)):
                    finder.report(
                        f"{name}.{entry.key.text} is that without the smoke profile, too",
                        entry.key.span, "delete it",
                        remove_entry(finder.library.sources[entry.key.span.file], node, entry.key.text),
                    )  # fmt: skip


def _read(expressions: Iterable[Expression]) -> set[str]:
    return {name.name for expression in expressions for name in names(expression)}


RULE = Rule(
    code="IG417",
    name="unused-line",
    what=(
        "A line that changes nothing: a module in `uses` that nothing names, an input of a law or "
        "a `where` value that is never read, a seed where nothing is drawn, a section that "
        "neither template nor requirement reads, `returns: None`."
    ),
    why=(
        "It misleads whoever reads the spec, and it is often the other half of a slip: the line "
        "that should read it names something else."
    ),
    bad=component(SOUND.replace('{x: "normal(2, 8)"}', '{x: "normal(2, 8)", y: "normal(2, 8)"}')),
    good=component(SOUND),
    fix="safe",
    suppressible=True,
    check=check,
)
