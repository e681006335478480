"""One database: engine, sessions, the writers' turn, and who is told of a commit."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from portal.core import guard
from portal.core.actor import Actor
from portal.core.errors import BusyError, StrayWriteError

log = logging.getLogger(__name__)

#: Reads whether an actor still stands as it did: the epoch now, or None when it may not act.
EpochReader = Callable[[Session, Actor], str | None]

#: How long a writer waits for another process before it says "busy", in seconds.
WRITER_PATIENCE_S = 5.0

#: How long a request waits for a connection while all are in use, in seconds.
_POOL_PATIENCE_S = 5

_WRITE = {"portal_begin": "IMMEDIATE", "postgresql_readonly": False}


class Database:
    """An engine with the rules of this portal; the same for SQLite and PostgreSQL."""

    def __init__(self, url: str, *, epoch_of: EpochReader | None = None) -> None:
        """Open `url`; `epoch_of` re-reads an actor at the start of each write."""
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # What a statement was given stays out of the log: it may be a report, or a hash.
        options: dict[str, Any] = {
            "pool_size": 20,
            "max_overflow": 20,
            "pool_timeout": _POOL_PATIENCE_S,
            "hide_parameters": True,
        }
        if self.is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": 0}
            bind = self.engine = create_engine(self.url, **options)
            event.listen(self.engine, "do_connect", keep_for_oneself)
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            from portal.core import postgres  # noqa: PLC0415 - who has SQLite does without it

            options["connect_args"] = postgres.CONNECTING
            self.engine = create_engine(self.url, **options)
            bind = postgres.set_up(self.engine)
        self.epoch_of = epoch_of
        self.readers: list[Callable[[], None]] = []
        self.is_failing = False
        self._turn = threading.Lock()
        self.sessions = sessionmaker(bind, info={"database": self})

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the writers' turn.

        Under gevent a lock wait inside SQLite stops the whole process, so the writers of one
        process queue here, before BEGIN. PostgreSQL has row locks and needs no queue.
        """
        if self.is_failing:
            raise BusyError(
                "The disk of the portal fails, so nothing can be saved. Call the SEOC."
            )
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=WRITER_PATIENCE_S):
            raise BusyError("The database did not answer in time. Please send it again.")
        try:
            yield
        finally:
            self._turn.release()

    def stop_writing(self) -> None:
        """Write no more until the process is started anew: the disk did not confirm a write.

        After that nobody knows what of a file is on it, and asking once more may say that all
        is well when it is not. PostgreSQL ends itself then; SQLite leaves it to us.
        """
        self.is_failing = True
        log.critical("the disk failed: nothing is written until the portal is started anew")

    def wake(self) -> None:
        """Tell the readers of the journal that something was committed."""
        for reader in self.readers:
            try:
                reader()
            except Exception:
                log.exception("journal reader %r failed", reader)


def database_of(session: Session) -> Database:
    """Return the database that made this session."""
    return cast("Database", session.info["database"])


def begin_snapshot(session: Session) -> None:
    """Begin to read anew, so that every statement from now on sees one and the same moment.

    SQLite does so by itself; PostgreSQL would show each statement what was committed meanwhile.
    """
    session.rollback()
    if not database_of(session).is_sqlite:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def keep_for_oneself(_dialect: object, _record: object, address: Any, _named: object) -> None:
    """Make a new database file for the own account's eyes; SQLite would let all read it.

    One that is there is not even opened: closing it would take away all the locks that this
    process holds on it through SQLite, and two writers would spoil it.
    """
    if address[0] == ":memory:":
        return
    with suppress(OSError):  # it is there; or what is in the way SQLite says in its own words
        os.close(os.open(address[0], os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


@contextmanager
def writing(session: Session, writer: object) -> Iterator[Connection]:
    """End what the session read, take the turn and open a write; the caller commits inside.

    Whatever is not committed at the end is rolled back. Only the journal's doors use this.
    """
    if guard.WRITER in session.info:
        raise StrayWriteError("a write inside a write: it would end the outer one unseen")
    database = database_of(session)
    session.rollback()
    with database.turn():
        session.info[guard.WRITER] = writer
        try:
            yield session.connection(execution_options=_WRITE)
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", "") in _NOT_KEPT:
                database.stop_writing()
            if _is_full(error):
                raise BusyError("There is no space left on the portal's disk.") from error
            if _is_lock_trouble(error):
                raise BusyError("The database is busy. Please send it again.") from error
            raise
        finally:
            session.rollback()
            del session.info[guard.WRITER]


#: What SQLite says when the system could not bring a file to the disk.
_NOT_KEPT = {"SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"}


def _is_full(error: OperationalError) -> bool:
    names = {getattr(error.orig, name, "") for name in ("sqlite_errorname", "sqlstate")}
    return bool(names & {"SQLITE_FULL", "53100"})


def _is_lock_trouble(error: OperationalError) -> bool:
    code = getattr(error.orig, "sqlstate", None)
    # 55P03 lock timeout, 40P01 deadlock, 57014 statement timeout
    return code in {"55P03", "40P01", "57014"} or "locked" in str(error.orig)


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # BEGIN is ours, see `_begin_sqlite`
    for pragma in (
        # Another process that comes or goes holds the file for an instant, also from this.
        f"PRAGMA busy_timeout={int(WRITER_PATIENCE_S * 1000)}",
        "PRAGMA journal_mode=WAL",
        "PRAGMA synchronous=FULL",  # NORMAL may lose an acknowledged commit with the power
        "PRAGMA foreign_keys=ON",
        "PRAGMA busy_timeout=0",
    ):
        connection.execute(pragma)


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("portal_begin", "DEFERRED")
    until = time.monotonic() + WRITER_PATIENCE_S
    while True:
        try:
            connection.exec_driver_sql(f"BEGIN {mode}")
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > until:
                raise
            time.sleep(0.005)  # under gevent this lets the others run
        else:
            return
