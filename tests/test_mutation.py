"""The mutation run: it tells killed mutants from survivors, and insists on the rate."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import mutation

MODULE = '''\
"""A module."""


Made = type("Made", (), {})


def double(n: int) -> int:
    return n * 2


def is_large(n: int) -> bool:
    return n > 100
'''
TESTS = """\
from igla.arithmetic import doubling


def test_double() -> None:
    assert doubling.double(3) == 6


def test_is_large() -> None:
    assert doubling.is_large(1000)
"""


@pytest.fixture
def generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of one module; the test of `double` is strong, that of `is_large` weak."""
    folder = tmp_path / "generated"
    for path, text in {
        "igla/__init__.py": "",
        "igla/arithmetic/__init__.py": "",
        "igla/arithmetic/doubling.py": MODULE,
        "tests/arithmetic/test_doubling.py": TESTS,
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    monkeypatch.setattr(mutation, "GENERATED", folder)
    monkeypatch.setattr(mutation, "WORK", tmp_path / "work")
    return folder


def test_survivors_are_found(generated: Path) -> None:
    outcome = mutation.run("arithmetic/doubling", jobs=1)
    assert outcome.mutants == 4
    assert outcome.survivors and all("is_large" in name for name in outcome.survivors)
    assert outcome.rate == 100 * (1 - len(outcome.survivors) / outcome.mutants)


def test_a_rate_below_the_limit_stops_the_run(
    generated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mutation.py", "--at-least", "99", "--jobs", "1"])
    with pytest.raises(SystemExit) as stopped:
        mutation.main()
    assert "below 99 %: arithmetic/doubling" in str(stopped.value)
    out = capsys.readouterr().out
    assert "arithmetic/doubling" in out and "survived" in out and "return n >= 100" in out


def test_an_unknown_module_is_named(generated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mutation.py", "arithmetic/tripling"])
    with pytest.raises(SystemExit, match=r"tripling: no such generated module; .*doubling"):
        mutation.main()


def test_what_is_known_is_not_measured_again(
    generated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "arithmetic/doubling"
    first = mutation.run(module, jobs=1)
    meta = mutation.WORK / module / "mutants" / "igla" / f"{module}.py.meta"
    text = meta.read_text("utf-8")
    started = []
    mutmut = mutation.mutmut
    monkeypatch.setattr(mutation, "mutmut", lambda *a: started.append(a) or mutmut(*a))
    (generated / "igla/arithmetic/unrelated.py").write_text("X = 1\n", encoding="utf-8")
    assert mutation.run(module, jobs=1) == first
    assert not started
    facts = json.loads(text)
    facts["exit_code_by_key"][first.survivors[0]] = None  # as after an interrupted run
    meta.write_text(json.dumps(facts), encoding="utf-8")
    again = mutation.run(module, jobs=1)
    assert len(started) == 1 and again.survivors == first.survivors
    assert again.seconds > first.seconds
    meta.write_text(text[:-20], encoding="utf-8")  # killed while it wrote
    assert mutation.results(mutation.settle(module), module) == {}
    assert not meta.exists()


def test_a_change_that_the_tests_reach_is_measured(generated: Path) -> None:
    module = "arithmetic/doubling"
    meta = mutation.settle(module) / "mutants" / "igla" / f"{module}.py.meta"
    meta.parent.mkdir(parents=True)
    meta.write_text('{"exit_code_by_key": {"mutant": 1}}', encoding="utf-8")
    assert mutation.results(mutation.settle(module), module) == {"mutant": 1}
    for path in ("igla/arithmetic/__init__.py", "tests/arithmetic/test_doubling.py"):
        with (generated / path).open("a", encoding="utf-8") as file:
            file.write("# changed\n")
        kept = meta.read_text("utf-8")
        assert mutation.results(mutation.settle(module), module) == {}
        meta.parent.mkdir(parents=True)
        meta.write_text(kept, encoding="utf-8")
    assert mutation.results(mutation.settle(module, fresh=True), module) == {}


def test_only_what_is_imported_is_reachable(generated: Path) -> None:
    (generated / "igla/arithmetic/tripling.py").write_text("", encoding="utf-8")
    paths = set(mutation.reachable("arithmetic/doubling"))
    assert paths == {
        "igla/__init__.py",
        "igla/arithmetic/__init__.py",
        "igla/arithmetic/doubling.py",
        "tests/arithmetic/test_doubling.py",
    }


def test_a_sample_grows_and_says_how_sure_it_is(
    generated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = "arithmetic/doubling"
    few = mutation.run(module, jobs=1, sample=2)
    assert (few.mutants, few.of) == (2, 4)
    assert few.interval[0] < few.rate < few.interval[1] or few.rate in (0, 100)
    codes = mutation.results(mutation.settle(module), module)
    assert sum(code is None for code in codes.values()) == 2
    measured = []
    mutmut = mutation.mutmut
    monkeypatch.setattr(mutation, "mutmut", lambda *a: measured.extend(a[4:]) or mutmut(*a))
    more = mutation.run(module, jobs=1, sample=3)
    assert more.mutants == 3 and set(few.survivors) <= set(more.survivors)
    assert len(measured) == 1 and codes[measured[0]] is None  # the two are known
    every = mutation.run(module, jobs=1, sample=9)
    assert every == mutation.run(module, jobs=1) and every.interval == (every.rate, every.rate)
    monkeypatch.setattr(sys, "argv", ["mutation.py", "--sample", "2", "--at-least", "40"])
    with pytest.raises(SystemExit, match="below 40 %"):  # two mutants prove little
        mutation.main()
    assert "a sample of 4: between" in capsys.readouterr().out


def test_interval_is_wilsons() -> None:
    outcome = mutation.Outcome("a", 600, 2868, 0, tuple("x" * 60), 1.0)
    assert outcome.interval == pytest.approx((87.339, 92.152), abs=1e-3)  # by hand


def test_a_sample_of_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("0", "-3", "many"):
        monkeypatch.setattr(sys, "argv", ["mutation.py", "--sample", given])
        with pytest.raises(SystemExit) as refused:
            mutation.main()
        assert refused.value.code == 2
