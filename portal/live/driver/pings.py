"""Signs of life: one greenlet asks all sockets in turn, a storm not all at once."""

import time
from typing import Protocol

import gevent

_TICK_S = 0.25


class Asked(Protocol):
    """What is asked for a sign of life."""

    slot: int

    def ask(self) -> None:
        """Ask for a sign of life."""

    def look(self) -> None:
        """Let go, if none came."""


class Pings:
    """Asks each every `interval` seconds, and looks `timeout` seconds later.

    lag : how late its last turn was, in seconds: how long whatever comes has to wait.
    """

    def __init__(self, interval: float, timeout: float, *, by_itself: bool = True) -> None:
        """Begin with nobody; the greenlet begins with the first, unless others take turns."""
        count = max(1, round(interval / _TICK_S))
        self._slots: list[set[Asked]] = [set() for _ in range(count)]
        self._later = min(count, max(1, round(timeout / _TICK_S)))
        self._now = self._next = 0
        self._is_running = not by_itself
        self.lag = 0.0

    def add(self, one: Asked) -> None:
        """Ask somebody from now on, first after half an interval to a whole one."""
        count = len(self._slots)
        self._next += 1
        one.slot = (self._now + count // 2 + self._next % (count - count // 2)) % count
        self._slots[one.slot].add(one)
        if not self._is_running:
            self._is_running = True
            gevent.spawn(self._run)

    def remove(self, one: Asked) -> None:
        """Ask somebody no more."""
        self._slots[one.slot].discard(one)

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            due += _TICK_S
            gevent.sleep(max(0.0, due - time.monotonic()))
            self.lag = max(0.0, time.monotonic() - due)
            if self.lag > 1:
                due = time.monotonic()
            self.turn()

    def turn(self) -> None:
        """Look at those who were asked `timeout` ago, then ask those whose turn it is."""
        self._now = (self._now + 1) % len(self._slots)
        for one in tuple(self._slots[(self._now - self._later) % len(self._slots)]):
            one.look()
        for one in tuple(self._slots[self._now]):
            one.ask()
