"""From COMMIT to the last of N clients: real server, real sockets, every delivery looked at.

Times are taken three ways: from the moment the desk's POST is sent; from the entry's own time,
which the portal takes just before COMMIT; and from the moment the answer is there. The last
may be negative: the news can outrun the answer.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks import world
from benchmarks.report import Report, median, say, scaled
from benchmarks.server import Instance, Server, instance, reference, serving
from benchmarks.sockets import Herd, Loop, Post
from benchmarks.visitor import Visitor
from benchmarks.world import Visa, Waiting, opened
from portal.journal.models import Entry

#: Clients that come first, so that what is made once is not counted as theirs.
_FIRST = 20
_PATIENCE_S = 30.0
#: How long doubles are waited for after the last delivery, in seconds.
_LINGER_S = 0.3
#: From here on the times say more about the neighbours than about the server.
_DISTURBED = 0.25
#: A person's telephone, office and so on: each a session of its own.
_SESSIONS_EACH = 5

Ticket = tuple[str, dict[str, object]]


@dataclass(slots=True)
class Figures:
    """What one server did with N clients; times in seconds.

    commits : when each event was committed (or emitted), by the wall's clock.
    wrong   : deliveries that were missing, doubled or not what was published.
    """

    commits: list[float] = field(default_factory=list)
    lasts: list[float] = field(default_factory=list)
    from_sending: list[float] = field(default_factory=list)
    from_answer: list[float] = field(default_factory=list)
    deliveries: int = 0
    wrong: int = 0
    server_cpu: float = 0.0
    server_kept_waiting: float = 0.0
    client_cpu: float = 0.0
    per_socket: float | None = None
    seated_per_s: float = 0.0
    cpu_per_seat: float = 0.0
    frame_size: int = 0

    @property
    def from_commit(self) -> list[float]:
        """Return how long after each COMMIT the last client had heard of it."""
        return [last - at for last, at in zip(self.lasts, self.commits, strict=True)]

    @property
    def disturbed(self) -> float:
        """Return which part of the time the server could have run, others had its core."""
        return self.server_kept_waiting / (self.server_kept_waiting + self.server_cpu)


class Run:
    """One server, its herd, and what is measured of them."""

    def __init__(self, server: Server, herd: Herd) -> None:
        """Begin with an empty record."""
        self.server, self.herd = server, herd
        self.figures = Figures()

    def seat(self, tickets: Sequence[Ticket]) -> None:
        """Let all in, and note how fast and for how much memory."""
        before, count = self.server.rss, len(tickets)
        started, server_cpu = time.monotonic(), self.server.cpu_s
        self.herd.seat(tickets)
        self.figures.seated_per_s = count / (time.monotonic() - started)
        self.figures.cpu_per_seat = (self.server.cpu_s - server_cpu) / count
        self.herd.listen(0.5)
        self.figures.per_socket = (self.server.rss - before) / count

    def publish(self, head: str, words: str, form: dict[str, str]) -> bytes:
        """Let one report out, wait for everybody, look at every delivery; return the answer."""
        herd, figures = self.herd, self.figures
        post = Post(herd.loop, head, urlencode(form))
        herd.count.heard, herd.count.last = 0, 0.0
        self._look_for_stragglers()
        server_cpu, client_cpu = self.server.cpu_s, time.process_time()
        kept_waiting = self.server.kept_waiting_s
        wall = time.time() - time.perf_counter()
        post.send()
        herd.listen_for_all(_PATIENCE_S)
        figures.client_cpu += time.process_time() - client_cpu
        figures.server_cpu += self.server.cpu_s - server_cpu
        figures.server_kept_waiting += self.server.kept_waiting_s - kept_waiting
        herd.listen(_LINGER_S)
        herd.loop.remove(post)
        figures.lasts.append(wall + herd.count.last)
        figures.from_sending.append(herd.count.last - post.sent_at)
        figures.from_answer.append(herd.count.last - post.answered_at)
        figures.deliveries += len(herd.clients)
        self._look_at_deliveries(words)
        return post.answer

    def _look_for_stragglers(self) -> None:
        """Count what came after everything had been looked at: nothing was to come."""
        for client in self.herd.clients:
            self.figures.wrong += len(client.entries)
            client.entries.clear()

    def _look_at_deliveries(self, words: str) -> None:
        """Count clients that did not hear exactly this, exactly once, as the room's next."""
        read: dict[bytes, dict[str, object]] = {}
        for client in self.herd.clients:
            right = len(client.entries) == 1
            for text in client.entries:
                if text not in read:
                    read[text] = json.loads(text[len("42/live,") :])[1]
                frame = read[text]
                room = str(frame["room"])
                right = right and frame["n"] == client.heads[room] + 1
                right = right and words in str(frame.get("html"))
                client.heads[room] = int(str(frame["n"]))
            self.figures.wrong += not right
            self.figures.frame_size = len(max(client.entries, default=b""))
            client.entries.clear()


Warm = Callable[[Run], object]


@contextmanager
def _run(server: Server, tickets: Sequence[Ticket], warm: Warm) -> Iterator[Run]:
    """Let a few in and warm the server up with them; then let the others in."""
    loop = Loop(server.port)
    gc.collect()
    gc.freeze()
    try:
        run = Run(server, Herd(loop))
        run.seat(tickets[:_FIRST])
        warm(run)
        wrong = run.figures.wrong
        run.figures = Figures(wrong=wrong)
        run.seat(tickets[_FIRST:])
        yield run
    finally:
        loop.close()
        gc.unfreeze()


