"""Reading offers: what each room may know of one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from portal.core import clock
from portal.core.actor import Actor
from portal.journal.audience import AUDIT, ERAC, org, rooms_of, visible_to
from portal.journal.queries import Told, story
from portal.offers.models import Offer, OfferLine, Sheet
from portal.offers.states import INTERNAL, UNSETTLED, OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """What one room may know of a line; see `OfferLine`."""

    number: int
    item: str
    label: str
    kind: str
    about: Mapping[str, str]
    description: str
    amount: int
    unit: str
    may_split: bool
    smallest: int | None
    county: str
    place: str
    price_cents: int | None
    member: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """What one room may know of an offer; None where it may not or there is nothing.

    sort     : when it was sent; a draft, when it last changed.
    is_over  : ended by the clock or with its incident.
    is_late  : it should have been answered by now.
    contract, spoken_by, assignee, telephone : for its parties alone.
    """

    reference: str
    state: OfferState
    sort: datetime
    lines: tuple[LineView, ...]
    edition: int
    available_from: datetime
    available_until: datetime
    lead_hours: int
    transport: str
    reach_miles: int | None
    operator: str
    compensation: str
    restrictions: str
    insurance: str
    support: str
    organization: str
    author: str
    submitted_at: datetime
    moved_at: datetime
    priority: str
    answer_by: datetime | None
    escalated_at: datetime | None
    checks: tuple[str, ...]
    question: str
    reply: str
    reason: str
    note: str
    is_over: bool
    is_late: bool
    spoken_by: str = ""
    contact: str = ""
    telephone: str = ""
    contract: str = ""
    price_until: datetime | None = None
    assignee: str = ""
    assignee_id: int | None = None

    @property
    def title(self) -> str:
        """Return what it is in few words: the first line's item."""
        return self.lines[0].label if self.lines else ""

    @property
    def counties(self) -> list[str]:
        """Return where its lines are, each county once."""
        return list(dict.fromkeys(line.county for line in self.lines))


def project(offer: Offer, room: str) -> OfferView | None:
    """Return what the room may know of the offer; None when it is not the room's."""
    return whole(offer, [room])


def whole(offer: Offer, rooms: Iterable[str]) -> OfferView | None:
    """Return the most that people of these rooms may know of the offer.

    Prices, contracts, telephones and the members behind an association are for the owner and
    ERAC alone; who of ERAC has checked what is for ERAC.
    """
    mine = offer.audience & frozenset(rooms)
    if not mine:
        return None
    is_erac = ERAC in mine
    is_party = is_erac or org(offer.organization_id) in mine
    submitted_at = offer.submitted_at or offer.moved_at
    return OfferView(
        sort=submitted_at,
        submitted_at=submitted_at,
        lines=tuple(_line(line, is_party=is_party) for line in offer.lines),
        organization=offer.organization.name,
        author=offer.person.name,
        is_over=offer.is_over,
        is_late=_is_late(offer),
        checks=offer.checks if is_erac else (),
        **{name: getattr(offer, name) for name in _FOR_ALL},
        **({name: getattr(offer, name) for name in _FOR_PARTIES} if is_party else {}),
        assignee=offer.assignee.name if is_party and offer.assignee else "",
        assignee_id=offer.assignee_id if is_erac else None,
    )


_FOR_ALL = (
    *("reference", "state", "edition", "available_from", "available_until", "lead_hours"),
    *("transport", "reach_miles", "operator", "compensation", "restrictions", "insurance"),
    *("support", "moved_at", "priority", "answer_by", "escalated_at", "question", "reply"),
    *("reason", "note"),
)
_FOR_PARTIES = ("spoken_by", "contact", "telephone", "contract", "price_until")


def _line(line: OfferLine, *, is_party: bool) -> LineView:
    return LineView(
        number=line.number,
        item=line.item,
        label=line.label,
        kind=line.kind,
        about=line.about,
        description=line.description,
        amount=line.amount,
        unit=line.unit,
        may_split=line.may_split,
        smallest=line.smallest,
        county=line.county,
        place=line.place,
        price_cents=line.price_cents if is_party else None,
        member=line.member.name if is_party and line.member else None,
    )


def _is_late(offer: Offer) -> bool:
    return (
        offer.state in UNSETTLED
        and offer.answer_by is not None
        and offer.answer_by <= clock.now()
        and offer.incident.is_open
    )


def select_offers() -> Select[Offer]:
    """Return offers with all that their views show."""
    return select(Offer).options(
        joinedload(Offer.organization),
        joinedload(Offer.person),
        joinedload(Offer.assignee),
        selectinload(Offer.lines).joinedload(OfferLine.member),
    )


def get_offer(session: Session, incident_id: int, reference: str, actor: Actor) -> Offer | None:
    """Return the offer if the actor may see it."""
    return session.scalar(
        select_offers().where(
            Offer.incident_id == incident_id,
            Offer.reference == reference,
            visible_to(actor, "offer", Offer.__table__.c.id),
        )
    )


def offers_by_id(session: Session, ids: Iterable[int]) -> dict[int, Offer]:
    """Return offers for rendering, whoever may see them: ask `project` next."""
    rows = session.scalars(select_offers().where(Offer.id.in_(sorted(ids))))
    return {offer.id: offer for offer in rows}


def room_of(actor: Actor) -> str | None:
    """Return the room whose offers this actor reads: ERAC's, the own, or the record's."""
    rooms = rooms_of(actor)
    own = org(actor.organization_id) if actor.organization_id is not None else ""
    return next((room for room in (ERAC, own, AUDIT) if room in rooms), None)


def story_for(session: Session, offer: Offer, actor: Actor) -> list[Told]:
    """Return what happened to an offer, oldest first; the cell's notes to the cell alone."""
    told = story(session, "offer", offer.id)
    if ERAC in rooms_of(actor):
        return told
    return [it for it in told if it.move not in INTERNAL]


def is_party(offer: Offer, actor: Actor) -> bool:
    """Return whether the actor is of the offer's organization or of ERAC: sees all of it."""
    return not rooms_of(actor).isdisjoint({ERAC, org(offer.organization_id)})


def sheets_of(session: Session, offer: Offer, actor: Actor) -> list[Sheet]:
    """Return the files that go with an offer, without their contents; to its parties alone."""
    if not is_party(offer, actor):
        return []
    return list(
        session.scalars(select(Sheet).where(Sheet.offer_id == offer.id).order_by(Sheet.number))
    )


def sheet_of(session: Session, offer: Offer, number: int, actor: Actor) -> Sheet | None:
    """Return one file of an offer, with its content, if the actor is a party to it.

    A data sheet may state a price, which the record does not see either.
    """
    if not is_party(offer, actor):
        return None
    return session.scalar(
        select(Sheet)
        .where(Sheet.offer_id == offer.id, Sheet.number == number)
        .options(undefer(Sheet.data))
    )
