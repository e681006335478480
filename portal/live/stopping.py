"""Serving until told to end, and ending so that nothing is lost and nobody waits.

SIGTERM: no new connections; clients hear `closing` and come back after a random time, each a
different one; requests that are being answered are finished; what waits in memory is written.
"""

import logging
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from secrets import SystemRandom
from typing import TYPE_CHECKING

import gevent
from flask import Flask
from gevent.event import Event
from werkzeug.wsgi import ClosingIterator

from portal.live.channel import Channel
from portal.live.driver import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

#: How long requests may take to end, and what is in memory to be written, in seconds.
FINISH_S, FLUSH_S = 10.0, 5.0
#: How long a connection that was taken in may take to send its first request, in seconds.
UNREAD_S = 1.0

#: Clients come back after one of these times, in seconds.
RETRY_S = (1.0, 10.0)

#: So long the last words to sockets may take, in seconds.
_LAST_WORDS_S = 0.5

_LOOK_S = 0.05


class Running:
    """Counts the requests that are being answered; those of sockets last, and do not count."""

    def __init__(self, app: Flask) -> None:
        """Stand before everything that the application is asked."""
        self.count = 0
        self.is_stopping = False
        self._door = app.extensions["door"]
        self._inner: WSGIApplication = app.wsgi_app
        app.wsgi_app = self  # type: ignore[method-assign]
        app.extensions["running"] = self

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Count until the answer is sent."""
        if self._door.is_mine(environ):
            return self._inner(environ, start_response)
        self.count += 1
        try:
            answer = self._inner(environ, self._last(start_response))
        except BaseException:
            self._done()
            raise
        return ClosingIterator(answer, self._done)

    def _done(self) -> None:
        self.count -= 1

    def _last(self, start_response: "StartResponse") -> "StartResponse":
        """Let a connection end with its answer once the process is about to end."""
        if not self.is_stopping:
            return start_response

        def answer(status: str, headers: list[tuple[str, str]], *more: object) -> object:
            return start_response(status, [*headers, ("Connection", "close")], *more)  # type: ignore[arg-type]

        return answer  # type: ignore[return-value]


def on_stop(app: Flask, act: Callable[[], object]) -> None:
    """Have something done when the process ends, after the last request."""
    app.extensions.setdefault("on_stop", []).append(act)


def serve(app: Flask, servers: Sequence[Server], *, lifeline: int | None = None) -> None:
    """Answer until a signal, then end the process's work; returns when all is done.

    lifeline : a descriptor whose end is as good as a signal.
    """
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(number, _hear, told)
    for server in servers:
        server.start()
    if lifeline is not None:
        gevent.spawn(_watch, lifeline, told)
    log.info("answering")
    told.wait()
    stop(app, servers)


def _hear(told: Event) -> None:
    if told.is_set():
        sys.exit(1)  # told twice: at once
    told.set()


def _watch(lifeline: int, told: Event) -> None:
    gevent.socket.wait_read(lifeline)
    told.set()


def stop(app: Flask, servers: Sequence[Server]) -> None:
    """End the work of a serving process: within about fifteen seconds, mostly in one."""
    running: Running = app.extensions["running"]
    running.is_stopping = True
    for server in servers:
        server.close()
    if "leases" in app.extensions:
        _flush(app.extensions["leases"].step)  # who came this very second is present, too
    count = say_goodbye(app.extensions["channel"])
    log.info("ending: told %s sockets, %s requests to finish", count, running.count)
    gevent.sleep(_LAST_WORDS_S if count else _LOOK_S)
    for server in servers:
        server.hang_up_idle()
    gevent.sleep(0)
    _wait_for(lambda: not any(it.unread for it in servers), UNREAD_S)
    if not _wait_for(lambda: not running.count, FINISH_S):
        log.warning("%s requests were not finished within %s s", running.count, FINISH_S)
    for act in app.extensions.get("on_stop", []):
        _flush(act)
    log.info("ended")


def _wait_for(holds: Callable[[], bool], longest_s: float) -> bool:
    """Wait until something holds, but no longer than that; return whether it does."""
    until = time.monotonic() + longest_s
    while not holds() and time.monotonic() < until:
        gevent.sleep(_LOOK_S)
    return holds()


def say_goodbye(channel: Channel) -> int:
    """Tell every socket to come back, each after a time of its own; return how many."""
    seats = list(channel.seats)
    for seat in seats:
        retry_s = round(SystemRandom().uniform(*RETRY_S), 1)
        try:
            channel.close(seat, "restarting", retry_s)
        except Exception:
            log.exception("a socket could not be told")
    return len(seats)


def _flush(act: Callable[[], object]) -> None:
    """Do one of the last things, for a bounded time; the others come in any case."""
    try:
        with gevent.Timeout(FLUSH_S):
            act()
    except gevent.Timeout:
        log.warning("%r took too long", act)
    except Exception:
        log.exception("%r failed", act)
