"""Laws as pytest functions, and the tests that types, defaults and constants get by themselves."""

from __future__ import annotations

from igla_gen.diagnostics import Diagnostic
from igla_gen.emit.boundary import boundaries, mixture_boundaries
from igla_gen.emit.bounds import sides_of
from igla_gen.emit.docs import named_summary
from igla_gen.emit.types import literal, message_text, source
from igla_gen.emit.values import Code, code, doc
from igla_gen.expressions import Expression, evaluate, names, show
from igla_gen.expressions.emit import SEEDED, Kind, Scope, emit, filled, kind_of
from igla_gen.expressions.tree import Call, Comparison, Logical, Name, walk
from igla_gen.model.component import Behavior, BlueprintSpec, ComponentSpec, Formula, Law, TypeSpec
from igla_gen.model.library import Library, Unit
from igla_gen.model.quantities import MEASURES
from igla_gen.model.records import Reader, Record, reachable
from igla_gen.model.types import EnumType, FieldType, NamedType, TensorType, Type, is_mixture
from igla_gen.syntax.tree import Mapping, plain_data


def law_scope(library: Library, unit: Unit) -> Scope:
    """What a law of this unit may name: declared things are written `module.name`."""
    sources: dict[str, str] = {}
    results: dict[str, Kind] = {}
    for name, known in library.scope(unit).items():
        sources[name] = f"{tested_name(known.unit)}.{name}"
        declared = known.declaration
        if isinstance(declared, Behavior | Formula):
            results[name] = _result_kind(declared.returns)
        elif isinstance(declared, TypeSpec):
            results[name] = "other"
    return Scope(sources, {name: "other" for name in results}, results)


def tested_name(unit: Unit) -> str:
    """The name by which tests import a module; what a blueprint makes is its `subject`."""
    return "subject" if isinstance(unit.spec, BlueprintSpec) else unit.module.rsplit(".", 1)[1]


def _result_kind(returns: Type | None) -> Kind:
    if isinstance(returns, TensorType):
        return "tensor"
    is_number = isinstance(returns, NamedType) and returns.name in {*MEASURES, "Bool"}
    return "scalar" if is_number else "other"


def law_providers(library: Library, unit: Unit) -> dict[str, str]:
    """Imports of the modules that laws and the values of types name."""
    found = {}
    for used in library.used(unit):
        package, _, name = used.module.rpartition(".")
        found.setdefault(name, f"from {package} import {name}")
    for module, _ in reachable(library, unit):
        package, _, name = module.rpartition(".")
        found.setdefault(name, f"from {package} import {name}")
    return found


def laws_code(library: Library, unit: Unit) -> Code:
    """All law tests of a component, then those of its types and constants."""
    spec = unit.spec
    assert isinstance(spec, ComponentSpec)
    tests = [law_test(name, law, law_scope(library, unit), unit) for name, law in spec.laws()]
    module = tested_name(unit)
    tests += [
        test
        for name, type_spec in spec.types.items()
        if type_spec.class_ is None and not type_spec.variants
        for test in _type_tests(library, name, type_spec, module, unit)
    ]
    if spec.constants:
        tests.append(_constants_test(spec, module, unit))
    return code("\n\n\n".join(tests))


def snake(name: str) -> str:
    """`NormConfig` as `norm_config`."""
    out = ""
    for index, char in enumerate(name):
        starts_word = (
            char.isupper()
            and index
            and (not name[index - 1].isupper() or name[index + 1 : index + 2].islower())
        )
        out += "_" * bool(starts_word) + char.lower()
    return out


# -- laws ---------------------------------------------------------------------------------


