"""What clients missed: many ask at once, and what several missed alike is made once.

Rooms count without gaps, so what a client missed in a room is all that it needs to be told of,
and the same for everybody who stood at the same number.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.core.db import Database
from portal.incidents.models import Incident
from portal.incidents.queries import get_incident
from portal.journal import queries as journal
from portal.journal.audience import rooms_of
from portal.journal.queries import News
from portal.live import fragments
from portal.live.arrivals import AT_ONCE, renewed
from portal.live.batches import Batches
from portal.live.channel import Channel
from portal.live.driver.encoding import Fragment, dumps
from portal.live.frames import Renderer, changes_everything, enter_incident, look_anew
from portal.live.seats import Seat

log = logging.getLogger(__name__)

#: A client that missed more subjects than this loads the page again.
MOST_SUBJECTS = 200
#: A client that missed more entries than this is not even counted.
MOST_ENTRIES = 2000
#: What was made for others is kept up to so many bytes.
_MOST_KEPT = 32 * 1024 * 1024

Answer = dict[str, Any]
#: A room of an incident, and the numbers after and up to which something was missed.
Gap = tuple[int, str, int, int]


@dataclass(frozen=True, slots=True)
class Follow:
    """What a client says it has: the incident, the database's generation, its rooms' heads."""

    code: str
    generation: str
    heads: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Missed:
    """What a room heard between two numbers, each subject as it stood when this was made.

    reload : why the page is to be loaded again instead; else None.
    size   : of the frames, in bytes.
    """

    subjects: frozenset[tuple[str, int]]
    frames: tuple[Fragment, ...] = ()
    reload: str | None = None
    size: int = 0


Asked = tuple[Seat, Follow]


class Follows:
    """Lets sockets follow an incident, and answers what each has missed."""

    def __init__(self, app: Flask, channel: Channel) -> None:
        """Begin with nothing kept."""
        self._app, self._channel = app, channel
        self._batches = Batches[Asked, Answer](self._answer_all, AT_ONCE)
        self._kept: dict[Gap, Missed] = {}
        self._kept_bytes = 0
        self._generation = ""

    @property
    def waiting(self) -> int:
        """Return how many wait to be answered."""
        return self._batches.waiting

    def answer(self, seat: Seat, wanted: Follow) -> Answer:
        """Seat a socket in the rooms of its person, and return what it missed there."""
        return self._batches.ask((seat, wanted))

    def first_answer(self, seat: Seat, wanted: Follow) -> Answer:
        """Return the same to who is connecting, and may ask again where this fails."""
        try:
            return self.answer(seat, wanted)
        except Exception:
            log.exception("nobody could say what %s missed", seat.sid)
            return {"error": "please ask again"}

    def _answer_all(self, asked: Sequence[Asked]) -> list[Answer]:
        database: Database = self._app.extensions["database"]
        with database.sessions() as session:
            look_anew(session)
            codes = {wanted.code for _, wanted in asked}
            incidents = {code: get_incident(session, code) for code in codes}
            gone = self._seat(session, [(seat, incidents[w.code]) for seat, w in asked])
            generation = journal.generation(session)
            if generation != self._generation:
                self._forget(generation)
            heads = self._heads(session, asked, incidents)
            gaps = self._gaps(asked, incidents, heads)
            self._make(session, incidents.values(), {it for each in gaps for it in each or ()})
            return [
                self._answer(seat, wanted, incidents[wanted.code], heads, missed)
                if seat.sid not in gone
                else {"error": "signed out"}
                for (seat, wanted), missed in zip(asked, gaps, strict=True)
            ]

    def _seat(
        self, session: Session, seats: Sequence[tuple[Seat, Incident | None]]
    ) -> set[str]:
        """Seat sockets where their people belong; again for whom that changed meanwhile.

        What the session reads next is of the instant at which that was found to hold. Returns
        those who may stay no longer; they are closed.
        """
        ids = {seat.sid: incident.id for seat, incident in seats if incident is not None}
        moved = staying = [seat for seat, incident in seats if incident is not None]
        gone: set[str] = set()
        while moved:
            for seat in moved:
                if self._channel.seats.get(seat.sid) is seat:
                    self._channel.sit(seat, ids[seat.sid], rooms_of(seat.actor))
                else:
                    gone.add(seat.sid)  # it hung up while it waited
            look_anew(session)
            staying = [it for it in staying if it.sid not in gone]
            moved, left = renewed(session, staying)
            gone |= {it.sid for it in left}
            for seat in left:
                self._channel.close(seat, "signed_out")
        return gone

    @staticmethod
    def _heads(
        session: Session, asked: Iterable[Asked], incidents: Mapping[str, Incident | None]
    ) -> dict[int, dict[str, int]]:
        """Return where the rooms of all stand, by incident."""
        rooms: dict[int, set[str]] = defaultdict(set)
        for seat, wanted in asked:
            incident = incidents[wanted.code]
            if incident is not None:
                rooms[incident.id] |= seat.rooms
        return {i: journal.heads(session, i, wanted) for i, wanted in rooms.items()}

    @staticmethod
    def _gaps(
        asked: Iterable[Asked],
        incidents: Mapping[str, Incident | None],
        heads: Mapping[int, Mapping[str, int]],
    ) -> list[list[Gap] | None]:
        """Return what each one missed; None for those who missed too much to be told."""
        gaps: list[list[Gap] | None] = []
        for seat, wanted in asked:
            incident = incidents[wanted.code]
            known = {} if incident is None else heads[incident.id]
            mine = [
                (incident.id, room, wanted.heads[room], known[room])
                for room in seat.rooms & wanted.heads.keys()
                if incident is not None and known.get(room, 0) > wanted.heads[room]
            ]
            count = sum(head - have for _, _, have, head in mine)
            gaps.append(mine if count < MOST_ENTRIES else None)
        return gaps

    def _answer(
        self,
        seat: Seat,
        wanted: Follow,
        incident: Incident | None,
        heads: Mapping[int, Mapping[str, int]],
        gaps: Sequence[Gap] | None,
    ) -> Answer:
        if incident is None:
            return {"error": "no such incident"}
        if wanted.generation != self._generation:
            return {"reload": "generation"}
        for room in sorted(wanted.heads.keys() - seat.rooms):
            self._channel.say("purge", {"room": room}, to=seat.sid)
        known = heads[incident.id]
        if seat.rooms - (wanted.heads.keys() & known.keys()):
            return {"reload": "rooms"}
        if any(wanted.heads[room] > known[room] for room in seat.rooms):
            return {"reload": "generation"}
        missed = None if gaps is None else [self._kept[gap] for gap in gaps]
        why = _why_reload(missed)
        if missed is None or why is not None:
            return {"reload": why}
        frames = [frame for it in missed for frame in it.frames]
        return {"frames": frames, "heads": {room: known[room] for room in seat.rooms}}

    # ------------------------------------------------------------ what is made once

    def _forget(self, generation: str = "") -> None:
        self._generation = generation or self._generation
        self._kept.clear()
        self._kept_bytes = 0

    def _make(
        self, session: Session, incidents: Iterable[Incident | None], gaps: set[Gap]
    ) -> None:
        """Make what was missed and is not kept from before."""
        if self._kept_bytes > _MOST_KEPT:
            self._forget()
        new = gaps - self._kept.keys()
        settings: Settings = self._app.extensions["settings"]
        for incident in incidents:
            here = [gap for gap in new if incident is not None and gap[0] == incident.id]
            if incident is None or not here:
                continue
            news = _news_of(session, incident.id, here)
            shown = [it for it in news if fragments.view_of(it.subject, it.room)]
            with self._app.test_request_context("/", base_url=settings.base_url or None):
                enter_incident(incident)
                renderer = Renderer(self._app, session, shown)
                for gap in here:
                    self._kept[gap] = made = _missed(renderer, gap, news)
                    self._kept_bytes += made.size


def _why_reload(missed: Sequence[Missed] | None) -> str | None:
    """Return why a page is to be loaded again instead of being told; None if it is not."""
    if missed is None or len({one for it in missed for one in it.subjects}) > MOST_SUBJECTS:
        return "far behind"
    return next((it.reload for it in missed if it.reload), None)


def _news_of(session: Session, incident_id: int, gaps: Iterable[Gap]) -> list[News]:
    """Return what the rooms heard since the least of the numbers."""
    since: dict[str, int] = {}
    for _, room, have, _ in gaps:
        since[room] = min(have, since.get(room, have))
    return journal.missed(session, incident_id, since, MOST_ENTRIES * len(since))


def _missed(renderer: Renderer, gap: Gap, news: Iterable[News]) -> Missed:
    """Return what one room heard in a gap, each subject as it stands now."""
    _, room, have, head = gap
    heard = [it for it in news if it.room == room and have < it.n <= head]
    subjects = frozenset((it.subject, it.subject_id) for it in heard)
    if any(changes_everything(it) for it in heard):
        return Missed(subjects, reload="incident")
    if len(subjects) > MOST_SUBJECTS:
        return Missed(subjects)
    latest = {(it.subject, it.subject_id): it for it in heard}
    shown = [it for it in latest.values() if fragments.view_of(it.subject, it.room)]
    try:
        frames = [dumps(renderer.frame(it)) for it in shown]
    except Exception:
        log.exception("cannot render what clients missed in %s", room)
        return Missed(subjects, reload="render")
    return Missed(subjects, tuple(map(Fragment, frames)), size=sum(map(len, frames)))
