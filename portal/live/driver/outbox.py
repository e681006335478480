"""What goes out: one frame for many is written to all of them in one pass, without a copy.

What several put in the same moment is joined: once for all where it goes to the same many, else
for each. Everybody's frames keep their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from portal.live.driver.connection import Connection

    #: A frame, and to whom it goes.
    Job = tuple[bytes, Connection | tuple[Connection, ...]]

#: Frames that are joined into one write at most.
JOINED = 64
#: So many connections are written to before others of the process get a turn.
_CHUNK = 512


class Outbox:
    """Frames on their way, in the order in which they were put."""

    def __init__(self) -> None:
        """Begin with none."""
        self._jobs: list[Job] = []
        self._is_running = False

    def add(self, data: bytes, to: Connection | tuple[Connection, ...]) -> None:
        """Let a frame go out soon, to one or to many."""
        self._jobs.append((data, to))
        if not self._is_running:
            self._is_running = True
            gevent.spawn(self._run)

    def _run(self) -> None:
        try:
            while self._jobs:
                jobs, self._jobs = self._jobs, []
                to = jobs[0][1]
                if not isinstance(to, tuple) or any(it is not to for _, it in jobs):
                    self._spread(jobs)
                    continue
                frames = [data for data, _ in jobs]
                for at in range(0, len(frames), JOINED):
                    self._tell(b"".join(frames[at : at + JOINED]), to)
        finally:
            self._is_running = False

    @staticmethod
    def _tell(data: bytes, to: tuple[Connection, ...]) -> None:
        """Write the same to many; who is free gets it without being held up by a call."""
        size = len(data)
        for at in range(0, len(to), _CHUNK):
            for one in to[at : at + _CHUNK]:
                free = one.free
                if free is None:
                    one.take(data)
                    one.flush()
                    continue
                try:
                    sent = free.send(data)
                except BlockingIOError:
                    sent = 0
                except OSError:
                    one.abort()
                    continue
                if sent != size:
                    one.keep(memoryview(data)[sent:])
            gevent.sleep(0)

    @staticmethod
    def _spread(jobs: list[Job]) -> None:
        """Give each its frames, then write to each once."""
        ready = []
        for data, to in jobs:
            if isinstance(to, tuple):
                ready += [one for one in to if one.take(data)]
                gevent.sleep(0)
            elif to.take(data):
                ready.append(to)
        for number, one in enumerate(ready, 1):
            one.flush()
            if not number % _CHUNK:
                gevent.sleep(0)