def law_test(subject: str, law: Law, scope: Scope, unit: Unit) -> str:
    """The test function that holds what is generated to a law; `scope` is for this law alone."""
    statement = law.holds if law.holds is not None else law.refuses
    assert statement is not None
    scope.tolerance = law.tolerance
    arguments, decorator = _cases(law, scope)
    lines = [f"# spec: {unit.source.shown}:{law.name.span.line}", *decorator]
    lines.append(f"def test_{snake(subject)}_{law.name.text}({arguments}) -> None:")
    verb = "Law" if law.holds is not None else "Refused"
    text = doc([named_summary([subject], law.name.text), f"{verb}: {show(statement)}"]).replace(
        "\x00", "\n    "
    )
    lines.append(f'    """{text}"""')
    lines += [f"    {line}" for line in _inputs(law, scope)]
    body = _assertions(law, scope) if law.holds is not None else _refusal(law, scope)
    return "\n".join([*lines, *(f"    {line}" for line in body)])


def _cases(law: Law, scope: Scope) -> tuple[str, list[str]]:
    """Arguments of the test function and its parametrize decorator."""
    if not law.cases:
        return "", []
    words = list(law.cases[0])
    values = [[plain_data(case[word]) for word in words] for case in law.cases]
    rows = [", ".join(map(source, row)) for row in values]
    rows = [f"({row})" if len(words) > 1 else row for row in rows]
    annotations = []
    for index, word in enumerate(words):
        is_number = all(type(row[index]) in (int, float) for row in values)
        scope.kinds[word] = "scalar" if is_number else "other"
        scope.sources = {**scope.sources, word: word}
        annotations.append(f"{word}: {_annotation([row[index] for row in values])}")
    header = repr(tuple(words)) if len(words) > 1 else repr(words[0])
    decorator = [f"@pytest.mark.parametrize({header}, [{', '.join(rows)}])"]
    return ", ".join(annotations), decorator


def _annotation(column: list[object]) -> str:
    kinds = {type(value) for value in column}
    if kinds <= {int, float}:
        return "int" if kinds == {int} else "float"
    return kinds.pop().__name__ if len(kinds) == 1 and kinds & {str, bool, list} else "object"


def _inputs(law: Law, scope: Scope) -> list[str]:
    lines = []
    if any(_is_seeded(value) for value in (*law.for_.values(), law.holds, law.refuses) if value):
        lines.append(f"generator = torch.Generator().manual_seed({law.seed})")
    for word, value in law.for_.items():
        lines.append(f"{word} = {emit(value, scope)}")
        scope.kinds[word] = kind_of(value, scope)
        scope.sources = {**scope.sources, word: word}
    return lines


def _is_seeded(node: Expression) -> bool:
    calls = (part for part in walk(node) if isinstance(part, Call))
    return any(isinstance(c.function, Name) and c.function.name in SEEDED for c in calls)


def _assertions(law: Law, scope: Scope) -> list[str]:
    assert law.holds is not None
    parts = (
        law.holds.operands
        if isinstance(law.holds, Logical) and law.holds.operator == "and"
        else (law.holds,)
    )
    return [line for part in parts for line in _assertion(part, law.tolerance, scope)]


def _assertion(node: Expression, tolerance: float, scope: Scope) -> list[str]:
    if not isinstance(node, Comparison):
        return [f"assert {emit(node, scope)}"]
    lines = []
    for index, sign in enumerate(node.operators):
        left, right = node.operands[index], node.operands[index + 1]
        if sign == "~=":
            lines.append(_closeness(left, right, tolerance, scope))
        else:
            link = Comparison((left, right), (sign,), node.span)
            lines.append(f"assert {emit(link, scope)}")
    return lines


def _closeness(left: Expression, right: Expression, tolerance: float, scope: Scope) -> str:
    a, b = emit(left, scope), emit(right, scope)
    kinds = kind_of(left, scope), kind_of(right, scope)
    if kinds == ("scalar", "scalar") or ("tensor" not in kinds and "scalar" in kinds):
        return f"assert {a} == pytest.approx({b}, rel={tolerance}, abs={tolerance})"
    if kinds == ("tensor", "scalar"):
        b = filled(a, b)
    if kinds == ("scalar", "tensor"):
        a = filled(b, a)
    return f"torch.testing.assert_close({a}, {b}, rtol={tolerance}, atol={tolerance}, check_dtype=False)"


