"""One unit to its files: module and tests, formatted, with the facts the manifest needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from jinja2.sandbox import SandboxedEnvironment

from igla_gen import __version__
from igla_gen.emit.docs import (
    behavior_doc,
    module_doc,
    named_summary,
    tests_doc,
    type_doc,
    type_meanings,
)
from igla_gen.emit.environment import Block, TemplateFault, make_environment, render
from igla_gen.emit.formatting import FormatError, formatted, undefined_names
from igla_gen.emit.formulas import constants_code, formula_code
from igla_gen.emit.imports import tidy_lines
from igla_gen.emit.instances import instance_context, is_tested_here, requirements_code
from igla_gen.emit.laws import law_providers, laws_code
from igla_gen.emit.provenance import Lines, read_marks, with_spec_comments
from igla_gen.emit.shape import Shape, module_shape, shape_faults, tests_shape
from igla_gen.emit.templates import checks_of_one_instance, template_names, template_texts
from igla_gen.emit.types import fields_code, type_code
from igla_gen.emit.values import LINE, Code, code, doc, place_lines
from igla_gen.frozen import frozen
from igla_gen.model.component import BlueprintSpec, ComponentSpec, InstanceSpec
from igla_gen.model.library import PACKAGE, Library, Unit
from igla_gen.model.records import reachable
from igla_gen.model.types import EnumType


@frozen
class Output:
    """One file to be written below the output folder."""

    path: str
    text: str
    template: str
    spec: str  # as diagnostics show it
    module: str
    shape: Shape
    lines: Lines = Lines("", ())  # the text before formatting, with the template line of each line
    draft: str = ""  # digest of all that the text is made of, once its template is rendered

    def with_text(self, text: str) -> Output:
        return replace(self, text=text)


def output_paths(unit: Unit) -> tuple[str, str]:
    folder, _, name = unit.relative.rpartition("/")
    return f"{PACKAGE}/{folder}/{name}.py", f"tests/{folder}/test_{name}.py"


def render_units(
    library: Library,
    units: list[Unit],
    known: Callable[[Output], str | None] = lambda _: None,
) -> list[Output]:
    """The files that the specs become, formatted.

    `known` gives the text that a draft has become before, where it is at hand: a change of one spec
    is rendered for all that read it, and most of them come out as they were. Such a text had what
    its spec promises when it was made.

    Raises:
        TemplateFault: a template is missing, cannot be rendered, or gives what is not Python.
    """
    made: list[Output] = []
    environment = make_environment(template_texts())  # models share their template

    def fresh() -> Iterator[Output]:
        for unit in units:
            providers = _providers(library, unit)
            for draft in drafts(library, unit, environment):
                output = replace(draft, draft=_digest(draft, providers))
                text = known(output)
                if text is None:
                    yield _tidy(output, unit, providers)
                else:
                    made.append(output.with_text(text))

    return made + finished(list(fresh()))


def _digest(draft: Output, providers: dict[str, str]) -> str:
    """Of all that the file is a function of, what is promised of it included."""
    promised = sorted(draft.shape.fields.items())
    whole = (draft.text, sorted(providers.items()), draft.shape.names, promised)
    return hashlib.sha256(repr(whole).encode()).hexdigest()


def outline(library: Library, unit: Unit) -> list[Output]:
    """The two files of one unit, without their text."""
    shown, module = unit.source.shown, unit.module
    return [
        Output(path, "", template, shown, module, _shape(library, unit, path))
        for path, template in zip(output_paths(unit), template_names(library, unit), strict=True)
    ]


def render_unit(library: Library, unit: Unit) -> list[Output]:
    """The two files of one unit, not yet formatted."""
    providers = _providers(library, unit)
    return [_tidy(draft, unit, providers) for draft in drafts(library, unit)]


def drafts(
    library: Library, unit: Unit, environment: SandboxedEnvironment | None = None
) -> Iterator[Output]:
    """The two files as their templates give them, one after the other: imports are as they stand there."""
    environment = environment or make_environment(template_texts())
    for output in outline(library, unit):
        if output.template not in template_texts():
            raise TemplateFault(
                f"templates/{output.template}: this template does not exist; "
                f"{unit.source.shown} needs it"
            )
        context = _context(library, unit, is_test=output.path.startswith("tests/"))
        rendered = read_marks(render(environment, output.template, context))
        placed = Lines(place_lines(rendered.text), rendered.origins)
        yield replace(output, text=placed.text, lines=placed)


def _shape(library: Library, unit: Unit, path: str) -> Shape:
    source = library.blueprint(unit) if isinstance(unit.spec, InstanceSpec) else unit
    assert source is not None and isinstance(source.spec, ComponentSpec)
    if not path.startswith("tests/"):
        return module_shape(source.spec)
    if isinstance(source.spec, BlueprintSpec) and not is_tested_here(source.spec, unit):
        return tests_shape(source.spec, checks_of_one_instance(template_names(library, unit)[1]))
    return tests_shape(source.spec)


def package_files(outputs: list[Output]) -> Iterator[tuple[str, str]]:
    """`__init__.py` of every package that the outputs need, and what all tests share."""
    folders = {Path(o.path).parent.as_posix() for o in outputs if o.path.startswith(f"{PACKAGE}/")}
    yield f"{PACKAGE}/__init__.py", '"""Components of language-model training, generated by igla-gen."""\n'
    yield "tests/conftest.py", Path(__file__).with_name("failure_report.py").read_text("utf-8")
    for folder in sorted(folders):
        yield f"{folder}/__init__.py", f'"""Modules of {folder.rsplit("/", 1)[1]}, generated by igla-gen."""\n'


def _context(library: Library, unit: Unit, *, is_test: bool) -> dict[str, object]:
    blueprint = library.blueprint(unit) if isinstance(unit.spec, InstanceSpec) else None
    if blueprint is not None:
        laws = requirements_code(library, unit) if is_test else ""
        context = _component_context(library, blueprint, is_test=is_test)
        context |= instance_context(library, unit, is_test=is_test)
        if laws:
            context["laws"] = Code((LINE * 3).join(filter(None, (str(context["laws"]), laws))))
    else:
        context = _component_context(library, unit, is_test=is_test)
    context |= {
        "module_doc": module_doc(unit, blueprint),
        "test_doc": tests_doc(unit, blueprint),
        "generator_version": code(repr(__version__)),
    }
    return context


def _component_context(library: Library, unit: Unit, *, is_test: bool) -> dict[str, object]:
    spec = unit.spec
    assert isinstance(spec, ComponentSpec)
    templates = template_texts()
    folder, _, name = unit.relative.rpartition("/")
    template = templates.get(f"{folder}/{name}.py.j2", "")

    def origin(*path: str | int) -> str:
        return f"{unit.source.shown}:{spec.span_of(*path).line}"

    def origin_of_type(name: str) -> str:
        return f"{unit.source.shown}:{spec.key_span('types', name).line}"

    own_blocks = set(re.findall(r"^\s*#% type (\w+)", template, re.MULTILINE))
    known = {n: n for n in library.scope(unit)}
    types = [
        type_code(n, t, origin_of_type(n), set(spec.constants))
        for n, t in spec.types.items()
        if n not in own_blocks and t.class_ is None
    ]
    formulas = [
        formula_code(n, f, f"{unit.source.shown}:{spec.key_span('formulas', n).line}", known)
        for n, f in spec.formulas.items()
    ]
    blank = LINE * 3
    return {
        "blocks": _blocks(library, unit, spec, origin, origin_of_type),
        "constants": constants_code(spec.constants),
        "types": Code(blank.join(types)),
        "formulas": Code(blank.join(formulas)),
        "laws": laws_code(library, unit) if is_test else Code(""),
        "module_name": code(repr(unit.module)),
        "has_behavior": lambda name: name in {b.name.text for b in spec.built},
        "has_variant": lambda t, f, v: _has_variant(spec, t, f, v),
    }


def _has_variant(spec: ComponentSpec, type_name: str, field: str, variant: str) -> bool:
    type_ = spec.types[type_name].fields[field].type
    return isinstance(type_, EnumType) and variant in type_.variants


def _blocks(
    library: Library, unit: Unit, spec: ComponentSpec, origin, origin_of_type
) -> dict[tuple[str, str], Block]:
    blocks: dict[tuple[str, str], Block] = {}
    meanings = type_meanings(library.used(unit))
    constants = set(spec.constants)
    for name, type_ in spec.types.items():
        holes = {"fields": fields_code(name, type_, constants)}
        blocks["type", name] = Block(type_doc(type_), origin_of_type(name), holes)
    for index, behavior in enumerate(spec.behaviors):
        if behavior.pending is not None:
            continue
        place = origin("behaviors", index, "name")
        blocks["behavior", behavior.name.text] = Block(behavior_doc(behavior, meanings), place, {})
    subjects: dict[str, list[str]] = {}
    places: dict[str, list[str]] = {}
    for subject, check in spec.checks():
        subjects.setdefault(check.text, []).append(subject)
        places.setdefault(check.text, []).append(f":{check.span.line}")
    for name, bound in subjects.items():
        summary = doc([named_summary(bound, name)])
        blocks["check", name] = Block(summary, unit.source.shown + ", ".join(places[name]), {})
    return blocks


def _tidy(draft: Output, unit: Unit, providers: dict[str, str]) -> Output:
    """With its imports in order, and a comment on each definition that names the spec."""
    lines = draft.lines
    try:
        tidied = tidy_lines(lines.text, providers)
        origins = tuple(lines.origins[number - 1] if number else 0 for _, number in tidied)
        placed = with_spec_comments(Lines("\n".join(line for line, _ in tidied), origins))
    except (SyntaxError, ValueError) as error:
        rows, line = lines.text.split("\n"), getattr(error, "lineno", None)
        shown = rows[line - 1].strip() if line and line <= len(rows) else ""
        raise _not_python(draft.template, unit.source.shown, f"{error} {shown}") from error
    return replace(draft, text=placed.text, lines=placed)


def _not_python(template: str, spec: str, reason: str) -> TemplateFault:
    return TemplateFault(
        f"templates/{template}: renders to what is not Python for {spec}: {reason}"
    )


def _providers(library: Library, unit: Unit) -> dict[str, str]:
    source = library.blueprint(unit) if isinstance(unit.spec, InstanceSpec) else unit
    assert source is not None
    providers = law_providers(library, source) | {"re": "import re"}
    for used in library.used(source)[1:]:
        if isinstance(used.spec, ComponentSpec):
            declared = (*used.spec.types, *used.spec.formulas, *used.spec.constants)
            names = (*declared, *(b.name.text for b in used.spec.behaviors))
            providers |= {name: f"from {used.module} import {name}" for name in names}
    for module, name in reachable(library, source):
        if module != source.module:
            providers.setdefault(name, f"from {module} import {name}")
    return providers


def finished(outputs: list[Output]) -> list[Output]:
    """The files as they are written: formatted, and with all that their specs promise.

    Raises:
        TemplateFault: one is not Python, reads a name that it lacks, or something is missing or stands in it twice.
    """
    try:
        texts = formatted([output.text for output in outputs])
    except FormatError as error:
        if error.index is None:
            raise TemplateFault(str(error)) from error
        at_fault = outputs[error.index]
        raise _not_python(at_fault.template, at_fault.spec, str(error)) from None
    for index, line, name in undefined_names([output.text for output in outputs]):
        raise _undefined(outputs[index], line, name)
    return [
        output.with_text(_held(text, output)) for output, text in zip(outputs, texts, strict=True)
    ]


def _undefined(output: Output, line: int, name: str) -> TemplateFault:
    origin = output.lines.origins[line - 1]
    place = f"templates/{output.template}{f':{origin}' if origin else ''}"
    return TemplateFault(
        f"{place}: what it renders to for {output.spec} reads {name}, which nothing there defines: "
        f"declare {name} in the spec, or change the template"
    )


def _held(text: str, output: Output) -> str:
    """The text, once it is sure that it has what its spec promises."""
    try:
        faults = shape_faults(text, output.shape)
    except (SyntaxError, ValueError) as error:
        raise _not_python(output.template, output.spec, str(error)) from None
    if faults:
        raise TemplateFault(
            f"templates/{output.template}: what it renders to for {output.spec} lacks its shape: "
            + "; ".join(faults)
        )
    return text
