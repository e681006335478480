"""Several serving processes on one address, with a real PostgreSQL and a real Valkey."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from tests.live.plain import connected
from tests.live.server import Server, wait_until
from tests.live.wire import OrderedClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.live.plain import Plain

COUNT = 2

#: Several processes start at once, on a machine that has other things to do.
START_S = 150


@dataclass
class Workers(Server):
    """A server of several processes; `process` is the one that keeps them going."""

    redis_url: str = ""
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PORTAL_REDIS_URL": self.redis_url, **self.more}

    def start(self) -> None:
        before = self.log.count("answering") if (self.folder / "server.log").exists() else 0
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-c", "from portal.app import main; main()", "serve"),
                    *("--port", str(self.port), "--workers", str(COUNT)),
                ],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(
                lambda: self.log.count("answering") >= before + COUNT, "all answer", START_S
            )
        except AssertionError:
            self.kill()
            raise

    def kill(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End them all: killed outright the keeper could not end the others at once."""
        super().kill(how)

    def workers(self) -> dict[str, int]:
        """Return the processes that serve now, by name."""
        assert self.process is not None
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.NoSuchProcess):  # a dead one that is not buried yet, too
                words = child.cmdline()
                if "wsgi.py" in " ".join(words):
                    found[words[-4]] = child.pid
        return found


@contextmanager
def at_each(server: Workers, transports: list[str], cookie: str) -> Iterator[dict[str, Plain]]:
    """Lend a client at each worker, by its name: meanwhile the others stand still."""
    found: dict[str, Plain] = {}
    workers = server.workers()
    with ExitStack() as stack:
        for name in workers:
            others = [psutil.Process(pid) for it, pid in workers.items() if it != name]
            for other in others:
                other.suspend()
            try:
                client = stack.enter_context(
                    connected(server.url, transports, {"Cookie": cookie}, kind=OrderedClient)
                )
            finally:
                for other in others:
                    other.resume()
            assert worker_of(client) == name
            found[name] = client
        yield found


def worker_of(client: Plain) -> str:
    """Return the name of the worker at which a client sits."""
    return str(client.io.eio.sid).partition("-")[0]


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
