"""The built wheel works outside the repository: grammars, templates and specs travel inside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(arguments: list[str], folder: Path, **environment: str) -> str:
    """Output of a process that must succeed."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | environment
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_generates_the_same_files_elsewhere(tmp_path: Path) -> None:
    """Installed alone, in an empty folder, igla-gen writes the bytes that the repository holds."""
    pip = ["-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    run([*pip, *build, str(ROOT)], ROOT)
    (wheel,) = tmp_path.glob("igla_gen-*.whl")
    site = tmp_path / "site"
    run([*pip, "install", "--quiet", "--no-deps", "--target", str(site), str(wheel)], tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    # the repository's own editable install must not answer in the wheel's place
    start = f"import sys; sys.path.insert(0, {str(site)!r}); import igla_gen.cli as c; print(c.__file__); "
    shown = run(["-c", start + "sys.argv = ['igla-gen', 'gen']; c.main()"], empty)
    assert str(site) in shown.splitlines()[0]
    names = sorted(p.relative_to(ROOT / "generated") for p in (ROOT / "generated").rglob("*.py"))
    assert len(names) > 30
    for name in names:
        assert (empty / "generated" / name).read_bytes() == (ROOT / "generated" / name).read_bytes()
    assert (site / "igla" / "recipes" / "quickstart.py").is_file()
