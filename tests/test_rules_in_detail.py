"""Where each rule begins and where it ends, beyond its two examples."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from igla_gen.diagnostics import Diagnostic
from igla_gen.model.library import load
from igla_gen.rules import base, run_rules
from igla_gen.rules.examples import (
    CHECK,
    FAMILY,
    FAMILY_TESTS,
    HEADER,
    MODEL_HEADER,
    NORM_TEMPLATE,
    NORM_TESTS,
    READER,
    SOUND,
    SPEC,
    TYPES,
    Example,
    component,
    model,
)
from tests.conftest import Workplace

LAW = SOUND[SOUND.index("      - name: definition") :]
CONFIG = HEADER + TYPES + READER
OWN = "igla.architecture.normalization"


def found(workplace: Workplace, example: Example, *paths: str) -> list[Diagnostic]:
    for path, content in example.everything.items():
        assert isinstance(content, str)
        workplace.write(path, content)
    workplace.run("list")  # forget the templates of the test before
    library = load([Path(path) for path in paths or ("specs",)], Path.cwd())
    run_rules(library)
    return library.findings.sorted()


def names(workplace: Workplace, spec: str, **templates: str) -> list[str]:
    return [item.name for item in found(workplace, component(spec, **templates))]


def law(statement: str, **inputs: str) -> str:
    """The norm with one law."""
    given = ", ".join(f'{name}: "{value}"' for name, value in inputs.items())
    text = SOUND[: SOUND.index("        for:")]
    return f"{text}        for: {{{given}}}\n        holds: {statement}\n"


NORM = "rms_norm(x, ones(8), 1e-6)"


@pytest.mark.parametrize(
    "statement",
    [
        f"{NORM} ~= {NORM}",
        f"{NORM} ~= x and x == x",
        f"{NORM} ~= x and 2 > 1",
        f"{NORM} ~= x or true",
        f"abs({NORM}) >= 0",
        f"0 * {NORM} ~= 0",
        f"{NORM} - {NORM} ~= 0",
        f"{NORM} ~= x and mean(x) ~= sum(x) / 16",
        "mean(x) ~= sum(x) / 16",
    ],
)
def test_laws_that_prove_nothing(workplace: Workplace, statement: str) -> None:
    assert names(workplace, law(statement, x="normal(2, 8)")) == ["trivial-law"]


def test_a_law_through_its_inputs(workplace: Workplace) -> None:
    inputs = {"x": "normal(2, 8)", "y": NORM}
    assert names(workplace, law(f"y ~= {NORM}", **inputs)) == ["trivial-law"]
    assert names(workplace, law("y ~= x", **inputs)) == []


def test_a_law_names_its_own_behaviour(workplace: Workplace) -> None:
    other = SOUND[SOUND.index("  - name: rms_norm") :].replace("rms_norm", "plain_norm", 1)
    template = NORM_TEMPLATE + NORM_TEMPLATE[NORM_TEMPLATE.index("\n\n#% behavior") :].replace(
        "rms_norm", "plain_norm"
    )
    assert names(workplace, SOUND + other, template=template) == ["trivial-law"]


def test_a_misspelt_name_is_reported_once(workplace: Workplace) -> None:
    assert names(workplace, SOUND.replace("holds: rms_norm", "holds: rms_nrom")) == ["unknown-name"]


@pytest.mark.parametrize(
    "spec",
    [
        law(NORM.replace("(x,", "(modul,") + " ~= ones(2, 8)", module="normal(2, 8)"),
        law("nromal(2) ~= ones(2)", x="ones(2)") + "        seed: 3\n",
        SOUND
        + "formulas:\n  root:\n    description: The root.\n    params: {x: Float}\n"
        + "    returns: Float\n    where: {half: 0.5}\n    is: x^haf\n",
    ],
)
def test_what_a_misspelt_name_may_mean_is_not_unused(workplace: Workplace, spec: str) -> None:
    """The safe fix of IG417 would delete the line that the name is a slip of."""
    items = found(workplace, component(spec))
    assert [item.name for item in items if item.name in ("unknown-name", "unused-line")] == [
        "unknown-name"
    ]


@pytest.mark.parametrize("word", ["x.lambda", "rms_norm(x, ones(8), eps=1e-6, in=2)", "x.is"])
def test_words_of_python_inside_expressions(workplace: Workplace, word: str) -> None:
    statement = f"{NORM} ~= {word}"
    reported = set(names(workplace, law(statement, x="normal(2, 8)")))
    assert reported & {"unknown-name", "bad-expression"}


@pytest.mark.parametrize(
    "spec",
    [
        CONFIG.replace("eps: Float", "int: Float"),
        CONFIG.replace("eps: Float", "Tensor: Float"),
        CONFIG.replace("eps: Float", "1eps: Float"),
        CONFIG.replace("eps: Float", "ﬁne: Float"),
        CONFIG.replace("eps: Float", "naïve: Float"),
        CONFIG.replace("eps: Float", "__init__: Float"),
        CONFIG.replace("eps: Float", "self: Float"),
        CONFIG.replace("{config: NormConfig}", "{config: NormConfig, math: Int}"),
        CONFIG.replace("  smallest:", "  sum:"),
        CONFIG.replace("  smallest:", "  dataclass:"),
        CONFIG.replace("types:", "constants: {F: 1}\ntypes:"),
        CONFIG.replace("  NormConfig:", "  Tensor:"),
        law(f"{NORM} ~= x + torch", x="normal(2, 8)", torch="1"),
        law(f"{NORM} ~= x + generator", x="normal(2, 8)", generator="1"),
        law(f"{NORM} ~= x + normalization", x="normal(2, 8)", normalization="1"),
        SOUND.replace("definition", "no definition"),
    ],
)
def test_names_that_are_taken(workplace: Workplace, spec: str) -> None:
    assert "reserved-name" in names(workplace, spec)


def test_a_name_that_the_template_imports_is_taken(workplace: Workplace) -> None:
    spec = SOUND.replace("rms_norm", "dumps")
    template = NORM_TEMPLATE.replace("rms_norm", "dumps")
    assert names(workplace, spec, template=template) == []
    template = template.replace("import torch\n", "import torch\nfrom json import dumps\n", 1)
    assert names(workplace, spec, template=template) == ["reserved-name"]


def test_a_section_is_a_name_too(workplace: Workplace) -> None:
    example = model(MODEL_HEADER + "class: {hidden_size: 8}\ncontract: {parameters: 64}\n")
    family = example.files[FAMILY]
    assert isinstance(family, str)
    family = family.replace("{dimensions:", "{class:").replace("(dimensions)", "(contract)")
    reported = found(workplace, Example({**example.files, FAMILY: family}, example.aside))
    assert "reserved-name" in {item.name for item in reported}


@pytest.mark.parametrize(
    ("first", "second"),
    [("keeps", "keeps"), ("defaults", None), ("is_frozen", None), ("refuses", None)],
)
def test_no_test_takes_the_place_of_another(
    workplace: Workplace, first: str, second: str | None
) -> None:
    """`rms_norm` with the law `a_b` and `rms_norm_a` with the law `b` would be one function."""
    template = NORM_TEMPLATE.replace("rms_norm", "norm_config")
    if second is None:
        spec = CONFIG + SOUND[len(HEADER) :].replace("rms_norm", "norm_config").replace(
            "definition", first
        )
        assert names(workplace, spec, template=template) == ["duplicate-name"]
        return
    block = NORM_TEMPLATE[NORM_TEMPLATE.index("\n\n#% behavior") :]
    template = NORM_TEMPLATE + block.replace("rms_norm", "rms_norm_always")
    behavior = SOUND[SOUND.index("  - name: rms_norm") :]
    spec = SOUND.replace("definition", f"always_{first}")
    spec += behavior.replace("rms_norm", "rms_norm_always").replace("definition", second)
    assert names(workplace, spec, template=template) == ["duplicate-name"]


def test_a_law_and_a_check_are_two_tests(workplace: Workplace) -> None:
    checked = SOUND + "    checks: [rms_norm_definition]\n"
    tests = NORM_TESTS + CHECK.replace("gradient_is_exact", "rms_norm_definition")
    assert names(workplace, checked, tests=tests) == ["duplicate-name"]


def test_the_tests_of_a_blueprint_import_what_they_test(workplace: Workplace) -> None:
    example = model(MODEL_HEADER + "dimensions: {hidden_size: 8}\ncontract: {parameters: 64}\n")
    assert found(workplace, example) == []
    tests = {
        "templates/models/test_family.py.j2": FAMILY_TESTS.replace("{{ instance_import }}", "")
    }
    reported = found(workplace, Example(example.files, {**example.aside, **tests}))
    assert [item.name for item in reported] == ["missing-hole"]


def test_a_template_shows_no_section_that_is_not_declared(workplace: Workplace) -> None:
    example = model(MODEL_HEADER + "dimensions: {hidden_size: 8}\ncontract: {parameters: 64}\n")
    path = "templates/models/family.py.j2"
    more = {path: example.aside[path] + "EXTRA = {{ section_extra }}\n"}
    reported = found(workplace, Example(example.files, {**example.aside, **more}))
    assert [item.name for item in reported] == ["missing-hole"]
    assert "shows the section 'extra', which is not declared" in reported[0].message


def test_the_type_of_a_section_is_no_formula(workplace: Workplace) -> None:
    """One that begins with a capital was taken for a class, and gen ended in a traceback."""
    example = model(MODEL_HEADER + "dimensions: {hidden_size: 8}\ncontract: {parameters: 64}\n")
    (family,) = [path for path, text in example.files.items() if "kind: blueprint" in text]
    swapped = example.files[family].replace("  num_params:", "  Contract:")
    swapped = swapped.replace("  Contract:\n    description: What", "  Promise:\n    description: What")
    reported = found(workplace, Example({**example.files, family: swapped}, example.aside))
    assert 'the section "contract" is Contract' in [item.message for item in reported]


def test_a_constraint_that_another_word_alone_breaks_is_tested(workplace: Workplace) -> None:
    spec = CONFIG.replace("    constraints:\n", "      kind: Enum<rms, layer> = rms -- of the norm\n    constraints:\n")
    spec = spec.replace("- 0 < eps\n", '- 0 < eps\n      - kind == "rms" or eps > 1\n')
    spec = spec.replace("sqrt(config.eps)\n", 'sqrt(config.eps) if config.kind == "rms" else 0.0\n')
    assert names(workplace, spec) == []


@pytest.mark.parametrize("failing", [False, True])
def test_two_processes_find_what_one_finds(
    failing: bool, workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "FEWEST", 1)
    example = model(MODEL_HEADER + "dimensions: {hidden_size: 8}\ncontract: {parameters: 65}\n")
    unsound = component(SOUND.replace("    returns: Tensor[..., D]\n", ""))
    files, aside = {**example.files, **unsound.files}, {**example.aside, **unsound.aside}
    one = found(workplace, Example(files, aside))
    assert len({item.span.file for item in one}) > 1
    here, run = os.getpid(), base._run

    def run_or_die(*arguments: object) -> None:
        if failing and os.getpid() != here:
            os._exit(3)
        run(*arguments)

    monkeypatch.setattr(base, "_run", run_or_die)
    library = load([Path("specs")], Path.cwd())
    run_rules(library, processes=2)
    assert library.findings.sorted() == one != []


def test_a_result_that_the_spec_leaves_out(workplace: Workplace) -> None:
    spec = SOUND.replace("    returns: Tensor[..., D]\n", "")
    assert names(workplace, spec) == ["signature-mismatch"]
    assert names(workplace, spec, template=NORM_TEMPLATE.replace("-> Tensor", "-> None")) == []


def test_params_that_the_spec_leaves_out(workplace: Workplace) -> None:
    start = SOUND.index("    params:")
    spec = SOUND[:start] + SOUND[SOUND.index("\n", start) + 1 :]
    reported = found(workplace, component(spec))
    assert [item.name for item in reported] == ["signature-mismatch"]
    assert "(x, weight, eps)" in reported[0].message


@pytest.mark.parametrize("word", ["input", "type", "id", "len"])
def test_a_param_that_hides_a_builtin(workplace: Workplace, word: str) -> None:
    template = NORM_TEMPLATE.replace("eps: float", f"{word}: float").replace("+ eps", f"+ {word}")
    spec = SOUND.replace("eps: Float", f"{word}: Float")
    assert names(workplace, spec, template=template) == ["shadowed-name"]


def test_an_input_may_have_the_name_of_what_is_not_called(workplace: Workplace) -> None:
    assert names(workplace, law(f"{NORM} ~= x + norm", x="normal(2, 8)", norm="1")) == []
    assert names(workplace, law(f"{NORM} ~= norm(x)", x="normal(2, 8)", norm="x")) == [
        "shadowed-name"
    ]
    shadow = law("rms_norm(x, ones(8), 1e-6) ~= x", x="normal(2, 8)", rms_norm="x")
    assert "shadowed-name" in names(workplace, shadow)


@pytest.mark.parametrize(
    "statement",
    [
        f"shape({NORM}) == (2, 8)",
        f"dtype({NORM}) == float64 and len({NORM}) == 2",
        f"all(isfinite({NORM}))",
        f"{NORM}.shape == x.shape",
        "shape(y) == (2, 8)",
    ],
)
def test_laws_of_shape_alone(workplace: Workplace, statement: str) -> None:
    inputs = {"x": "normal(2, 8)"} | ({"y": NORM} if "(y)" in statement else {})
    assert names(workplace, law(statement, **inputs)) == ["shape-alone"]


def test_a_check_or_a_law_elsewhere_looks_at_values(workplace: Workplace) -> None:
    shape = law(f"shape({NORM}) == (2, 8)", x="normal(2, 8)")
    checked = shape + "    checks: [gradient_is_exact]\n"
    assert names(workplace, checked, tests=NORM_TESTS + CHECK) == []
    assert names(workplace, shape + LAW.replace("definition", "values")) == []


def test_what_another_spec_reads_is_used_though_only_one_is_checked(workplace: Workplace) -> None:
    spec = SOUND.replace("behaviors:", "constants: {IGNORED: 1}\nbehaviors:")
    example = component(spec)
    assert [item.name for item in found(workplace, example, SPEC)] == ["unused-declaration"]
    other = HEADER.replace("normalization", "reader") + (
        "uses: [igla.architecture.normalization]\nconstants: {TWICE: 2 * IGNORED}\n"
    )
    workplace.write("specs/architecture/reader.vibee", other)
    assert found(workplace, example, SPEC) == []


def test_a_type_that_only_its_own_block_names_is_unused(workplace: Workplace) -> None:
    block = "#% type NormConfig\nclass NormConfig:\n    {{ fields }}\n\n    x = NormConfig\n#% endtype\n"
    template = component(HEADER).aside["templates/architecture/normalization.py.j2"] + block
    reported = names(workplace, HEADER + TYPES, template=template)
    assert "unused-declaration" in reported


def test_one_variant_may_be_what_is_left_over(workplace: Workplace) -> None:
    start = 'is: 1.0 if config.kind == "a" else 2.0'
    spec = HEADER + TYPES.replace("eps: Float = 1e-6", "kind: Enum<a, b> = a").replace(
        "    constraints:\n      - 0 < eps\n", ""
    )
    reader = READER.replace("is: config.hidden_size * sqrt(config.eps)", start).replace(
        ", eps=0.25)) == 2.0", ")) == 4.0"
    )
    assert names(workplace, spec + reader.replace(start, f"{start} * config.hidden_size")) == []
    spec = spec.replace("<a, b>", "<a, b, c>")
    assert names(workplace, spec + reader.replace(start, f"{start} * config.hidden_size")) == [
        "unread-variant"
    ]


@pytest.mark.parametrize(
    ("statement", "tolerance", "expected"),
    [
        ("mean(NORM^2) ~= 0.001", "1e-2", ["useless-tolerance"]),
        ("mean(NORM^2) ~= 0.001", "1e-4", []),
        ("mean(NORM^2) ~= 0.5 * 0.002", "1e-3", ["useless-tolerance"]),
        ("mean(NORM^2) ~= 1e-12", None, ["useless-tolerance"]),
        ("mean(NORM^2) ~= 0", "1e-3", []),
        ("mean(NORM^2) == 0.001", "1e-2", ["useless-tolerance"]),  # for nothing uses it
        ("mean(NORM^2) ~= 1", "0.5", ["useless-tolerance"]),
        ("mean(NORM^2) ~= 1", "-1e-3", ["useless-tolerance"]),
        ("mean(NORM^2) ~= 1", ".nan", ["useless-tolerance"]),
    ],
)
def test_tolerances(
    workplace: Workplace, statement: str, tolerance: str | None, expected: list[str]
) -> None:
    spec = law(statement.replace("NORM", NORM), x="normal(2, 8)")
    spec += f"        tolerance: {tolerance}\n" if tolerance else ""
    assert names(workplace, spec) == expected


def test_tolerances_of_cases(workplace: Workplace) -> None:
    spec = law(f"mean({NORM}) ~= y", x="normal(2, 8)")
    for rows, expected in (("{y: 1}, {y: 0.01}", ["useless-tolerance"]), ("{y: 1}, {y: 0}", [])):
        text = spec.replace("        holds:", f"        cases: [{rows}]\n        holds:")
        assert names(workplace, text + "        tolerance: 0.1\n") == expected


def test_what_stands_twice_in_a_list(workplace: Workplace) -> None:
    checked = SOUND + "    checks: [gradient_is_exact, gradient_is_exact]\n"
    assert names(workplace, checked, tests=NORM_TESTS + CHECK) == ["duplicate-name"]


def test_a_spec_that_stands_nowhere_is_not_looked_around(workplace: Workplace) -> None:
    """From `~/spec.vibee` the folder above could be the whole disk."""
    spec = SOUND.replace("behaviors:", "constants: {IGNORED: 1}\nbehaviors:")
    example = Example({"here/spec.vibee": spec}, component(spec).aside)
    workplace.write("there/other.vibee", "IGNORED: 1\n")
    workplace.write("here/other.vibee", "IGNORED: 1\n")
    reported = [item.name for item in found(workplace, example, "here/spec.vibee")]
    assert reported == ["unused-declaration"]


@pytest.mark.parametrize(
    ("line", "module"),
    [
        ("from igla.data.other import thing", "igla.data.other"),
        ("from igla.data.other import (\n    thing,\n)", "igla.data.other"),
        ("from igla.data import other", "igla.data.other"),
        ("from igla.data import other as o", "igla.data.other"),
        ("from igla.architecture import scaling, other", "igla.architecture.other"),
        ("from igla.data import (\n    other,  # why\n)", "igla.data.other"),
        ("from igla.data.other.deep import thing", "igla.data.other.deep"),
        ("from  igla.data.other  import thing", "igla.data.other"),
        ("from igla . data . other import thing", "igla.data.other"),
        ("from igla.data.other \\\n    import thing", "igla.data.other"),
        ("from \\\n    igla.data.other import thing", "igla.data.other"),
        ("if True:\n    from igla.data.other import thing", "igla.data.other"),
        ("x = 1; from igla.data.other import thing", "igla.data.other"),
        ("X = 'from igla.data.other import thing'", None),
        ("# from igla.data import other", None),
        ("from igla.architecture import scaling", None),
        ("from iglad.data import other", None),
    ],
)
def test_an_import_is_found_however_it_is_written(
    scaling: Workplace, line: str, module: str | None
) -> None:
    template = "templates/architecture/scaling.py.j2"
    scaling.write(
        template, scaling.read(template).replace("import math\n", f"import math\n{line}\n")
    )
    out = scaling.run("check", "--output-format", "concise").out
    found = [text for text in out.splitlines() if "IG427" in text]
    assert len(found) == (module is not None), out
    assert module is None or f"{module} is not in uses" in found[0]


@pytest.mark.parametrize(("name", "expected"), [("main", ["unlisted-use"]), ("rms_norm", [])])
def test_a_name_that_two_modules_have_hides_an_import_only_where_it_is_read(
    workplace: Workplace, name: str, expected: list[str]
) -> None:
    """Programs have each a main of their own, which is no reason not to say what is used."""
    base = SOUND.replace(OWN, "igla.architecture.base").replace("rms_norm", name)
    template = NORM_TEMPLATE.replace(
        "import torch\n", "import torch\nfrom igla.architecture import base\n", 1
    )
    if name == "main":
        spec = SOUND + SOUND[SOUND.index("  - name: rms_norm") :].replace("rms_norm", "main")
        block = NORM_TEMPLATE[NORM_TEMPLATE.index("#% behavior") :].replace("rms_norm", "main")
        template = f"{template}\n\n{block}"
    else:
        spec = SOUND
    workplace.write("specs/architecture/base.vibee", base)
    workplace.write("templates/architecture/base.py.j2", NORM_TEMPLATE.replace("rms_norm", name))
    workplace.write("templates/architecture/test_base.py.j2", NORM_TESTS)
    named = [item.name for item in found(workplace, component(spec, template=template))]
    assert [word for word in named if word == "unlisted-use"] == expected


def test_a_template_where_nobody_looks_is_told_from_none(
    scaling: Workplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder of one's own the template stands where it belongs, and yet is not there."""
    elsewhere = tmp_path / "elsewhere"
    for name in ("specs/architecture/mine.vibee", "templates/architecture/mine.py.j2"):
        (elsewhere / name).parent.mkdir(parents=True)
        (elsewhere / name).write_text("\n")
    spec = scaling.read("specs/architecture/scaling.vibee").replace("re.scaling", "re.mine")
    (elsewhere / "specs/architecture/mine.vibee").write_text(spec)
    monkeypatch.chdir(elsewhere)
    out = scaling.run("check").out
    assert f"the one here is not read: move it to {scaling.root / 'templates'}\n" in out
    assert out.count("write it, or correct the module path") == 1  # that of the tests


