"""What can be done with offers."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from portal.core import codes
from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.incidents.models import Incident
from portal.journal.transaction import Tx
from portal.offers.models import Offer
from portal.offers.states import OFFER, OFFERED
from portal.organizations.models import Organization
from portal.organizations.queries import members_of
from portal.organizations.states import OrganizationKind

#: An offer lasts a year at most; longer is a typing error.
LONGEST = timedelta(days=366)
#: And something that was ready earlier than this is ready now.
LONGEST_AGO = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """An offer as a partner states it; see `Offer` for units. `member`: a reference or ""."""

    item: str
    description: str
    amount: int
    unit: str
    county: str
    available_from: datetime
    available_until: datetime
    compensation: str
    contract: str = ""
    price_cents: int | None = None
    member: str = ""


def submit(tx: Tx, incident: Incident, particulars: Particulars) -> Offer:
    """Make an offer to the ERAC cell in the name of the actor's organization.

    Raises FieldError where the particulars contradict each other or the code lists, and
    StateGoneError when the incident is closed.
    """
    particulars = _settled(particulars)
    _check_times(particulars, tx.now)
    values = asdict(particulars)
    del values["member"]
    offer = Offer(
        reference=unused_reference(tx.session, Offer.reference, incident.code),
        incident=incident,
        incident_id=incident.id,
        organization_id=tx.actor.organization_id,
        person_id=tx.actor.person_id,
        member_id=_member(tx, particulars.member),
        **values,
    )
    said = {key: str(values[key]) for key in OFFERED}
    tx.move(OFFER, "submit", offer, **said)
    return offer


def review(tx: Tx, offer: Offer) -> None:
    """Take an offer up for review; its owner sees that it is being read."""
    tx.move(OFFER, "review", offer)


def list_(tx: Tx, offer: Offer, *, note: str = "") -> None:
    """Take an offer into what the ERAC cell can draw on."""
    tx.move(OFFER, "list", offer, note=note)
    offer.note = note


def decline(tx: Tx, offer: Offer, *, reason: str, note: str = "") -> None:
    """Decline an offer; its owner reads why."""
    tx.move(OFFER, "decline", offer, reason=reason, note=note)
    offer.reason, offer.note = reason, note


def withdraw(tx: Tx, offer: Offer) -> None:
    """Take an own offer back."""
    tx.move(OFFER, "withdraw", offer)


def _settled(particulars: Particulars) -> Particulars:
    """Check what belongs together; drop a price or contract that the terms do not ask for."""
    item = codes.load("catalogue")[particulars.item]
    if particulars.unit not in item["units"]:
        units = codes.load("units")
        words = " or ".join(units.label(unit) for unit in item["units"])
        raise FieldError("unit", f"{item.label} is counted in {words}.")
    if codes.load("units")[particulars.unit]["whole"] and particulars.amount % 1000:
        raise FieldError("amount", "This is counted in whole numbers.")
    terms = codes.load("compensation")[particulars.compensation]
    if terms["price"] and not particulars.price_cents:
        raise FieldError("price", "Write the price for one unit.")
    if terms["contract"] and not particulars.contract:
        raise FieldError("contract", "Write the number of the State contract.")
    return replace(
        particulars,
        price_cents=particulars.price_cents if terms["price"] else None,
        contract=particulars.contract if terms["contract"] else "",
    )


def _check_times(particulars: Particulars, now: datetime) -> None:
    if particulars.available_from < now - LONGEST_AGO:
        raise FieldError("available_from", "This is more than a week ago. Is it ready now?")
    if particulars.available_until <= particulars.available_from:
        raise FieldError("available_until", "It must end later than it starts.")
    if particulars.available_until <= now:
        raise FieldError("available_until", "This time has passed.")
    if particulars.available_until > now + LONGEST:
        raise FieldError("available_until", "An offer can last a year at most.")


def _member(tx: Tx, reference: str) -> int | None:
    """Return the member offered for, which must be one of the actor's association."""
    if not reference:
        return None
    if tx.actor.organization_kind == OrganizationKind.ASSOCIATION:
        association = tx.session.get_one(Organization, tx.actor.organization_id)
        for member in members_of(tx.session, association):
            if member.reference == reference:
                return member.id
    raise FieldError("member", "Choose one of your association’s members.")
