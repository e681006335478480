"""Very many offers, most of them over, written straight into the tables."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.archive import batches, connected, forget
from benchmarks.world import AUTHOR, CODE, ERAC, actor_named, incident_of
from portal.core import clock
from portal.journal.audience import AUDIT, org
from portal.journal.audience import ERAC as ERAC_ROOM
from portal.journal.models import Audience
from portal.offers.models import Offer, OfferLine, OfferTag
from portal.offers.states import OfferState
from portal.organizations.queries import regions_of

#: Counties and items that are offered in turn; the last of each seldom.
COUNTIES = ("29097", "29109", "29119", "29145", "29009")
_ITEMS = (("FUEL", "GAL"), ("GEN", "EA"), ("WATER", "PALLET"), ("TARP", "EA"))
#: So many of the latest wait for an answer, and so many still stand.
_WAITING, _STANDING = 30, 200

OFFER: Any = Offer.__table__
LINE: Any = OfferLine.__table__
TAG: Any = OfferTag.__table__
AUDIENCE: Any = Audience.__table__


def fill(session: Session, numbers: range) -> None:
    """Write a sent offer for each number, a second apart, the last of them just now."""
    incident, author = incident_of(session), actor_named(session, AUTHOR)
    erac = actor_named(session, ERAC)
    began = clock.now() - timedelta(seconds=numbers.stop)
    rooms = (org(author.organization_id or 0), ERAC_ROOM, AUDIT)
    with connected(session) as connection:
        for batch in batches(numbers):
            offers = [
                _offer(it, began, incident.id, author, erac, left=numbers.stop - it)
                for it in batch
            ]
            connection.execute(insert(OFFER), offers)
            connection.execute(insert(LINE), [_line(offer) for offer in offers])
            connection.execute(
                insert(AUDIENCE),
                [
                    {"subject": "offer", "subject_id": offer["id"], "room": room}
                    for offer in offers
                    for room in rooms
                ],
            )
            connection.execute(insert(TAG), [tag for it in offers for tag in _tags(it)])


def empty(session: Session) -> None:
    """Take away the offers that the demo brought: the figures are of ours alone."""
    forget(session, "offer")


def _offer(
    number: int, began: datetime, incident_id: int, author: Any, erac: Any, *, left: int
) -> dict[str, Any]:
    at = began + timedelta(seconds=number)
    state = (OfferState.LISTED, OfferState.DECLINED, OfferState.WITHDRAWN)[number % 3]
    if left <= _WAITING:
        state = OfferState.SUBMITTED
    until = at + timedelta(days=2) if left <= _STANDING else at
    return {
        "id": 1_000_000 + number,
        "version": 2,
        "reference": f"{CODE}-{number:07}",
        "incident_id": incident_id,
        "organization_id": author.organization_id,
        "person_id": author.person_id,
        "edition": 1,
        "available_from": at - timedelta(hours=1),
        "available_until": until,
        "lead_hours": 2,
        "transport": "either",
        "operator": "included",
        "compensation": "donation",
        "contact": "Dispatch",
        "telephone": "417-555-0142",
        "priority": "routine",
        "waiting_since": at,
        "answer_by": at + timedelta(hours=1),
        "escalate_at": at + timedelta(minutes=45),
        "answered_at": None if state is OfferState.SUBMITTED else at + timedelta(minutes=9),
        "assignee_id": erac.person_id if left % 20 == 0 else None,
        "checks": ("caller", "duplicates"),
        "state": state,
        "submitted_at": at,
        "moved_at": at,
        **dict.fromkeys(("spoken_by", "contract", "restrictions", "insurance"), ""),
        **dict.fromkeys(("support", "question", "reply", "reason", "note"), ""),
    }


def _line(offer: dict[str, Any]) -> dict[str, Any]:
    number = offer["id"]
    item, unit = _ITEMS[number % 7 % len(_ITEMS)]
    return {
        "offer_id": number,
        "number": 1,
        "item": item,
        "label": f"{item.capitalize()} of our own",
        "kind": "Supplies",
        "about": {"product": "diesel"},
        "description": f"Lot {number}, ready at the dock.",
        "amount": 1000 * (1 + number % 40),
        "unit": unit,
        "may_split": True,
        "county": COUNTIES[number % len(COUNTIES)],
        "place": "Dock 4",
    }


def _tags(offer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    line = _line(offer)
    regions = (f"region:{letter}" for letter in regions_of((line["county"],)))
    for tag in (f"item:{line['item']}", f"county:{line['county']}", *regions):
        yield {
            "incident_id": offer["incident_id"],
            "tag": tag,
            "offer_id": offer["id"],
            "submitted_at": offer["submitted_at"],
        }
