"""Does each line of each spec count? Mutates all of them, and looks what the compiler makes of it.

    python tests/sensitivity.py                     every mutation of every spec (minutes)
    python tests/sensitivity.py architecture/decoder --kind swap-lines --show 20

Each mutation must be noticed: the generated files change, or a finding stands where the spec was touched.
The files are compared without the line numbers of their `# spec:` comments, which any deleted line would
shift; two lines that change places shift no other, and there the numbers count. A mutation is

    changed      no finding in this spec, and its generated files differ; or none in any, and those of one
                 that reads it differ
    reported     a finding on a line that was touched; where a leaf was deleted, on a line beside it or on the
                 key that it stood under; where an indentation broke, on the line or on one beside it
    elsewhere    findings, all of them in other places, such as at the use of a name that was renamed; the
                 files would differ too, if they were written
    misplaced    findings, all of them in other places, though the files would be the same
    silent       neither: the line could say anything; or no finding, and no file can be made

and the last two must not occur. Exit code 1 if they do.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path

from igla_gen.diagnostics import Diagnostic, Span
from igla_gen.emit import environment, render
from igla_gen.emit.provenance import SPEC
from igla_gen.emit.templates import template_texts
from igla_gen.model import library as libraries
from igla_gen.model.component import BlueprintSpec
from igla_gen.model.library import Library, Unit
from igla_gen.rules import run_rules
from igla_gen.syntax import parse_document
from igla_gen.syntax.tree import Entry, Mapping, Node, Scalar, Sequence

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("rename-key", "delete-leaf", "empty-leaf", "change-scalar", "swap-lines", "break-indent")
STRIDE = 23  # of the samples that run on each change
# an indentation is wrong beside another: the finding stands on the second of two lines that disagree
RELATIONS = ("bad-indentation", "unexpected-text", "uneven-indentation")
PASSED = ("changed", "reported", "elsewhere")
_PLACES = re.compile(r"\.vibee:\d+(, :\d+)*")  # in the outputs: a deleted line shifts them all
_LAYOUT = str.maketrans(
    "", "", " \n\t()[]\"',\\"
)  # what ruff adds, removes or writes in another way
_TOKEN = re.compile(r"\\.|[A-Za-z_][A-Za-z0-9_]*|\d+|[<>=!~]=|[<>+*/^-]|.", re.DOTALL)
_OTHER = {
    "true": "false", "false": "true", "and": "or", "or": "and", "Int": "Float", "Float": "Int",
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "~=": "==",
    "+": "-", "*": "+", "/": "*", "^": "*",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutation:
    """One spec with a change; `touched` are the lines (of the new text) where a finding counts."""

    kind: str
    spec: str
    line: int
    what: str
    text: str
    touched: frozenset[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutation, and the first finding."""

    mutation: Mutation
    verdict: str
    said: str


# -- mutations ----------------------------------------------------------------------------


@dataclass(slots=True)
class Leaf:
    """A scalar with what it stands in; `entry` or the index of an item say where."""

    scalar: Scalar
    parent: Mapping | Sequence
    entry: Entry | None
    above: tuple[int, ...]  # lines of the keys above it


