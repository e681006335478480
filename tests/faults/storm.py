"""Thousands who follow, in one thread, and come back by themselves with full jitter."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

from benchmarks.sockets import Client, Count, Loop
from tests.faults.ledger import Watcher
from tests.faults.logs import Seen, canaries_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: After a lost connection: a random time up to this, doubling up to that, in seconds.
_FIRST_S, _LAST_S = 1.0, 30.0


class _Coming(Client):
    """One connection of somebody."""

    __slots__ = ("_whose",)

    def __init__(self, loop: Loop, count: Count, whose: Person) -> None:
        self._whose = whose
        super().__init__(loop, count, whose.cookie, whose.follow)

    def _sit(self, answer: dict[str, Any]) -> None:
        super()._sit(answer)
        self._whose.sit(answer)

    def _note(self, text: bytes) -> None:
        self._whose.hear(json.loads(text[len(b"42/live,") :])[1])

    def _lose(self) -> None:
        super()._lose()
        self._whose.lose()


class Person:
    """Somebody with one window: what it shows, and when it comes back."""

    def __init__(self, cookie: str, start: Mapping[str, Any]) -> None:
        self.cookie, self.follow = cookie, dict(start)
        self.have: dict[str, int] = dict(start["heads"])
        self.seen = [Seen("page", heads=dict(self.have))]
        self.is_seated = self.is_there = False
        self.held: list[dict[str, Any]] = []
        self.due, self.tries = 0.0, 0

    def sit(self, answer: dict[str, Any]) -> None:
        frames = [(it["room"], it["n"], it.get("subject", "")) for it in answer["frames"]]
        self.seen.append(Seen("answer", answer["heads"], frames, canaries_in(answer)))
        self.have = dict(answer["heads"])
        self.is_seated, self.tries = True, 0
        held, self.held = self.held, []
        for frame in held:
            self.hear(frame)

    def hear(self, frame: dict[str, Any]) -> None:
        """Take a frame; one that came before the answer is held until that is there."""
        if not self.is_seated:
            self.held.append(frame)
            return
        room, n = frame["room"], frame["n"]
        is_due = n == self.have.get(room, 0) + 1
        if is_due:
            self.have[room] = n
        told = [(room, n, frame.get("subject", ""))] if is_due else []
        self.seen.append(Seen("frame" if is_due else "noise", {}, told, canaries_in(frame)))

    def lose(self) -> None:
        self.is_seated = self.is_there = False
        self.held.clear()
        wait = min(_LAST_S, _FIRST_S * 2**self.tries)
        self.due = time.monotonic() + random.uniform(0, wait)  # noqa: S311 - no secret
        self.tries += 1

    def watcher(self, rooms: frozenset[str], reads: Iterable[str]) -> Watcher:
        """Return what the ledger wants to know of this window."""
        return Watcher(rooms, frozenset(reads), self.seen)


class Storm:
    """All of them, and the loop that serves them."""

    def __init__(self, port: int, people: Iterable[Person]) -> None:
        self.people = list(people)
        self.count = Count()
        self._loop = Loop(port)

    def run(self, until: Callable[[], bool], patience_s: float) -> float:
        """Let them come, hear and come back until something is so; return how long it took."""
        began = time.monotonic()
        while not until():
            now = time.monotonic()
            assert now < began + patience_s, f"{self.seated} of {len(self.people)} are seated"
            for it in self.people:
                if not it.is_there and it.due <= now:
                    self._come(it)
            self._loop.turn(0.05)
        return time.monotonic() - began

    @property
    def seated(self) -> int:
        return sum(it.is_seated for it in self.people)

    def stand_at(self, heads: Mapping[str, int]) -> bool:
        """Return whether all are seated and have heard everything."""
        return all(
            it.is_seated and all(heads[room] == n for room, n in it.have.items())
            for it in self.people
        )

    def close(self) -> None:
        self._loop.close()

    def _come(self, person: Person) -> None:
        person.follow["heads"] = dict(person.have)
        try:
            client = _Coming(self._loop, self.count, person)
        except OSError:
            person.lose()
            return
        person.is_there = True
        self._loop.add(client)
