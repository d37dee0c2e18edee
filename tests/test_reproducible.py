"""The same bytes wherever, whenever and by whomever `gen` is run: real processes, real files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

pytestmark = (
    pytest.mark.slow
)  # seconds alone, minutes on a busy machine; test_writing has a small one

FOLDERS = ("grammar", "templates", "specs", "igla_gen")
# shuffles what the system lists, before any code of ours runs
REVERSED_LISTINGS = """
import os
_listdir, _scandir, _walk = os.listdir, os.scandir, os.walk
os.listdir = lambda *a: sorted(_listdir(*a), reverse=True)


class _Reversed:
    def __init__(self, *a):
        with _scandir(*a) as entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name, reverse=True))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *a):
        pass

    def close(self):
        pass


os.scandir = _Reversed
"""


def copy_of(target: Path, *, crlf: bool) -> Path:
    """The compiler with its specs and templates in another folder."""
    for folder in FOLDERS:
        shutil.copytree(
            REPOSITORY / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    if crlf:
        for path in [*target.rglob("*.vibee"), *target.rglob("*.j2"), *target.rglob("*.py")]:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return target


def gen(home: Path, *arguments: str, umask: int = -1, **environment: str) -> subprocess.Popen[str]:
    base = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHASHSEED")}
    extra = environment.pop("EXTRA_PATH", "")
    path = os.pathsep.join(filter(None, [extra, str(home)]))
    return subprocess.Popen(
        [sys.executable, "-m", "igla_gen", "gen", *arguments],
        cwd=home, env=base | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, umask=umask,
    )  # fmt: skip


def files(home: Path) -> dict[str, bytes]:
    out = home / "generated"
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, bytes], Path]]:
    """Two environments that differ in all that must not matter."""
    root = tmp_path_factory.mktemp("places")
    listings = root / "site"
    listings.mkdir()
    (listings / "sitecustomize.py").write_text(REVERSED_LISTINGS)
    plain = copy_of(root / "plain", crlf=False)
    other = copy_of(root / "another place" / "with ünicode", crlf=True)
    runs = [
        gen(plain, LC_ALL="C", TZ="UTC", HOME=str(plain), PYTHONHASHSEED="0", umask=0o022),
        gen(
            other, LC_ALL="C.UTF-8", TZ="Asia/Kathmandu", HOME=str(root),
            PYTHONHASHSEED="4242", EXTRA_PATH=str(listings), umask=0o077,
        ),
    ]  # fmt: skip
    for run in runs:
        said, _ = run.communicate(timeout=300)
        assert run.returncode == 0, said
    return {"plain": (files(plain), plain), "other": (files(other), other)}


def test_two_environments_give_the_same_bytes(results: dict) -> None:
    plain, other = results["plain"][0], results["other"][0]
    assert len(plain) > 40
    assert list(sorted(plain)) == list(sorted(other))
    assert [name for name in plain if plain[name] != other[name]] == []


def test_they_are_the_bytes_of_the_repository(results: dict) -> None:
    """The manifest too: digests do not see how a checkout ends its lines."""
    for name, data in results["plain"][0].items():
        assert data == (REPOSITORY / "generated" / name).read_bytes(), name


def test_every_file_is_utf8_with_plain_line_ends(results: dict) -> None:
    for name, data in results["other"][0].items():
        assert b"\r" not in data, name
        assert data.endswith(b"\n"), name
        data.decode("utf-8")


def test_no_place_user_or_time_is_in_any_file(results: dict) -> None:
    for found, home in results.values():
        for name, data in found.items():
            assert str(home).encode() not in data, name
            assert str(Path.home()).encode() + b"/" not in data, name


def test_a_second_run_elsewhere_has_nothing_to_do(results: dict) -> None:
    """A checkout with CRLF specs compares clean with files that were made of LF ones."""
    plain, other = results["plain"][1], results["other"][1]
    shutil.rmtree(other / "generated")
    shutil.copytree(plain / "generated", other / "generated")
    run = gen(other, "--check")
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said
