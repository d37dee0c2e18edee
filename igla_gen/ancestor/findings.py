"""What `igla-gen check` says of a spec in the ancestor's form: each thing once, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from igla_gen.ancestor.forms import HEADER, KNOWN
from igla_gen.ancestor.reading import PROSE, OldBehavior, OldSpec, read
from igla_gen.ancestor.types import SCALARS, translate
from igla_gen.diagnostics import Diagnostic, Edit, Fix, Span, nearest, suggestion
from igla_gen.syntax.tree import Mapping, Scalar

_IMPORT = "run igla-gen import, which writes the spec in today's form with every line kept"
_CODE = ("implementation", "code", "ⲍⲓⲅ_ⲟⲩⲧⲡⲩⲧ")


def check(tree: Mapping) -> list[Diagnostic]:
    """Every finding of one file; `igla-gen import` goes on where all of them are but warnings."""
    spec = read(tree)
    return [
        _language(spec),
        *spec.faults,
        *_names(spec),
        *_types(spec),
        *_prose(spec),
        *_capitals(spec),
        *_cases(spec),
        *_notes(spec),
        *_code(spec),
    ]


def _language(spec: OldSpec) -> Diagnostic:
    language = spec.header.get("language")
    where = language or spec.header.get("module") or spec.header.get("name") or spec.node
    is_foreign = language is not None and language.text not in ("python", "")
    message = "this spec is in the form of the ancestor"
    if is_foreign:
        message += f', and "{language.text}" is not a language that igla-gen writes'
    span = where.span if isinstance(where, Scalar) else where.entries[0].key.span
    return Diagnostic("IG511", "ancestor-spec", message, span, _IMPORT)


def _names(spec: OldSpec) -> Iterator[Diagnostic]:
    yield from _twins([item.name for item in spec.types])
    yield from _twins([item.name for item in spec.behaviors])
    for type_ in spec.types:
        yield from _twins([item.name for item in type_.fields])


def _twins(names: Sequence[Scalar]) -> Iterator[Diagnostic]:
    first: dict[str, Span] = {}
    for name in names:
        if first.setdefault(name.text, name.span) is not name.span:
            message = f'"{name.text}" is declared twice'
            hint = f"it is already on line {first[name.text].line}"
            yield Diagnostic("IG408", "duplicate-name", message, name.span, hint)


def _types(spec: OldSpec) -> Iterator[Diagnostic]:
    declared = {type_.name.text: type_.name.text for type_ in spec.types}
    reported: set[str] = set()
    for type_ in spec.types:
        for field in type_.fields:
            for name in translate(field.type.text, declared).unknown:
                if name not in reported:
                    reported.add(name)
                    offset = max(0, field.type.text.find(name))
                    span = field.type.part(offset, offset + len(name))
                    close = nearest(name, {*declared, *SCALARS})
                    hint = f"did you mean {close!r}?" if close else "declare it below types"
                    message = f"the type {name} is not known"
                    yield Diagnostic("IG406", "unresolved-type", message, span, hint)


def _prose(spec: OldSpec) -> Iterator[Diagnostic]:
    if spec.behaviors:
        first, count = spec.behaviors[0].name, len(spec.behaviors)
        many = "1 behaviour is" if count == 1 else f"{count} behaviours are"
        message = f'{many} prose alone, "{first.text}" first: nothing tests what they say'
        hint = "after the import give each a law or a check, and take its 'pending' away"
        yield _warning("IG512", "prose-only", message, first.span, hint)


def _capitals(spec: OldSpec) -> Iterator[Diagnostic]:
    """One for each, since each is an edit of its own."""
    for behavior in spec.behaviors:
        for key in behavior.capitals:
            small = key.text.lower()
            fix = Fix(f"write {small}", (Edit(key.span, small),)) if key.style == "plain" else None
            message, hint = f'the key is "{small}", in small letters', f"write {small}"
            yield Diagnostic("IG513", "capital-key", message, key.span, hint, "warning", fix)


def _cases(spec: OldSpec) -> Iterator[Diagnostic]:
    names = {behavior.name.text for behavior in spec.behaviors}
    every = [case for behavior in spec.behaviors for case in behavior.test_cases]
    for case in (*every, *spec.test_cases):
        yield from _case(case, names)
    prose = [c for c in (*every, *spec.test_cases) if not isinstance(c.get("input"), Mapping)]
    if prose:
        many = f"{len(prose)} test cases is prose, this one first"
        message = f"the input of {many if len(prose) > 1 else '1 test case is prose'}"
        span = prose[0].entries[0].key.span if prose[0].entries else prose[0].span
        hint = "write input: {argument: value} to have it called; the import keeps it as a note"
        yield _warning("IG515", "prose-test-case", message, span, hint)


def _case(case: Mapping, names: set[str]) -> Iterator[Diagnostic]:
    tolerance, behavior = case.get("tolerance"), case.get("behavior")
    if tolerance is not None:
        value = tolerance.value if isinstance(tolerance, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            message = "the tolerance is no number of at least zero"
            yield Diagnostic("IG205", "wrong-shape", message, tolerance.span, "for example 1e-6")
    if isinstance(behavior, Scalar) and behavior.text not in names:
        message = f'no behaviour is called "{behavior.text}"'
        hint = suggestion(behavior.text, names)
        yield Diagnostic("IG516", "case-without-behavior", message, behavior.span, hint)


def _notes(spec: OldSpec) -> Iterator[Diagnostic]:
    known = (*HEADER, "types", "behaviors", *KNOWN, *_CODE)
    keys = [entry.key for entry in spec.rest if entry.key.text not in known]
    keys += [key for behavior in spec.behaviors for key in _extra(behavior)]
    if keys:
        words = ", ".join(dict.fromkeys(key.text for key in keys))
        have = "has" if len(set(words.split(", "))) == 1 else "have"
        message = f"{words} {have} no meaning here"
        hint = "the import keeps them below notes; delete what nobody reads"
        yield _warning("IG514", "ancestor-key", message, keys[0].span, hint)


def _extra(behavior: OldBehavior) -> list[Scalar]:
    known = (*PROSE, "test_cases", *_CODE)
    return [entry.key for entry in behavior.rest if entry.key.text.lower() not in known]


def _code(spec: OldSpec) -> Iterator[Diagnostic]:
    keys = [e.key for e in spec.rest if e.key.text in _CODE]
    keys += [e.key for b in spec.behaviors for e in b.rest if e.key.text in _CODE]
    if keys:
        message = f'"{keys[0].text}" is code, and code lives in templates'
        hint = "the import keeps it below notes; write it in the template of the module"
        yield _warning("IG517", "code-in-spec", message, keys[0].span, hint)


def _warning(code: str, name: str, message: str, span: Span, hint: str) -> Diagnostic:
    return Diagnostic(code, name, message, span, hint, "warning")
