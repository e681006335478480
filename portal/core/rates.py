"""How often somebody may do something: so many at once, and then one each so often.

Kept in this process alone, by the portal's clock. What was not admitted is not counted: who
waits comes through.
"""

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core import clock

#: Above so many keys, those that no longer hold anybody up are forgotten.
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and then one more each so often."""

    burst: int
    every: timedelta


class Pace:
    """Whether one that comes again and again keeps to a rate."""

    __slots__ = ("_free_at", "_rate")

    def __init__(self, rate: Rate) -> None:
        """Begin with a full burst."""
        self._rate = rate
        self._free_at: datetime | None = None

    @property
    def is_forgotten(self) -> bool:
        """Return whether it is again as if nothing had ever come."""
        return self._free_at is None or self._free_at <= clock.now()

    def wait(self) -> timedelta:
        """Count one more and return zero; or how long to wait, and count nothing."""
        now = clock.now()
        # Each one moves this on by a step; it may run ahead of the clock by a whole burst.
        free_at = max(self._free_at or now, now)
        ahead = free_at - now - (self._rate.burst - 1) * self._rate.every
        if ahead > timedelta(0):
            return ahead
        self._free_at = free_at + self._rate.every
        return timedelta(0)

    def give_back(self) -> None:
        """Count one less: what was admitted did not come about."""
        if self._free_at is not None:
            self._free_at -= self._rate.every


class Paces:
    """One pace for each key, such as a session."""

    def __init__(self, rate: Rate) -> None:
        """Begin with nobody."""
        self._rate = rate
        self._paces: dict[Hashable, Pace] = {}
        self._turn = threading.Lock()

    def __len__(self) -> int:
        """Return how many keys are remembered."""
        return len(self._paces)

    def wait(self, key: Hashable) -> timedelta:
        """Count one more for a key and return zero; or how long it has to wait."""
        with self._turn:
            if len(self._paces) >= _MANY and key not in self._paces:
                self._paces = {k: p for k, p in self._paces.items() if not p.is_forgotten}
            return self._paces.setdefault(key, Pace(self._rate)).wait()

    def give_back(self, key: Hashable) -> None:
        """Count one less for a key."""
        with self._turn:
            if key in self._paces:
                self._paces[key].give_back()
