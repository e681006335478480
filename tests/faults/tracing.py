"""strace at a running process: it ends it at a system call, or lets the call fail."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.live.server import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


#: How long strace may take to see that it is over.
_PATIENCE_S = 0.5


@cache
def _why_not() -> str:
    if shutil.which("strace") is None:
        return "strace is not here"
    tried = subprocess.run(
        ["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"ptrace is not allowed here: {tried.stderr}"


def need_strace() -> None:
    """Skip the test, with a word, where strace is missing or the machine forbids it."""
    if _why_not():
        pytest.skip(_why_not())


@contextmanager
def injected(pid: int, calls: str, what: str) -> Iterator[None]:
    """Do something at these system calls of a process, such as "signal=SIGKILL:when=3"."""
    command = ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(pid)]
    command += ["-e", f"trace={calls}", "-e", f"inject={calls}:{what}"]
    strace = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: strace.poll() is not None or _is_traced(pid), "strace is there")
        yield
    finally:
        _end(strace)


def _end(strace: subprocess.Popen[bytes]) -> None:
    """Let go of the process. With one that is dying strace ends by itself, and only so."""
    for end in (lambda: None, strace.terminate, strace.kill):
        end()
        with suppress(subprocess.TimeoutExpired):
            strace.communicate(timeout=_PATIENCE_S)
            return


def _is_traced(pid: int) -> bool:
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    return all("TracerPid:\t0\n" not in (it / "status").read_text() for it in tasks)
