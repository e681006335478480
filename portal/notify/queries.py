"""Reading deliveries: for the page of what they are about, and for administrators."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Person
from portal.notify.kinds import OF_ONES_OWN
from portal.notify.models import Delivery
from portal.notify.states import PENDING, UNDELIVERED, DeliveryState

#: Deliveries on the administrators' page, and at most this many about one row.
PAGE = 100
STORY = 10

_OF_ONES_OWN = sorted(notice.name for notice in OF_ONES_OWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailView:
    """What those who may see a row are told of an e-mail about it. at : of its last news."""

    state: DeliveryState
    address: str
    why: str
    at: datetime
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryView:
    """What administrators see of a delivery; the words of the e-mail are kept nowhere.

    name : the person's; None for a duty address.
    """

    reference: str
    kind: str
    about: str
    name: str | None
    address: str
    state: DeliveryState
    tries: int
    last_error: str
    made_at: datetime
    next_try_at: datetime | None
    sent_at: datetime | None
    can_retry: bool


def masked(address: str) -> str:
    """Return an address by which its owner knows it and nobody else can use it."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}…@{host}"


def mails_about(session: Session, about: str) -> list[MailView]:
    """Return the e-mails to the one who sent a row, oldest first, the last `STORY`.

    The asker may see the row; whom else the portal wrote to about it is nobody's business.
    """
    rows = session.scalars(
        select(Delivery)
        .where(Delivery.about == about, Delivery.kind.in_(_OF_ONES_OWN))
        .order_by(Delivery.made_at.desc(), Delivery.id.desc())
        .limit(STORY)
    ).all()
    return [
        MailView(
            state=it.state,
            address=masked(it.address),
            why=it.last_error if it.state is DeliveryState.NOT_SENT else "",
            at=it.sent_at or it.made_at,
            is_late=it.last_error != "",
        )
        for it in reversed(rows)
    ]


def list_deliveries(session: Session, *, only_undelivered: bool = False) -> list[DeliveryView]:
    """Return deliveries for administrators, newest first, at most `PAGE`."""
    query = (
        select(Delivery, Person.name)
        .outerjoin(Person, Person.id == Delivery.person_id)
        .order_by(Delivery.made_at.desc(), Delivery.id.desc())
        .limit(PAGE)
    )
    if only_undelivered:
        query = query.where(Delivery.state.in_(UNDELIVERED))
    return [
        DeliveryView(
            reference=it.reference,
            kind=it.kind,
            about=it.about,
            name=name,
            address=it.address,
            state=it.state,
            tries=it.tries,
            last_error=it.last_error,
            made_at=it.made_at,
            next_try_at=it.next_try_at,
            sent_at=it.sent_at,
            can_retry=it.state in UNDELIVERED,
        )
        for it, name in session.execute(query)
    ]


def count_deliveries(session: Session) -> tuple[int, int]:
    """Return how many deliveries are still to go, and how many did not arrive."""
    rows = session.execute(
        select(Delivery.state, func.count())
        .where(Delivery.state.in_(PENDING | UNDELIVERED))
        .group_by(Delivery.state)
    )
    counts = {state: count for state, count in rows}  # noqa: C416 - rows, not pairs
    return (
        sum(counts.get(state, 0) for state in PENDING),
        sum(counts.get(state, 0) for state in UNDELIVERED),
    )


def get_delivery(session: Session, reference: str) -> Delivery | None:
    """Return one delivery."""
    return session.scalar(select(Delivery).where(Delivery.reference == reference))
