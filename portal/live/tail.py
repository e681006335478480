"""The tail: follows the committed journal and fans it out to the sockets of this process.

It reads content first, then the accounts' entries, re-seats whom those concern, and only then
fans the content out, as it stood when the accounts were read: nothing committed after somebody
lost a right reaches them. A lost wake-up delays, a crash delays; neither loses, since every
client counts per room.
"""

import logging
import threading
from collections.abc import Iterable, Sequence

from flask import Flask
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.accounts.queries import still_signed_in
from portal.config import Settings
from portal.core import clock
from portal.core.db import Database
from portal.incidents.queries import incidents_by_id
from portal.journal import queries as journal
from portal.journal.notes import QUIET
from portal.journal.queries import News
from portal.live.channel import Channel, socket_room
from portal.live.frames import Renderer, changes_everything, enter_incident, look_anew
from portal.live.seats import Seat

log = logging.getLogger(__name__)

#: How long the tail sleeps when nobody wakes it, and how often heads are told, in seconds. Who
#: lost a right by another process is to know within a second, also while Redis is away.
POLL_S = 0.5
HEADS_S = 25.0

#: So many sockets' people are read in one query.
_AT_ONCE = 500

#: When a socket whose person could not be read may come back.
_TROUBLE_S = 5.0


class Tail:
    """The one reader of the journal that feeds the sockets of this process."""

    def __init__(self, app: Flask, database: Database, channel: Channel) -> None:
        """Stand at the journal's present end; `run` follows it from there."""
        self._app = app
        self._database = database
        self._channel = channel
        self._woken = threading.Event()
        self._told_heads_at = clock.now()
        with database.sessions() as session:
            self._stand_at_end(session)

    def _stand_at_end(self, session: Session) -> None:
        """Take everything that is there for known."""
        self._generation = journal.generation(session)
        self._cursors = journal.stream_heads(session)
        self._accounts_cursor = self._cursors.get(0, 0)
        self._moved: set[tuple[int, str]] = set()

    def wake(self) -> None:
        """Look at the journal soon."""
        self._woken.set()

    def run(self) -> None:
        """Follow the journal for as long as the process lives."""
        while True:
            self._woken.wait(POLL_S)
            self._woken.clear()
            try:
                self.step()
            except Exception:
                log.exception("the tail stumbled; it tries again")

    def step(self) -> None:
        """Fan out everything committed since the last step."""
        with self._database.sessions() as session:
            look_anew(session)
            if journal.generation(session) != self._generation:
                self._begin_again(session)
                return
            heads = journal.stream_heads(session)
            content = [
                news
                for incident_id, head in sorted(heads.items())
                for news in self._read(session, incident_id, head)
            ]
            look_anew(session)  # at least as new as the content; the same for all that follows
            self._settle_seats(session)
            self._fan_out(session, content)
            self._cursors |= heads
            self._tell_heads(session)

    def _begin_again(self, session: Session) -> None:
        """Take the database for another, as after a restore: all are asked who they are."""
        self._stand_at_end(session)
        seats = list(self._channel.seats)
        self._recheck(session, seats)
        for seat in seats:
            self._channel.say("reload", {"why": "generation"}, to=seat.sid)

    def _read(self, session: Session, incident_id: int, head: int) -> list[News]:
        after = self._cursors.get(incident_id, 0)
        if head <= after:
            return []
        return journal.news_after(session, incident_id, after, head)

    def _settle_seats(self, session: Session) -> None:
        """Close or re-seat the sockets whose people's standing changed, or whose time is up."""
        head = journal.stream_heads(session).get(0, 0)
        seats = {seat.sid: seat for seat in self._channel.seats.ended_by_clock(clock.now())}
        if head > self._accounts_cursor:
            entries = journal.entries_after(session, 0, self._accounts_cursor, head)
            concerned = self._channel.seats.concerned(
                (e.subject, e.subject_id) for e in entries if e.move not in QUIET
            )
            seats |= {seat.sid: seat for seat in concerned}
        self._recheck(session, list(seats.values()))
        self._accounts_cursor = head

    def _recheck(self, session: Session, seats: Sequence[Seat]) -> None:
        """Ask who sockets are for, many at once; one of whom that cannot be said goes."""
        for at in range(0, len(seats), _AT_ONCE):
            some = seats[at : at + _AT_ONCE]
            try:
                found = still_signed_in(session, {it.actor.sign_in_id or 0 for it in some})
            except DBAPIError:
                raise  # no seat's fault: the tail tries again
            except Exception:
                log.exception("cannot tell who sits where")
                self._part(session, some)
                continue
            for seat in some:
                self._channel.recheck(seat, found.get(seat.actor.sign_in_id or 0))

    def _part(self, session: Session, seats: Sequence[Seat]) -> None:
        """Find among several the socket of whom nothing can be said: it hears nothing more."""
        if len(seats) == 1:
            self._channel.close(seats[0], "trouble", _TROUBLE_S)
            return
        for seat in seats:
            self._recheck(session, [seat])

    def _fan_out(self, session: Session, content: Iterable[News]) -> None:
        is_occupied = self._channel.is_occupied
        heard = [news for news in content if is_occupied(news.incident_id, news.room)]
        self._moved |= {(news.incident_id, news.room) for news in heard}
        if not heard:
            return
        incidents = incidents_by_id(session, {news.incident_id for news in heard})
        settings: Settings = self._app.extensions["settings"]
        with self._app.test_request_context("/", base_url=settings.base_url or None):
            renderer = Renderer(self._app, session, heard)
            for news in heard:
                enter_incident(incidents[news.incident_id])
                self._send(news, renderer)

    def _send(self, news: News, renderer: Renderer) -> None:
        room = socket_room(news.incident_id, news.room)
        if changes_everything(news):
            self._channel.say("reload", {"why": "incident"}, to=room)
            return
        try:
            frame = renderer.frame(news)
        except Exception:
            log.exception(
                "cannot render %s %s for %s", news.subject, news.subject_id, news.room
            )
            self._channel.say("reload", {"why": "render"}, to=room)
            return
        self._channel.say("entry", frame, to=room)

    def _tell_heads(self, session: Session) -> None:
        """Every 25 s tell the rooms that moved where they stand, for who missed the last."""
        now = clock.now()
        if (now - self._told_heads_at).total_seconds() < HEADS_S:
            return
        self._told_heads_at = now
        moved, self._moved = self._moved, set()
        for incident_id in sorted({incident_id for incident_id, _ in moved}):
            rooms = {room for i, room in moved if i == incident_id}
            for room, n in journal.heads(session, incident_id, rooms).items():
                self._channel.say("heads", {room: n}, to=socket_room(incident_id, room))
