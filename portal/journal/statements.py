"""What the numbers ask of the database, by statements that are made once.

PostgreSQL is another process, so there what belongs together is one statement; SQLite writes
to one table at a time, and asking it costs little.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.core.columns import Row, table_of
from portal.journal.models import Entry, EntryRoom, Head, RoomHead, Words

#: An INSERT that knows ON CONFLICT, which SQLAlchemy keeps per dialect.
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a stream stood before this write, and the last number of each room after it."""

    seq: int
    at: datetime
    hash: str
    rooms: Mapping[str, int]


@dataclass(slots=True)
class Links:
    """What one write adds to a stream, as rows of the journal, and where it stands then."""

    at: datetime
    hash: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    rooms: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, entry: dict[str, Any], rooms: Mapping[str, int], words: Mapping[str, Any]
    ) -> None:
        """Add one entry, its number in each of its rooms, and its words."""
        self.at, self.hash = entry["at"], entry["hash"]
        key = {"incident_id": entry["incident_id"], "seq": entry["seq"]}
        self.entries.append(entry)
        self.rooms += [{**key, "room": room, "n": n} for room, n in rooms.items()]
        self.words.append({**key, **words})


def insert_into(session: Session, row: type[Row]) -> Any:
    """Return an INSERT that knows ON CONFLICT."""
    return _INSERTS[session.get_bind().dialect.name](row)


@cache
def claiming(dialect: str, row: type[Row]) -> Any:
    """Return the INSERT of a row that gives its key back, or nothing where it is taken."""
    table = table_of(row)
    insertion = _INSERTS[dialect](table).on_conflict_do_nothing()
    return insertion.returning(*table.primary_key)


def take(connection: Connection, stream: int, many: int, rooms: Mapping[str, int]) -> Taken:
    """Lock the head of a stream; count it on by `many`, and each room by its number."""
    asked = {"stream": stream, "many": many}
    if connection.dialect.name == "postgresql":
        found = connection.execute(_TAKE_AT_ONCE, asked | {"rooms": _json(rooms)}).all()
        head, taken = found[0], {room: n for *_, room, n in found if room}
    else:
        head = connection.execute(_TAKE, asked).one()
        wanted = [{"incident_id": stream, "room": room, "n": n} for room, n in rooms.items()]
        counted = connection.execute(_COUNT, wanted) if wanted else ()
        taken = {at.room: at.n for at in counted}
    return Taken(head.seq - many, head.at, head.hash, taken)


def append(connection: Connection, stream: int, links: Links) -> None:
    """Write what is added to a stream, and where it stands now."""
    stands = {"stream": stream, "last_at": links.at, "last_hash": links.hash}
    added: dict[type[Row], Any] = {
        Entry: links.entries,
        EntryRoom: links.rooms,
        Words: links.words,
    }
    if connection.dialect.name == "postgresql":
        lists = {table_of(row).name: _json(rows) for row, rows in added.items()}
        connection.execute(_APPEND_AT_ONCE, stands | lists)
        return
    for row, rows in added.items():
        if rows:
            connection.execute(_INTO[row], rows)
    connection.execute(_LEAVE, stands)


_heads, _room_heads = table_of(Head), table_of(RoomHead)
_HEAD = update(_heads).where(_heads.c.incident_id == bindparam("stream"))
_LEAVE = _HEAD.values(at=bindparam("last_at"), hash=bindparam("last_hash"))


def _taking(*columns: Any) -> Any:
    return _HEAD.values(seq=_heads.c.seq + bindparam("many")).returning(*columns)


def _counting(insertion: Any) -> Any:
    """Return the INSERT of room heads that counts on those that are there."""
    counted = _room_heads.c.n + insertion.excluded.n
    on_conflict = insertion.on_conflict_do_update(
        index_elements=["incident_id", "room"], set_={"n": counted}
    )
    return on_conflict.returning(_room_heads.c.room, _room_heads.c.n)


# ---------------------------------------------------------------- SQLite

_TAKE = _taking(_heads.c.seq, _heads.c.at, _heads.c.hash)
_COUNT = _counting(sqlite.insert(_room_heads))
_INTO: dict[type[Row], Any] = {row: insert(table_of(row)) for row in (Entry, EntryRoom, Words)}

# ---------------------------------------------------------------- PostgreSQL; lists are JSON


def _given(name: str) -> Any:
    return cast(bindparam(name, type_=Text), JSON)


def _take_at_once() -> Any:
    """Return the one statement; it counts rooms from what the head gave, so under its lock."""
    head = _taking(*_heads.c).cte("taken")
    wanted = func.json_each_text(_given("rooms")).table_valued("key", "value", name="wanted")
    each = select(head.c.incident_id, wanted.c.key, cast(wanted.c.value, BigInteger))
    insertion = postgresql.insert(_room_heads).from_select(
        ["incident_id", "room", "n"],
        each.select_from(head.join(wanted, true())).order_by(wanted.c.key),
    )
    counted = _counting(insertion).cte("counted")
    facts = select(head.c.seq, head.c.at, head.c.hash, counted.c.room, counted.c.n)
    return facts.select_from(head.outerjoin(counted, true()))


def _adding(row: type[Row]) -> Any:
    """Return the INSERT of a list, named as its table is."""
    table = table_of(row)
    columns = (column(it.name, it.type) for it in table.c)
    rows = func.json_to_recordset(_given(table.name)).table_valued(*columns, name="added")
    every = select(*rows.render_derived(with_types=True).c)
    return insert(table).from_select(table.c.keys(), every).cte(f"into_{table.name}")


_TAKE_AT_ONCE = _take_at_once()
_APPEND_AT_ONCE = _LEAVE.add_cte(*map(_adding, _INTO))


def _json(what: Mapping[str, int] | Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(what, ensure_ascii=False, default=_as_postgres_reads_it)


def _as_postgres_reads_it(value: datetime | bytes) -> str:
    return "\\x" + value.hex() if isinstance(value, bytes) else value.isoformat()
