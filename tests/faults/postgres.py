"""A PostgreSQL of the test's own, as durable as a real one, to be killed and started again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import psutil

from tests.servers import (
    SETTINGS,
    Postgres,
    answers,
    free_port,
    launch,
    make_cluster,
    make_home,
)

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 60

#: As an administrator would have it: what is committed is on the disk.
DURABLE = {
    **{k: v for k, v in SETTINGS.items() if k not in {"fsync", "full_page_writes"}},
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    # After a crash all files are to reach the disk: by one call, not by one for each of them.
    "recovery_init_sync_method": "syncfs",
}


@dataclass
class MortalPostgres:
    """A cluster and, between `start` and `kill`, its processes."""

    port: int = field(default_factory=free_port)
    home: Path = field(default_factory=make_home)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> Postgres:
        return Postgres(self.port)

    def __enter__(self) -> Self:
        make_cluster(self.home)
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def start(self) -> None:
        """Start, recover, and wait until it answers."""
        with (self.home / "postgres.log").open("ab") as log:
            self._process = launch(self.home, self.port, DURABLE, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while not answers(self.server):
            told = (self.home / "postgres.log").read_text()[-2000:]
            assert self._process.poll() is None, f"PostgreSQL ended:\n{told}"
            assert time.monotonic() < deadline, f"PostgreSQL does not answer:\n{told}"
            time.sleep(0.02)

    def family(self) -> list[psutil.Process]:
        """Return the postmaster and all its children."""
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        return []

    def kill(self) -> None:
        """End all its processes at once, with no chance to tidy up."""
        family = self.family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self._process is not None:
            self._process.wait(PATIENCE_S)
            self._process = None
        psutil.wait_procs(family, PATIENCE_S)

    def stall(self) -> None:
        """Stop all its processes where they stand; they live, and answer nobody."""
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._tell(signal.SIGCONT)

    def _tell(self, what: signal.Signals) -> None:
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(what)
