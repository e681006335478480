"""The reader of the journal that makes deliveries, by cursor.

It reads committed entries past its cursor; what they ask for and the cursor's new place are one
write. So nothing is missed however late it comes, and nothing is made twice: the cursor moves
only from where this reader found it, and a delivery is unique by entry, person and kind. When
several processes read at once, one of them wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry, Head
from portal.journal.statements import insert_into
from portal.notify.kinds import NOTICES
from portal.notify.models import Delivery, ReaderCursor
from portal.notify.orders import Office, wanted

#: This reader's name beside its cursors.
NAME = "notices"

#: So many entries are dealt with in one write.
BATCH = 200

#: The cursor follows over entries that ask for nothing once there are so many of them, or once
#: their stream has been quiet for so long.
IDLE = 500
QUIET = timedelta(minutes=1)

#: What makes a delivery the same one; of those to a duty address there is one for an entry.
_UNIQUE = ("incident_id", "seq", "person_id", "kind")
_UNIQUE_DUTY = ("incident_id", "seq", "kind")

_ASKED = sorted({move for notice in NOTICES.values() for move in notice.moves})
_TOLD = or_(*(and_(Entry.subject == subject, Entry.move == move) for subject, move in _ASKED))


@dataclass(frozen=True, slots=True)
class Lag:
    """A stream whose end lies past the cursor. at : time of its last entry."""

    incident_id: int
    cursor: int
    head: int
    at: datetime


def read(session: Session, office: Office) -> int:
    """Make the deliveries that the journal asks for; return for how many of its entries."""
    found, is_done = 0, False
    while not is_done:
        told = [_read_on(session, lag, office) for lag in _lagging(session)]
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


def _read_on(session: Session, lag: Lag, office: Office) -> int:
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
    made = wanted(session, entries, office)
    to = entries[-1].seq if len(entries) == BATCH else lag.head
    with housekeeping(session):
        if _move_cursor(session, lag, to):
            _keep(session, made)
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


def _keep(session: Session, made: Sequence[dict[str, Any]]) -> None:
    """Write down what is to be delivered, but for what stands there already."""
    insert = insert_into(session, Delivery)
    once = insert.on_conflict_do_nothing(index_elements=list(_UNIQUE))
    if people := [it for it in made if it["person_id"] is not None]:
        session.execute(once, people)
    once = insert.on_conflict_do_nothing(
        index_elements=list(_UNIQUE_DUTY), index_where=Delivery.person_id.is_(None)
    )
    if duty := [it for it in made if it["person_id"] is None]:
        session.execute(once, duty)
