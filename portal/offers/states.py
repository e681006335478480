"""The machines of offers, of the catalogue's items and of the desk's saved views.

An offer's machine holds its vetting alone: what is available, promised, moving or delivered
is read from quantities and the clock.
"""

from enum import StrEnum
from typing import Any

from portal.core.actor import Part, Role
from portal.core.moves import Machine


class OfferState(StrEnum):
    """Where an offer stands between its owner and the ERAC cell."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    QUESTION = "question"
    LISTED = "listed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


class ItemState(StrEnum):
    """Whether an item of the catalogue can be offered."""

    IN_USE = "in_use"
    RETIRED = "retired"


class ViewState(StrEnum):
    """Whether a saved view of the desk is still there."""

    KEPT = "kept"
    DROPPED = "dropped"


S = OfferState
OWNER, ERAC, SYSTEM = {Part.OWNER}, {Role.ERAC}, {Part.SYSTEM}
#: Who prepares an offer: its organization's people, or ERAC for a caller.
MAKER = {Part.OWNER, Part.SELF}
#: The owner, or ERAC, who writes down what somebody says on the telephone.
ANSWERS = {Part.OWNER, Role.ERAC}

#: It is the ERAC cell's turn.
WAITING = {S.SUBMITTED, S.IN_REVIEW}
#: Somebody owes somebody an answer: the promise's clock runs.
UNSETTLED = WAITING | {S.QUESTION}
#: It stands between its owner and the ERAC cell.
SENT = UNSETTLED | {S.LISTED}
#: Only who prepares it knows of it.
UNSENT = {S.DRAFT, S.DISCARDED}

TOLD = {"reason", "note"}
#: What an entry keeps of an offer that is sent or changed; see `Line` and `Terms`.
OFFERED = {"lines", "terms", "answer_by"}


def incident_is_open(offer: Any) -> bool:
    """Return whether it goes on: an incident takes its open offers with it."""
    return bool(offer.incident.is_open)


def change_of(offer: Any) -> str:
    """Return the move by which an offer is changed: what was sent is reviewed again."""
    return "edit" if offer.state is S.DRAFT else "revise"


# fmt: off
OFFER = Machine(
    "offer",
    # move         from         to            by       says                 when
    ("begin",      {None},      S.DRAFT,      OWNER,   set(),               incident_is_open),
    ("enter",      {None},      S.DRAFT,      ERAC,    {"spoken_by"},       incident_is_open),
    ("edit",       {S.DRAFT},   None,         MAKER,   set(),               incident_is_open),
    ("discard",    {S.DRAFT},   S.DISCARDED,  MAKER,   set()),
    ("submit",     {S.DRAFT},   S.SUBMITTED,  MAKER,   OFFERED,             incident_is_open),
    ("revise",     SENT,        S.SUBMITTED,  MAKER,   OFFERED,             incident_is_open),
    ("attach",     {S.DRAFT} | SENT, None,    MAKER,   {"file", "digest"},  incident_is_open),
    ("detach",     {S.DRAFT} | SENT, None,    MAKER,   {"number"},          incident_is_open),
    ("renew",      SENT,        None,         MAKER,   {"until"},           incident_is_open),
    ("withdraw",   SENT,        S.WITHDRAWN,  MAKER,   {"note"},            incident_is_open),
    ("review",     {S.SUBMITTED}, S.IN_REVIEW, ERAC,   set(),               incident_is_open),
    ("assign",     SENT,        None,         ERAC,    {"person"},          incident_is_open),
    ("prioritize", WAITING,     None,         ERAC,    {"priority", "answer_by"},
                                                                            incident_is_open),
    ("note",       SENT,        None,         ERAC,    {"note"},            incident_is_open),
    ("vet",        SENT,        None,         ERAC,    {"checks"},          incident_is_open),
    ("ask",        WAITING,     S.QUESTION,   ERAC,    {"question", "answer_by"},
                                                                            incident_is_open),
    ("reply",      {S.QUESTION}, S.IN_REVIEW, ANSWERS, {"reply", "answer_by"},
                                                                            incident_is_open),
    ("list",       WAITING,     S.LISTED,     ERAC,    {"note", "checks"},  incident_is_open),
    ("decline",    UNSETTLED,   S.DECLINED,   ERAC,    TOLD,                incident_is_open),
    ("escalate",   UNSETTLED,   None,         SYSTEM,  {"answer_by"},       incident_is_open),
    ("warn",       SENT,        None,         SYSTEM,  {"until"},           incident_is_open),
)

#: Moves of which the owner is not told: the cell's own notes.
INTERNAL = frozenset({"assign", "prioritize", "note", "vet"})

ITEM = Machine(
    "item",
    # move      from              to                 by    says
    ("add",     {None},           ItemState.IN_USE,  ERAC, {"item"}),
    ("change",  {ItemState.IN_USE}, None,            ERAC, {"item"}),
    ("retire",  {ItemState.IN_USE}, ItemState.RETIRED, ERAC, set()),
    ("restore", {ItemState.RETIRED}, ItemState.IN_USE, ERAC, set()),
)

VIEW = Machine(
    "view",
    # move  from              to                 by    says
    ("save", {None},          ViewState.KEPT,    ERAC, {"name", "query"}),
    ("drop", {ViewState.KEPT}, ViewState.DROPPED, ERAC, set()),
)
# fmt: on