def _refusal(law: Law, scope: Scope) -> list[str]:
    assert law.refuses is not None
    text = law.saying.text if law.saying else ""
    return [
        f"with pytest.raises(ValueError, match=re.escape({text!r})):",
        f"    {emit(law.refuses, scope)}",
    ]


# -- types and constants ------------------------------------------------------------------


def example_values(library: Library, unit: Unit, name: str, spec: TypeSpec) -> Record:
    """Every field with a value: the example where it speaks, else the default.

    Raises:
        ValueError: a value of the example does not fit.
    """
    faults: list[Diagnostic] = []
    example = spec.node.get("example")
    node = example if isinstance(example, Mapping) else Mapping((), spec.node.span)
    known = Mapping(tuple(e for e in node.entries if e.key.text in spec.fields), node.span)
    reader = Reader(library, faults)
    read = {
        e.key.text: reader.value(unit, spec.fields[e.key.text].type, e, e.key.text)
        for e in known.entries
    }
    if faults:
        raise ValueError(faults[0].message)
    return Record(name, (unit, spec), known, node.span, read)


def tested_record(record: Record) -> str:
    """How tests write the class of a record."""
    return f"{tested_name(record.owner)}.{record.name}"


def _type_tests(library: Library, name: str, spec: TypeSpec, module: str, unit: Unit) -> list[str]:
    values = example_values(library, unit, name, spec)
    if any(field not in values for field in spec.fields):
        return []
    given = {f: literal(values[f], spec.fields[f].type, tested_record) for f in spec.example}
    call = f"{module}.{name}({', '.join(f'{field}={value}' for field, value in given.items())})"
    tests = (
        [_defaults_test(name, spec, call, given)]
        if any(f.has_default for f in spec.fields.values())
        else []
    )
    if spec.fields:
        tests.append(_frozen_test(name, spec, call))
    refused, accepted = _boundary_rows(name, spec, unit, values)
    example = "{" + ", ".join(f"{f!r}: {v}" for f, v in given.items()) + "}"
    if refused:
        tests.append(_refused_test(name, module, example, refused))
    if accepted:
        tests.append(_accepted_test(name, module, example, accepted))
    origin = _origin(unit, "types", name)
    return [f"{origin}\n{test}" for test in tests]


def _origin(unit: Unit, *path: str) -> str:
    return f"# spec: {unit.source.shown}:{unit.spec.key_span(*path).line}"


def _defaults_test(name: str, spec: TypeSpec, call: str, given: dict[str, str]) -> str:
    """Defaults as a config has them; those that the example hides, as the class declares them."""
    with_default = [field for field, declared in spec.fields.items() if declared.has_default]
    open_ = [field for field in with_default if field not in given]
    hidden = [
        f for f in with_default if f in given and not isinstance(spec.fields[f].default, dict)
    ]
    lines = [
        f"def test_{snake(name)}_defaults() -> None:",
        f'    """{name} has the defaults of the spec."""',
        f"    config = {call}",
        *(_default_line(f"config.{field}", spec.fields[field]) for field in open_),
    ]
    if hidden:
        lines.append("    declared = {f.name: f.default for f in dataclasses.fields(config)}")
        lines += [_default_line(f"declared[{field!r}]", spec.fields[field]) for field in hidden]
    if not open_ and not hidden:
        lines.append(f"    assert config == {call}")
    return "\n".join(lines)


def _default_line(found: str, field: FieldType) -> str:
    value = literal(field.default, field.type)
    return f"    assert {found} {'is' if value in ('None', 'True', 'False') else '=='} {value}"


def _frozen_test(name: str, spec: TypeSpec, call: str) -> str:
    first = next(iter(spec.fields))
    return "\n".join(
        [
            f"def test_{snake(name)}_is_frozen() -> None:",
            f'    """{name} takes keywords alone, and no field of it can be changed or added."""',
            f"    config = {call}",
            "    with pytest.raises(dataclasses.FrozenInstanceError):",
            f"        config.{first} = config.{first}",
            "    with pytest.raises(TypeError):",
            "        type(config)(*(getattr(config, field.name) for field in dataclasses.fields(config)))",
            '    assert not hasattr(config, "__dict__")',
        ]
    )


