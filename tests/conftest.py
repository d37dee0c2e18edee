"""What all tests of the compiler share: settings of generated cases, and a place of their own to run in.

Generated cases are the same in every run, so that a red test is the change's fault and not the draw's.
`pytest tests --hypothesis-profile search` draws new ones.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from igla_gen import cli, resources
from igla_gen.emit import templates
from igla_gen.write import fresh

_NOISE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=_NOISE
)
settings.register_profile("search", database=None, deadline=None, suppress_health_check=_NOISE)
settings.load_profile("same")

collect_ignore = ["cases"]  # what cases hold as expected output is no test of this folder
REPOSITORY = Path(__file__).resolve().parent.parent

SPEC = """\
name: igla_example_scaling
version: "1.0.0"
language: python
module: igla.architecture.scaling
description: Multiplies by a factor.

types:
  ScaleConfig:
    description: By how much.
    fields:
      factor: Int = 2 -- the multiplier
      width: Int -- channels
    constraints:
      - factor > 0
      - width > 0
    example: {width: 4}

formulas:
  area:
    description: Width times factor.
    params: {config: ScaleConfig}
    returns: Int
    is: config.width * config.factor
    laws:
      - name: multiplies
        holds: area(ScaleConfig(factor=3, width=5)) == 15

behaviors:
  - name: scale
    given: A number
    when: It is scaled
    then: The number times the factor
    params: {x: Float, config: ScaleConfig}
    returns: Float
    raises: ValueError if x is negative
    laws:
      - name: multiplies
        holds: scale(4.0, ScaleConfig(width=1)) == 8.0
      - name: needs_a_positive_number
        refuses: scale(0 - 1.0, ScaleConfig(width=1))
        saying: x is negative
    checks: [scale_of_zero]
"""

TEMPLATE = '''\
"""{{ module_doc }}"""

from __future__ import annotations

import os
import math

{{ constants }}

{{ types }}

{{ formulas }}


#% behavior scale
def scale(x: float, config: ScaleConfig) -> float:
    """{{ doc }}"""
    if x < 0:
        raise ValueError(f"x is negative: {x}")
    return math.fabs(x) * config.factor
#% endbehavior
'''

TEST_TEMPLATE = '''\
"""{{ test_doc }}"""

from igla.architecture import scaling

{{ laws }}


#% check scale_of_zero
def test_scale_of_zero() -> None:
    """{{ doc }}"""
    assert scaling.scale(0.0, scaling.ScaleConfig(width=1)) == 0.0
#% endcheck
'''


@dataclass(frozen=True)
class Result:
    """What one command said."""

    code: int
    out: str
    err: str


class Workplace:
    """A small repository of its own: grammar, templates and specs, and commands run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = self.read(name)
        assert old in text, f"{old!r} is not in {name}"
        self.write(name, text.replace(old, new))

    def files(self, folder: str = "generated") -> dict[str, bytes]:
        """Every file below a folder of the workplace, with its bytes."""
        below = (self.root / folder).rglob("*")
        return {p.relative_to(self.root).as_posix(): p.read_bytes() for p in below if p.is_file()}

    def run(self, *arguments: str) -> Result:
        """`igla-gen ARGUMENTS`, in this process; an exception that escapes fails the test."""
        templates.template_texts.cache_clear()
        out, err = io.StringIO(), io.StringIO()
        before = sys.argv
        sys.argv = ["igla-gen", *arguments]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                cli.main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        finally:
            sys.argv = before
        return Result(code, out.getvalue(), err.getvalue())


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workplace]:
    """An empty workplace that igla-gen takes for its own home and the current folder."""
    root = tmp_path / "work"
    shutil.copytree(REPOSITORY / "grammar", root / "grammar")
    (root / "templates").mkdir()
    (root / "specs").mkdir()
    monkeypatch.chdir(root)
    for module in (resources, fresh):
        monkeypatch.setattr(module, "resource_root", lambda: root)
    yield Workplace(root)
    templates.template_texts.cache_clear()  # the next test may be one of the repository's own templates


@pytest.fixture
def scaling(workplace: Workplace) -> Workplace:
    """A workplace with one small component."""
    workplace.write("specs/architecture/scaling.vibee", SPEC)
    workplace.write("templates/architecture/scaling.py.j2", TEMPLATE)
    workplace.write("templates/architecture/test_scaling.py.j2", TEST_TEMPLATE)
    return workplace
