"""How many posts a second the operation itself accepts, and that a reader misses none."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from benchmarks import world
from benchmarks.report import Bar, Report, p95, say, scaled
from benchmarks.server import instance
from benchmarks.world import opened
from portal.config import ROOT
from portal.journal import queries as journal
from tests.servers import Postgres, find_binaries

WRITERS = 8
_READ_EVERY_S = 0.02


def measure_sqlite(report: Report, seconds: float) -> None:
    """Let eight writers of one process write to SQLite, as a server's do."""
    _measure(report, "SQLite", "", (WRITERS,), seconds, least=300)


def measure_postgres(report: Report, seconds: float) -> None:
    """Let eight writers of two processes write to PostgreSQL, which is on their machine."""
    try:
        find_binaries()
    except RuntimeError as error:
        say(f"Skipped PostgreSQL: {error}.")
        report.add("posts accepted on PostgreSQL", "1/s", None)
        return
    with TemporaryDirectory() as folder, Postgres.shared(Path(folder)) as server:
        name, writers = "PostgreSQL (fsync off)", (WRITERS // 2, WRITERS // 2)
        url = server.through_socket(server.create_database())
        _measure(report, name, url, writers, seconds, least=500)


def _measure(
    report: Report, on: str, url: str, writers: Sequence[int], seconds: float, *, least: int
) -> None:
    say(f"Accepting posts on {on} …")
    with instance(url) as at, opened(at.url) as session:
        people = iter(world.add_people(session, sum(writers)))
        processes = [_start(at.url, seconds, islice(people, count)) for count in writers]
        for process in processes:
            process.stdout.readline()  # type: ignore[union-attr]  # it was asked for
        reader = _Reader(session)
        reader.start()
        for process in processes:
            process.stdin.write("go\n")  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        told = [json.loads(process.communicate()[0]) for process in processes]
        reader.is_over.set()
        reader.join()
        intact = at.run("verify").returncode == 0
    times, cpu_s = [took for it in told for took in it[0]], sum(it[1] for it in told)
    who = f"posts accepted by operations, {sum(writers)} writers, {on}"
    bar = Bar(least, least=True)
    report.add(who, "1/s", len(times) / seconds, bar=bar, right=intact)
    report.add(f"{who}: p95", "ms", scaled(p95(times), 1e3))
    report.add(f"{who}: CPU of a post", "ms", cpu_s / len(times) * 1e3)
    report.add(
        f"{who}: missed by a reader", "", reader.missed + len(times) - reader.read, bar=0
    )


def _start(url: str, seconds: float, people: Iterable[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.posting", url, str(seconds), *people]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)


class _Reader(threading.Thread):
    """Follows the journal by its numbers, as the tail does, until it is over and read out.

    read, missed : how many entries it read, and how many numbers it never saw or saw late.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._incident_id = world.incident_of(session).id
        self._at = self._head()
        self.read = self.missed = 0
        self.is_over = threading.Event()

    def run(self) -> None:
        """Follow."""
        is_over = False
        while not is_over:
            is_over = self.is_over.wait(_READ_EVERY_S)
            head = self._head()
            entries = journal.entries_after(self._session, self._incident_id, self._at, head)
            numbers = [it.seq for it in entries]
            self._session.rollback()  # after it each would be read anew, as of then
            self.missed += numbers != list(range(self._at + 1, head + 1))
            self.read += len(numbers)
            self._at = head

    def _head(self) -> int:
        head = journal.stream_heads(self._session)[self._incident_id]
        self._session.rollback()
        return head
