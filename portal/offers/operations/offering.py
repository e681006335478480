"""What owners do with offers: prepare, send, change, renew, take back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.core import codes
from portal.core.errors import FieldError
from portal.core.references import unused_reference
from portal.incidents.models import Incident
from portal.journal.transaction import Tx
from portal.offers.models import Offer, OfferLine
from portal.offers.operations.inputs import (
    MOST_LINES,
    TERMS,
    Caller,
    Line,
    Terms,
    check_ready,
    check_still_offered,
    check_terms,
    check_until,
    columns_of,
    particulars_of,
    tag,
)
from portal.offers.operations.promise import settle_priority, wait
from portal.offers.queries.catalogue import catalogue
from portal.offers.states import OFFER, OfferState, change_of

#: How long an offer lasts until its owner says otherwise.
USUALLY = timedelta(hours=48)


def begin(tx: Tx, incident: Incident, line: Line) -> Offer:
    """Begin an offer of the actor's organization with its first line: a draft.

    Raises FieldError where the line contradicts the catalogue, StateGoneError when the
    incident is closed.
    """
    offer = _new(tx, incident, tx.actor.organization_id)
    tx.move(OFFER, "begin", offer)
    _append(tx, offer, line)
    return offer


def enter(tx: Tx, incident: Incident, line: Line, *, caller: Caller) -> Offer:
    """Begin an offer for somebody on the telephone; sent, it is their organization's own."""
    offer = _new(tx, incident, caller.organization.id)
    offer.spoken_by = caller.spoken_by
    tx.move(OFFER, "enter", offer, spoken_by=caller.spoken_by)
    _append(tx, offer, line)
    return offer


def again(tx: Tx, before: Offer) -> Offer:
    """Begin an offer as one before was: from now on, for as long as that one was.

    Raises FieldError for an item that can no longer be offered, and a member that has left.
    """
    offer = _new(tx, before.incident, tx.actor.organization_id)
    tx.check(OFFER, "begin", offer)
    for name in TERMS:
        setattr(offer, name, getattr(before, name))
    lasted = before.available_until - before.available_from
    offer.available_from, offer.available_until = tx.now, tx.now + lasted
    if offer.price_until is not None and offer.price_until <= tx.now:
        offer.price_until = None
    offer.lines = [OfferLine(**_copied(line)) for line in before.lines]
    check_still_offered(tx, offer, "Begin a new offer.")
    tx.move(OFFER, "begin", offer)
    return offer


def offer(tx: Tx, incident: Incident, lines: Sequence[Line], terms: Terms) -> Offer:
    """Prepare and send an offer in one write."""
    first, *others = lines
    made = begin(tx, incident, first)
    for line in others:
        add_line(tx, made, line)
    settle(tx, made, terms)
    submit(tx, made, on_behalf=True)
    return made


def add_line(tx: Tx, offer: Offer, line: Line) -> None:
    """Add a line; what is sent already is reviewed again."""
    if len(offer.lines) >= MOST_LINES:
        raise FieldError("item", f"An offer has {MOST_LINES} lines at most.")
    tx.check(OFFER, change_of(offer), offer)
    _append(tx, offer, line)
    _changed(tx, offer)


def change_line(tx: Tx, offer: Offer, number: int, line: Line) -> None:
    """State one line anew; what is sent already is reviewed again."""
    tx.check(OFFER, change_of(offer), offer)
    row = line_of(offer, number)
    for name, value in columns_of(tx, offer, line, before=row).items():
        setattr(row, name, value)
    _changed(tx, offer)


def remove_line(tx: Tx, offer: Offer, number: int) -> None:
    """Take a line out; the last one can only go with the offer."""
    tx.check(OFFER, change_of(offer), offer)
    if len(offer.lines) == 1:
        raise FieldError("item", "An offer has at least one item.")
    offer.lines.remove(line_of(offer, number))
    _changed(tx, offer)


def settle(tx: Tx, offer: Offer, terms: Terms) -> None:
    """Say where, when and on what terms; what is sent already is reviewed again."""
    tx.check(OFFER, change_of(offer), offer)
    check_terms(terms, tx.now)
    if terms.available_until != offer.available_until:
        offer.warned_at = None
    for name in TERMS:
        setattr(offer, name, getattr(terms, name))
    for line in offer.lines:
        line.price_cents = terms.prices.get(line.number, line.price_cents)
        if terms.where is not None:
            line.county, line.place = terms.where
    _drop_what_the_terms_do_not_ask(offer)
    check_ready(offer, tx.now)
    _changed(tx, offer)