@dataclass(slots=True)
class Text:
    """A spec's text with the offset of each line, to cut and paste by span."""

    name: str
    text: str
    starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = [0]
        for line in self.text.split("\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def offset(self, line: int, column: int) -> int:
        return self.starts[line - 1] + column - 1

    def extent(self, scalar: Scalar) -> Span:
        """All of a scalar; the span of a block is its mark alone."""
        span = scalar.span
        said = scalar.text.rstrip()
        if scalar.style != "block" or not said:
            return span
        last = scalar.place(len(said) - 1)[0]
        end = len(self.text[self.starts[last - 1] : self.starts[last] - 1].rstrip()) + 1
        return Span(span.file, span.line, span.column, last, end)

    def raw(self, span: Span) -> str:
        return self.text[self._start(span) : self._end(span)]

    def replaced(self, span: Span, new: str) -> str:
        return self.text[: self._start(span)] + new + self.text[self._end(span) :]

    def _start(self, span: Span) -> int:
        return self.offset(span.line, span.column)

    def _end(self, span: Span) -> int:
        return self.offset(span.end_line, span.end_column)


def mutations(name: str, text: str, kinds: tuple[str, ...] = KINDS) -> Iterator[Mutation]:
    """Every mutation of one spec."""
    tree = parse_document(text, name).tree
    assert isinstance(tree, Mapping), name
    source = Text(name, text)
    makers = {
        "rename-key": _renamed_keys,
        "delete-leaf": _deleted_leaves,
        "empty-leaf": _emptied_leaves,
        "change-scalar": _changed_scalars,
        "swap-lines": _swapped_lines,
        "break-indent": _broken_indents,
    }
    for kind in kinds:
        for line, what, new, touched in makers[kind](source, tree):
            if new != text:
                yield Mutation(kind, name, line, what, new, frozenset(touched))


Edits = Iterator[tuple[int, str, str, set[int]]]


def _renamed_keys(source: Text, tree: Mapping) -> Edits:
    for entry in _entries(tree):
        span = entry.key.span
        yield span.line, entry.key.text, source.replaced(span, f"{entry.key.text}q"), {span.line}


def _deleted_leaves(source: Text, tree: Mapping) -> Edits:
    """The whole entry or item; in a flow collection with its comma."""
    for leaf in _leaves(tree):
        span = source.extent(leaf.scalar)
        span = leaf.entry.key.span.to(span) if leaf.entry else span
        shown = leaf.entry.key.text if leaf.entry else leaf.scalar.text[:30]
        start, end = source.offset(span.line, span.column), _leaf_end(source, span)
        before = source.text[:start].rstrip(" \n")
        own_line = source.text[source.offset(span.line, 1) : start].strip()
        if own_line in ("", "-") or (own_line.endswith("-") and not _in_flow(source, leaf)):
            new, lines = _without_lines(source, span, own_line)
        else:
            new, lines = _without_flow(source, before, end)
        near = {span.line + step for step in range(-1, 2)} | {lines}
        yield span.line, shown, new, near | set(leaf.above)


def _in_flow(source: Text, leaf: Leaf) -> bool:
    return source.text[source.offset(leaf.parent.span.line, leaf.parent.span.column)] in "{["


def _leaf_end(source: Text, span: Span) -> int:
    return source.offset(span.end_line, span.end_column)


def _without_lines(source: Text, span: Span, own_line: str) -> tuple[str, int]:
    """A block entry goes with its lines; the first of an item leaves its dash to the next."""
    start, end = source.offset(span.line, 1), _leaf_end(source, span)
    end = source.text.find("\n", end)
    end = len(source.text) if end < 0 else end + 1
    rest = source.text[end:]
    indent = span.column - 1
    if own_line == "-" and rest.startswith(" " * indent) and rest[indent : indent + 2] != "- ":
        dash = source.text[source.offset(span.line, 1) : source.offset(span.line, span.column)]
        rest = dash + rest[indent:] if rest[indent : indent + 1].strip() else rest
    return source.text[:start] + rest, span.line


def _without_flow(source: Text, before: str, end: int) -> tuple[str, int]:
    after = source.text[end:]
    if before.endswith(","):
        before = before[:-1]
    elif after.lstrip().startswith(","):
        after = after.lstrip()[1:].lstrip()
    elif before.endswith(":"):
        before += " "
    return before + after, before.count("\n") + 1


def _emptied_leaves(source: Text, tree: Mapping) -> Edits:
    """The key stays, the value goes."""
    for leaf in _leaves(tree):
        if leaf.entry is not None and leaf.scalar.text:
            span = source.extent(leaf.scalar)
            new = source.replaced(span, "")
            yield span.line, leaf.entry.key.text, new, {leaf.entry.key.span.line, span.line}


def _changed_scalars(source: Text, tree: Mapping) -> Edits:
    """Each number one more, each operator and known word another, the first and last word longer or gone."""
    for leaf in _leaves(tree):
        span = source.extent(leaf.scalar)
        raw = source.raw(span)
        tokens = [m for m in _TOKEN.finditer(raw) if m.group().strip()]
        words = [m for m in tokens if m.group()[0].isalnum()]
        edits = [(m, str(int(m.group()) + 1)) for m in tokens if m.group().isdigit()]
        edits += [(m, _OTHER[m.group()]) for m in tokens if m.group() in _OTHER and _stands(raw, m)]
        edits += [(m, f"{m.group()}q") for m in {words[0], words[-1]}] if words else []
        last = words[-1:] if len(words) > 1 and not words[-1].group().isdigit() else []
        edits += [(word, "") for word in last]  # 1.0 without its 0 is the same number
        for match, new in edits:
            line = span.line + raw.count("\n", 0, match.start())
            text = raw[: match.start()] + new + raw[match.end() :]
            yield line, f"{match.group()} -> {new}", source.replaced(span, text), {line}


def _stands(raw: str, match: re.Match[str]) -> bool:
    """Whether an operator is one: it has blanks around it, or is a word."""
    if match.group()[0].isalpha():
        return True
    return raw[match.start() - 1 : match.start()] == " " == raw[match.end() : match.end() + 1]


def _swapped_lines(source: Text, tree: Mapping) -> Edits:
    """Each line with the next one that says something, and with one further away.

    For a line of a `|` block the line with its `|` counts, too: there the block is found empty. For a line that ends
    with `|` the next one does: there its value begins.
    """
    lines = source.text.split("\n")
    heads = {
        row: leaf.scalar.span.line
        for leaf in _leaves(tree)
        if leaf.scalar.style == "block"
        for row in range(leaf.scalar.span.line, source.extent(leaf.scalar).end_line + 1)
    }
    said = [i for i, line in enumerate(lines) if line.strip() and not line.strip().startswith("#")]
    draw = random.Random(source.name)
    for index, first in enumerate(said):
        others = [*said[index + 1 : index + 2], *draw.sample(said, 1)]
        for second in others:
            if lines[first].strip() != lines[second].strip():
                new = list(lines)
                new[first], new[second] = new[second], new[first]
                touched = {first + 1, second + 1}
                touched |= {heads[row] for row in touched if row in heads}
                touched |= {row + 1 for row in touched if new[row - 1].rstrip().endswith(" |")}
                yield first + 1, f"with {second + 1}", "\n".join(new), touched


def _broken_indents(source: Text, _tree: Mapping) -> Edits:
    lines = source.text.split("\n")
    for index, line in enumerate(lines):
        if not line.strip() or line.strip().startswith("#"):
            continue
        for step in (1, 2, -1, -2):
            if step > 0 or line.startswith(" " * -step):
                moved = " " * step + line if step > 0 else line[-step:]
                new = [*lines[:index], moved, *lines[index + 1 :]]
                yield index + 1, f"{step:+d}", "\n".join(new), {index, index + 1, index + 2}


def _entries(node: Node) -> Iterator[Entry]:
    if isinstance(node, Mapping):
        for entry in node.entries:
            yield entry
            yield from _entries(entry.value)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _entries(item)


def _leaves(node: Node, above: tuple[int, ...] = (1,)) -> Iterator[Leaf]:
    if isinstance(node, Mapping):
        for entry in node.entries:
            if isinstance(entry.value, Scalar):
                yield Leaf(entry.value, node, entry, above[-1:])
            else:
                yield from _leaves(entry.value, (*above, entry.key.span.line))
    elif isinstance(node, Sequence):
        for item in node.items:
            if isinstance(item, Scalar):
                yield Leaf(item, node, None, above[-1:])
            else:
                yield from _leaves(item, (*above[-1:], item.span.line))


# -- the compiler, in memory --------------------------------------------------------------


class _Few(dict[str, Unit]):
    """All units by name, of which a walk sees only a few."""

    def __init__(self, units: dict[str, Unit], few: list[Unit]) -> None:
        super().__init__(units)
        self.few = few

    def values(self):  # type: ignore[override]
        return self.few


def faults_of(library: Library) -> list[Diagnostic]:
    """What was found, notes apart, which a sound spec may have."""
    return [item for item in library.findings.sorted() if item.severity != "note"]


class Bench:
    """All specs, read once; a mutated one takes the place of its own."""

    def __init__(self) -> None:
        specs = ROOT / "specs"
        self.base = libraries.load([specs], ROOT)
        run_rules(self.base)
        faults = faults_of(self.base)
        assert not faults, faults[:3]
        self.units = {u.source.shown: u for u in self.base.units.values()}

    def texts(self) -> dict[str, str]:
        return {shown: unit.source.text for shown, unit in sorted(self.units.items())}

    @cache  # noqa: B019 - a bench lives as long as the process
    def made(self, module: str) -> list[Made]:
        """The files of a module as the specs are."""
        return list(_made(self.base, self.base.units[module]))

    def loaded(self, name: str, text: str) -> Library:
        """All specs, with this text for one of them; read, not checked."""
        mine = self.units[name]
        library = Library(texts={mine.source.path.resolve(): text})
        library.units = {m: u for m, u in self.base.units.items() if u is not mine}
        library.sources = dict(self.base.sources)
        unit = libraries._load_file(library, mine.source.path, ROOT)
        library.requested = [unit] if unit is not None else []
        return library

    def judge(self, mutation: Mutation) -> Outcome:
        """Reads, checks and renders the mutated spec."""
        library = self.loaded(mutation.spec, mutation.text)
        try:
            return self._judge(mutation, library, self.units[mutation.spec])
        except Exception as error:  # the compiler's own fault: nobody was told where
            return Outcome(mutation, "silent", f"{type(error).__name__}: {error}"[:200])

    def _judge(self, mutation: Mutation, library: Library, mine: Unit) -> Outcome:
        unit = library.requested[0] if library.requested else None
        if unit is not None:
            libraries._load_uses(library, ROOT)
            self._run_rules(library, [unit])
            if not faults_of(library) and self._differs(library, [unit], mine, mutation):
                return Outcome(mutation, "changed", "")  # whatever its readers make of it
            if not any(self._touches(mutation, item) for item in faults_of(library)):
                self._run_rules(library, others_reading(library, unit))
        found = faults_of(library)
        said = f"{found[0].span.file}:{found[0].span.line} {found[0].message}" if found else ""
        if any(self._touches(mutation, item) for item in found):
            return Outcome(mutation, "reported", said)
        differs = unit is not None and self._differs(library, readers(library, unit), mine, mutation)
        if found:
            return Outcome(mutation, "elsewhere" if differs else "misplaced", said)
        return Outcome(mutation, "changed" if differs else "silent", said)

    @staticmethod
    def _run_rules(library: Library, few: list[Unit]) -> None:
        units = library.units
        library.units = _Few(units, few)
        run_rules(library)
        library.units = units

    @staticmethod
    def _touches(mutation: Mutation, item: Diagnostic) -> bool:
        if item.span.file != mutation.spec:  # a finding in a template may name lines of the spec
            places = re.findall(rf"{re.escape(mutation.spec)}:(\d+)", item.hint or "")
            return any(int(line) in mutation.touched for line in places)
        lines = {item.span.line, *_lines_named(item)}
        if item.name == "duplicate-key":  # two keys in one mapping: what parted them is gone
            lines |= set(range(min(lines), max(lines)))
        if item.name in RELATIONS:
            lines |= {item.span.line - 1}
        texts = mutation.text.split("\n")
        there = [row for row in mutation.touched if row <= len(texts)]  # not a last line that was deleted
        lines |= {row for row in there if _quotes(item, texts[row - 1])}
        return bool(lines & mutation.touched)

    def _differs(
        self, library: Library, units: list[Unit], mine: Unit, mutation: Mutation
    ) -> bool:
        """Whether a file of these units does, the mutated one first among them if it has files."""
        if library.requested[0].module != mine.module:
            return True  # other paths
        for reader in units:
            if isinstance(reader.spec, BlueprintSpec):
                continue
            try:
                others = zip(_made(library, reader), self.made(reader.module), strict=True)
                exact = mutation.kind == "swap-lines"  # no other line has moved
                if any(is_other(now, before, exact) for now, before in others):
                    return True
            except Exception:
                if not faults_of(library):
                    raise  # what the rules let pass can be rendered
                return True  # nothing is, with findings; here it is tried all the same
        return False


def _lines_named(item: Diagnostic) -> set[int]:
    """Lines that a finding names besides its own: `it is already on line 12`."""
    return {int(n) for n in re.findall(r"\bline (\d+)", f"{item.message} {item.hint or ''}")}


def _quotes(item: Diagnostic, line: str) -> bool:
    """Whether a finding shows a line word for word, as part of a value that began above it."""
    return len(line.strip()) > 20 and line.strip() in item.message


def readers(library: Library, unit: Unit) -> list[Unit]:
    """The units whose files may depend on this one, itself first; a blueprint has no files."""
    found = [unit, *others_reading(library, unit)]
    return [u for u in found if not isinstance(u.spec, BlueprintSpec)]


def others_reading(library: Library, unit: Unit) -> list[Unit]:
    return [u for u in library.units.values() if u is not unit and _reads(library, u, unit)]


def _reads(library: Library, user: Unit, unit: Unit) -> bool:
    if unit in library.used(user):
        return True
    if user.kind not in ("model", "recipe"):
        return False
    sources = [source for source in (library.blueprint(user), library.model(user)) if source]
    return any(unit in library.used(source) for source in sources)


# -- do files differ? ---------------------------------------------------------------------


@dataclass
class Made:
    """One file that a spec becomes, at its stages: each is made when the one before cannot tell."""

    library: Library
    unit: Unit
    draft: render.Output

    @cached_property
    def code(self) -> str:
        """What the template gave, without what formatting may change, imports and `# spec:` comments."""
        rows = self.draft.text.split("\n")
        kept = [row for row in rows if not row.startswith(("import ", "from ", SPEC))]
        return "\n".join(kept).translate(_LAYOUT).lower()

    @cached_property
    def tidied(self) -> str:
        return _without_places(self._tidied.text)

    @cached_property
    def formatted(self) -> str:
        return _without_places(render.formatted([self._tidied.text])[0])

    @cached_property
    def _tidied(self) -> render.Output:
        return render._tidy(self.draft, self.unit, self.names)

    @cached_property
    def names(self) -> dict[str, str]:
        """What can be imported."""
        return render._providers(self.library, self.unit)


def is_other(now: Made, before: Made, exact: bool = False) -> bool:
    """Whether two files differ; unless `exact`, in more than the line numbers of `# spec:` comments."""
    if exact and now.draft.text != before.draft.text:
        return True
    drafts = _without_places(now.draft.text), _without_places(before.draft.text)
    if drafts[0] == drafts[1] and now.names == before.names:
        return False
    if now.code != before.code:
        return True
    if now.tidied == before.tidied:
        return False
    return now.formatted != before.formatted


_compiled = lru_cache(1)(lambda: environment.make_environment(template_texts()))


def _made(library: Library, unit: Unit) -> Iterator[Made]:
    """The files of a unit, one after the other; templates are compiled once for all of them."""
    for draft in render.drafts(library, unit, _compiled()):
        yield Made(library, unit, draft)


def drafts_of(library: Library, unit: Unit) -> tuple[str, ...]:
    """What the templates of a unit give: its files before imports, comments and layout are seen to."""
    return tuple(made.draft.text for made in _made(library, unit))


def _without_places(text: str) -> str:
    return _PLACES.sub(_without_numbers, text)


def _without_numbers(match: re.Match[str]) -> str:
    return re.sub(r":\d+", ":", match.group())


# -- the run ------------------------------------------------------------------------------


@cache
def bench() -> Bench:
    """The bench of this process."""
    return Bench()


def judge_all(batch: list[Mutation]) -> list[Outcome]:
    return [bench().judge(mutation) for mutation in batch]


def main() -> int:
    """Prints how many mutations of each kind were noticed, and those that were not."""
    options = _options()
    kinds = tuple(options.kind or KINDS)
    texts = bench().texts()
    chosen = [s for s in texts if not options.specs or any(word in s for word in options.specs)]
    todo = [m for name in chosen for m in mutations(name, texts[name], kinds)]
    if options.sample:
        todo = random.Random(options.seed).sample(todo, min(options.sample, len(todo)))
    start = time.perf_counter()
    size = 50
    batches = [todo[i : i + size] for i in range(0, len(todo), size)]
    outcomes: list[Outcome] = []
    with ProcessPoolExecutor(options.jobs) as pool:
        for batch in pool.map(judge_all, batches):
            outcomes += batch
            if options.progress:
                print(f"{len(outcomes)} of {len(todo)}", file=sys.stderr, flush=True)
    return report(outcomes, time.perf_counter() - start, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Does each line of each spec count?")
    parser.add_argument("specs", nargs="*", help="parts of paths; default: all specs")
    parser.add_argument("--kind", action="append", choices=KINDS)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=0, help="only so many mutations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=40, help="how many unnoticed ones to print")
    parser.add_argument("--progress", action="store_true")
    parser.add_argument("--verdict", action="append", help="print those of this verdict")
    return parser.parse_args()


def report(outcomes: list[Outcome], seconds: float, options: argparse.Namespace) -> int:
    verdicts = ("changed", "reported", "elsewhere", "misplaced", "silent")
    print(f"{'':14}" + "".join(f"{verdict:>11}" for verdict in (*verdicts, "noticed")))
    for kind in (*KINDS, "all"):
        count = Counter(o.verdict for o in outcomes if kind in (o.mutation.kind, "all"))
        total = sum(count.values())
        if total:
            share = sum(count[v] for v in PASSED) / total
            row = "".join(f"{count[verdict]:11}" for verdict in verdicts)
            print(f"{kind:14}{row}{share:11.2%}")
    bad = [o for o in outcomes if o.verdict not in PASSED]
    listed = [o for o in outcomes if o.verdict in options.verdict] if options.verdict else bad
    for outcome in listed[: options.show]:
        m = outcome.mutation
        print(f"{m.spec}:{m.line}: {m.kind} {m.what!r}: {outcome.verdict} {outcome.said}")
    print(f"{len(outcomes)} mutations in {seconds:.0f} s; {len(bad)} unnoticed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
