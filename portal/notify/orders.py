"""Orders: which deliveries entries of the journal ask for, and when each is due."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.core import clock
from portal.core.references import new_reference
from portal.journal.models import Entry
from portal.notify.kinds import NOTICES, Notice, Topic
from portal.notify.models import Delivery
from portal.notify.outbox import GIVE_UP
from portal.notify.states import DeliveryState, Withheld


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """In whose name e-mails are sent.

    host       : what the identifiers of e-mails end in.
    has_server : whether there is a mail server to hand them to.
    is_demo    : whether the incidents are the demo's, whose addresses nobody reads.
    """

    host: str
    has_server: bool
    is_demo: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    """What one e-mail is to be about, and for whom; see `Delivery`."""

    entry: Entry
    notice: Notice
    row: Any
    person_id: int | None
    due_at: datetime


def wanted(session: Session, entries: Sequence[Entry], office: Office) -> list[dict[str, Any]]:
    """Return the deliveries that the entries ask for; none for what is long past."""
    fresh = [it for it in entries if it.at > clock.now() - GIVE_UP]
    orders = list(_orders(session, fresh))
    ids = {it.person_id for it in orders}
    people = {it.id: it for it in session.scalars(select(Person).where(Person.id.in_(ids)))}
    return [_delivery(it, people.get(it.person_id or 0), office) for it in orders]


def _orders(session: Session, entries: Sequence[Entry]) -> Iterator[_Order]:
    asked = [
        (entry, notice)
        for entry in entries
        for notice in NOTICES.values()
        if (entry.subject, entry.move) in notice.moves
    ]
    rows, turns = _rows(session, asked), _Turns(session)
    for entry, notice in asked:
        row_id = notice.topic.id_in(entry)
        row = rows.get((notice.topic, row_id))
        for person_id in notice.to(session, entry, row) if row is not None else ():
            if person_id is not None and person_id == entry.person_id:
                continue  # they did it themselves
            due_at: datetime | None = min(entry.at, clock.now())
            if notice.pause:
                due_at = turns.next_for(notice, row_id, person_id)
            if due_at is not None:
                yield _Order(entry, notice, row, person_id, due_at)


def _rows(
    session: Session, asked: Sequence[tuple[Entry, Notice]]
) -> dict[tuple[Topic, int], Any]:
    rows: dict[tuple[Topic, int], Any] = {}
    for topic in {notice.topic for _, notice in asked}:
        ids = {topic.id_in(entry) for entry, notice in asked if notice.topic == topic}
        rows |= {(topic, id_): row for id_, row in topic.load(session, ids).items()}
    return rows


@dataclass(frozen=True, slots=True)
class _Turns:
    """When what must not come too often goes to each of its recipients."""

    session: Session
    last: dict[tuple[str, int], dict[int | None, datetime]] = field(default_factory=dict)

    def next_for(self, notice: Notice, row_id: int, person_id: int | None) -> datetime | None:
        """Return when the next may go; None when one that is still to go speaks for it."""
        now, key = clock.now(), (notice.name, row_id)
        if key not in self.last:
            self.last[key] = self._stored(notice, row_id)
        before = self.last[key].get(person_id)
        if before is not None and before >= now:
            return None
        due_at = now if before is None else max(now, before + notice.pause)
        self.last[key][person_id] = due_at
        return due_at

    def _stored(self, notice: Notice, row_id: int) -> dict[int | None, datetime]:
        rows = self.session.execute(
            select(Delivery.person_id, func.max(Delivery.give_up_at).label("until"))
            .where(
                Delivery.kind == notice.name,
                Delivery.subject_id == row_id,
                Delivery.last_error != Withheld.OVERTAKEN.value,
            )
            .group_by(Delivery.person_id)
        )
        return {it.person_id: it.until - GIVE_UP for it in rows}


def _delivery(order: _Order, person: Person | None, office: Office) -> dict[str, Any]:
    entry, reference = order.entry, new_reference()
    is_demo = office.is_demo if person is None else person.is_demo
    why = Withheld.DEMO if is_demo else None if office.has_server else Withheld.NO_SERVER
    next_try_at = max(order.due_at, clock.now()) if why is None else None
    return {
        "reference": reference,
        "incident_id": entry.incident_id,
        "seq": entry.seq,
        "made_at": entry.at,
        "person_id": order.person_id,
        "address": order.row.email if person is None else person.email,
        "kind": order.notice.name,
        "subject_id": order.notice.topic.id_in(entry),
        "about": order.row.reference,
        "state": DeliveryState.WAITING if why is None else DeliveryState.NOT_SENT,
        "tries": 0,
        "next_try_at": next_try_at,
        "give_up_at": order.due_at + GIVE_UP,
        "last_error": why.value if why is not None else "",
        "message_id": f"<{reference}.{secrets.token_hex(8)}@{office.host}>",
    }
