"""Taking a copy of the database at one moment, while fifty others write."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from portal.cli.copies.bundle import Told
from portal.cli.copies.rows import copy_rows, count_rows, empty
from portal.cli.database import upgrade
from portal.core.db import WRITER_PATIENCE_S, Database

#: SQLite says after so many of its steps how far it is.
_STEPS = 20_000


def take(database: Database, copy: Path, told: Told) -> None:
    """Copy the database into a SQLite file that is not there yet; nobody waits for it.

    told : hears how far it is, in bytes of the copy or in rows, see `extent`.
    """
    if database.is_sqlite:
        _take_file(Path(database.url.database or ""), copy, told)
    else:
        _take_rows(database, copy, told)


def extent(database: Database) -> int:
    """Return about how much `take` has to tell of."""
    if database.is_sqlite:
        return Path(database.url.database or "").stat().st_size
    with database.engine.connect() as connection:
        return sum(count_rows(connection).values())


def _take_file(path: Path, copy: Path, told: Told) -> None:
    """Let SQLite write what it holds at one moment.

    Its backup in steps begins anew after each write of another process, and so never ends
    under writers; it also copies the leavings of what was deleted, which VACUUM leaves out.
    """
    at = 0

    def look() -> int:
        nonlocal at
        size = copy.stat().st_size if copy.exists() else 0
        told(size - at)
        at = size
        return 0  # go on

    with closing(sqlite3.connect(path, timeout=WRITER_PATIENCE_S)) as source:
        source.isolation_level = None
        source.set_progress_handler(look, _STEPS)
        source.execute("VACUUM INTO ?", (str(copy),))


def _take_rows(database: Database, copy: Path, told: Told) -> None:
    """Read all rows in one snapshot of PostgreSQL, which locks nobody out."""
    upgrade(f"sqlite:///{copy}")
    engine = create_engine(URL.create("sqlite", database=str(copy)), poolclass=NullPool)
    with database.engine.connect() as source, engine.connect() as target:
        source.execution_options(isolation_level="REPEATABLE READ")
        source.exec_driver_sql("SET TRANSACTION READ ONLY")
        source.exec_driver_sql("SET LOCAL statement_timeout = 0")
        # The copy is read again as a whole before anybody trusts it.
        target.exec_driver_sql("PRAGMA synchronous=OFF")
        empty(target)  # the migrations have put a few rows into it
        copy_rows(source, target, told)
        target.commit()
