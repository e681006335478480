"""Fresh databases for tests, in a few milliseconds each.

What a database holds at a test's start is arranged once per worker and kept; each test gets it
again. A SQLite file is copied. Copying a PostgreSQL database takes a tenth of a second or more,
so there an emptied one is filled again: the same rows, the same counters, no file is made.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from psycopg import sql

from portal.accounts.queries import epoch_of
from portal.cli.database import upgrade
from portal.core.columns import Row
from portal.core.db import Database
from tests import compiling
from tests.world import World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from sqlalchemy.orm import Session

    from tests.servers import Postgres

BACKENDS = ("sqlite", "postgres")
SQLITE = "sqlite:///"

Arrange = Callable[["Session", World], None]


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Lend a database as the portal opens it, and close its connections afterwards."""
    database = Database(url, epoch_of=epoch_of)
    compiling.share(database)
    try:
        yield database
    finally:
        database.engine.dispose()


class Shelf(Protocol):
    """Keeps what databases hold, and gives it out again."""

    def create(self) -> str:
        """Return the address of a new database without tables."""

    def keep(self, url: str) -> Any:
        """Remember what a database holds; nobody is connected to it."""

    def give(self, kept: Any) -> str:
        """Return the address of a database that holds what was kept."""

    def take_back(self, url: str) -> None:
        """Take a database back that `give` gave."""

    def discard(self, url: str) -> None:
        """Remove a database that `create` made."""


class SqliteShelf:
    """Keeps files, gives out copies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> str:
        return f"{SQLITE}{self._folder / uuid.uuid4().hex}.db"

    def keep(self, url: str) -> Path:
        # The last connection that closed has written the log back into the file.
        path = Path(url.removeprefix(SQLITE))
        kept = path.with_suffix(".kept")
        shutil.copyfile(path, kept)
        return kept

    def give(self, kept: Path) -> str:
        url = self.create()
        shutil.copyfile(kept, url.removeprefix(SQLITE))
        return url

    def take_back(self, url: str) -> None:
        path = Path(url.removeprefix(SQLITE))
        for beside in ("", "-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)

    discard = take_back


@dataclass(frozen=True, slots=True)
class KeptRows:
    """What a PostgreSQL database holds.

    template : a database with the same tables, to copy when no emptied one is free.
    rows     : by table, in PostgreSQL's own form for COPY; tables without rows are left out.
    counters : by sequence, the last value that it gave; 0 before the first.
    """

    template: str
    rows: dict[str, bytes]
    counters: dict[str, int]


class PostgresShelf:
    """Keeps rows, and fills databases with them that earlier tests have used."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._free: list[str] = []

    def create(self) -> str:
        return self._server.create_database()

    def keep(self, url: str) -> KeptRows:
        with self._connected(url) as connection:
            rows = {name: _copied(connection, name) for name in _tables()}
            counters = connection.execute(
                "SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences"
            ).fetchall()
        return KeptRows(
            url, {name: data for name, data in rows.items() if data}, dict(counters)
        )

    def give(self, kept: KeptRows) -> str:
        if not self._free:
            return self._server.create_database(kept.template)
        url = self._free.pop()
        with self._connected(url) as connection, connection.transaction():
            _end_others(connection)
            # References between tables are not looked at meanwhile.
            connection.execute("SET LOCAL session_replication_role = replica")
            for name in _tables():
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
            for name, data in kept.rows.items():
                statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))
                with connection.cursor().copy(statement) as copy:
                    copy.write(data)
            for name, value in kept.counters.items():
                connection.execute("SELECT setval(%s, %s, %s)", (name, value or 1, value > 0))
        return url

    def take_back(self, url: str) -> None:
        self._free.append(url)

    def discard(self, url: str) -> None:
        self._server.drop_database(url)

    def _connected(self, url: str) -> psycopg.Connection[Any]:
        return self._server.connect(url.rpartition("/")[2])


def _tables() -> list[str]:
    return [table.name for table in Row.metadata.sorted_tables]


def _copied(connection: psycopg.Connection[Any], table: str) -> bytes:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(statement) as copy:
        return b"".join(bytes(data) for data in copy)


def _end_others(connection: psycopg.Connection[Any]) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@dataclass
class Databases:
    """Databases of one kind, as many as a worker's tests ask for."""

    shelf: Shelf
    _migrated: Any = None
    _kept: dict[Arrange | None, tuple[Any, World]] = field(default_factory=dict)

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lend a database that holds what the migrations put there."""
        with self._given(self._empty()) as url:
            yield url

    @contextmanager
    def lent_world(self, arrange: Arrange | None = None) -> Iterator[tuple[str, World]]:
        """Lend a database that holds the small world, and the names of what is in it.

        arrange : what else is to be there; a function, done once for all tests that name it.
        """
        kept, world = self._arranged(arrange)
        with self._given(kept) as url:
            yield url, world

    @contextmanager
    def _given(self, kept: Any) -> Iterator[str]:
        url = self.shelf.give(kept)
        try:
            yield url
        finally:
            self.shelf.take_back(url)

    def _empty(self) -> Any:
        if self._migrated is None:
            url = self.shelf.create()
            upgrade(url)
            self._migrated = self.shelf.keep(url)
        return self._migrated

    def _arranged(self, arrange: Arrange | None) -> tuple[Any, World]:
        if arrange not in self._kept:
            if arrange is None:
                url = self.shelf.give(self._empty())
                with opened(url) as database, database.sessions() as session:
                    world = make_world(session)
            else:
                before, world = self._arranged(None)
                url = self.shelf.give(before)
                with opened(url) as database, database.sessions() as session:
                    arrange(session, world.within(session))
            self._kept[arrange] = (self.shelf.keep(url), world)
        return self._kept[arrange]
