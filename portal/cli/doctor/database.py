"""Checks of the database: does it answer, is it the right one, does it keep its word?"""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.cli.database import alembic_config
from portal.cli.doctor.finding import Finding, Patient, ok, wrong
from portal.core import clock
from portal.journal import chain
from portal.journal.models import Entry, EntryRoom, Head, Words

#: The oldest PostgreSQL that the portal is tested with.
OLDEST_POSTGRESQL = 14

#: What SQLite has to be set to, so that nothing acknowledged is lost; FULL is 2.
_SQLITE = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

#: So many of the latest entries are looked at; `portal verify` looks at all.
LATEST = 200


def reachable(patient: Patient) -> Finding:
    """Look whether the database answers."""
    shown = patient.database.url.render_as_string()
    try:
        with patient.database.engine.connect():
            pass
    except (SQLAlchemyError, OSError) as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        return wrong(f"{shown} does not answer ({why}): look at PORTAL_DATABASE_URL")
    return ok(f"{shown} answers")


def schema(patient: Patient) -> Finding:
    """Look whether the database has the tables that this code wants."""
    url = patient.database.url.render_as_string(hide_password=False)
    wanted = ScriptDirectory.from_config(alembic_config(url)).get_current_head()
    try:
        with patient.database.engine.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
    except (SQLAlchemyError, OSError):
        return wrong("cannot be read")
    if found != wanted:
        at = f"is at revision {found}" if found else "is empty"
        return wrong(f"{at}, this code wants {wanted}: run `portal db upgrade`")
    return ok(f"revision {found}, the latest")


def durability(patient: Patient) -> Finding:
    """Look whether SQLite keeps what it acknowledged; whether PostgreSQL is new enough."""
    if patient.database.is_sqlite:
        return _durability_of_sqlite(patient)
    with patient.database.engine.connect() as connection:
        version = connection.dialect.server_version_info or (0,)
    words = f"PostgreSQL {'.'.join(map(str, version))}"
    if int(version[0]) < OLDEST_POSTGRESQL:
        return wrong(f"{words} is too old: the portal wants {OLDEST_POSTGRESQL} or later")
    return ok(words)


def _durability_of_sqlite(patient: Patient) -> Finding:
    with patient.database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in _SQLITE
        }
    off = [
        f"{name} is {found[name]}" for name, value in _SQLITE.items() if found[name] != value
    ]
    if off:
        return wrong(f"{', '.join(off)}: put the file on a local disk of this machine")
    return ok("SQLite, write-ahead log, synchronous FULL, foreign keys")


def last_entries(patient: Patient) -> Finding:
    """Look whether the latest entries are linked as they were written."""
    with patient.database.sessions() as session:
        left = LATEST
        for head in session.scalars(select(Head).order_by(Head.at.desc())):
            entries = _latest(session, head.incident_id, left)
            if not _is_intact(session, head, entries):
                where = f"stream {head.incident_id}"
                return wrong(
                    f"{where} was altered: run `portal verify`, keep the file as it is"
                )
            left -= len(entries)
            if left <= 0:
                break
    return ok(f"the last {LATEST - max(left, 0)} are as they were written")


def _latest(session: Session, stream: int, most: int) -> list[Entry]:
    rows = session.scalars(
        select(Entry).where(Entry.incident_id == stream).order_by(Entry.seq.desc()).limit(most)
    )
    return list(rows)


def _is_intact(session: Session, head: Head, entries: list[Entry]) -> bool:
    """Return whether entries, the latest first, end at the head and hang together."""
    if not entries:
        return head.seq == 0
    if (head.seq, head.hash) != (entries[0].seq, entries[0].hash):
        return False
    rooms = _rooms(session, entries)
    links = [it.hash for it in entries[1:]] + ([""] if entries[-1].seq == 1 else [])
    # What the earliest of them is linked to may lie further back.
    for entry, previous in zip(entries, links, strict=False):
        if chain.link(previous, entry, rooms.get(entry.seq, {})) != entry.hash:
            return False
    return _has_its_words(session, entries)


def _rooms(session: Session, entries: list[Entry]) -> dict[int, dict[str, int]]:
    rows = session.scalars(
        select(EntryRoom)
        .where(
            EntryRoom.incident_id == entries[0].incident_id, EntryRoom.seq >= entries[-1].seq
        )
        .order_by(EntryRoom.room)
    )
    found: dict[int, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row.seq, {})[row.room] = row.n
    return found


def _has_its_words(session: Session, entries: list[Entry]) -> bool:
    """Return whether the words are those written; a law may have had some destroyed."""
    digests = {entry.seq: entry.digest for entry in entries}
    rows = session.scalars(
        select(Words).where(
            Words.incident_id == entries[0].incident_id, Words.seq >= entries[-1].seq
        )
    )
    return all(chain.digest_of(it.key, it.data) == digests.get(it.seq) for it in rows)


def right_time(patient: Patient) -> Finding:
    """Look whether the clock has gone back behind what is written already."""
    with patient.database.sessions() as session:
        last = max(session.scalars(select(Head.at)), default=clock.now())
    behind = last - clock.now()
    if behind.total_seconds() > 1:
        return wrong(f"{behind} behind the journal's last entry: set this machine's clock")
    return ok("not behind the journal")
