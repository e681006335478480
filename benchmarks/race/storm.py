"""The server is killed under thousands of sockets: until all are back and know everything."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import world
from benchmarks.race import build
from benchmarks.race.build import LackingError
from benchmarks.race.client import Answer
from benchmarks.race.leg import DISTURBED, Meter, crowd
from benchmarks.race.portal import SESSIONS_EACH, Desk, write_tickets
from benchmarks.report import Report, p95, say, scaled
from benchmarks.server import Instance, Server, instance, serving
from benchmarks.world import Visa, opened
from benchmarks.writes import Reporter

SOCKETS = 10_000
_MOST_S, _PATIENCE_S = 60, 180
_ACKNOWLEDGED_MS = 1_000
#: Who posts meanwhile, how often, and how many posts are let out meanwhile.
_AUTHORS, _EVERY_S, _PUBLISHED = 24, 0.1, 5
#: Nothing new comes for so long after all are back.
_LINGER_S = 1.0


@dataclass(slots=True)
class Found:
    """What came of it; times in seconds."""

    storm: Answer = field(default_factory=dict)
    down: float = 0.0
    acknowledged: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    behind: int = 0
    bad: int = 0
    disturbed: float = 0.0


class _Author(threading.Thread):
    """Reports again and again until told to stop, whatever the server does."""

    def __init__(self, port: int, visas: Sequence[Visa], found: Found) -> None:
        super().__init__()
        self._reporter = Reporter(port, visas, reports=20)
        self._found = found
        self.is_over = threading.Event()

    def run(self) -> None:
        """Note how long each report takes to be acknowledged; nobody being there counts not."""
        while not self.is_over.wait(_EVERY_S):
            began = time.perf_counter()
            try:
                answer = self._reporter.ask()
            except (OSError, HTTPException):
                self._reporter.close()
                continue
            if answer.status == 303:
                self._found.acknowledged.append(time.perf_counter() - began)
            else:
                self._found.refused.append(answer.status)


def run(report: Report, sockets: int = SOCKETS) -> None:
    """Kill the server once, and print what came of it."""
    with TemporaryDirectory() as folder:
        try:
            client = build.compiled("client.c", Path(folder))
        except LackingError as lack:
            say(f"Skipped the storm: {lack}.")
            report.add(f"{sockets:,} sockets, kill -9", "", None)
            return
        with instance() as at:
            say(f"Signing in {sockets:,} …")
            with opened(at.url) as session:
                people = world.add_people(session, sockets // SESSIONS_EACH)
                visas = world.sign_in(session, people, at.secret_key, each=SESSIONS_EACH)
                authors = world.add_people(session, _AUTHORS, name="author")
                writers = world.sign_in(session, authors, at.secret_key)
            say(f"{sockets:,} sockets, and the server is killed …")
            found = _measure(client, Path(folder), at, visas, writers)
    _print(report, found, sockets)


def _measure(
    client: Path, folder: Path, at: Instance, visas: Sequence[Visa], writers: Sequence[Visa]
) -> Found:
    found = Found()
    with opened(at.url) as session, serving(at) as server:
        desk = Desk(at, server, session, _PUBLISHED)
        tickets = write_tickets(session, visas, folder / "tickets")
        with crowd(client, server, len(visas), tickets=tickets) as it:
            it.dial(len(visas))
            author = _Author(server.port, writers, found)
            it.begin_storm(_PATIENCE_S)
            author.start()
            meter = _strike(server, desk, found)
            with meter.running():
                for _ in range(_PUBLISHED):
                    desk.publish()
                    time.sleep(0.5)
                found.storm = it.heard()
            author.is_over.set()
            author.join()
            found.disturbed = meter.disturbed
            it.listen(_LINGER_S)
            now = it.look()
            found.behind = len(visas) - int(now["ready"])
            found.behind += not now["least"] == now["head"] == desk.head()
            found.bad = it.bad
    return found


def _strike(server: Server, desk: Desk, found: Found) -> Meter:
    """Kill the server; return once the next one answers."""
    desk.hang_up()
    began = time.monotonic()
    server.kill_and_restart()
    server.wait("/readyz")
    found.down = time.monotonic() - began
    return Meter(server)


def _print(report: Report, found: Found, sockets: int) -> None:
    who, storm = f"{sockets:,} sockets, kill -9 of the server", found.storm
    if found.disturbed > DISTURBED:
        say(f"{who}: others had the server's core {found.disturbed:.0%} of the time.")
    report.add(f"{who}: all back and caught up", "s", storm["in"]["last"] / 1e9, bar=_MOST_S)
    report.add(f"{who}: half are back", "s", storm["in"]["p50"] / 1e9)
    report.add(f"{who}: until it answers again", "s", found.down)
    report.add(f"{who}: not back, or not caught up", "", found.behind, bar=0)
    refused = [status for status in found.refused if status >= 500]
    report.add(f"{who}: sockets answered with 5xx", "", storm["errors"], bar=0)
    report.add(f"{who}: posts answered with 5xx", "", len(refused), bar=0)
    report.add(f"{who}: posts refused otherwise", "", len(found.refused) - len(refused), bar=0)
    report.add(
        f"{who}: a post acknowledged meanwhile, p95 of {len(found.acknowledged)}",
        "ms",
        scaled(p95(found.acknowledged), 1e3),
        bar=_ACKNOWLEDGED_MS,
    )
    report.add(f"{who}: tries a socket", "", storm["attempts"] / sockets)
    report.add(f"{who}: missing, doubled or wrong", "", found.bad, bar=0)
