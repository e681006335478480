"""Numbers last: `seq` in the stream, `n` in each room, time and link, under the head's lock."""

import secrets
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.core.columns import MovedRow, Row
from portal.journal import chain
from portal.journal.models import Entry, EntryRoom, Head, RoomHead, Words


@dataclass(slots=True)
class Draft:
    """An entry that waits for its numbers; `row` is None for the portal's own notes."""

    subject: str
    move: str
    says: Mapping[str, Any]
    row: Any = None
    stream: int = 0
    subject_id: int = 0
    rooms: AbstractSet[str] = frozenset()


def insert_into(session: Session, row: type[Row]) -> Any:
    """Return an INSERT that knows ON CONFLICT, which SQLAlchemy keeps per dialect."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(row)


def open_stream(session: Session, incident_id: int) -> None:
    """Begin the stream of a new incident, empty."""
    session.execute(
        insert(Head).values(incident_id=incident_id, seq=0, at=clock.now(), hash="")
    )


def record(session: Session, stream: int, drafts: Sequence[Draft], actor: Actor) -> None:
    """Write the drafts as numbered entries of the stream, in their order."""
    head = session.execute(
        update(Head)
        .where(Head.incident_id == stream)
        .values(seq=Head.seq + len(drafts))
        .returning(Head.seq, Head.at, Head.hash),
        execution_options={"synchronize_session": False},
    ).one()
    seq, at, previous = head.seq - len(drafts), head.at, head.hash
    for draft in drafts:
        seq, at = seq + 1, max(clock.now(), at + clock.TICK)
        previous = _record_one(session, draft, actor, seq=seq, at=at, previous=previous)
    session.execute(
        update(Head).where(Head.incident_id == stream).values(at=at, hash=previous),
        execution_options={"synchronize_session": False},
    )


def _record_one(
    session: Session,
    draft: Draft,
    actor: Actor,
    *,
    seq: int,
    at: datetime,
    previous: str,
) -> str:
    rooms = _take_room_numbers(session, draft)
    key, data = secrets.token_bytes(32), chain.canonical(draft.says)
    entry = Entry(
        incident_id=draft.stream,
        seq=seq,
        at=at,
        subject=draft.subject,
        move=draft.move,
        subject_id=draft.subject_id,
        person_id=actor.person_id,
        organization_id=actor.organization_id,
        digest=chain.digest_of(key, data),
    )
    entry.hash = chain.link(previous, entry, rooms)
    session.add(entry)
    session.add(Words(incident_id=draft.stream, seq=seq, key=key, data=data))
    session.add_all(
        EntryRoom(incident_id=draft.stream, room=room, n=n, seq=seq)
        for room, n in rooms.items()
    )
    _stamp(session, draft, at)
    session.flush()
    return entry.hash


def _take_room_numbers(session: Session, draft: Draft) -> dict[str, int]:
    if not draft.rooms:
        return {}
    rooms = insert_into(session, RoomHead).values(
        [{"incident_id": draft.stream, "room": room, "n": 1} for room in sorted(draft.rooms)]
    )
    taken = session.execute(
        rooms.on_conflict_do_update(
            index_elements=["incident_id", "room"], set_={"n": RoomHead.n + 1}
        ).returning(RoomHead.room, RoomHead.n)
    )
    return dict(sorted(tuple(row) for row in taken))


def _stamp(session: Session, draft: Draft, at: datetime) -> None:
    """Give the row its entry's time, so that rows and entries stand in one order."""
    row = draft.row
    if row is None:
        return
    columns = getattr(type(row), "stamps", {}).get(draft.move, ())
    session.execute(
        update(type(row))
        .where(type(row).id == row.id)
        .values(dict.fromkeys((*columns, "moved_at"), at)),
        execution_options={"synchronize_session": False},
    )
    if isinstance(row, MovedRow):
        row.stamped(session, draft.move, at)
