"""The machine of offers: their vetting alone.

What is available, promised, moving or delivered is read from quantities and the clock.
"""

from enum import StrEnum
from typing import Any

from portal.core.actor import Part, Role
from portal.core.moves import Machine


class OfferState(StrEnum):
    """Where an offer stands between its owner and the ERAC cell."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    LISTED = "listed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


S = OfferState
OWNER, ERAC = {Part.OWNER}, {Role.ERAC}
WAITING = {S.SUBMITTED, S.IN_REVIEW}
TOLD = {"reason", "note"}


def incident_is_open(offer: Any) -> bool:
    """Return whether it goes on: an incident takes its open offers with it."""
    return bool(offer.incident.is_open)


OFFERED = {
    "item",
    "amount",
    "unit",
    "county",
    "available_from",
    "available_until",
    "compensation",
}

# fmt: off
OFFER = Machine(
    "offer",
    # move       from                  to           by     says
    ("submit",   {None},               S.SUBMITTED, OWNER, OFFERED, incident_is_open),
    ("review",   {S.SUBMITTED},        S.IN_REVIEW, ERAC,  set(), incident_is_open),
    ("list",     WAITING,              S.LISTED,    ERAC,  {"note"}, incident_is_open),
    ("decline",  WAITING,              S.DECLINED,  ERAC,  TOLD, incident_is_open),
    ("withdraw", WAITING | {S.LISTED}, S.WITHDRAWN, OWNER, set(), incident_is_open),
)
# fmt: on
