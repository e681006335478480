"""Reading offers: what each room may know of one, and the lists of owner, desk and record."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from portal.core import clock
from portal.core.actor import Actor
from portal.journal.audience import AUDIT, ERAC, org, rooms_of, visible_in, visible_to
from portal.offers.models import Offer
from portal.offers.states import WAITING, OfferState

#: Offers on one page.
PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """What one room may know of an offer; None where it may not or there is nothing.

    is_over : ended by the clock or with its incident.
    """

    reference: str
    state: OfferState
    sort: datetime
    item: str
    description: str
    amount: int
    unit: str
    county: str
    available_from: datetime
    available_until: datetime
    compensation: str
    organization: str
    author: str
    submitted_at: datetime
    moved_at: datetime
    reason: str
    note: str
    is_over: bool
    member: str | None = None
    contract: str | None = None
    price_cents: int | None = None


def project(offer: Offer, room: str) -> OfferView | None:
    """Return what the room may know of the offer; None when it is not the room's."""
    return whole(offer, [room])


def whole(offer: Offer, rooms: Iterable[str]) -> OfferView | None:
    """Return the most that people of these rooms may know of the offer.

    Prices, contracts and the members behind an association are for the owner and ERAC alone.
    """
    mine = offer.audience & frozenset(rooms)
    if not mine:
        return None
    is_party = ERAC in mine or org(offer.organization_id) in mine
    submitted_at = offer.submitted_at or offer.moved_at
    return OfferView(
        reference=offer.reference,
        state=offer.state,
        sort=submitted_at,
        item=offer.item,
        description=offer.description,
        amount=offer.amount,
        unit=offer.unit,
        county=offer.county,
        available_from=offer.available_from,
        available_until=offer.available_until,
        compensation=offer.compensation,
        organization=offer.organization.name,
        author=offer.person.name,
        submitted_at=submitted_at,
        moved_at=offer.moved_at,
        reason=offer.reason,
        note=offer.note,
        is_over=offer.is_over,
        member=offer.member.name if is_party and offer.member else None,
        contract=offer.contract if is_party else None,
        price_cents=offer.price_cents if is_party else None,
    )


def _offers() -> Select[Offer]:
    return select(Offer).options(
        joinedload(Offer.organization), joinedload(Offer.member), joinedload(Offer.person)
    )


def get_offer(session: Session, incident_id: int, reference: str, actor: Actor) -> Offer | None:
    """Return the offer if the actor may see it."""
    return session.scalar(
        _offers().where(
            Offer.incident_id == incident_id,
            Offer.reference == reference,
            visible_to(actor, "offer", Offer.__table__.c.id),
        )
    )


def offers_by_id(session: Session, ids: Iterable[int]) -> dict[int, Offer]:
    """Return offers for rendering, whoever may see them: ask `project` next."""
    rows = session.scalars(_offers().where(Offer.id.in_(sorted(ids))))
    return {offer.id: offer for offer in rows}


def room_of(actor: Actor) -> str | None:
    """Return the room whose offers this actor reads: ERAC's, the own, or the record's."""
    rooms = rooms_of(actor)
    own = org(actor.organization_id) if actor.organization_id is not None else ""
    return next((room for room in (ERAC, own, AUDIT) if room in rooms), None)


def list_offers(
    session: Session, incident_id: int, room: str, *, before: datetime | None = None
) -> list[OfferView]:
    """Return the offers of one room, latest first, at most `PAGE`."""
    query = _offers().where(
        Offer.incident_id == incident_id, visible_in("offer", Offer.__table__.c.id, [room])
    )
    if before is not None:
        query = query.where(Offer.submitted_at < before)
    offers = session.scalars(query.order_by(Offer.submitted_at.desc()).limit(PAGE))
    views = (project(offer, room) for offer in offers)
    return [view for view in views if view is not None]


def count_waiting(session: Session, incident_id: int) -> int:
    """Return how many offers wait for an answer and are not over."""
    waiting = select(func.count()).where(
        Offer.incident_id == incident_id,
        Offer.state.in_(WAITING),
        Offer.available_until > clock.now(),
    )
    return session.scalar(waiting) or 0


def count_open(session: Session, incident_id: int) -> tuple[int, int]:
    """Return how many offers wait for an answer, and how many are listed and not over."""
    listed = select(func.count()).where(
        Offer.incident_id == incident_id,
        Offer.state == OfferState.LISTED,
        Offer.available_until > clock.now(),
    )
    return count_waiting(session, incident_id), session.scalar(listed) or 0
