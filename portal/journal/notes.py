"""Notes: what goes on record beside moves, such as who looked at what and who was refused.

No page waits for a note, and none asks the database more because of it. Notes wait in memory
for one thread of the process, woken by each, which writes all that wait in one transaction: a
process that dies loses those of its last milliseconds. When the database is busy or full, a
note goes to the log instead, as one line of JSON.
"""

import json
import logging
import threading
from collections import deque
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.core.actor import SYSTEM
from portal.core.db import Database, database_of
from portal.core.errors import PortalError
from portal.journal.numbers import Draft
from portal.journal.transaction import transaction

log = logging.getLogger(__name__)

#: The moves of notes. They change no row: no seat, no notice and no story depends on them.
QUIET = frozenset({"look", "export", "refuse"})

#: So many wait at most, and so many are written in one transaction.
MOST_WAITING = 5000
BATCH = 200


class Notes:
    """What one process has still to write down."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._waiting: deque[Draft] = deque()
        self._woken = threading.Event()
        self._writing = threading.Lock()

    def __len__(self) -> int:
        """Return how many notes wait."""
        return len(self._waiting)

    def add(self, drafts: Iterable[Draft]) -> None:
        """Let notes wait to be written; past the bound they go to the log."""
        for draft in drafts:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(draft)
            else:
                _log(draft, "too many wait")
        self._woken.set()

    def write_down(self, session: Session) -> int:
        """Write what waits, and return how much that was; nothing is half written then."""
        with self._writing:
            return self._write_down(session)

    def _write_down(self, session: Session) -> int:
        count = 0
        while batch := self._take():
            count += len(batch)
            try:
                with transaction(session, SYSTEM) as tx:
                    for draft in batch:
                        tx.record(draft)
            except (PortalError, SQLAlchemyError, OSError) as error:
                for draft in batch:
                    _log(draft, str(error).partition("\n")[0])
        return count

    def _take(self) -> list[Draft]:
        taken: list[Draft] = []
        while self._waiting and len(taken) < BATCH:
            taken.append(self._waiting.popleft())
        return taken

    def run(self, database: Database) -> None:
        """Write down what comes, for as long as the process lives."""
        while True:
            self._woken.wait()
            self._woken.clear()
            try:
                with database.sessions() as session:
                    self.write_down(session)
            except Exception:
                log.exception("the notes stumbled; they go on")


_OF_DATABASES: WeakKeyDictionary[Database, Notes] = WeakKeyDictionary()
_turn = threading.Lock()


def notes_of(database: Database) -> Notes:
    """Return the notes that wait for a database in this process."""
    with _turn:
        return _OF_DATABASES.setdefault(database, Notes())


def notes_for(session: Session) -> Notes:
    """Return the notes that wait for the session's database."""
    return notes_of(database_of(session))


def start(database: Database) -> None:
    """Start the thread that writes down what this process notes."""
    threading.Thread(
        target=notes_of(database).run, args=(database,), name="notes", daemon=True
    ).start()


def finish(database: Database) -> None:
    """Write down what waits: the process is about to end."""
    with database.sessions() as session:
        notes_of(database).write_down(session)


def _log(draft: Draft, why: str) -> None:
    """Say in one line what is not in the journal."""
    line = {
        "note": f"{draft.subject}.{draft.move}",
        "subject_id": draft.subject_id,
        "person_id": draft.by.person_id if draft.by else None,
        "organization_id": draft.by.organization_id if draft.by else None,
        "says": dict(draft.says),
        "why": why,
    }
    log.warning("not in the journal: %s", json.dumps(line, sort_keys=True))
