"""What the numbers ask of the database, by statements that are made once.

PostgreSQL is another process, so there what belongs together is one statement; SQLite writes
to one table at a time, and asking it costs little.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Connection,
    Table,
    Text,
    Update,
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
from portal.journal.models import Audience, Entry, EntryRoom, Head, RoomHead, Words

#: An INSERT that knows ON CONFLICT, which SQLAlchemy keeps per dialect.
_INSERTS: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


_RowKey = tuple[Table, int]
_Times = dict[str, datetime]
_NONE: Any = ((None, 0), {})


@dataclass(frozen=True, slots=True)
class Taken:
    """Where a stream stood before this write, and the last number of each room after it."""

    stream: int
    seq: int
    at: datetime
    hash: str
    rooms: Mapping[str, int]


@dataclass(slots=True)
class Links:
    """What one write adds to a stream, as rows of the journal, and where it stands then.

    stamps : times that moved rows get, by the row's table and id.
    """

    stream: int
    at: datetime
    hash: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    rooms: list[dict[str, Any]] = field(default_factory=list)
    words: list[dict[str, Any]] = field(default_factory=list)
    gained: list[dict[str, Any]] = field(default_factory=list)
    stamps: dict[_RowKey, _Times] = field(default_factory=dict)

    def add(
        self, entry: dict[str, Any], rooms: Mapping[str, int], words: Mapping[str, Any]
    ) -> None:
        """Add one entry, its number in each of its rooms, and its words."""
        self.at, self.hash = entry["at"], entry["hash"]
        key = {"incident_id": entry["incident_id"], "seq": entry["seq"]}
        self.entries.append(entry)
        self.rooms += [{**key, "room": room, "n": n} for room, n in rooms.items()]
        self.words.append({**key, **words})

    @property
    def added(self) -> dict[type[Row], list[dict[str, Any]]]:
        """Return the rows to insert, by what they are."""
        return {
            Entry: self.entries,
            EntryRoom: self.rooms,
            Words: self.words,
            Audience: self.gained,
        }

    @property
    def stands(self) -> dict[str, Any]:
        """Return where the stream stands then."""
        return {"stream": self.stream, "last_at": self.at, "last_hash": self.hash}

    def gain(self, subject: str, subject_id: int, rooms: Sequence[str]) -> None:
        """Add rooms to those that a row belongs to."""
        key = {"subject": subject, "subject_id": subject_id}
        self.gained += [{**key, "room": room} for room in rooms]

    def stamp(self, row: Any, move: str) -> None:
        """Give a row the last entry's time, so that rows and entries stand in one order."""
        times = self.stamps.setdefault((table_of(type(row)), row.id), {})
        columns = getattr(type(row), "stamps", {}).get(move, ())
        times.update(dict.fromkeys((*columns, "moved_at"), self.at))


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
        counted = connection.execute(_COUNT, {"stream": stream, "rooms": _json(rooms)})
        taken = {at.room: at.n for at in counted}
    return Taken(stream, head.seq - many, head.at, head.hash, taken)


def append(connection: Connection, streams: Sequence[Links]) -> None:
    """Write what is added to streams, and where they stand now: the last act before COMMIT.

    Everybody else waits meanwhile, so on PostgreSQL it is sent off, and the COMMIT after it,
    and only then are the answers waited for; see `portal.core.postgres`.
    """
    at_once = connection.dialect.name == "postgresql"
    if at_once:
        driver: Any = connection.connection.driver_connection
        driver.answer_at_commit()
    for links in streams:
        (_append_at_once if at_once else _append)(connection, links)


def _append(connection: Connection, links: Links) -> None:
    for row, rows in links.added.items():
        if rows:
            connection.execute(_INTO[row], rows)
    connection.execute(_LEAVE, links.stands)
    _stamp(connection, links.stamps.items())


def _append_at_once(connection: Connection, links: Links) -> None:
    """Write it by one statement; most writes move one row, whose times go with it."""
    given = {_into(table_of(row)): _json(rows) for row, rows in links.added.items()}
    (table, row_id), times = stamps.pop() if (stamps := list(links.stamps.items())) else _NONE
    statement = _appending(table, tuple(times))
    connection.execute(statement, given | links.stands | _times(row_id, times))
    _stamp(connection, stamps)


def _stamp(connection: Connection, stamps: Iterable[tuple[_RowKey, _Times]]) -> None:
    for (table, row_id), times in stamps:
        connection.execute(_stamping(table, tuple(times)), _times(row_id, times))


_heads, _room_heads = table_of(Head), table_of(RoomHead)
_HEAD = update(_heads).where(_heads.c.incident_id == bindparam("stream"))
_LEAVE = _HEAD.values(at=bindparam("last_at"), hash=bindparam("last_hash"))


def _taking(*columns: Any) -> Any:
    return _HEAD.values(seq=_heads.c.seq + bindparam("many")).returning(*columns)


@cache
def _stamping(table: Table, columns: tuple[str, ...]) -> Update:
    """Return the UPDATE that gives one row its times."""
    times: dict[str, Any] = {name: bindparam(f"stamp_{name}") for name in columns}
    return update(table).where(table.c.id == bindparam("row_id")).values(times)


def _times(row_id: int, times: Mapping[str, datetime]) -> dict[str, Any]:
    return {"row_id": row_id} | {f"stamp_{name}": at for name, at in times.items()}


def _counting(insertion: Any) -> Any:
    """Return the INSERT of room heads that counts on those that are there."""
    counted = _room_heads.c.n + insertion.excluded.n
    on_conflict = insertion.on_conflict_do_update(
        index_elements=["incident_id", "room"], set_={"n": counted}
    )
    return on_conflict.returning(_room_heads.c.room, _room_heads.c.n)


# ---------------------------------------------------------------- SQLite


def _count() -> Any:
    each = func.json_each(bindparam("rooms")).table_valued("key", "value", name="wanted")
    wanted = select(bindparam("stream"), each.c.key, each.c.value).where(true())
    return _counting(
        sqlite.insert(_room_heads).from_select(["incident_id", "room", "n"], wanted)
    )


_TAKE = _taking(_heads.c.seq, _heads.c.at, _heads.c.hash)
_COUNT = _count()
_INTO: dict[type[Row], Any] = {
    row: insert(table_of(row)) for row in (Entry, EntryRoom, Words, Audience)
}

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
    """Return the INSERT of a list."""
    table = table_of(row)
    columns = (column(it.name, it.type) for it in table.c)
    rows = func.json_to_recordset(_given(_into(table))).table_valued(*columns, name="added")
    every = select(*rows.render_derived(with_types=True).c)
    return insert(table).from_select(table.c.keys(), every).cte(_into(table))


def _into(table: Table) -> str:
    """Return the name of what goes into a table; what bears a column's name would be set."""
    return f"into_{table.name}"


_TAKE_AT_ONCE = _take_at_once()


@cache
def _appending(table: Table | None, columns: tuple[str, ...]) -> Any:
    append = _LEAVE.add_cte(*map(_adding, _INTO))
    return append if table is None else append.add_cte(_stamping(table, columns).cte("stamp"))


def _json(what: Mapping[str, int] | Sequence[Mapping[str, Any]]) -> str:
    return json.dumps(what, ensure_ascii=False, default=_as_postgres_reads_it)


def _as_postgres_reads_it(value: datetime | bytes) -> str:
    return "\\x" + value.hex() if isinstance(value, bytes) else value.isoformat()