def _boundary_rows(
    name: str, spec: TypeSpec, unit: Unit, example: Record
) -> tuple[list[str], list[str]]:
    component = unit.spec
    assert isinstance(component, ComponentSpec)
    constants: dict[str, object] = {}
    for word, value in component.constants.items():
        constants[word] = evaluate(value, constants)
    refused, accepted = [], []
    for field_name, field in spec.fields.items():
        if isinstance(field.type, EnumType):
            text = f"is not one of {', '.join(field.type.variants)}"
            refused.append(f"({{{field_name!r}: 'something else'}}, {text!r})")
            accepted += [
                f"{{{field_name!r}: {variant!r}}}"
                for variant in _free_variants(spec, field_name, constants)
            ]
        if is_mixture(field.type):
            outside, inside = mixture_boundaries(field_name)
            refused += [f"({source(change)}, {text!r})" for change, text in outside]
            accepted += map(source, [] if _is_tied(spec, field_name) else inside)
        sides = sides_of(field.type)
        refused += [f"({source({field_name: value})}, {said!r})" for value, said in sides.refused]
        if not _is_tied(spec, field_name):
            accepted += [source({field_name: value}) for value in sides.accepted]
    for boundary in boundaries(spec, example, constants):
        text = f"{name} needs {message_text(boundary.constraint)}, got"
        refused += [f"({_change(spec, change)}, {text!r})" for change in boundary.refused]
        accepted += [_change(spec, change) for change in boundary.accepted]
    return refused, list(dict.fromkeys(accepted))


def _free_variants(spec: TypeSpec, field_name: str, constants: dict[str, object]) -> list[str]:
    """The variants that no constraint ties to another field's value."""
    type_ = spec.fields[field_name].type
    assert isinstance(type_, EnumType)
    return [] if _is_tied(spec, field_name) else list(type_.variants)


def _is_tied(spec: TypeSpec, field_name: str) -> bool:
    """Whether a constraint reads the field."""
    return any(field_name in (n.name for n in names(c)) for c in spec.constraints)


def _change(spec: TypeSpec, change: dict[str, object]) -> str:
    parts = [f"{f!r}: {literal(v, spec.fields[f].type, tested_record)}" for f, v in change.items()]
    return "{" + ", ".join(parts) + "}"


def _refused_test(name: str, module: str, example: str, rows: list[str]) -> str:
    return "\n".join(
        [
            f'@pytest.mark.parametrize(("change", "message"), [{", ".join(rows)}])',
            f"def test_{snake(name)}_refuses(change: dict[str, object], message: str) -> None:",
            f'    """{name} refuses values just outside each constraint, and says which."""',
            f"    example = {example}",
            "    with pytest.raises(ValueError, match=re.escape(message)):",
            f"        {module}.{name}(**(example | change))",
        ]
    )


def _accepted_test(name: str, module: str, example: str, rows: list[str]) -> str:
    return "\n".join(
        [
            f'@pytest.mark.parametrize("change", [{", ".join(rows)}])',
            f"def test_{snake(name)}_accepts(change: dict[str, object]) -> None:",
            f'    """{name} accepts values just inside each constraint, and keeps them."""',
            f"    config = {module}.{name}(**({example} | change))",
            "    for field, value in change.items():",
            "        assert getattr(config, field) == value",
        ]
    )


def _constants_test(spec: ComponentSpec, module: str, unit: Unit) -> str:
    scope = Scope({name: f"{module}.{name}" for name in spec.constants})
    lines = [_origin(unit, "constants")]
    lines += ["def test_constants() -> None:", '    """The constants are those of the spec."""']
    lines += [
        f"    assert {module}.{name} == {emit(value, scope)}"
        for name, value in spec.constants.items()
    ]
    return "\n".join(lines)
