"""Offers that may be one offer made twice."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from portal.core import clock
from portal.offers.models import Offer, OfferLine
from portal.offers.states import SENT, OfferState
from portal.organizations.models import Organization

#: Offers of the same within this time may be one offer made twice.
ALIKE_WITHIN = timedelta(hours=72)
_MOST_ALIKE = 4


@dataclass(frozen=True, slots=True)
class Alike:
    """An offer that may be the same as another; amount in thousandths of its unit."""

    reference: str
    state: OfferState
    organization: str
    label: str
    amount: int
    unit: str
    is_same_party: bool

    @property
    def why(self) -> str:
        """Return why one might think so."""
        return (
            "of or for the same organization"
            if self.is_same_party
            else "same amount and county"
        )


def alike(session: Session, offer: Offer) -> list[Alike]:
    """Return offers of the last days that may be this one made twice, likeliest first.

    They offer one of its items, and are of the same organization or members, or as much of it
    in the same county.
    """
    lines, is_same_party = offer.lines, _is_same_party(offer)
    is_as_much = and_(
        OfferLine.county.in_({it.county for it in lines}),
        OfferLine.amount.in_({it.amount for it in lines}),
    )
    rows = session.execute(
        select(
            Offer.reference,
            Offer.state,
            Organization.name.label("organization"),
            OfferLine.label,
            OfferLine.amount,
            OfferLine.unit,
            is_same_party.label("is_same_party"),
        )
        .join(OfferLine, OfferLine.offer_id == Offer.id)
        .join(Organization, Organization.id == Offer.organization_id)
        .where(
            Offer.incident_id == offer.incident_id,
            Offer.id != offer.id,
            Offer.state.in_(SENT),
            Offer.submitted_at > (offer.submitted_at or clock.now()) - ALIKE_WITHIN,
            OfferLine.item.in_({it.item for it in lines}),
            or_(is_same_party, is_as_much),
        )
        .order_by(is_same_party.desc(), Offer.submitted_at.desc())
        .limit(_MOST_ALIKE * 5)
    )
    each: dict[str, Alike] = {}
    for it in rows.mappings():
        each.setdefault(it["reference"], Alike(**it))
    return list(each.values())[:_MOST_ALIKE]


def _is_same_party(offer: Offer) -> ColumnElement[bool]:
    """Return the condition that another offer is of or for the same organization."""
    theirs = aliased(OfferLine)
    members = (line.member_id for line in offer.lines if line.member_id)
    parties = [offer.organization_id, *members]
    return or_(
        Offer.organization_id.in_(parties),
        exists().where(theirs.offer_id == Offer.id, theirs.member_id.in_(parties)),
    )
