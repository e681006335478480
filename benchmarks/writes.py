"""How many people get in, and how many reports are taken, in a second."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from benchmarks import world
from benchmarks.report import Bar, Report, median, p95, say, scaled
from benchmarks.server import Instance, Server, instance, serving
from benchmarks.visitor import Answer, Visitor
from benchmarks.world import PASSWORD, Visa, opened
from portal.core.passwords import hash_password, password_matches
from portal.feed.models import Post

#: So many sign in, or write, at the same time.
AT_ONCE = 8
_PROBE_EVERY_S = 0.02

#: A writer reports for so many people, so often for each: the portal slows down who does more.
_PEOPLE_EACH = 24
_REPORTS_EACH = 50

#: Something done once: returns its answer's Location; anything but a 303 raises.
Act = Callable[[], str]


@dataclass(slots=True)
class Tally:
    """What several people did at the same time; times in seconds."""

    times: list[float] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: int = 0
    took: float = 0.0

    @property
    def per_s(self) -> float:
        """Return how often it was done in a second."""
        return len(self.times) / self.took


def all_at_once(acts: list[Act], seconds: float) -> Tally:
    """Let each do the same again and again for so long."""
    tally, until = Tally(), time.monotonic() + seconds
    started = time.monotonic()

    def work(act: Act) -> None:
        while time.monotonic() < until:
            began = time.perf_counter()
            answer = act()
            tally.times.append(time.perf_counter() - began)
            tally.answers.append(answer)
            tally.refused += not answer

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tally.took = time.monotonic() - started
    return tally


def probe(server: Server, is_over: Callable[[], bool]) -> list[float]:
    """Ask for a cheap page again and again; return how long each took."""
    visitor, times = Visitor(server.port), []
    while not is_over():
        began = time.perf_counter()
        visitor.get("/healthz")
        times.append(time.perf_counter() - began)
        time.sleep(_PROBE_EVERY_S)
    visitor.close()
    return times


# ---------------------------------------------------------------- sign-ins


def measure_sign_ins(report: Report, seconds: float) -> None:
    """Let eight people sign in again and again, and see whether others notice."""
    say("Signing in …")
    with instance() as at:
        with opened(at.url) as session:
            emails = world.add_people(session, AT_ONCE)
        with serving(at) as server:
            over = time.monotonic() + 2
            idle = probe(server, lambda: time.monotonic() > over)
            acts = [_signing_in(server, email) for email in emails]
            meanwhile: list[float] = []
            done = threading.Event()
            watch = threading.Thread(
                target=lambda: meanwhile.extend(probe(server, done.is_set))
            )
            watch.start()
            tally = all_at_once(acts, seconds)
            done.set()
            watch.join()
    right = not tally.refused
    report.add(
        f"sign-ins, {AT_ONCE} at once (reference: argon2 alone, one core)",
        "1/s",
        tally.per_s,
        reference=_argon2_per_s(),
        right=right,
    )
    report.add("sign-in, p95", "ms", scaled(p95(tally.times), 1e3), right=right)
    for name, figure in (("p50", median), ("p95", p95)):
        report.add(
            f"another page meanwhile, {name} (reference: nobody signs in)",
            "ms",
            scaled(figure(meanwhile), 1e3),
            reference=scaled(figure(idle), 1e3),
        )


def _signing_in(server: Server, email: str) -> Act:
    visitor = Visitor(server.port)
    fields = {
        "csrf_token": visitor.csrf_token("/sign-in"),
        "email": email,
        "password": PASSWORD,
    }
    stranger = visitor.cookie

    def act() -> str:
        visitor.use(stranger)
        answer = visitor.post("/sign-in", fields)
        return answer.location if answer.status == 303 else ""

    return act


def _argon2_per_s() -> float:
    known, count, started = hash_password(PASSWORD), 0, time.monotonic()
    while time.monotonic() - started < 1:
        password_matches(PASSWORD, known)
        count += 1
    return count / (time.monotonic() - started)


# ---------------------------------------------------------------- reports


def measure_reports(report: Report, seconds: float) -> None:
    """Let eight people report again and again; then look whether all is there, and intact."""
    say("Reporting …")
    with instance() as at:
        with opened(at.url) as session:
            emails = world.add_people(session, AT_ONCE * _PEOPLE_EACH)
            visas = world.sign_in(session, emails, at.secret_key)
        with serving(at) as server:
            acts = [
                Reporter(server.port, visas[place::AT_ONCE], reports=_REPORTS_EACH).report
                for place in range(AT_ONCE)
            ]
            tally = all_at_once(acts, seconds)
        commits = list(_bare_commits(at.folder, 2))
        bad = tally.refused + _lost(at, tally.answers)
    report.add(
        f"reports accepted, {AT_ONCE} writers, SQLite (reference: bare commits)",
        "1/s",
        tally.per_s,
        reference=len(commits) / sum(commits),
        bar=Bar(150, least=True),
    )
    report.add(
        "report to its acknowledgement, p95 (reference: bare commit)",
        "ms",
        scaled(p95(tally.times), 1e3),
        reference=scaled(p95(commits), 1e3),
    )
    report.add("reports refused, lost, doubled or not intact", "", bad, bar=0)


class Reporter:
    """One writer: reports for one person after the other, for none of them too often."""

    def __init__(self, port: int, visas: Sequence[Visa], *, reports: int) -> None:
        """Open the form for each, who hands in so many `reports` in a row."""
        self._visitor, self._reports, self._sent = Visitor(port), reports, 0
        self._path = f"/incidents/{world.CODE}/feed/new"
        self._known = []
        for visa in visas:
            self._visitor.use(visa.cookie)
            token = self._visitor.csrf_token(self._path)
            self._known.append((visa.email, self._visitor.cookie, token))

    def report(self) -> str:
        """Hand in the next report; return where it is to be seen, nothing if it was refused."""
        answer = self.ask()
        return answer.location if answer.status == 303 else ""

    def ask(self) -> Answer:
        """Hand in the next report; return the answer."""
        number, self._sent = self._sent, self._sent + 1
        name, cookie, token = self._known[number // self._reports % len(self._known)]
        self._visitor.use(cookie)
        typed = world.report(number)
        fields = {
            "csrf_token": token,
            "once": f"{name} {number}",
            "words": typed.words,
            "county": typed.counties[0],
            "lifeline": typed.lifeline,
            "standing": typed.standing,
            "asked_for": "partners",
        }
        return self._visitor.post(self._path, fields)

    def close(self) -> None:
        """Hang up; the next report opens a new connection."""
        self._visitor.close()


def _lost(at: Instance, answers: list[str]) -> int:
    """Return how many acknowledged reports are not there once; one more for a broken chain."""
    told = [answer.rpartition("/")[2] for answer in answers if answer]
    with opened(at.url) as session:
        there = set(session.scalars(select(Post.reference)))
    doubled = len(told) - len(set(told))
    verified = at.run("verify")
    return len(set(told) - there) + doubled + (verified.returncode != 0)


def _bare_commits(folder: Path, seconds: float) -> Iterator[float]:
    """Yield how long each commit of one row takes, as durable as ours, on the same disk."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE report (words TEXT)")
        words, until = world.report(1).words, time.monotonic() + seconds
        while time.monotonic() < until:
            began = time.perf_counter()
            connection.execute("INSERT INTO report VALUES (?)", (words,))
            yield time.perf_counter() - began
