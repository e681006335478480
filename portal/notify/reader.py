"""The reader of the journal that makes deliveries, by cursor.

It reads committed entries past its cursor; what they ask for and the cursor's new place are one
write. So nothing is missed however late it comes, and nothing is made twice: the cursor moves
only from where this reader found it, and a delivery is unique by entry, person and kind. When
several processes read at once, one of them wins.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.core import clock
from portal.core.references import new_reference
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry
from portal.journal.numbers import insert_into
from portal.journal.queries import stream_heads
from portal.notify.kinds import KINDS
from portal.notify.models import Delivery, ReaderCursor
from portal.notify.outbox import GIVE_UP
from portal.notify.states import DeliveryState, Withheld

#: This reader's name beside its cursors.
NAME = "notices"

#: So many entries are dealt with in one write.
BATCH = 200

#: The cursor follows over entries that ask for nothing once there are so many of them.
IDLE = 500

#: What makes a delivery the same one.
_UNIQUE = ("incident_id", "seq", "person_id", "kind")

_TOLD = or_(
    *(
        and_(Entry.subject == subject, Entry.move.in_(sorted(kind.moves)))
        for subject, kind in KINDS.items()
    )
)


def read(session: Session, *, host: str, has_server: bool) -> int:
    """Make the deliveries that the journal asks for; return how many of its entries were new.

    host : what the identifiers of the e-mails end in.
    """
    found = 0
    for incident_id, head in sorted(stream_heads(session).items()):
        while taken := _read_on(session, incident_id, head, host=host, has_server=has_server):
            found += taken
    return found


def _read_on(
    session: Session, incident_id: int, head: int, *, host: str, has_server: bool
) -> int:
    """Deal with the next entries of a stream; 0 when there are none left."""
    cursor = session.get(ReaderCursor, (NAME, incident_id), populate_existing=True)
    seq = cursor.seq if cursor else 0
    if head <= seq:
        return 0
    entries = session.scalars(
        select(Entry)
        .where(Entry.incident_id == incident_id, Entry.seq > seq, Entry.seq <= head, _TOLD)
        .order_by(Entry.seq)
        .limit(BATCH)
    ).all()
    if not entries and head - seq < IDLE:
        return 0
    wanted = _wanted(session, entries, host=host, has_server=has_server)
    to = entries[-1].seq if len(entries) == BATCH else head
    with housekeeping(session):
        if _move_cursor(session, incident_id, seq, to) and wanted:
            insert = insert_into(session, Delivery).values(wanted)
            session.execute(insert.on_conflict_do_nothing(index_elements=list(_UNIQUE)))
    return len(entries)


def _move_cursor(session: Session, incident_id: int, seq: int, to: int) -> bool:
    """Move the cursor from `seq`; False when it stands elsewhere: another reader was faster."""
    insert = insert_into(session, ReaderCursor).values(
        name=NAME, incident_id=incident_id, seq=to
    )
    moved = session.execute(
        insert.on_conflict_do_update(
            index_elements=["name", "incident_id"],
            set_={"seq": to},
            where=ReaderCursor.seq == seq,
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
