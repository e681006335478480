"""Readers by number, as the live channel and its clients are: they must never miss anything."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.journal.models import EntryRoom
from portal.journal.queries import heads, missed, news_after, stream_heads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from portal.core.db import Database

#: What a reader heard: stream, room, number there, number in the stream.
Heard = tuple[int, str, int, int]

#: A client asks for this much at a time.
LIMIT = 3


class Tail:
    """Follows the streams by `seq`, as a serving process does."""

    def __init__(self, session: Session) -> None:
        self._cursors = stream_heads(session)
        self.heard: list[Heard] = []

    def poll(self, session: Session) -> None:
        for stream, head in sorted(stream_heads(session).items()):
            after = self._cursors.get(stream, 0)
            for it in news_after(session, stream, after, head):
                self.heard.append((stream, it.room, it.n, it.seq))
            self._cursors[stream] = max(head, after)


class Client:
    """Follows some rooms of one stream by `n`, as a browser that asks for what it missed."""

    def __init__(self, session: Session, stream: int, rooms: list[str]) -> None:
        self._stream = stream
        self._heads = heads(session, stream, rooms)
        self.heard: list[Heard] = []

    def poll(self, session: Session) -> None:
        while news := missed(session, self._stream, self._heads, LIMIT):
            for it in news:
                assert it.n == self._heads[it.room] + 1, f"{it} after {self._heads}"
                self._heads[it.room] = it.n
                self.heard.append((self._stream, it.room, it.n, it.seq))

    @property
    def rooms(self) -> set[str]:
        return set(self._heads)

    @property
    def stream(self) -> int:
        return self._stream


class Followers:
    """All readers of a database, and what they should have heard since they came."""

    def __init__(self, database: Database, rooms: dict[int, list[str]]) -> None:
        self._database = database
        with database.sessions() as session:
            self.tail = Tail(session)
            self.clients = [Client(session, it, names) for it, names in rooms.items()]
            self._before = set(self._all(session))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read all the time while something else happens."""
        over, failed = threading.Event(), []

        def read() -> None:
            try:
                while not over.wait(0.002):
                    self._poll()
            except BaseException as error:  # noqa: BLE001 - raised below, in the test's thread
                failed.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)
        if failed:
            raise failed[0]

    def check(self) -> None:
        """Fail unless everybody has heard everything, once and in order."""
        self._poll()
        with self._database.sessions() as session:
            said = [it for it in self._all(session) if it not in self._before]
        assert sorted(self.tail.heard) == sorted(said)
        assert self.tail.heard == sorted(self.tail.heard, key=self.tail.heard.index)
        seqs: dict[int, int] = {}
        for stream, _room, _n, seq in self.tail.heard:
            assert seq >= seqs.get(stream, 0), "the tail heard a stream out of order"
            seqs[stream] = seq
        for client in self.clients:
            mine = [it for it in said if it[0] == client.stream and it[1] in client.rooms]
            assert sorted(client.heard) == sorted(mine)

    def _poll(self) -> None:
        with self._database.sessions() as session:
            self.tail.poll(session)
            session.rollback()
            for client in self.clients:
                client.poll(session)
                session.rollback()

    @staticmethod
    def _all(session: Session) -> list[Heard]:
        rows = session.execute(
            select(EntryRoom.incident_id, EntryRoom.room, EntryRoom.n, EntryRoom.seq)
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]
