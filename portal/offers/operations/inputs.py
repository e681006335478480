"""What the operations of offers are given, and the rules that several of them share."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete

from portal.core import codes
from portal.core.errors import FieldError
from portal.journal.transaction import Tx
from portal.offers.models import Offer, OfferLine, OfferTag
from portal.offers.queries.catalogue import Item, catalogue, get_item, item_of
from portal.organizations.models import Organization
from portal.organizations.queries import members_of, regions_of
from portal.organizations.states import OrganizationKind

#: An offer lasts a year at most; longer is a typing error.
LONGEST = timedelta(days=366)
#: Shorter than this nobody could answer it, let alone come for it.
SHORTEST = timedelta(hours=1)
#: And something that was ready earlier than this is ready now.
LONGEST_AGO = timedelta(days=7)
#: Lines of one offer.
MOST_LINES = 200
#: An order is prepared within a month, and driven within the country.
MOST_LEAD_HOURS = 720
MOST_MILES = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an offer as it is stated; see `OfferLine`. member: a reference or ""."""

    item: str
    amount: int
    unit: str
    county: str
    description: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    may_split: bool = True
    smallest: int | None = None
    place: str = ""
    price_cents: int | None = None
    member: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When, how and on what terms; see `Offer`.

    vouched : the price is not above what was asked before the incident, the offerer says.
    prices  : US cents per unit by number of line; lines that are not named keep theirs.
    where   : county and place for all lines; None leaves each where it is.
    """

    available_from: datetime
    available_until: datetime
    compensation: str
    contract: str = ""
    price_until: datetime | None = None
    lead_hours: int = 0
    transport: str = "pickup"
    reach_miles: int | None = None
    operator: str = "not_needed"
    restrictions: str = ""
    insurance: str = ""
    support: str = ""
    contact: str = ""
    telephone: str = ""
    vouched: bool = False
    prices: Mapping[int, int | None] = field(default_factory=dict)
    where: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody on the telephone, for whose organization ERAC enters an offer."""

    organization: Organization
    spoken_by: str


#: What of `Terms` stands in columns of the offer.
TERMS = (
    *("available_from", "available_until", "compensation", "contract", "price_until"),
    *("lead_hours", "transport", "reach_miles", "operator", "restrictions", "insurance"),
    *("support", "contact", "telephone"),
)


def columns_of(
    tx: Tx, offer: Offer, line: Line, *, before: OfferLine | None = None
) -> dict[str, Any]:
    """Return the columns of a line; raises FieldError where it contradicts the catalogue.

    before : the line as it stands; its item may be retired since.
    """
    item = get_item(tx.session, line.item)
    if before is not None and line.item == before.item:
        item = item_of(catalogue(tx.session), before)
    if item is None:
        raise FieldError("item", "Choose an item of the catalogue.")
    _check_amount(item, line)
    if is_priced(offer) and not line.price_cents:
        raise FieldError("price", "Write the price for one unit.")
    values = asdict(line)
    member = values.pop("member")
    values["about"] = {k: v for k, v in line.about.items() if v}
    values["smallest"] = line.smallest if line.may_split else None
    return values | {
        "label": item.label,
        "kind": item.kind,
        "member_id": _member(tx, offer, member),
    }


def is_priced(offer: Offer) -> bool:
    """Return whether the terms ask for a price of each line; not before they are chosen."""
    terms = codes.load("compensation").get(offer.compensation)
    return terms is not None and bool(terms["price"])


def check_still_offered(tx: Tx, offer: Offer, remedy: str) -> None:
    """Raise FieldError where an item is retired, or a member has left, since it was written.

    remedy : what to do about it, a sentence.
    """
    items = catalogue(tx.session)
    association = tx.session.get_one(Organization, offer.organization_id)
    members = {it.id for it in members_of(tx.session, association)}
    for line in offer.lines:
        item = items.get(line.item)
        if item is None or item.is_retired:
            raise FieldError("item", f"{line.label} can no longer be offered. {remedy}")
        if line.member_id is not None and line.member_id not in members:
            raise FieldError("member", f"{line.label}: this member has left. {remedy}")


