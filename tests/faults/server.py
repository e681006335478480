"""A portal that is killed and started again, at points of its work that the test names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

from portal.config import ROOT
from tests.live.server import PATIENCE_S, Server, wait_until

#: In the order in which a report comes by them.
POINTS = (
    "before the transaction",
    "single-use key claimed",
    "post written",
    "stream's head moved",
    "entry written",
    "before COMMIT",
    "after COMMIT",
    "readers woken",
    "before the answer",
    "within the answer",
    "within the fan-out",
)

_PROGRAM = Path(__file__).with_name("serving.py")


class Nursery:
    """The process that makes serving processes: it has read everything they are made of."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(_PROGRAM)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def say(self, command: str) -> int:
        """Give a command, and return the number that it is answered with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "what makes the servers has ended"
        return int(answer)

    def close(self) -> None:
        """End it, and all that it made."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()


@dataclass
class MortalServer(Server):
    """The portal by serving.py: each `start` is a new process, a moment after it was asked for.

    nursery : what makes the processes; has to be given.
    pid     : of the process that serves; 0 for none.
    extra   : more settings, by their names in the environment.
    """

    nursery: Nursery | None = None
    pid: int = 0
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | self.extra

    def start(self) -> None:
        log = str(self.folder / "server.log")
        told = {"port": self.port, "log": log, "env": self.environment}
        self.pid = self._say(f"start {json.dumps(told)}")
        wait_until(self._answers, "the server answers")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the process that serves."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, how)
            self.reap()

    def reap(self) -> int:
        """Wait until the process has ended, and return the signal that ended it."""
        wait_until(lambda: not self.is_alive, "the process has ended")
        pid, self.pid = self.pid, 0
        return self._say(f"reap {pid}") & 0x7F

    @property
    def is_alive(self) -> bool:
        """True while the process serves, or could."""
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def _say(self, command: str) -> int:
        assert self.nursery is not None
        return self.nursery.say(command)

    def _answers(self) -> bool:
        assert self.is_alive, f"the server ended:\n{self.log[-2000:]}"
        try:
            return requests.get(f"{self.url}/healthz", timeout=2).ok
        except requests.RequestException:
            return False