# -- what a finding suggests ---------------------------------------------------------------


def hints(workplace: Workplace, spec: str, *paths: str) -> list[str | None]:
    return [item.hint for item in found(workplace, component(spec), *paths)]


@pytest.mark.parametrize(
    ("type_", "hint"),
    [
        ("Tensr[D]", "did you mean Tensor[B, T, D]?"),
        ("List[Int]", "did you mean List<A>?"),
        ("Optional<Int>", "did you mean Option<A>?"),
        ("Enm<a, b>", "did you mean Enum<a, b>?"),
        ("Mapp<String, Int>", "did you mean Map<A, B>?"),
    ],
)
def test_a_misspelt_type_is_shown_in_its_form(
    workplace: Workplace, type_: str, hint: str
) -> None:
    assert hint in hints(workplace, CONFIG.replace("eps: Float = 1e-6", f"eps: {type_}"))


def test_types_of_the_spec_are_listed_first(workplace: Workplace) -> None:
    told = hints(workplace, CONFIG.replace("config: NormConfig", "config: Qqqqqq"))
    assert any(hint is not None and hint.startswith("accepted: NormConfig, Any, ") for hint in told)


def test_a_module_is_never_taken_for_the_spec_that_names_it(workplace: Workplace) -> None:
    spec = SOUND.replace("behaviors:", "uses: [igla.architecture.normalisation]\nbehaviors:")
    own = "specs/architecture/normalization.vibee"
    assert all("normalization" not in (hint or "") for hint in hints(workplace, spec, own))

    workplace.write("specs/architecture/roary.vibee", "name: unread\n")  # known by its path
    spec = spec.replace("normalisation", "roaryy")
    assert "did you mean 'igla.architecture.roary'?" in hints(workplace, spec, own)


@pytest.mark.parametrize(
    ("statement", "hint"),
    [
        ("ln(x) ~= x", "did you mean 'log'?"),
        ("mean(x, dim=0-1) ~= x", "arguments have no names here: write mean(x, 0 - 1)"),
    ],
)
def test_words_of_other_languages(workplace: Workplace, statement: str, hint: str) -> None:
    items = found(workplace, component(law(statement, x="normal(2, 8)")))
    (told,) = [item for item in items if item.name == "unknown-name"]
    assert told.hint == hint
    assert [edit.text for fix in (told.fix,) if fix for edit in fix.edits] == (
        ["log"] if "ln" in statement else []
    )


def test_a_law_with_both_statements_is_told_so(workplace: Workplace) -> None:
    spec = law(f"{NORM} ~= x", x="normal(2, 8)") + f"        refuses: {NORM}\n"
    (told,) = [item for item in found(workplace, component(spec)) if item.name == "law-shape"]
    assert told.message == 'the law "definition" has both holds and refuses'
    assert told.hint == "a law says one thing: make two laws of it"
