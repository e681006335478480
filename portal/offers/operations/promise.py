"""The promise: until when an offer is answered, and who is told before that time comes."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core import clock, codes
from portal.core.actor import SYSTEM
from portal.core.errors import ConflictError
from portal.core.writes import Held
from portal.incidents.models import Incident
from portal.incidents.states import IncidentState
from portal.journal.transaction import Tx, transaction
from portal.offers.models import Offer
from portal.offers.states import OFFER, SENT, UNSETTLED, WAITING

#: A deputy is told when so much of the time has gone: early enough to act.
ESCALATES_AT = 0.75
#: With less than this left no new time is promised: the timer could tell nobody before it.
LEAST = timedelta(minutes=1)
#: The owner of a listed offer is told so long before it ends.
WARNS_BEFORE = timedelta(hours=24)

_MOST_AT_ONCE = 100


def wait(offer: Offer, since: datetime, *, for_owner: bool = False) -> None:
    """Start the clock: since then it is ERAC's turn to answer, or the owner's.

    The time is the priority's, and never later than the offer's own end. An offer that has
    ended, or is about to, keeps the time that it had.
    """
    if offer.available_until - since < LEAST:
        return
    priority = codes.load("offer-priorities")[offer.priority]
    minutes = priority["reply_minutes" if for_owner else "answer_minutes"]
    offer.waiting_since = since
    offer.answer_by = min(since + timedelta(minutes=minutes), offer.available_until)
    offer.escalate_at = since + (offer.answer_by - since) * ESCALATES_AT
    offer.escalated_at = None


def settle_priority(offer: Offer, of_items: Iterable[str]) -> None:
    """Give an offer the most pressing priority among its items."""
    order = list(codes.load("offer-priorities"))
    offer.priority = min(of_items, key=order.index, default=order[1])


def escalate(tx: Tx, offer: Offer) -> None:
    """Say that an offer is still without an answer and its time runs out."""
    due = offer.answer_by.isoformat() if offer.answer_by else ""
    tx.move(OFFER, "escalate", offer, answer_by=due)


def warn(tx: Tx, offer: Offer) -> None:
    """Say to the owner that an offer ends within a day."""
    tx.move(OFFER, "warn", offer, until=offer.available_until.isoformat())


def escalate_due(session: Session) -> None:
    """Tell deputies of offers whose time runs out: a job of the timer."""
    due = session.scalars(
        select(Offer)
        .join(Incident, Incident.id == Offer.incident_id)
        .where(
            Offer.state.in_(UNSETTLED),
            Offer.escalated_at.is_(None),
            Offer.escalate_at <= clock.now(),
            Incident.state == IncidentState.OPEN,
        )
        .order_by(Offer.escalate_at)
        .limit(_MOST_AT_ONCE)
    ).all()
    for held in _as_found(due):
        with (
            suppress(ConflictError),  # answered in this moment
            transaction(session, SYSTEM, held=[held]) as tx,
        ):
            escalate(tx, held.row)


def warn_ending(session: Session) -> None:
    """Tell owners of offers that end within a day: a job of the timer.

    Not of those that were never meant to last longer: they were told when they sent them.
    """
    now = clock.now()
    ending = session.scalars(
        select(Offer)
        .join(Incident, Incident.id == Offer.incident_id)
        .where(
            Offer.state.in_(SENT - WAITING),
            Offer.warned_at.is_(None),
            Offer.available_until > now,
            Offer.available_until <= now + WARNS_BEFORE,
            Offer.submitted_at <= now - WARNS_BEFORE,
            Incident.state == IncidentState.OPEN,
        )
        .order_by(Offer.available_until)
        .limit(_MOST_AT_ONCE)
    ).all()
    for held in _as_found(ending):
        with (
            suppress(ConflictError),
            transaction(session, SYSTEM, held=[held]) as tx,
        ):
            warn(tx, held.row)


def _as_found(offers: Iterable[Offer]) -> list[Held]:
    """Hold offers to how they were found: each commit forgets what was read of the others."""
    return [Held(offer, offer.version) for offer in offers]