def _check_amount(item: Item, line: Line) -> None:
    units = codes.load("units")
    if line.unit not in item.units:
        words = " or ".join(units.label(unit) for unit in item.units)
        raise FieldError("unit", f"{item.label} is counted in {words}.")
    if units[line.unit]["whole"]:
        for name in ("amount", "smallest"):
            if (getattr(line, name) or 0) % 1000:
                raise FieldError(name, "This is counted in whole numbers.")
    if line.smallest is not None and line.may_split and line.smallest > line.amount:
        raise FieldError("smallest", "This is more than the whole amount.")


def _member(tx: Tx, offer: Offer, reference: str) -> int | None:
    """Return the member offered for, which must be one of the offer's association."""
    if not reference:
        return None
    association = tx.session.get_one(Organization, offer.organization_id)
    if association.kind is OrganizationKind.ASSOCIATION:
        for member in members_of(tx.session, association):
            if member.reference == reference:
                return member.id
    raise FieldError("member", "Choose one of your association’s members.")


def check_terms(terms: Terms, now: datetime) -> None:
    """Raise FieldError where times, reach or terms cannot be."""
    check_until(terms.available_until, now)
    if terms.available_from < now - LONGEST_AGO:
        raise FieldError("available_from", "This is more than a week ago. Is it ready now?")
    if terms.available_until <= terms.available_from:
        raise FieldError("available_until", "It must end later than it starts.")
    if not 0 <= terms.lead_hours <= MOST_LEAD_HOURS:
        raise FieldError("lead_hours", f"Write hours, {MOST_LEAD_HOURS} at most.")
    if terms.reach_miles is not None and not 0 < terms.reach_miles <= MOST_MILES:
        raise FieldError("reach_miles", f"Write miles, {MOST_MILES:,} at most.")
    if terms.compensation not in codes.load("compensation"):
        raise FieldError("compensation", "Choose the terms.")
    basis = codes.load("compensation")[terms.compensation]
    if basis["contract"] and not terms.contract:
        raise FieldError("contract", "Write the number of the State contract.")
    if basis["price"] and not terms.vouched:
        raise FieldError("vouched", "Tick this, or choose other terms.")
    if basis["price"] and terms.price_until is not None and terms.price_until <= now:
        raise FieldError("price_until", "This time has passed.")


def check_until(until: datetime, now: datetime) -> None:
    """Raise FieldError for an end that leaves no time, or too much."""
    if until <= now:
        raise FieldError("available_until", "This time has passed.")
    if until < now + SHORTEST:
        raise FieldError("available_until", "Leave at least an hour, so that ERAC can answer.")
    if until > now + LONGEST:
        raise FieldError("available_until", "An offer can last a year at most.")


def check_ready(offer: Offer, now: datetime) -> None:
    """Raise FieldError for what an offer must have before it is sent."""
    if not offer.compensation:
        raise FieldError("compensation", "Say where, when and on what terms first.")
    if is_priced(offer):
        for line in offer.lines:
            if not line.price_cents:
                raise FieldError(f"price_{line.number}", "Write the price for one unit.")
    for name, words in (("contact", "a name"), ("telephone", "a telephone number")):
        if not getattr(offer, name):
            raise FieldError(name, f"Write {words} that answers day and night.")
    check_until(offer.available_until, now)


def particulars_of(offer: Offer) -> dict[str, Any]:
    """Return what an entry keeps of an offer: prices and members stand in the record."""
    lines = [
        {
            name: getattr(line, name)
            for name in OfferLine.__table__.columns.keys()  # noqa: SIM118 - not a mapping
            if name != "offer_id"
        }
        for line in offer.lines
    ]
    terms = {name: getattr(offer, name) for name in TERMS}
    return {
        "lines": lines,
        "terms": {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in terms.items()
        },
        "answer_by": offer.answer_by.isoformat() if offer.answer_by else None,
    }


def tag(tx: Tx, offer: Offer) -> None:
    """Give an offer that is sent the tags by which the desk's filters find it."""
    counties = tuple({line.county for line in offer.lines})
    tags = {f"item:{line.item}" for line in offer.lines}
    tags |= {f"county:{fips}" for fips in counties}
    tags |= {f"region:{letter}" for letter in regions_of(counties)}
    tx.session.flush()
    tx.session.execute(
        delete(OfferTag).where(OfferTag.offer_id == offer.id),
        execution_options={"synchronize_session": False},
    )
    tx.session.add_all(
        OfferTag(
            incident_id=offer.incident_id,
            tag=each,
            offer_id=offer.id,
            submitted_at=offer.submitted_at,
        )
        for each in sorted(tags)
    )
