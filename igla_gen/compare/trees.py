"""Where a version of the specs comes from: a file, a folder, or a git ref, which is never checked out."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from igla_gen.compare.meaning import roles_of
from igla_gen.compare.sides import Tree
from igla_gen.model.library import load
from igla_gen.resources import templates_folder

LARGEST = 4_000_000  # bytes; no spec or template is larger
_SUFFIXES = (".vibee", ".j2")


class NoSuchTree(ValueError):
    """The words name no file, no folder and no commit; the message says what was looked for."""


def read_paths(paths: list[Path], root: Path, label: str) -> Tree:
    """The specs at these paths, with the templates beside them where there are any."""
    library = load(paths, root)
    return Tree(label, library, roles_of(library), _templates(paths, root))


def _templates(paths: list[Path], root: Path) -> dict[str, str] | None:
    """`templates/` beside the `specs/` that hold the paths, else below the root."""
    above = [parent for path in paths for parent in (path.resolve(), *path.resolve().parents)]
    beside = [folder.parent / "templates" for folder in above if folder.name == "specs"]
    for folder in (*beside, root / "templates", templates_folder()):
        if folder.is_dir():
            found = sorted(folder.rglob("*.j2"))
            return {
                p.relative_to(folder).as_posix(): p.read_text("utf-8", "replace") for p in found
            }
    return None


@contextmanager
def extracted(ref: str) -> Iterator[Path]:
    """A temporary folder with the specs and templates of a commit, as they lie below this folder."""
    commit = _commit(ref)
    with tempfile.TemporaryDirectory(prefix="igla-gen-") as name:
        root = Path(name)
        files = _files(commit)
        for path, text in zip(files, _blobs(list(files.values())), strict=True):
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
        yield root


def is_commit(ref: str) -> bool:
    """Whether git knows the ref; False outside a repository."""
    try:
        _commit(ref)
    except NoSuchTree:
        return False
    return True


def _commit(ref: str) -> str:
    if not ref or ref.startswith("-"):
        raise NoSuchTree(f"{ref!r} is no commit")
    return _git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", what=ref).strip()


def _files(commit: str) -> dict[str, str]:
    """Path and object of each spec and template; no links, no submodules, nothing huge."""
    found: dict[str, str] = {}
    for line in _git("ls-tree", "-r", "-l", "-z", commit, what=commit).split("\0"):
        facts, _, path = line.partition("\t")
        if not path.endswith(_SUFFIXES):
            continue
        mode, kind, name, size = facts.split()
        if kind == "blob" and mode != "120000" and int(size) <= LARGEST and _is_inside(path):
            found[path] = name
    return found


def _is_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/")


def _blobs(names: list[str]) -> Iterator[bytes]:
    """The contents of objects, read in one go."""
    request = "".join(f"{name}\n" for name in names).encode()
    out = _run(["cat-file", "--batch"], request).stdout
    start = 0
    for _ in names:
        head, _, _ = out[start:].partition(b"\n")
        size = int(head.split()[-1])
        start += len(head) + 1
        yield out[start : start + size]
        start += size + 1


def _git(*arguments: str, what: str) -> str:
    done = _run(list(arguments), b"")
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        if "not a git repository" in said:
            raise NoSuchTree("this folder is in no git repository")
        raise NoSuchTree(f"git knows no commit {what!r}{f' ({said})' if said else ''}")
    return done.stdout.decode("utf-8", "surrogateescape")


def _run(arguments: list[str], request: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *arguments], input=request, capture_output=True, check=False)
    except OSError as error:
        raise NoSuchTree(f"git cannot be run: {error.strerror}") from error
