"""Figures of the running portal, as Prometheus reads them; of things, never of people.

Each process counts for itself, and whichever is asked gathers what its siblings say. They are
for this machine itself and for who has the token; to anybody else the page is not there.
"""

import hmac
import time
from collections.abc import Iterable, Iterator

from flask import Flask, Response, current_app, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from portal.config import LOOPBACK, Settings
from portal.core.db import Database
from portal.core.errors import AbsentError
from portal.core.web.requests import public
from portal.journal.models import Head
from portal.journal.notes import notes_of
from portal.live.siblings import PRIVATE, Place, ask

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

#: What says that somebody in between passed the request on.
_FORWARDED = ("forwarded", "via", "x-forwarded-", "x-real-ip")

_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics(Collector):
    """The figures of one process."""

    def __init__(self, app: Flask) -> None:
        """Begin at nought; `place` is set where the process has siblings."""
        self._app = app
        self.place: Place | None = None
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "portal_requests",
            "Requests answered, but for those of sockets.",
            ("method", "endpoint", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "portal_request_seconds",
            "How long answers took until they began.",
            ("method",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Yield what is known only when it is asked for."""
        extensions = self._app.extensions
        database: Database = extensions["database"]
        running, wakeups = extensions.get("running"), extensions.get("wakeups")
        yield _gauge(
            "portal_requests_running", "Requests under way.", running and running.count
        )
        yield _gauge("portal_sockets", "Open sockets.", len(extensions["channel"].seats))
        yield _gauge(
            "portal_notes_waiting", "Notes not yet in the journal.", len(notes_of(database))
        )
        pool = database.engine.pool
        if isinstance(pool, QueuePool):
            yield _gauge(
                "portal_database_connections", "Connections in use.", pool.checkedout()
            )
        if wakeups is not None:
            yield _gauge(
                "portal_redis_up", "Whether wake-ups come by Redis.", wakeups.is_connected
            )
        yield from _of_journal(database)


def _of_journal(database: Database) -> Iterator[Metric]:
    try:
        with database.sessions() as session:
            entries = session.scalar(select(func.sum(Head.seq))) or 0
    except (SQLAlchemyError, OSError):
        yield _gauge("portal_database_up", "Whether the database answers.", 0)
        return
    yield _gauge("portal_database_up", "Whether the database answers.", 1)
    yield _gauge("portal_journal_entries", "Entries in the journal.", entries)


def _gauge(name: str, words: str, value: float | None) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value or 0))


def init_app(app: Flask) -> None:
    """Count requests, and tell the figures under /metrics."""
    metrics = app.extensions["metrics"] = Metrics(app)

    def begin() -> None:
        g.began = time.monotonic()

    def count(response: Response) -> Response:
        # Whatever else stands in a path or a method is somebody's free choice.
        method = request.method if request.method in {"GET", "HEAD", "POST"} else "other"
        endpoint = request.endpoint or "none"
        metrics.requests.labels(method, endpoint, str(response.status_code)).inc()
        if "began" in g:
            metrics.seconds.labels(method).observe(time.monotonic() - g.began)
        return response

    app.before_request(begin)
    app.after_request(count)
    app.add_url_rule("/metrics", "metrics", public(_tell))


def _tell() -> Response:
    """Show the figures of all processes on this machine."""
    metrics: Metrics = current_app.extensions["metrics"]
    if not _may_ask():
        raise AbsentError("There is nothing here, or it is not for you.")
    own = generate_latest(metrics.registry)
    if metrics.place is not None and not request.environ.get(PRIVATE):
        own = _joined({metrics.place.name: own, **_of_siblings(metrics.place)})
    return Response(own, content_type=CONTENT_TYPE)


def _may_ask() -> bool:
    """Return whether it is this machine itself, a sibling, or who has the token."""
    settings: Settings = current_app.extensions["settings"]
    if request.environ.get(PRIVATE):
        return True
    shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.metrics_token:
        return hmac.compare_digest(shown.encode(), settings.metrics_token.encode())
    return (request.remote_addr or "") in LOOPBACK and not any(
        name.lower().startswith(_FORWARDED) for name, _ in request.headers
    )


def _of_siblings(place: Place) -> dict[str, bytes]:
    """Return what the other processes say, by name; without those that do not answer."""
    said = {name: ask(place, name, "/metrics", request.host) for name in place.others()}
    return {name: words for name, words in said.items() if words is not None}


class _Told(Collector):
    """What several processes said, each figure with its worker's name."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _joined(told: dict[str, bytes]) -> bytes:
    families: dict[str, Metric] = {}
    for worker, words in sorted(told.items()):
        for family in text_string_to_metric_families(words.decode()):
            into = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            for sample in family.samples:
                labels = {**sample.labels, "worker": worker}
                into.samples.append(sample._replace(labels=labels))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Told(families.values()))
    return generate_latest(registry)
