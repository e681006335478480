"""The way to write: rows and their numbered entries in one commit, or nothing.

Order inside one write: end the read, take the turn, BEGIN, the single-use key, the rows
held, the actor's epoch; the rules; flush the rows; then, under the stream's head, the numbers;
COMMIT; only then the readers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import bindparam, delete, inspect, select, update
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.core import clock
from portal.core.actor import Actor
from portal.core.columns import table_of
from portal.core.db import database_of, writing
from portal.core.errors import (
    AlreadyDoneError,
    EpochGoneError,
    OnceReusedError,
    VersionGoneError,
)
from portal.core.moves import Machine
from portal.core.writes import Held, OnceKey
from portal.journal import numbers
from portal.journal.models import Audience, Once
from portal.journal.numbers import Draft
from portal.journal.statements import claiming

_once, _audience = table_of(Once), table_of(Audience)
_ANSWER = (
    update(_once)
    .where(_once.c.person_id == bindparam("person"), _once.c.token == bindparam("key"))
    .values(answer=bindparam("path"))
)
_OF_ROW = (
    _audience.c.subject == bindparam("whose"),
    _audience.c.subject_id == bindparam("whose_id"),
)
_SEEN = select(_audience.c.room).where(*_OF_ROW)
_LOSE = delete(_audience).where(*_OF_ROW, _audience.c.room == bindparam("lost"))


class Recorded(Protocol):
    """A row that a machine moves and the journal records.

    stream   : the incident in whose stream its entries stand; 0 is day-to-day operations.
    audience : the rooms it belongs to, as it now stands.
    """

    id: Any
    state: Any

    @property
    def stream(self) -> int: ...  # noqa: D102
    @property
    def audience(self) -> frozenset[str]: ...  # noqa: D102


class Tx:
    """An open write. `now` is one instant for all of it."""

    def __init__(self, session: Session, actor: Actor, once: OnceKey | None) -> None:
        """Begin empty; `transaction` makes these."""
        self.session = session
        self.actor = actor
        self.now: datetime = clock.now()
        self._once = once
        self._drafts: list[Draft] = []
        self._answer = ""

    def move(self, machine: Machine, name: str, row: Recorded, /, **says: Any) -> None:
        """Make one move of a row: its state changes, and its entry waits for the commit.

        Raises NotAllowedError or StateGoneError, and then nothing has changed.
        """
        move = machine.apply(name, self.actor, row)
        if says.keys() != move.says:
            message = f"{machine.subject}.{name} says {sorted(move.says)}, not {sorted(says)}"
            raise TypeError(message)
        is_new = None in move.origin and not inspect(row).persistent
        if is_new:
            self.session.add(row)
        self._drafts.append(Draft(machine.subject, name, says, row=row, is_new=is_new))

    def check(self, machine: Machine, name: str, row: Recorded, /) -> None:
        """Raise what `move` would raise, where a rule has to look at something before it."""
        machine.check(name, self.actor, row)

    def note(self, subject: str, move: str, *, stream: int = 0, **says: Any) -> None:
        """Record something that is no move of a row: the portal's own housekeeping acts."""
        self.record(Draft(subject, move, says, stream=stream))

    def record(self, draft: Draft) -> None:
        """Record what is no move of a row, as it is drafted; see `portal.journal.notes`."""
        self._drafts.append(draft)

    def answer(self, path: str) -> str:
        """Remember the path of the page this write is answered with, and return it."""
        self._answer = path
        return path

    def take_once(self) -> None:
        """Claim the single-use key; a rival waits here and then gets the first answer."""
        if self._once is None:
            return
        if self.actor.person_id is None:
            raise TypeError("a single-use key belongs to a person")
        key = {"person_id": self.actor.person_id, "token": self._once.token}
        connection = self.session.connection()
        claim = claiming(connection.dialect.name, Once)
        values = {
            **key,
            "route": self._once.route,
            "body_hash": self._once.body_hash,
            "answer": "",
            "at": self.now,
        }
        # Not `rowcount`: with PostgreSQL it is -1 here, whether claimed or not.
        if connection.execute(claim, values).first() is not None:
            return
        first = self.session.get_one(Once, key, populate_existing=True)
        if (first.route, first.body_hash) != (self._once.route, self._once.body_hash):
            raise OnceReusedError("Please open the page again and send it from there.")
        raise AlreadyDoneError(first.answer)

    def check_epoch(self) -> None:
        """Refuse an actor whose session or entitlement changed since the page was asked for."""
        epoch_of = database_of(self.session).epoch_of
        if self.actor.is_system or epoch_of is None:
            return
        if epoch_of(self.session, self.actor) != self.actor.epoch:
            raise EpochGoneError("Your access changed meanwhile. Please sign in again.")

    def hold(self, held: Sequence[Held]) -> None:
        """Re-read the rows under a lock and compare their versions with the browser's.

        The lock lets others look whether the row is there (`key_share`): PostgreSQL does so for
        each row that points at it, also while it holds the stream's head.
        """
        for it in sorted(held, key=lambda h: (h.row.__tablename__, inspect(h.row).identity)):
            try:
                lock = {"of": type(it.row), "read": it.shared, "key_share": not it.shared}
                self.session.refresh(it.row, with_for_update=lock)
            except InvalidRequestError as error:
                raise VersionGoneError("It is no longer there.") from error
            if it.version is not None and it.row.version != it.version:
                raise VersionGoneError("Somebody changed it after you opened this page.")

    def close(self) -> None:
        """Flush the rows, then number and chain the entries: the last act before COMMIT."""
        self._lock_the_unchanged()
        self.session.flush()
        self._settle_audiences()
        if self._once is not None and self._answer:
            key = {"person": self.actor.person_id, "key": self._once.token}
            self.session.connection().execute(_ANSWER, {**key, "path": self._answer})
        if self._drafts:
            numbers.record(self.session, self._drafts, self.actor)

    def _lock_the_unchanged(self) -> None:
        """Lock moved rows that the flush will not write, since their entry's time still will.

        That happens under the stream's head. Who first waits for a row there, while its holder
        waits for the head, waits for ever; PostgreSQL then ends one of the two.
        """
        moved = {draft.row for draft in self._drafts if draft.row is not None}
        rests = [r for r in moved if inspect(r).persistent and not self.session.is_modified(r)]
        for row in sorted(rests, key=lambda r: (r.__tablename__, r.id)):
            table = type(row)
            lock = select(table.id).where(table.id == row.id).with_for_update(key_share=True)
            self.session.execute(lock)

    def _settle_audiences(self) -> None:
        """Find the rooms each row now belongs to; its entry goes there and to the former ones.

        Where a row has several entries, the first of them is in the former rooms, too.
        """
        settled = set()
        for draft in self._drafts:
            row = draft.row
            if row is None:
                continue
            draft.subject_id, draft.stream, draft.rooms = row.id, row.stream, row.audience
            if row not in settled:
                settled.add(row)
                self._settle_audience(draft)

    def _settle_audience(self, draft: Draft) -> None:
        now, whose = draft.rooms, {"whose": draft.subject, "whose_id": draft.subject_id}
        connection = self.session.connection()
        stored = () if draft.is_new else connection.execute(_SEEN, whose).scalars()
        was = frozenset(stored)
        draft.rooms, draft.gained = was | now, now - was
        if was - now:
            connection.execute(_LOSE, [{**whose, "lost": room} for room in sorted(was - now)])


@contextmanager
def transaction(
    session: Session,
    actor: Actor,
    *,
    once: OnceKey | None = None,
    held: Sequence[Held] = (),
) -> Iterator[Tx]:
    """Open a write in the actor's name; commit at the end, or leave no trace.

    Raises BusyError, EpochGoneError, VersionGoneError, OnceReusedError before the body runs,
    and AlreadyDoneError (with the first answer) when the same form took effect before.
    """
    database = database_of(session)
    tx = Tx(session, actor, once)
    with writing(session, tx):
        tx.take_once()
        tx.hold(held)
        tx.check_epoch()
        try:
            yield tx
            tx.close()
        except StaleDataError as error:  # a row that was not held, and somebody was faster
            raise VersionGoneError("Somebody changed it at the same moment.") from error
        session.commit()
    database.wake()
