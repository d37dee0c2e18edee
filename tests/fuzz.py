"""Damaged documents by the hundred thousand: each must end in a tree or in findings, soon and in little memory.

    python tests/fuzz.py [--documents 200000] [--seed 1] [--start 0] [--jobs 2]

Document number N of a seed is always the same. Each is parsed; every 20th is also checked as
a spec, formatted, and repaired. A failure prints the smallest document found that still fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from igla_gen.model.library import load  # noqa: E402
from igla_gen.rules import run_rules  # noqa: E402
from igla_gen.syntax import parse_document  # noqa: E402
from igla_gen.syntax.formatter import format_document  # noqa: E402
from igla_gen.syntax.tree import plain_data  # noqa: E402
from tests.old_specs import BROKEN, SOUND  # noqa: E402

SECONDS = 2  # of processor time for one document: other work on the machine does not count
MEGABYTES = 500  # for one process
EVERY = 20  # this many documents apart, one goes through all passes
CHUNK = 500

TOKENS = [
    *(
        ": ",
        ":",
        ":\n",
        "- ",
        "-",
        "'",
        '"',
        "{",
        "}",
        "[",
        "]",
        ",",
        "|",
        "|-",
        "|2",
        "# ",
        " #",
        "?",
    ),
    *("? ", "& ", "&a ", "*", "*a", "!", "!t ", ">", "%", "@", "`", "~", "=", "<<: ", "---", "..."),
    *("\t", " ", "  ", "    ", "\n", "\n\n", "\n  ", "\n    ", "\n- ", "\r", "\r\n", "\\", "\\n"),
    *(
        "\\u",
        "\\x41",
        "\\U0001F600",
        "\\ud800",
        "''",
        '""',
        "{}",
        "[]",
        "{a: ",
        "[b, ",
        ": {",
        ": [",
    ),
    *(": '", ': "', ": |\n", "k: v\n", "\nk: v\n", "name: ", "laws:\n", "kind: model\n"),
    *(
        "uses: [igla.architecture.decoder]\n",
        "Tensor[",
        "List<",
        "Enum<a, b>",
        "= ",
        "-- ",
        "(",
        ")",
    ),
    *("^", "**", "~=", "==", "1e999", "-1", "0x1F", ".inf", ".nan", "null", "true", "9" * 30, "x"),
    *("é", "数", "😀", "\u2028", "\x85", "\ufeff", "\0", "\x1b", "\u202e", "{{ x }}", "#% if"),
    *("__class__", "lambda", "../"),
]


@cache
def corpus() -> list[str]:
    """The texts that are damaged: specs, the specs of test cases, texts in the ancestor's manner."""
    paths = [*ROOT.glob("specs/**/*.vibee"), *ROOT.glob("tests/cases/**/*.vibee")]
    texts = [path.read_bytes().decode("utf-8", "replace") for path in sorted(paths)]
    return texts + [*SOUND.values(), *BROKEN.values()] * 4


def document(seed: int, number: int) -> str:
    """The damaged document of this number."""
    draw = random.Random(f"{seed}:{number}")
    text, damages = draw.choice(corpus()), 1
    if number % EVERY:  # else it is to come far: a whole text with one slip
        text, damages = _excerpt(draw, text), draw.randint(1, 3)
    for _ in range(damages):
        text = draw.choice((_damage_characters, _damage_tokens, _damage_lines, _splice))(draw, text)
    return text


def _excerpt(draw: random.Random, text: str) -> str:
    if draw.random() < 0.2:
        return text
    lines = text.split("\n")
    start = draw.randrange(len(lines))
    return "\n".join(lines[start if draw.random() < 0.5 else 0 :][: draw.randint(1, 60)])


def _damage_characters(draw: random.Random, text: str) -> str:
    place = draw.randint(0, len(text))
    match draw.randint(0, 3):
        case 0:
            return text[:place] + text[place + draw.randint(1, 12) :]
        case 1:
            return (
                text[:place]
                + chr(draw.choice((draw.randrange(128), draw.randrange(0xD800))))
                + text[place:]
            )
        case 2:
            data = bytearray(text.encode("utf-8", "replace"))
            if data:
                data[draw.randrange(len(data))] = draw.randrange(256)
            return data.decode("utf-8", "replace")
    end = place + draw.randint(1, 40)
    return text[:place] + text[place:end] * draw.randint(2, 30) + text[end:]


def _damage_tokens(draw: random.Random, text: str) -> str:
    place = draw.randint(0, len(text))
    return (
        text[:place]
        + draw.choice(TOKENS) * draw.choice((1, 1, 1, 2, 70))
        + text[place + draw.randint(0, 2) :]
    )


