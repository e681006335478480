"""The reader of the journal that makes deliveries, by cursor.

It reads committed entries past its cursor; what they ask for and the cursor's new place are one
write. So nothing is missed however late it comes, and nothing is made twice: the cursor moves
only from where this reader found it, and a delivery is unique by entry, person and kind. When
several processes read at once, one of them wins.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.core import clock
from portal.core.references import new_reference
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry, Head
from portal.journal.numbers import insert_into
from portal.notify.kinds import KINDS
from portal.notify.models import Delivery, ReaderCursor
from portal.notify.outbox import GIVE_UP
from portal.notify.states import DeliveryState, Withheld

#: This reader's name beside its cursors.
NAME = "notices"

#: So many entries are dealt with in one write.
BATCH = 200

#: The cursor follows over entries that ask for nothing once there are so many of them, or once
#: their stream has been quiet for so long.
IDLE = 500
QUIET = timedelta(minutes=1)

#: What makes a delivery the same one.
_UNIQUE = ("incident_id", "seq", "person_id", "kind")

_TOLD = or_(
    *(
        and_(Entry.subject == subject, Entry.move.in_(sorted(kind.moves)))
        for subject, kind in KINDS.items()
    )
)


@dataclass(frozen=True, slots=True)
class Lag:
    """A stream whose end lies past the cursor. at : time of its last entry."""

    incident_id: int
    cursor: int
    head: int
    at: datetime


def read(session: Session, *, host: str, has_server: bool) -> int:
    """Make the deliveries that the journal asks for; return for how many of its entries.

    host : what the identifiers of the e-mails end in.
    """
    found, is_done = 0, False
    while not is_done:
        told = [
            _read_on(session, lag, host=host, has_server=has_server)
            for lag in _lagging(session)
        ]
        found += sum(told)
        is_done = BATCH not in told
    return found


def _lagging(session: Session) -> list[Lag]:
    """Return the streams that have gone on since the cursor was moved, in one query."""
    cursor = func.coalesce(ReaderCursor.seq, 0)
    mine = and_(ReaderCursor.incident_id == Head.incident_id, ReaderCursor.name == NAME)
    rows = session.execute(
        select(Head.incident_id, cursor, Head.seq, Head.at)
        .outerjoin(ReaderCursor, mine)
        .where(Head.seq > cursor)
        .order_by(Head.incident_id)
    )
    return [Lag(*row) for row in rows]


def _read_on(session: Session, lag: Lag, *, host: str, has_server: bool) -> int:
    """Deal with the next entries of a stream; return how many were told of.

    Where nobody is to be told of anything the cursor stays, as moving it is a write: it follows
    when the stream is quiet, or when there is too much to look through each time.
    """
    entries = session.scalars(
        select(Entry)
        .where(
            Entry.incident_id == lag.incident_id,
            Entry.seq > lag.cursor,
            Entry.seq <= lag.head,
            _TOLD,
        )
        .order_by(Entry.seq)
        .limit(BATCH)
    ).all()
    is_quiet = lag.at < clock.now() - QUIET
    if not entries and lag.head - lag.cursor < IDLE and not is_quiet:
        return 0
    wanted = _wanted(session, entries, host=host, has_server=has_server)
    to = entries[-1].seq if len(entries) == BATCH else lag.head
    with housekeeping(session):
        if _move_cursor(session, lag, to) and wanted:
            insert = insert_into(session, Delivery).values(wanted)
            session.execute(insert.on_conflict_do_nothing(index_elements=list(_UNIQUE)))
    return len(entries)


def _move_cursor(session: Session, lag: Lag, to: int) -> bool:
    """Move the cursor; False when it stands elsewhere now: another reader was faster."""
    insert = insert_into(session, ReaderCursor).values(
        name=NAME, incident_id=lag.incident_id, seq=to
    )
    moved = session.execute(
        insert.on_conflict_do_update(
            index_elements=["name", "incident_id"],
            set_={"seq": to},
            where=ReaderCursor.seq == lag.cursor,
        ).returning(ReaderCursor.seq)
    )
    return moved.first() is not None


def _wanted(
    session: Session, entries: Sequence[Entry], *, host: str, has_server: bool
) -> list[dict[str, Any]]:
    """Return the deliveries that the entries ask for; none for what is long past."""
    fresh = [it for it in entries if it.at > clock.now() - GIVE_UP]
    rows = _rows(session, fresh)
    told = [(it, row) for it in fresh if (row := rows.get((it.subject, it.subject_id)))]
    people = _people(session, {row.person_id for _, row in told})
    return [
        _delivery(entry, row, people[row.person_id], host)
        | _standing(people[row.person_id], has_server=has_server)
        for entry, row in told
        if entry.person_id != row.person_id
    ]


def _rows(session: Session, entries: Sequence[Entry]) -> dict[tuple[str, int], Any]:
    rows: dict[tuple[str, int], Any] = {}
    for subject, kind in KINDS.items():
        ids = {it.subject_id for it in entries if it.subject == subject}
        rows |= {(subject, id_): row for id_, row in kind.load(session, ids).items()}
    return rows


def _people(session: Session, ids: set[int]) -> dict[int, Person]:
    return {it.id: it for it in session.scalars(select(Person).where(Person.id.in_(ids)))}


def _delivery(entry: Entry, row: Any, person: Person, host: str) -> dict[str, Any]:
    reference = new_reference()
    return {
        "reference": reference,
        "incident_id": entry.incident_id,
        "seq": entry.seq,
        "made_at": entry.at,
        "person_id": person.id,
        "address": person.email,
        "kind": f"{entry.subject}.{entry.move}",
        "subject_id": entry.subject_id,
        "about": row.reference,
        "tries": 0,
        "give_up_at": entry.at + GIVE_UP,
        "message_id": f"<{reference}.{secrets.token_hex(8)}@{host}>",
    }


def _standing(person: Person, *, has_server: bool) -> dict[str, Any]:
    """Return where the delivery begins: it waits, or it is known that nothing will be sent."""
    why = Withheld.DEMO if person.is_demo else None if has_server else Withheld.NO_SERVER
    if why is not None:
        return {"state": DeliveryState.NOT_SENT, "next_try_at": None, "last_error": why.value}
    return {"state": DeliveryState.WAITING, "next_try_at": clock.now(), "last_error": ""}
