"""Reading a database as a suspicious outsider would: straight from its tables."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.core.columns import MovedRow, Row
from portal.journal.models import Audience, Entry, EntryRoom, Head, RoomHead
from portal.journal.verify import verify
from portal.migrations import load_models

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

load_models()

Dump = dict[str, list[tuple[Any, ...]]]


def dump(session: Session) -> Dump:
    """Return every row of every table."""
    session.rollback()
    return {
        table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
        for table in Row.metadata.sorted_tables
    }


def changed(before: Dump, after: Dump) -> set[str]:
    """Return the names of the tables that differ."""
    return {name for name, rows in after.items() if rows != before[name]}


def kinds(session: Session, stream: int) -> list[str]:
    """Return what was done in a stream, such as post.publish, in its order."""
    session.rollback()
    entries = session.execute(
        select(Entry.subject, Entry.move).where(Entry.incident_id == stream).order_by(Entry.seq)
    )
    return [f"{subject}.{move}" for subject, move in entries]


def check_journal(session: Session) -> None:
    """Fail unless the journal is what it promises to be."""
    session.rollback()
    _check_streams(session)
    _check_rooms(session)
    _check_audiences(session)
    found = verify(session)
    assert found == [], found
    session.rollback()


def _check_streams(session: Session) -> None:
    """The numbers have no gap, the times rise, and the head is the last entry."""
    entries: dict[int, list[Entry]] = {}
    for entry in session.scalars(select(Entry).order_by(Entry.incident_id, Entry.seq)):
        entries.setdefault(entry.incident_id, []).append(entry)
    heads = {head.incident_id: head for head in session.scalars(select(Head))}
    assert entries.keys() <= heads.keys()
    for stream, head in heads.items():
        mine = entries.get(stream, [])
        assert [it.seq for it in mine] == list(range(1, head.seq + 1))
        times = [it.at for it in mine]
        assert all(a < b for a, b in pairwise(times)), times
        if mine:
            assert (head.at, head.hash) == (mine[-1].at, mine[-1].hash)


def _check_rooms(session: Session) -> None:
    """In each room the numbers have no gap and rise with the stream's."""
    rooms: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for it in session.scalars(select(EntryRoom).order_by(EntryRoom.n)):
        rooms.setdefault((it.incident_id, it.room), []).append((it.n, it.seq))
    for room, numbers in rooms.items():
        assert [n for n, _ in numbers] == list(range(1, len(numbers) + 1)), room
        seqs = [seq for _, seq in numbers]
        assert seqs == sorted(set(seqs)), room
    heads = {(it.incident_id, it.room): it.n for it in session.scalars(select(RoomHead))}
    assert heads == {room: len(numbers) for room, numbers in rooms.items()}


def _check_audiences(session: Session) -> None:
    """Each row is where it says, and its last entry was heard there at least."""
    stored = _stored_audiences(session)
    heard = _last_heard(session)
    for mapper in Row.registry.mappers:
        if not issubclass(mapper.class_, MovedRow):
            continue
        for row in session.scalars(select(mapper.class_)):
            key = (mapper.class_.__tablename__, row.id)
            if key in heard:
                assert stored.pop(key, frozenset()) == row.audience, key
                assert heard[key] >= row.audience, key
    assert not stored


def _stored_audiences(session: Session) -> dict[tuple[str, int], frozenset[str]]:
    stored: dict[tuple[str, int], frozenset[str]] = {}
    for it in session.scalars(select(Audience)):
        key = (it.subject, it.subject_id)
        stored[key] = stored.get(key, frozenset()) | {it.room}
    return stored


def _last_heard(session: Session) -> Mapping[tuple[str, int], frozenset[str]]:
    rows = session.execute(
        select(Entry.subject, Entry.subject_id, Entry.seq, EntryRoom.room)
        .join(
            EntryRoom,
            (EntryRoom.incident_id == Entry.incident_id) & (EntryRoom.seq == Entry.seq),
        )
        .order_by(Entry.incident_id, Entry.seq)
    )
    last: dict[tuple[str, int], tuple[int, frozenset[str]]] = {}
    for subject, subject_id, seq, room in rows:
        key = (subject, subject_id)
        was = last.get(key)
        rooms = was[1] if was is not None and was[0] == seq else frozenset()
        last[key] = (seq, rooms | {room})
    return {key: rooms for key, (_, rooms) in last.items()}
