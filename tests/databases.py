"""Fresh databases for tests: copies of a template that each worker migrates once."""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from portal.accounts.queries import epoch_of
from portal.cli.database import upgrade
from portal.core.db import Database
from tests.world import World, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Postgres

BACKENDS = ("sqlite", "postgres")
SQLITE = "sqlite:///"


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Lend a database as the portal opens it, and close its connections afterwards."""
    database = Database(url, epoch_of=epoch_of)
    try:
        yield database
    finally:
        database.engine.dispose()


class SqliteServer:
    """Makes SQLite databases: files in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create_database(self, template: str | None = None) -> str:
        path = self._folder / f"{uuid.uuid4().hex}.db"
        if template is not None:
            shutil.copyfile(template.removeprefix(SQLITE), path)
        return f"{SQLITE}{path}"

    def drop_database(self, url: str) -> None:
        path = Path(url.removeprefix(SQLITE))
        for beside in ("", "-wal", "-shm"):
            path.with_name(path.name + beside).unlink(missing_ok=True)


@dataclass
class Databases:
    """Databases of one kind, as many as a worker's tests ask for.

    server : what makes and drops them.
    """

    server: SqliteServer | Postgres
    _empty: str | None = None
    _inhabited: tuple[str, World] | None = None
    _lent: list[str] = field(default_factory=list)

    def create(self) -> str:
        """Return the address of a database that holds what the migrations put there."""
        return self.server.create_database(self._migrated())

    def create_world(self) -> tuple[str, World]:
        """Return the address of a database that holds the small world, and its names."""
        if self._inhabited is None:
            url = self.create()
            with opened(url) as database, database.sessions() as session:
                world = make_world(session)
            # A copy of a SQLite file must not miss what still stands in its log: the last
            # connection to close has written that back.
            self._inhabited = (url, world)
        url, world = self._inhabited
        return self.server.create_database(url), world

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Lend a migrated database for the length of a block."""
        url = self.create()
        try:
            yield url
        finally:
            self.server.drop_database(url)

    @contextmanager
    def lent_world(self) -> Iterator[tuple[str, World]]:
        """Lend a database with the small world for the length of a block."""
        url, world = self.create_world()
        try:
            yield url, world
        finally:
            self.server.drop_database(url)

    def _migrated(self) -> str:
        if self._empty is None:
            self._empty = self.server.create_database()
            upgrade(self._empty)
        return self._empty
