"""Servers of their own process: started, watched, stopped; and who runs on which core."""

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks import world
from portal.config import read_settings

_PATIENCE_S = 120.0
_LOOK_S = 0.5


def take_all_files() -> int:
    """Let this process and its servers open as many files as allowed; return how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


#: Cores that this run may use: the first for the server, another for the load client.
CORES = sorted(os.sched_getaffinity(0))


@contextmanager
def aside() -> Iterator[None]:
    """Leave the first core to the server, where there are two."""
    os.sched_setaffinity(0, CORES[1:] or CORES)
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


@dataclass(frozen=True, slots=True)
class Instance:
    """A portal's folder and database, holding the demo; gone after the run."""

    folder: Path
    url: str
    secret_key: str

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment that points the portal here."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PORTAL_")}
        return kept | {
            "PORTAL_INSTANCE": str(self.folder),
            "PORTAL_DATABASE_URL": self.url,
            "PORTAL_DEMO": "1",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `portal` command here, to its end."""
        return subprocess.run(
            [_portal(), *words], env=self.environ, capture_output=True, text=True, check=False
        )


@contextmanager
def instance(url: str = "") -> Iterator[Instance]:
    """Lend an instance of its own, on SQLite unless an address is given."""
    folder = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    try:
        told = {"PORTAL_INSTANCE": str(folder), "PORTAL_DATABASE_URL": url}
        settings = read_settings(told)
        made = Instance(folder, settings.database_url, settings.secret_key)
        world.make(made.url)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _portal() -> str:
    return str(Path(sys.executable).with_name("portal"))


class Server:
    """A server's process, on the first core alone where there are two."""

    def __init__(
        self, command: Sequence[str], port: int, log: Path, environ: Mapping[str, str]
    ) -> None:
        """Start it; `wait` says when it answers."""
        self.port = port
        self.log = log
        self._command, self._environ = command, dict(environ)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            process = subprocess.Popen(
                self._command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        os.sched_setaffinity(process.pid, CORES[:1])
        return process

    def kill_and_restart(self) -> None:
        """Kill it without a word, as a crash does, and start it anew at the same port."""
        self.process.kill()
        self.process.wait()
        self.process = self._start()

    @property
    def cpu_s(self) -> float:
        """Return how long its threads have run, in seconds."""
        return self._schedule(0)

    @property
    def kept_waiting_s(self) -> float:
        """Return how long its threads could have run, but others had the core, in seconds."""
        return self._schedule(1)

    def _schedule(self, column: int) -> float:
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[column]) for task in tasks) / 1e9

    @property
    def rss(self) -> int:
        """Return its resident memory, in bytes."""
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return 1024 * int(text.partition("\nRss:")[2].split()[0])

    def forget_peak(self) -> None:
        """Let `peak` count from now on."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    @property
    def peak(self) -> int:
        """Return the most memory it had at once, in bytes."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(text.partition("\nVmHWM:")[2].split()[0])

    @property
    def complaints(self) -> int:
        """Return how many errors it has logged."""
        text = self.log.read_text(errors="replace")
        return text.count("Traceback") + text.count("ERROR")

    def wait(self, path: str) -> None:
        """Return once it answers; raises RuntimeError with its last words if it does not."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers(path):
                return
            time.sleep(0.05)
        message = f"the server did not start:\n{self.log.read_text(errors='replace')[-2000:]}"
        raise RuntimeError(message)

    def rest(self) -> None:
        """Return once it has done what it does after its start: it hardly wants its core."""
        wanted, deadline = -1.0, time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            before, wanted = wanted, self.cpu_s + self.kept_waiting_s
            if before >= 0 and wanted - before < _LOOK_S / 10:
                return
            time.sleep(_LOOK_S)

    def _answers(self, path: str) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@contextmanager
def serving(at: Instance) -> Iterator[Server]:
    """Run the portal itself."""
    port = free_port()
    command = [_portal(), "serve", "--port", str(port)]
    with _running(Server(command, port, at.folder / "server.log", at.environ), "/readyz") as it:
        yield it


@contextmanager
def bare(words: Sequence[str], folder: Path) -> Iterator[Server]:
    """Run a bare server; a word {port} is where it listens. Its log lies in `folder`."""
    port = free_port()
    command = [word.format(port=port) for word in words]
    with _running(Server(command, port, folder / "bare.log", os.environ), "/") as it:
        yield it


@contextmanager
def _running(server: Server, path: str) -> Iterator[Server]:
    try:
        server.wait(path)
        server.rest()
        with aside():
            yield server
    finally:
        server.stop()


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
