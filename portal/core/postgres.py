"""What PostgreSQL is asked for: patience, prepared statements, no answer that nobody needs."""

import select
from collections.abc import Generator
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
from gevent import get_hub, monkey
from psycopg.pq import PipelineStatus
from psycopg.waiting import Wait
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

#: A row lock or a statement that takes longer than this is given up, in ms.
_TIMEOUTS = "-c lock_timeout=5000 -c statement_timeout=10000"

#: A connection that is not made, or not heard of, for so long is given up: seconds until it
#: stands, milliseconds until what was sent has been acknowledged by the other machine.
CONNECTING: dict[str, Any] = {
    "options": _TIMEOUTS,
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
}

#: Statements that a connection keeps prepared: more than the portal's pages and writes need.
_MOST_PREPARED = 300

_HAS_GEVENT = monkey.is_module_patched("select")
_poll: Any = monkey.get_original("select", "poll")  # gevent's own would let others run


class _Connection(psycopg.Connection[Any]):
    """A connection whose reads end in a COMMIT, and which waits by one watcher.

    After a ROLLBACK the driver forgets all that it had prepared, and PostgreSQL would parse and
    plan every statement anew. A transaction that only reads has nothing to take back.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        """Begin as the driver's own does; `unanswered` is open while no answer is awaited."""
        super().__init__(*given, **named)
        self.unanswered = ExitStack()

    def answer_at_commit(self) -> None:
        """Wait for no answer from now on: all come with the COMMIT's, or the first error does.

        What asks after this gets no rows and no count.
        """
        self.unanswered.enter_context(self.pipeline())

    def commit(self) -> None:
        """End the transaction; what it wrote stays."""
        if self.pgconn.pipeline_status == PipelineStatus.OFF:
            super().commit()
        else:
            with self.unanswered:
                self.execute("COMMIT", prepare=False)

    def rollback(self) -> None:
        """End the transaction; what it wrote is undone."""
        with suppress(psycopg.Error):
            self.unanswered.close()
        if self.read_only:
            self.commit()
        else:
            super().rollback()

    def wait(
        self,
        gen: Generator[Any, Any, Any],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> Any:
        """Let others run until the answer is there; the driver would make a poll for each."""
        if timeout is not None or not _HAS_GEVENT:
            return super().wait(gen, interval, timeout)
        hub, socket = get_hub(), self.pgconn.socket
        try:
            wanted = next(gen)
            while True:
                # Whoever has something to send can nearly always do so at once.
                ready = _ready(socket) if wanted == Wait.RW else 0
                if not ready:
                    watcher = hub.loop.io(socket, wanted)  # libev's numbers are the same
                    try:
                        hub.wait(watcher)
                    finally:
                        watcher.close()
                wanted = gen.send(ready or wanted)
        except StopIteration as end:
            return end.value


def _ready(socket: int) -> int:
    """Return what can be done at this instant: 1 to read, 2 to write, 3 both, 0 nothing."""
    looking = _poll()
    looking.register(socket, select.POLLIN | select.POLLOUT)
    events = sum(event for _, event in looking.poll(0))
    return bool(events & select.POLLIN) * Wait.R | bool(events & select.POLLOUT) * Wait.W


def set_up(engine: Engine) -> Engine:
    """Return the engine for sessions: they only read until a write is opened."""

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, given: Any, named: Any) -> Any:
        connection = _Connection.connect(*given, **named)
        connection.prepared_max = _MOST_PREPARED
        return connection

    @event.listens_for(engine, "checkout")
    def _look(connection: _Connection, _record: object, _proxy: object) -> None:
        # What ended it says so, and then hangs up: two reads. A ping would ask and wait. What
        # ended one ended those made before it, too.
        try:
            connection.pgconn.consume_input()
            connection.pgconn.consume_input()
        except psycopg.OperationalError as error:
            raise InvalidatePoolError from error

    # Many rows go as one statement; the driver's own way asks and waits for each.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    return engine.execution_options(postgresql_readonly=True)