def measure_ours(at: Instance, session: Session, visas: Sequence[Visa], events: int) -> Figures:
    """Let `events` reports out to so many clients."""
    desk = world.sign_in(session, [world.MODERATOR], at.secret_key)[0]
    reports = world.add_waiting(session, events + 1)
    follows = {visa.rooms: world.follow_of(session, visa) for visa in visas}
    tickets = [(visa.cookie, follows[visa.rooms]) for visa in visas]
    session.rollback()
    with serving(at) as server:
        publish = _Desk(server, desk).publish
        with _run(server, tickets, lambda run: publish(run, reports[0])) as run:
            for it in reports[1:]:
                publish(run, it)
            run.figures.wrong += run.herd.count.lost + server.complaints
            run.figures.commits = [_entry_at(session, it) for it in reports[1:]]
            return run.figures


class _Desk:
    """The moderator's browser."""

    def __init__(self, server: Server, visa: Visa) -> None:
        browser = Visitor(server.port, visa.cookie)
        path = f"/incidents/{world.CODE}/feed/queue"
        self._token = browser.csrf_token(path)
        self._cookie = browser.cookie
        browser.close()

    def publish(self, run: Run, it: Waiting) -> None:
        path = f"/incidents/{world.CODE}/feed/{it.reference}/publish"
        head = f"POST {path} HTTP/1.1\r\nCookie: {self._cookie}"
        form = {
            "csrf_token": self._token,
            "once": it.reference,
            "version": str(it.version),
            "seen_by": "partners",
        }
        answer = run.publish(head, it.words, form)
        if not answer.startswith(b"HTTP/1.1 303"):
            message = f"publishing was answered with {answer[:200]!r}"
            raise RuntimeError(message)


def _entry_at(session: Session, it: Waiting) -> float:
    """Return the time of the entry that let the report out."""
    at = session.scalars(
        select(Entry.at).where(
            Entry.subject == "post", Entry.subject_id == it.id, Entry.move == "publish"
        )
    ).one()
    return at.timestamp()


def measure_reference(at: Instance, count: int, events: int) -> Figures:
    """Let the bare server tell so many clients as much."""

    def tell(run: Run) -> float:
        words = "Rack 2 at Monett loads."
        answer = run.publish("POST /tell HTTP/1.1", words, {"words": words})
        return float(json.loads(answer.partition(b"\r\n\r\n")[2])["at"])

    tickets: list[Ticket] = [("", {})] * count
    with (
        reference(at.folder) as server,
        _run(server, tickets, tell) as run,
    ):
        run.figures.commits = [tell(run) for _ in range(events)]
        run.figures.wrong += run.herd.count.lost
        return run.figures


def measure(
    report: Report, at: Instance, visas: Sequence[Visa], *, events: int, on: str = ""
) -> None:
    """Compare both servers with as many clients as there are visas."""
    count = len(visas)
    say(f"{count:,} clients{on}: ours …")
    with opened(at.url) as session:
        ours = measure_ours(at, session, visas, events)
    say("the same: reference …")
    theirs = measure_reference(at, count, events)
    for name, figures in (("ours", ours), ("reference", theirs)):
        if figures.disturbed > _DISTURBED:
            say(
                f"  Others had the core of the server ({name}) for {figures.disturbed:.0%} of "
                "the time: trust the CPU figures, not the times."
            )
    who = f"{count:,} clients{on}"

    def add(what: str, unit: str, pick: Callable[[Figures], float | None]) -> None:
        report.add(f"{who}: {what}", unit, pick(ours), reference=pick(theirs))

    add("COMMIT to the last", "ms", lambda it: scaled(median(it.from_commit), 1e3))
    add("POST to the last", "ms", lambda it: scaled(median(it.from_sending), 1e3))
    add("answer to the last", "ms", lambda it: scaled(median(it.from_answer), 1e3))
    add("server CPU, 1,000 deliveries", "ms", lambda it: it.server_cpu / it.deliveries * 1e6)
    add(
        "load client CPU, 1,000 deliveries",
        "ms",
        lambda it: it.client_cpu / it.deliveries * 1e6,
    )
    add("bytes of a frame", "B", lambda it: it.frame_size)
    add("memory of a seated socket", "KB", lambda it: scaled(it.per_socket, 1 / 1000))
    add("sockets let in and seated", "1/s", lambda it: it.seated_per_s)
    add("server CPU, letting in one", "ms", lambda it: it.cpu_per_seat * 1e3)
    wrong = f"{who}: missing, doubled or wrong deliveries"
    report.add(wrong, "", ours.wrong, reference=theirs.wrong, bar=0)


def run(
    report: Report, sizes: Sequence[int], events: Callable[[int], int], url: str = ""
) -> None:
    """Compare both servers with each number of clients, in one world for all."""
    on = " on PostgreSQL (fsync off)" if url else ""
    say(f"Making {max(sizes):,} sign-ins{on} …")
    with instance(url) as at:
        with opened(at.url) as session:
            people = -(-max(sizes) // _SESSIONS_EACH)
            emails = world.add_people(session, people)
            visas = world.sign_in(session, emails, at.secret_key, each=_SESSIONS_EACH)
        for size in sizes:
            measure(report, at, visas[:size], events=events(size), on=on)
