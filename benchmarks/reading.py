"""Reading the feed among few and among very many posts, and offers: it should not matter.

Each view is timed in one process, beside a bare Flask view that runs the same SQL and fills the
same template; pages a second are counted over HTTP, eight clients at a server on one core.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from types import ModuleType
from typing import Any

from flask import Flask, g, template_rendered
from sqlalchemy import event
from sqlalchemy.engine import Engine

from benchmarks import archive, offer_archive, world
from benchmarks.report import Report, say, scaled
from benchmarks.server import Instance, Server, instance, serving
from benchmarks.visitor import Visitor
from portal.app import create_app
from portal.config import read_settings
from portal.core.db import database_of

_FEED = f"/incidents/{world.CODE}/feed"
_OFFERS, _ERAC = f"/incidents/{world.CODE}/offers", f"/incidents/{world.CODE}/erac"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is read: rows of one kind, how they come to be, and who reads which views.

    views   : by name the address, and who reads it.
    counted : the view that eight clients ask for.
    """

    noun: str
    archive: ModuleType
    views: Mapping[str, tuple[str, str]]
    counted: str


POSTS = Subject(
    "posts",
    archive,
    {
        "feed": (_FEED, world.AUTHOR),
        "feed, one county": (f"{_FEED}?county=29119", world.AUTHOR),
        "feed, lifeline and region": (f"{_FEED}?lifeline=WATER&region=D", world.AUTHOR),
        "search, a word of all posts": (f"{_FEED}?words={archive.COMMON}", world.AUTHOR),
        "search, a word of 1 in 30": (f"{_FEED}?words={archive.SELDOM}", world.AUTHOR),
        "search, a word of 3 posts": (f"{_FEED}?words={archive.RARE}", world.AUTHOR),
    },
    "feed",
)
OFFERS = Subject(
    "offers",
    offer_archive,
    {
        "own offers": (_OFFERS, world.AUTHOR),
        "ERAC desk": (_ERAC, world.ERAC),
        "ERAC desk, listed": (f"{_ERAC}?show=listed", world.ERAC),
        "ERAC desk, all": (f"{_ERAC}?show=all", world.ERAC),
        "ERAC desk, item and county": (f"{_ERAC}?show=all&item=GEN&county=29119", world.ERAC),
    },
    "own offers",
)

_CLIENTS = 8
_MOST_STATEMENTS = 12
_SLOWEST = 1000 / 60  # ms a page, where 60 pages a second are wanted
_FLAT = 1.2
_TIMES_BARE = 2.0


def measure(
    report: Report,
    subject: Subject,
    counts: Sequence[int],
    views: int,
    seconds: float,
    url: str,
) -> None:
    """Time every view at each size, and compare the largest with the smallest."""
    kind = "PostgreSQL" if url else "SQLite"
    with instance(url) as at:
        first: dict[str, float] = {}
        there = 0
        for count in counts:
            cookies = _write(at, subject, range(there, count))
            there = count
            app = create_app(read_settings(at.environ))
            for view, (path, who) in subject.views.items():
                name = f"{view}, {count:,} {subject.noun}, {kind}"
                ours = _one(report, name, _timed(app, cookies[who], path, views))
                if view in first:
                    of = f"{name}: times that of {counts[0]:,}"
                    report.add(of, "×", ours / first[view], bar=_FLAT)
                first.setdefault(view, ours)
        path, who = subject.views[subject.counted]
        with serving(at) as server:
            each = _pages(server, cookies[who], path, seconds)
        name = f"{subject.counted}, {there:,} {subject.noun}, {kind}: 8 clients"
        report.add(name, "ms a page", each, bar=_SLOWEST)


def _write(at: Instance, subject: Subject, numbers: range) -> dict[str, str]:
    """Write the rows, and return the cookies of those who read them, by address."""
    say(f"Writing {len(numbers):,} {subject.noun} …")
    readers = sorted({who for _, who in subject.views.values()})
    with world.opened(at.url) as session:
        if not numbers.start:
            subject.archive.empty(session)
        subject.archive.fill(session, numbers)
        visas = world.sign_in(session, readers, at.secret_key)
    _analyze(at)
    return {visa.email: visa.cookie for visa in visas}


def _one(report: Report, name: str, timed: tuple[float, float, int]) -> float:
    ours, bare, statements = timed
    report.add(f"{name}: SQL statements", "", statements, bar=_MOST_STATEMENTS)
    report.add(
        f"{name} (reference: bare view)",
        "ms",
        scaled(ours, 1e3),
        reference=scaled(bare, 1e3),
        right=ours <= _TIMES_BARE * bare,
    )
    return ours


def _analyze(at: Instance) -> None:
    """Let PostgreSQL look at what is there, as it does by itself after a while."""
    with world.opened(at.url) as session:
        engine = database_of(session).engine
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")


def _timed(app: Flask, cookie: str, path: str, views: int) -> tuple[float, float, int]:
    """Return the usual time of our page and of the bare one, and our SQL statements."""
    name, _, value = cookie.partition("=")
    client = app.test_client()
    client.set_cookie(name, value)
    engine = app.extensions["database"].engine
    for _ in range(3):
        assert client.get(path).status_code == 200  # noqa: S101 - a benchmark
    with _heard(app, engine) as (statements, rendered):
        client.get(path)
    bare = _bare(app, engine, statements, rendered[-1], path)
    ours_s, bare_s = [], []
    for _ in range(views):  # in turn, so that both meet the same moments of the machine
        ours_s.append(_time(lambda: client.get(path)))
        bare_s.append(_time(bare))
    return median(ours_s), median(bare_s), len(statements)


def _time(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


@contextmanager
def _heard(app: Flask, engine: Engine) -> Iterator[tuple[list[Any], list[Any]]]:
    """Write down what is asked of the database and which template is filled with what."""
    statements: list[Any] = []
    rendered: list[Any] = []

    def asked(_connection: Any, _cursor: Any, sql: str, values: Any, *_more: Any) -> None:
        if not sql.startswith("BEGIN"):
            statements.append((sql, values))

    def filled(_app: Flask, template: Any, context: Any, **_more: Any) -> None:
        rendered.append((template, context))

    event.listen(engine, "before_cursor_execute", asked)
    template_rendered.connect(filled, app)
    try:
        yield statements, rendered
    finally:
        event.remove(engine, "before_cursor_execute", asked)
        template_rendered.disconnect(filled, app)


def _bare(
    app: Flask, engine: Engine, statements: list[Any], rendered: Any, path: str
) -> Callable[[], object]:
    """Return a bare Flask view's page: the same SQL, the same template, nothing else."""
    bare = Flask("bare")
    template, context = rendered

    @bare.get("/")
    def page() -> str:
        with engine.connect() as connection:
            for sql, values in statements:
                connection.exec_driver_sql(sql, values).fetchall()
        with app.test_request_context(path):
            g.incident = context["incident"]  # links are of it
            return str(template.render(context))

    bare.testing = True  # what goes wrong is no fast page
    client = bare.test_client()
    return lambda: client.get("/")


def _pages(server: Server, cookie: str, path: str, seconds: float) -> float:
    """Return how long a page takes when eight ask for it again and again, in ms."""
    counts, until = [0] * _CLIENTS, time.monotonic() + seconds

    def read(number: int) -> None:
        visitor = Visitor(server.port, cookie)
        while time.monotonic() < until:
            if visitor.get(path).status == 200:
                counts[number] += 1
        visitor.close()

    threads = [threading.Thread(target=read, args=(it,)) for it in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seconds * 1000 / sum(counts)