def submit(tx: Tx, offer: Offer, *, on_behalf: bool = False) -> None:
    """Send an offer to the ERAC cell; the promise of an answer begins.

    on_behalf : the members for whom an association offers agreed to it, it says.

    Raises FieldError for what is still missing, StateGoneError when the incident is closed.
    """
    tx.check(OFFER, "submit", offer)
    if not on_behalf and any(line.member_id for line in offer.lines):
        raise FieldError("on_behalf", "Tick this, or take out what is offered for members.")
    check_still_offered(tx, offer, "Take it out.")
    check_ready(offer, tx.now)
    offer.edition = 1  # what went before was nobody's but its makers'
    tx.move(OFFER, "submit", offer, **_before_erac(tx, offer))


def discard(tx: Tx, offer: Offer) -> None:
    """Throw a draft away."""
    tx.move(OFFER, "discard", offer)


def renew(tx: Tx, offer: Offer, *, until: datetime) -> None:
    """Let an offer stand for longer, also after its time has passed."""
    tx.check(OFFER, "renew", offer)
    check_until(until, tx.now)
    if until <= offer.available_until:
        raise FieldError("available_until", "It stands until then already.")
    offer.available_until, offer.warned_at = until, None
    tx.move(OFFER, "renew", offer, until=until.isoformat())


def withdraw(tx: Tx, offer: Offer, *, note: str = "") -> None:
    """Take back what is left of an offer."""
    tx.move(OFFER, "withdraw", offer, note=note)


def line_of(offer: Offer, number: int) -> OfferLine:
    """Return a line by its number; raises FieldError when somebody took it out."""
    for line in offer.lines:
        if line.number == number:
            return line
    raise FieldError("item", "This item is no longer part of the offer.")


def _new(tx: Tx, incident: Incident, organization_id: int | None) -> Offer:
    return Offer(
        reference=unused_reference(tx.session, Offer.reference, incident.code),
        incident=incident,
        incident_id=incident.id,
        organization_id=organization_id,
        person_id=tx.actor.person_id,
        edition=1,
        available_from=tx.now,
        available_until=tx.now + USUALLY,
        lead_hours=0,
        compensation="",
        spoken_by="",
        priority="routine",
        lines=[],
    )


def _append(tx: Tx, offer: Offer, line: Line) -> None:
    number = max((it.number for it in offer.lines), default=0) + 1
    offer.lines.append(OfferLine(number=number, **columns_of(tx, offer, line)))


def _copied(line: OfferLine) -> dict[str, Any]:
    columns = OfferLine.__table__.columns.keys()
    return {name: getattr(line, name) for name in columns if name != "offer_id"}


def _changed(tx: Tx, offer: Offer) -> None:
    """Record a change: of a draft that it was made, of what is sent all it now says."""
    offer.edition += 1
    if offer.state is OfferState.DRAFT:
        tx.move(OFFER, "edit", offer)
    else:
        _drop_what_the_terms_do_not_ask(offer)
        check_ready(offer, tx.now)
        tx.move(OFFER, "revise", offer, **_before_erac(tx, offer))


def _before_erac(tx: Tx, offer: Offer) -> dict[str, Any]:
    """Start the promise's clock of an offer, and return what its entry says."""
    items = catalogue(tx.session)
    settle_priority(offer, [items[it.item].priority for it in offer.lines if it.item in items])
    offer.checks, offer.question, offer.reply = (), "", ""
    offer.reason, offer.note = "", ""
    wait(offer, tx.now)
    tag(tx, offer)
    return particulars_of(offer)


def _drop_what_the_terms_do_not_ask(offer: Offer) -> None:
    """Keep no price and no contract that the chosen terms have no use for."""
    basis = codes.load("compensation")[offer.compensation]
    if not basis["contract"]:
        offer.contract = ""
    if not basis["price"]:
        offer.price_until = None
        for line in offer.lines:
            line.price_cents = None
    if offer.transport == "pickup":
        offer.reach_miles = None
