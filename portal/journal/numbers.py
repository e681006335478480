"""Numbers last: `seq` in the stream, `n` in each room, time and link, under the head's lock.

Whoever writes waits here for the one before, so this asks for little: its statements name
tables and are made once, which costs a tenth of what rows and sessions do.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.core.columns import MovedRow, Row, table_of
from portal.journal import chain
from portal.journal.models import Entry, EntryRoom, Head, RoomHead, Words

_heads, _room_heads = table_of(Head), table_of(RoomHead)
_HEAD = update(_heads).where(_heads.c.incident_id == bindparam("stream"))
_TAKE = _HEAD.values(seq=_heads.c.seq + bindparam("many")).returning(
    _heads.c.seq, _heads.c.at, _heads.c.hash
)
_LEAVE = _HEAD.values(at=bindparam("last_at"), hash=bindparam("last_hash"))
_ENTRIES, _ROOMS, _WORDS = (insert(table_of(it)) for it in (Entry, EntryRoom, Words))


@dataclass(slots=True)
class Draft:
    """An entry that waits for its numbers; `row` is None for the portal's own notes.

    by     : who did it, where that is not who writes.
    is_new : this entry is the row's first.
    """

    subject: str
    move: str
    says: Mapping[str, Any]
    row: Any = None
    stream: int = 0
    subject_id: int = 0
    rooms: AbstractSet[str] = frozenset()
    by: Actor | None = None
    is_new: bool = False


#: An INSERT that knows ON CONFLICT, which SQLAlchemy keeps per dialect.
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_into(session: Session, row: type[Row]) -> Any:
    """Return an INSERT that knows ON CONFLICT."""
    return _INSERTS[session.get_bind().dialect.name](row)


@cache
def claiming(dialect: str, row: type[Row]) -> Any:
    """Return the INSERT of a row that gives its key back, or nothing where it is taken."""
    table = table_of(row)
    insertion = _INSERTS[dialect](table).on_conflict_do_nothing()
    return insertion.returning(*table.primary_key)


def open_stream(session: Session, incident_id: int) -> None:
    """Begin the stream of a new incident, empty."""
    session.execute(
        insert(Head).values(incident_id=incident_id, seq=0, at=clock.now(), hash="")
    )


def record(session: Session, stream: int, drafts: Sequence[Draft], actor: Actor) -> None:
    """Write the drafts as numbered entries of the stream, in their order."""
    connection = session.connection()
    head = connection.execute(_TAKE, {"stream": stream, "many": len(drafts)}).one()
    seq, at, previous = head.seq - len(drafts), head.at, head.hash
    numbers = _take_room_numbers(connection, stream, drafts)
    entries, entry_rooms, words = [], [], []
    for draft in drafts:
        seq, at = seq + 1, max(clock.now(), at + clock.TICK)
        rooms = {room: next(numbers[room]) for room in sorted(draft.rooms)}
        said, entry = _entry(draft, draft.by or actor, seq=seq, at=at)
        previous = chain.link(previous, Entry(**entry), rooms)
        entries.append({**entry, "hash": previous})
        words.append({"incident_id": stream, "seq": seq, **said})
        entry_rooms += [
            {"incident_id": stream, "room": room, "n": n, "seq": seq}
            for room, n in rooms.items()
        ]
    for insertion, rows in ((_ENTRIES, entries), (_ROOMS, entry_rooms), (_WORDS, words)):
        if rows:
            connection.execute(insertion, rows)
    for draft, entry in zip(drafts, entries, strict=True):
        _stamp(session, draft, entry["at"])
    connection.execute(_LEAVE, {"stream": stream, "last_at": at, "last_hash": previous})


def _entry(
    draft: Draft, actor: Actor, *, seq: int, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the words with their key, and the entry without its link."""
    key, data = secrets.token_bytes(32), chain.canonical(draft.says)
    entry = {
        "incident_id": draft.stream,
        "seq": seq,
        "at": at,
        "subject": draft.subject,
        "move": draft.move,
        "subject_id": draft.subject_id,
        "person_id": actor.person_id,
        "organization_id": actor.organization_id,
        "digest": chain.digest_of(key, data),
    }
    return {"key": key, "data": data}, entry


def _take_room_numbers(
    connection: Connection, stream: int, drafts: Sequence[Draft]
) -> dict[str, Iterator[int]]:
    """Return for each room the numbers that its entries get, in their order; one statement."""
    wanted = Counter(room for draft in drafts for room in draft.rooms)
    if not wanted:
        return {}
    taken = connection.execute(
        _counting(connection.dialect.name),
        [{"incident_id": stream, "room": room, "n": wanted[room]} for room in sorted(wanted)],
    )
    return {room: iter(range(last - wanted[room] + 1, last + 1)) for room, last in taken}


@cache
def _counting(dialect: str) -> Any:
    heads = _room_heads.c
    rooms = _INSERTS[dialect](_room_heads)
    return rooms.on_conflict_do_update(
        index_elements=["incident_id", "room"], set_={"n": heads.n + rooms.excluded.n}
    ).returning(heads.room, heads.n)


def _stamp(session: Session, draft: Draft, at: datetime) -> None:
    """Give the row its entry's time, so that rows and entries stand in one order."""
    row = draft.row
    if row is None:
        return
    kind: Any = type(row)
    columns = getattr(kind, "stamps", {}).get(draft.move, ())
    stamping = _stamping(kind, (*columns, "moved_at"))
    session.connection().execute(stamping, {"row_id": row.id, "stamped_at": at})
    if isinstance(row, MovedRow):
        row.stamped(session, draft.move, at)


@cache
def _stamping(row: Any, columns: tuple[str, ...]) -> Update:
    table = table_of(row)
    times: dict[str, Any] = dict.fromkeys(columns, bindparam("stamped_at"))
    return update(table).where(table.c.id == bindparam("row_id")).values(times)
