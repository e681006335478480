"""What the screens of offers share: the blueprint, finding an offer, the table of moves."""

from collections.abc import Mapping

from flask import Blueprint, url_for

from portal.core.actor import PRIVATE_ROLES
from portal.core.web.forms import writer
from portal.core.web.requests import current_actor, db_session, or_404
from portal.incidents.models import Incident
from portal.journal.transaction import transaction
from portal.offers import queries
from portal.offers.forms import moving
from portal.offers.forms.moving import MoveForm
from portal.offers.models import Offer

bp = Blueprint("offers", __name__, url_prefix="/incidents/<code>")
write = writer(transaction)

#: Who prepares offers.
OWNERS = tuple(PRIVATE_ROLES)

#: Moves made on an offer's page, and their forms.
MOVES: Mapping[str, type[MoveForm]] = {
    "submit": moving.SubmitForm,
    "discard": moving.DiscardForm,
    "reply": moving.ReplyForm,
    "renew": moving.RenewForm,
    "withdraw": moving.WithdrawForm,
    "review": moving.ReviewForm,
    "list": moving.ListForm,
    "decline": moving.DeclineForm,
    "ask": moving.AskForm,
    "assign": moving.AssignForm,
    "prioritize": moving.PrioritizeForm,
    "note": moving.NoteForm,
    "vet": moving.VetForm,
}

#: With these an offer leaves the desk's hands, which goes on to the one to be answered next.
OFF_THE_DESK = frozenset({"list", "decline", "ask"})


def find(incident: Incident, reference: str) -> Offer:
    """Return the offer if the actor may see it; what is hidden looks absent."""
    return or_404(queries.get_offer(db_session(), incident.id, reference, current_actor()))


def url_of(offer: Offer) -> str:
    """Return the path of an offer's own page."""
    return url_for("offers.show", reference=offer.reference)
