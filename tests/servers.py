"""Real servers for the tests: one PostgreSQL for a whole run, however many workers ask for it.

The first worker that needs it starts a keeper (this file, run as a program), which makes a
fresh cluster, starts it and stays beside it. Every worker that uses the server holds a shared
lock on a file; the keeper waits for the exclusive lock on the same file. The kernel gives that
out when the last worker has gone, whether it ended, was interrupted or was killed. Then the
keeper stops the server and removes its files, so that a crashed run leaves nothing behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60
PREFIX = "postgresql+psycopg://"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "timezone": "UTC",
    "jit": "off",
    # A container may have a very small /dev/shm.
    "dynamic_shared_memory_type": "mmap",
    # Durability is not what these tests are about; these three make them quick.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}

_keepers: list[subprocess.Popen[bytes]] = []  # held, so that none is reported as lost


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server, and the databases a test makes on it."""

    port: int
    home: str = ""

    @classmethod
    @contextmanager
    def shared(cls, folder: Path) -> Iterator[Postgres]:
        """Lend the server of the run whose workers all name the same `folder`."""
        with (folder / "postgres.users").open("a") as users:
            with (folder / "postgres.start").open("a") as start:
                fcntl.flock(start, fcntl.LOCK_EX)  # one worker looks or starts at a time
                fcntl.flock(users, fcntl.LOCK_SH)
                server = _find(folder) or _start_keeper(folder)
            yield server

    def url(self, database: str) -> str:
        """Return SQLAlchemy's address of `database`."""
        return f"{PREFIX}postgres@127.0.0.1:{self.port}/{database}"

    def through_socket(self, url: str) -> str:
        """Return the address of a database as who is on the server's machine would have it."""
        return f"{PREFIX}postgres@/{_name(url)}?host={self.home}&port={self.port}"

    def create_database(self, template: str | None = None) -> str:
        """Make a database, empty or a copy of `template` (an address), and return its address.

        Nobody may be connected to a template while it is copied: dispose of its engine first.
        """
        name = f"test_{uuid.uuid4().hex}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
            sql.Identifier(name),
            sql.Identifier(_name(template) if template else "template1"),
        )
        self._execute(statement)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove the database at `url`, along with whoever is still connected to it."""
        self._execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
                sql.Identifier(_name(url)),
            ),
        )

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """Open a plain connection of the server's owner, each statement its own transaction."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            dbname=database,
            connect_timeout=10,
            autocommit=True,
        )

    def _execute(self, statement: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(statement)


def _name(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]


def find_binaries() -> Path:
    """Return the folder of the newest PostgreSQL server installed here."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = [found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not installed:
        message = "no PostgreSQL server found: install one (Debian: apt-get install postgresql)"
        raise RuntimeError(message)
    return max(installed, key=lambda folder: float(folder.parent.name))


# ---------------------------------------------------------------- the worker's side


def _find(folder: Path) -> Postgres | None:
    try:
        told = json.loads((folder / "postgres.json").read_text())
    except FileNotFoundError:
        return None
    server = Postgres(**told)
    return server if answers(server) else None


def _start_keeper(folder: Path) -> Postgres:
    log = folder / "postgres.log"
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # an interrupt at the terminal is not for the keeper
        )
    _keepers.append(keeper)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and keeper.poll() is None:
        server = _find(folder)
        if server:
            return server
        time.sleep(0.05)
    message = f"PostgreSQL did not start; the end of {log} says:\n{log.read_text()[-2000:]}"
    raise RuntimeError(message)


def answers(server: Postgres) -> bool:
    try:
        server.connect().close()
    except psycopg.OperationalError:
        return False
    return True


# ---------------------------------------------------------------- the keeper's side


def keep(folder: Path) -> None:
    """Run a server for as long as anyone holds a lock on `folder`'s list of users."""
    told = folder / "postgres.json"
    home = make_home()
    try:
        make_cluster(home)
        process, server = _serve(home)
        try:
            _tell(told, server)
            with (folder / "postgres.users").open("a") as users:
                fcntl.flock(users, fcntl.LOCK_EX)
                told.unlink(missing_ok=True)  # before the lock goes: nobody finds it dying
        finally:
            _stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def make_home() -> Path:
    """Make a folder for the cluster that the server's user can reach and owns."""
    if os.getuid() != 0:
        return Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    home = Path(tempfile.mkdtemp(prefix="portal-postgres-", dir="/tmp"))
    shutil.chown(home, "nobody", _identity()["group"])
    return home


def _identity() -> dict[str, Any]:
    """Return whom to run the server as: it refuses to run as root."""
    if os.getuid() != 0:
        return {}
    import pwd  # noqa: PLC0415  - wanted only here

    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def make_cluster(home: Path) -> None:
    initdb = [find_binaries() / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust"]
    options = ["--no-sync", "--locale=C.UTF-8", "--encoding=UTF8"]
    subprocess.run([*initdb, *options], check=True, cwd=home, env=_env(home), **_identity())


def _env(home: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home), "LC_ALL": "C.UTF-8"}


def _serve(home: Path) -> tuple[subprocess.Popen[bytes], Postgres]:
    """Start the server on a free port; another try if someone took the port first."""
    for _ in range(5):
        server = Postgres(free_port(), str(home))
        settings = SETTINGS | {"unix_socket_directories": server.home}
        process = launch(home, server.port, settings)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and process.poll() is None:
            if answers(server):
                return process, server
            time.sleep(0.05)
        _stop(process)
    message = "PostgreSQL could not be started on any of five free ports"
    raise RuntimeError(message)


def launch(
    home: Path, port: int, settings: dict[str, str], **options: Any
) -> subprocess.Popen[bytes]:
    """Start a server on the cluster in `home`, with settings and options of the process."""
    command = [find_binaries() / "postgres", "-D", home / "data", "-p", str(port)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return subprocess.Popen(command, cwd=home, env=_env(home), **_identity(), **options)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server at once; what it held is thrown away, so it need not write it out."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tell(told: Path, server: Postgres) -> None:
    """Write down where the server is, in one stroke, so that nobody reads half of it."""
    draft = told.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(server)))
    draft.replace(told)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # tidy up when told to end, too
    keep(Path(sys.argv[1]))
