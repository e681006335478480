"""Reading the journal: heads, entries past a cursor, the story of one row."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from portal.core.columns import table_of
from portal.journal.models import Entry, EntryRoom, Generation, Head, RoomHead, Words

# What every page and every wake-up of the tail asks: made once.
_room_heads, _stream_heads = table_of(RoomHead).c, table_of(Head).c
_GENERATION = select(table_of(Generation).c.name)
_HEADS = select(_room_heads.room, _room_heads.n).where(
    _room_heads.incident_id == bindparam("stream"),
    _room_heads.room.in_(bindparam("rooms", expanding=True)),
)
_STREAM_HEADS = select(_stream_heads.incident_id, _stream_heads.seq)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a row's story. words : the move's `says`, empty once destroyed."""

    move: str
    at: datetime
    person_id: int | None
    organization_id: int | None
    words: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class News:
    """One entry as one room hears of it."""

    incident_id: int
    seq: int
    room: str
    n: int
    subject: str
    move: str
    subject_id: int


def generation(session: Session) -> str:
    """Return the name of this life of the database."""
    return str(session.connection().execute(_GENERATION).scalar_one())


def heads(session: Session, incident_id: int, rooms: Iterable[str]) -> dict[str, int]:
    """Return the last number of each of the rooms; 0 where nothing was said yet."""
    wanted = sorted(rooms)
    asked = {"stream": incident_id, "rooms": wanted}
    found = session.connection().execute(_HEADS, asked)
    return dict.fromkeys(wanted, 0) | {row.room: row.n for row in found}


def stream_heads(session: Session) -> dict[int, int]:
    """Return the last `seq` of every stream by incident."""
    found = session.connection().execute(_STREAM_HEADS)
    return {head.incident_id: head.seq for head in found}


_NEWS = select(
    Entry.incident_id,
    Entry.seq,
    EntryRoom.room,
    EntryRoom.n,
    Entry.subject,
    Entry.move,
    Entry.subject_id,
).join_from(
    EntryRoom,
    Entry,
    and_(Entry.incident_id == EntryRoom.incident_id, Entry.seq == EntryRoom.seq),
)


def news_after(session: Session, incident_id: int, seq: int, until: int) -> list[News]:
    """Return what each room heard after `seq` and up to `until`, in the stream's order."""
    rows = session.execute(
        _NEWS.where(
            EntryRoom.incident_id == incident_id,
            EntryRoom.seq > seq,
            EntryRoom.seq <= until,
        ).order_by(EntryRoom.seq, EntryRoom.room)
    )
    return [News(*row) for row in rows]


def missed(
    session: Session, incident_id: int, heads: Mapping[str, int], limit: int
) -> list[News]:
    """Return what the rooms heard past the given heads, in order, at most `limit`."""
    if not heads:
        return []
    past = or_(
        *(and_(EntryRoom.room == room, EntryRoom.n > n) for room, n in sorted(heads.items()))
    )
    rows = session.execute(
        _NEWS.where(EntryRoom.incident_id == incident_id, past)
        .order_by(EntryRoom.seq, EntryRoom.room)
        .limit(limit)
    )
    return [News(*row) for row in rows]


def entries_after(session: Session, incident_id: int, seq: int, until: int) -> list[Entry]:
    """Return the entries of a stream after `seq` and up to `until`, oldest first."""
    return list(
        session.scalars(
            select(Entry)
            .where(Entry.incident_id == incident_id, Entry.seq > seq, Entry.seq <= until)
            .order_by(Entry.seq)
        )
    )


def story(session: Session, subject: str, subject_id: int) -> list[Told]:
    """Return what was done to one row, oldest first; whoever asks may see the row."""
    rows = session.execute(
        select(Entry, Words.data)
        .outerjoin(Words, and_(Words.incident_id == Entry.incident_id, Words.seq == Entry.seq))
        .where(Entry.subject == subject, Entry.subject_id == subject_id)
        .order_by(Entry.seq)
    )
    return [
        Told(e.move, e.at, e.person_id, e.organization_id, json.loads(data or "{}"))
        for e, data in rows
    ]