def _damage_lines(draw: random.Random, text: str) -> str:
    lines = text.split("\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    match draw.randint(0, 4):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            del lines[one]
        case 2:
            lines.insert(other, lines[one])
        case 3:
            lines[one] = " " * draw.randint(0, 9) + lines[one].lstrip()
        case 4:
            lines[one] += draw.choice((" ", "")) + lines[other].lstrip()
    return "\n".join(lines)


def _splice(draw: random.Random, text: str) -> str:
    other = draw.choice(corpus())
    place, start = draw.randint(0, len(text)), draw.randint(0, len(other))
    return text[:place] + other[start : start + draw.randint(1, 600)] + text[place:]


def examine(text: str, path: Path | None) -> str:
    """Sends a document through the passes; says how it ended. `path` asks for all of them."""
    read = parse_document(text, "fuzz.vibee")
    assert read.tree is not None or read.faults, "neither tree nor fault"
    lines = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    for fault in read.faults:
        assert 1 <= fault.span.line <= lines and fault.span.column >= 1, fault
        assert fault.message and fault.hint
    if read.tree is not None:
        repr(plain_data(read.tree))
    if path is not None:
        library = load([path], ROOT, {path: text})
        run_rules(library)
        library.findings.sorted()
        made = format_document(text, "fuzz.vibee")
        assert made.text is not None or made.faults
    return "read" if not read.faults else "read in part" if read.tree is not None else "not read"


@dataclass(slots=True)
class Figures:
    """What a part of a run found."""

    ends: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)
    megabytes: int = 0
    failure: tuple[int, str] | None = None


class Slow(Exception):
    """A document took longer than it may."""


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise Slow(f"more than {SECONDS} s")


def _fails(text: str, path: Path | None) -> str | None:
    """How the document ends, as a failure, or None where it ends well."""
    signal.signal(signal.SIGPROF, _ring)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        examine(text, path)
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return None


def _peak() -> int:
    """The most memory that the process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def run(seed: int, numbers: range, path: Path) -> Figures:
    """Examines the documents of these numbers, up to the first that fails."""
    figures = Figures()
    signal.signal(signal.SIGPROF, _ring)
    before = _peak()  # of a process that did other things first, not of this run
    for number in numbers:
        text, start = document(seed, number), time.process_time()
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            figures.ends[examine(text, path if number % EVERY == 0 else None)] += 1
        except BaseException as error:
            figures.failure = (number, f"{type(error).__name__}: {str(error)[:200]}")
            break
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        figures.slowest = max(figures.slowest, (time.process_time() - start, number))
    figures.megabytes = _peak()
    is_own = figures.megabytes > before
    if figures.megabytes > MEGABYTES and is_own and figures.failure is None:
        figures.failure = (numbers[-1], f"{figures.megabytes} MB")
    return figures


def smallest(text: str, path: Path | None, seconds: float = 60) -> str:
    """A smaller document that still fails, by leaving out lines and then characters."""
    end = time.monotonic() + seconds
    for unit in ("\n", ""):
        parts = text.split(unit) if unit else list(text)
        size = max(1, len(parts) // 2)
        while size and time.monotonic() < end:
            place = 0
            while place < len(parts) and time.monotonic() < end:
                fewer = parts[:place] + parts[place + size :]
                if _fails(unit.join(fewer), path):
                    parts = fewer
                else:
                    place += size
            size //= 2
        text = unit.join(parts)
    return text


def _limited() -> None:
    limit = MEGABYTES * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="number of the first document")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    path = ROOT / "specs" / "architecture" / "normalization.vibee"
    last, begin = given.start + given.documents, time.perf_counter()
    chunks = [
        (given.seed, range(n, min(n + CHUNK, last)), path) for n in range(given.start, last, CHUNK)
    ]
    total = Figures()
    with multiprocessing.get_context("fork").Pool(given.jobs, _limited) as pool:
        for figures in pool.imap(_run, chunks):
            total.ends += figures.ends
            total.slowest = max(total.slowest, figures.slowest)
            total.megabytes = max(total.megabytes, figures.megabytes)
            if figures.failure is not None:
                pool.terminate()
                return _show_failure(given.seed, *figures.failure, path)
    ends = ", ".join(f"{count} {end}" for end, count in sorted(total.ends.items()))
    print(
        f"{sum(total.ends.values())} documents of seed {given.seed} in {time.perf_counter() - begin:.0f} s: {ends}"
    )
    print(
        f"slowest {total.slowest[0]:.2f} s (number {total.slowest[1]}), {total.megabytes} MB at most"
    )
    return 0


def _run(chunk: tuple[int, range, Path]) -> Figures:
    return run(*chunk)


def _show_failure(seed: int, number: int, what: str, path: Path) -> int:
    text = smallest(document(seed, number), path if number % EVERY == 0 else None)
    print(
        f"seed {seed}, document {number}: {what}\nagain with: --seed {seed} --start {number} --documents 1"
    )
    print(f"smallest that fails: {text!r}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
