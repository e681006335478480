"""Putting a copy in place of a database: as a whole, or not at all."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from portal.cli.copies.bundle import Manifest, NoBackupError, Told
from portal.cli.copies.rows import copy_rows, count_rows, empty
from portal.cli.database import is_current, known_revisions, upgrade, url_of
from portal.core.db import Database
from portal.journal.models import Entry
from portal.journal.records import begin_generation
from portal.journal.verify import verify, verify_here

#: So many pages of a SQLite file go over between two looks at the clock.
_PAGES = 2000
#: How long other processes may hold the file, in seconds.
_PATIENCE_S = 30.0


def is_empty(database: Database) -> bool:
    """Return whether nothing was ever done in the database, or there is none."""
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return True
    with database.engine.connect() as connection:
        if not inspect(connection).has_table(Entry.__tablename__):
            return True
        return connection.scalar(select(Entry.seq).limit(1)) is None


def prepare(copy: Path, manifest: Manifest, told: Told) -> None:
    """Prove a copy that was taken out of a backup, and begin its new life.

    An older one is brought to the present schema. Raises NoBackupError where it is not what the
    manifest says, or its chain is broken.
    """
    if manifest.revision not in known_revisions():
        raise NoBackupError("it was made by a newer portal; restore it with that one")
    with closing(sqlite3.connect(copy)) as connection:
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise NoBackupError("its database is damaged")
    url = f"sqlite:///{copy}"
    upgrade(url)
    database = Database(url)
    try:
        prove(database, manifest, told)
        with database.sessions() as session:
            begin_generation(session)
    finally:
        database.engine.dispose()


def prove(database: Database, manifest: Manifest, told: Told) -> None:
    """Walk a copy's chain, with the manifest's heads; raises NoBackupError if it breaks."""
    with database.sessions() as session:
        found = [it for it in verify(session, manifest.kept_heads, told) if not it.is_lawful]
    if found:
        raise NoBackupError(
            f"its journal is not intact: {found[0].finding} in stream "
            f"{found[0].incident_id}: {found[0].what}"
        )


def put(copy: Path, database: Database, told: Told) -> None:
    """Put a prepared copy in place of all that the database holds.

    Raises TimeoutError where others hold the file for too long; then nothing has changed.
    """
    if database.is_sqlite:
        database.engine.dispose()
        _put_file(copy, database, told)
    else:
        _put_rows(copy, database, told)


def extent(copy: Path, database: Database) -> int:
    """Return about how much `put` has to tell of: pages or rows."""
    with closing(sqlite3.connect(copy)) as connection:
        if database.is_sqlite:
            return int(connection.execute("PRAGMA page_count").fetchone()[0])
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    with engine.connect() as source:
        return sum(count_rows(source).values())


def _put_file(copy: Path, database: Database, told: Told) -> None:
    """Let SQLite write the copy into the file as one transaction.

    A file of its own under the same name would leave a process that runs with the old one.
    """
    with database.engine.connect():
        pass  # makes a new file for this account's eyes
    database.engine.dispose()
    at, moved_at = 0, time.monotonic()

    def look(_status: int, left: int, total: int) -> None:
        nonlocal at, moved_at
        if total - left > at:
            told(total - left - at)
            at, moved_at = total - left, time.monotonic()
        elif time.monotonic() - moved_at > _PATIENCE_S:
            raise TimeoutError

    with (
        closing(sqlite3.connect(copy)) as source,
        closing(sqlite3.connect(database.url.database or "")) as target,
    ):
        target.execute("PRAGMA synchronous=FULL")
        source.backup(target, pages=_PAGES, progress=look, sleep=0.05)


def _put_rows(copy: Path, database: Database, told: Told) -> None:
    """Put the rows into PostgreSQL, and prove them there, before anybody sees one."""
    if not is_current(database):
        upgrade(url_of(database))
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    try:
        with engine.connect() as source, database.engine.begin() as target:
            target.exec_driver_sql("SET LOCAL statement_timeout = 0")
            target.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE_S:.0f}s'")
            empty(target)
            copy_rows(source, target, told)
            if count_rows(source) != count_rows(target):
                raise NoBackupError("PostgreSQL does not hold what was put in")
            with Session(target, info={"database": database}) as session:
                if any(not it.is_lawful for it in verify_here(session)):
                    raise NoBackupError("its journal is not intact in PostgreSQL")
    except SQLAlchemyError as error:
        if getattr(getattr(error, "orig", None), "sqlstate", None) == "55P03":
            raise TimeoutError from error
        raise
