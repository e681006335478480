"""What a socket may say: connect, and follow one incident."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, request
from flask_login import current_user
from flask_socketio import SocketIO
from sqlalchemy.orm import Session

from portal.accounts.queries import stands_until, still_signed_in
from portal.core.web.requests import db_session
from portal.incidents.models import Incident
from portal.incidents.queries import get_incident
from portal.journal import queries as journal
from portal.journal.audience import rooms_of
from portal.live import fragments
from portal.live.channel import NAMESPACE, Channel
from portal.live.frames import Renderer, changes_everything, enter_incident, look_anew
from portal.live.seats import Seat

log = logging.getLogger(__name__)

#: A client that missed more subjects than this loads the page again.
MOST_SUBJECTS = 200
#: A client that missed more entries than this is not even counted.
MOST_ENTRIES = 2000
#: No person sits in more rooms than this.
_MOST_ROOMS = 64
#: A person's windows and devices at one process; one more, and the oldest is told and closed.
_MOST_SOCKETS = 5
#: Who said too much may come back after so many seconds, or twice that.
_TOO_FAST_S = 30.0

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Follow:
    """What a client says it has: the incident, the database's generation, its rooms' heads."""

    code: str
    generation: str
    heads: Mapping[str, int]


def parse_follow(message: object) -> Follow | None:
    """Return the message, or None when it has another shape: nobody is trusted."""
    if not isinstance(message, dict):
        return None
    code, generation, heads = (message.get(key) for key in ("incident", "generation", "heads"))
    if (
        not isinstance(code, str)
        or not isinstance(generation, str)
        or not isinstance(heads, dict)
    ):
        return None
    if len(heads) > _MOST_ROOMS:
        return None
    if not all(isinstance(r, str) and type(n) is int and n >= 0 for r, n in heads.items()):
        return None
    return Follow(code, generation, heads)


def register(socketio: SocketIO, channel: Channel) -> None:
    """Register the events of the namespace."""

    @socketio.on("connect", namespace=NAMESPACE)
    def connect(_auth: object = None) -> bool:
        return _connect(channel)

    @socketio.on("disconnect", namespace=NAMESPACE)
    def disconnect(_reason: object = None) -> None:
        channel.seats.remove(_sid())

    @socketio.on("follow", namespace=NAMESPACE)
    def follow(message: object = None, *_more: object) -> Answer:
        seat, wanted = channel.seats.get(_sid()), parse_follow(message)
        if seat is not None and seat.pace.wait():
            channel.close(seat, "too_fast", retry_s=_TOO_FAST_S)
            return {"error": "too fast"}
        if seat is None or wanted is None:
            return {"error": "follow {incident, generation, heads}"}
        return _follow(channel, seat, wanted)


def _sid() -> str:
    return str(getattr(request, "sid", ""))


def _connect(channel: Channel) -> bool:
    """Refuse the anonymous; where they come from was looked at before."""
    if not current_user.is_authenticated:
        return False
    user = current_user
    ends_at = stands_until(user.row, user.actor)
    channel.seats.add(Seat(_sid(), user.actor, ends_at))
    for oldest in channel.seats.of_person(user.actor.person_id)[:-_MOST_SOCKETS]:
        channel.close(oldest, "too_many")
    return True


def _follow(channel: Channel, seat: Seat, wanted: Follow) -> Answer:
    session = db_session()
    look_anew(session)
    incident = get_incident(session, wanted.code)
    if incident is None:
        return {"error": "no such incident"}
    if not _sit(channel, seat, incident.id, session):
        return {"error": "signed out"}
    if wanted.generation != journal.generation(session):
        return {"reload": "generation"}
    for room in sorted(wanted.heads.keys() - seat.rooms):
        channel.say("purge", {"room": room}, to=seat.sid)
    if seat.rooms - wanted.heads.keys():
        return {"reload": "rooms"}
    return _catch_up(session, incident, {room: wanted.heads[room] for room in seat.rooms})


def _sit(channel: Channel, seat: Seat, incident_id: int, session: Session) -> bool:
    """Seat the socket where its person belongs; again if that changed while it sat down.

    What the session reads next is of the instant at which that was found to hold.
    """
    while True:
        sign_in_id = seat.actor.sign_in_id or 0
        found = still_signed_in(session, [sign_in_id]).get(sign_in_id)
        if found is None:
            channel.close(seat, "signed_out")
            return False
        if seat.incident_id == incident_id and found[0].epoch == seat.actor.epoch:
            return True
        seat.renew(*found)
        channel.sit(seat, incident_id, rooms_of(seat.actor))
        look_anew(session)


def _catch_up(session: Session, incident: Incident, have: Mapping[str, int]) -> Answer:
    """Answer what each room has past its head, each subject as it stands now."""
    heads = journal.heads(session, incident.id, have)
    if any(have[room] > n for room, n in heads.items()):
        return {"reload": "generation"}
    behind = {room: n for room, n in have.items() if heads[room] > n}
    news = journal.missed(session, incident.id, behind, MOST_ENTRIES)
    latest = {(it.room, it.subject, it.subject_id): it for it in news}
    subjects = {(it.subject, it.subject_id) for it in latest.values()}
    if len(news) == MOST_ENTRIES or len(subjects) > MOST_SUBJECTS:
        return {"reload": "far behind"}
    if any(changes_everything(it) for it in news):
        return {"reload": "incident"}
    shown = [it for it in latest.values() if fragments.view_of(it.subject, it.room)]
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001
    enter_incident(incident)
    try:
        renderer = Renderer(app, session, shown)
        frames = [renderer.frame(it) for it in shown]
    except Exception:
        log.exception("cannot render what a client missed")
        return {"reload": "render"}
    return {"frames": frames, "heads": heads}
