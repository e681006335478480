"""Lists of offers: the owner's, the record's, and what waits for somebody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import PRIVATE_ROLES, Actor
from portal.journal.audience import ERAC, rooms_of, visible_in
from portal.offers.models import Offer, OfferLine
from portal.offers.queries.offers import OfferView, project, select_offers
from portal.offers.states import SENT, OfferState
from portal.organizations.models import Organization

#: Offers on one page.
PAGE = 50
#: An offer that ends within this time is its owner's turn: renew it, or let it go.
ENDS_SOON = timedelta(hours=24)

_MOST_TURNS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Something about an offer that waits for this person.

    kind : "question" to answer, "draft" to send, "ending" to renew or let go.
    at   : when it was asked, last changed, or when it ends; due: until when, if ever.
    """

    kind: str
    reference: str
    title: str
    words: str
    at: datetime
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An offer that was begun and not sent. title: its first item."""

    reference: str
    title: str
    organization: str
    spoken_by: str
    moved_at: datetime


def list_offers(
    session: Session,
    incident_id: int,
    room: str,
    *,
    before: datetime | None = None,
    limit: int = PAGE,
) -> list[OfferView]:
    """Return the offers sent that one room may see, latest first, at most `limit`."""
    query = select_offers().where(
        Offer.incident_id == incident_id,
        Offer.submitted_at.is_not(None),
        visible_in("offer", Offer.__table__.c.id, [room]),
    )
    if room.startswith("org:"):  # which its index knows
        query = query.where(Offer.organization_id == int(room.removeprefix("org:")))
    if before is not None:
        query = query.where(Offer.submitted_at < before)
    offers = session.scalars(query.order_by(Offer.submitted_at.desc()).limit(limit))
    views = (project(offer, room) for offer in offers)
    return [view for view in views if view is not None]


def list_drafts(session: Session, incident_id: int, actor: Actor) -> list[Draft]:
    """Return what the actor's organization has begun and not sent, latest change first.

    Of the ERAC cell: what it enters for callers.
    """
    if ERAC in rooms_of(actor):
        whose = Offer.spoken_by != ""
    elif actor.roles & PRIVATE_ROLES:
        whose = and_(Offer.organization_id == actor.organization_id, Offer.spoken_by == "")
    else:
        return []
    first = (
        select(OfferLine.label)
        .where(OfferLine.offer_id == Offer.id)
        .order_by(OfferLine.number)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Offer.reference,
            first.label("title"),
            Organization.name.label("organization"),
            Offer.spoken_by,
            Offer.moved_at,
        )
        .join(Organization, Organization.id == Offer.organization_id)
        .where(Offer.incident_id == incident_id, Offer.state == OfferState.DRAFT, whose)
        .order_by(Offer.moved_at.desc())
        .limit(PAGE)
    )
    return [Draft(**it) for it in rows.mappings()]


def list_turns(session: Session, incident_id: int, actor: Actor) -> list[Turn]:
    """Return what about its offers waits for the actor's organization, most pressing first."""
    if not actor.roles & PRIVATE_ROLES:
        return []
    now = clock.now()
    ends = and_(
        Offer.state.in_(SENT - {OfferState.QUESTION}),
        Offer.available_until > now,
        Offer.available_until <= now + ENDS_SOON,
        Offer.submitted_at <= now - ENDS_SOON,
    )
    offers = session.scalars(
        select(Offer)
        .where(
            Offer.organization_id == actor.organization_id,
            Offer.incident_id == incident_id,
            Offer.state.in_(SENT | {OfferState.DRAFT}),
            or_(Offer.state.in_((OfferState.QUESTION, OfferState.DRAFT)), ends),
        )
        .order_by(Offer.moved_at.desc())
        .limit(_MOST_TURNS)
    ).all()
    rooms = rooms_of(actor)
    turns = [_turn(it) for it in offers if it.audience & rooms and it.incident.is_open]
    return sorted(turns, key=lambda it: (it.due is None, it.due or it.at))


def _turn(offer: Offer) -> Turn:
    known = {
        OfferState.QUESTION: ("question", offer.question, offer.answer_by),
        OfferState.DRAFT: ("draft", "", None),
    }
    kind, words, due = known.get(offer.state, ("ending", "", offer.available_until))
    return Turn(
        kind=kind,
        reference=offer.reference,
        title=offer.lines[0].label if offer.lines else "",
        words=words,
        at=offer.moved_at,
        due=due,
    )
