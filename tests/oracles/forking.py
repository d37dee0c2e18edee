"""Processes that are to die, forked by a warm one: to import torch takes seconds, to fork milliseconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


def serve(tasks: dict[str, Callable[..., object]]) -> None:
    """What the warm process does: fork for each line of input; print the pid, then how it ended."""
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            sys.stdout = sys.stderr  # standard output is for the pids
            tasks[name](*arguments)
            os._exit(0)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


class Server:
    """The other end of `serve`, which a module of this folder calls when it is run as a program."""

    def __init__(self, module: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.oracles.{Path(module).stem}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        )

    def start(self, name: str, *arguments: Any) -> int:
        """The pid of a process that does a task."""
        plain = [str(value) if isinstance(value, Path) else value for value in arguments]
        self.process.stdin.write(json.dumps([name, *plain]) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def wait(self) -> int:
        """How the process that was started last ended: its exit status, or minus the signal."""
        return int(self.process.stdout.readline())

    def call(self, name: str, *arguments: Any) -> int:
        self.start(name, *arguments)
        return self.wait()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
