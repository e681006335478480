"""Numbers last: `seq` in the stream, `n` in each room, time and link, under the head's lock."""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.core.columns import MovedRow, Row
from portal.journal import chain
from portal.journal.models import Entry, EntryRoom, Head, RoomHead, Words


@dataclass(slots=True)
class Draft:
    """An entry that waits for its numbers; `row` is None for the portal's own notes.

    by : who did it, where that is not who writes.
    """

    subject: str
    move: str
    says: Mapping[str, Any]
    row: Any = None
    stream: int = 0
    subject_id: int = 0
    rooms: AbstractSet[str] = frozenset()
    by: Actor | None = None


def insert_into(session: Session, row: type[Row] | Table) -> Any:
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
    numbers = _take_room_numbers(session, stream, drafts)
    for draft in drafts:
        seq, at = seq + 1, max(clock.now(), at + clock.TICK)
        rooms = {room: next(numbers[room]) for room in sorted(draft.rooms)}
        entry, words = _entry(draft, draft.by or actor, seq=seq, at=at)
        previous = entry.hash = chain.link(previous, entry, rooms)
        session.add_all([entry, words])
        session.add_all(
            EntryRoom(incident_id=stream, room=room, n=n, seq=seq) for room, n in rooms.items()
        )
        _stamp(session, draft, at)
    session.flush()
    session.execute(
        update(Head).where(Head.incident_id == stream).values(at=at, hash=previous),
        execution_options={"synchronize_session": False},
    )


def _entry(draft: Draft, actor: Actor, *, seq: int, at: datetime) -> tuple[Entry, Words]:
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
    return entry, Words(incident_id=draft.stream, seq=seq, key=key, data=data)


def _take_room_numbers(
    session: Session, stream: int, drafts: Sequence[Draft]
) -> dict[str, Iterator[int]]:
    """Return for each room the numbers that its entries get, in their order; one statement."""
    wanted = Counter(room for draft in drafts for room in draft.rooms)
    if not wanted:
        return {}
    # By the table, and the values apart: so it is compiled once, however many rooms there are.
    heads: Any = RoomHead.__table__
    rooms = insert_into(session, heads)
    taken = session.execute(
        rooms.on_conflict_do_update(
            index_elements=["incident_id", "room"], set_={"n": heads.c.n + rooms.excluded.n}
        ).returning(heads.c.room, heads.c.n),
        [{"incident_id": stream, "room": room, "n": wanted[room]} for room in sorted(wanted)],
    )
    return {room: iter(range(last - wanted[room] + 1, last + 1)) for room, last in taken}


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
