"""What the ERAC cell does with offers."""

from collections.abc import Sequence

from portal.accounts.models import Person
from portal.core import codes
from portal.core.errors import FieldError
from portal.journal.transaction import Tx
from portal.offers.models import Offer
from portal.offers.operations.promise import wait
from portal.offers.states import OFFER, OfferState


def review(tx: Tx, offer: Offer) -> None:
    """Take an offer up for review; its owner sees by whom it is being read."""
    tx.move(OFFER, "review", offer)
    offer.assignee_id = tx.actor.person_id


def assign(tx: Tx, offer: Offer, person: Person) -> None:
    """Give an offer to somebody of the cell; whoever calls makes sure that they are of it."""
    tx.move(OFFER, "assign", offer, person=person.name)
    offer.assignee_id = person.id


def prioritize(tx: Tx, offer: Offer, *, priority: str) -> None:
    """Say how pressing an offer is; the time for the answer is reckoned anew."""
    tx.check(OFFER, "prioritize", offer)
    if priority not in codes.load("offer-priorities"):
        raise FieldError("priority", "Choose from the list.")
    offer.priority = priority
    # From now on, so that a shorter time is not one that has passed already.
    wait(offer, tx.now)
    tx.move(OFFER, "prioritize", offer, priority=priority, answer_by=_due(offer))


def note(tx: Tx, offer: Offer, words: str) -> None:
    """Write something down for the cell; the owner never reads it."""
    tx.move(OFFER, "note", offer, note=words)


def vet(tx: Tx, offer: Offer, *, checks: Sequence[str]) -> None:
    """Say what of the vetting is done; what a listed offer needs stays done."""
    tx.check(OFFER, "vet", offer)
    done = _known(checks)
    if offer.state is OfferState.LISTED:
        _require(done)
    offer.checks = done
    tx.move(OFFER, "vet", offer, checks=list(offer.checks))


def ask(tx: Tx, offer: Offer, *, question: str) -> None:
    """Ask the owner; until the answer it is the owner's turn."""
    tx.check(OFFER, "ask", offer)
    wait(offer, tx.now, for_owner=True)
    tx.move(OFFER, "ask", offer, question=question, answer_by=_due(offer))
    offer.question, offer.reply = question, ""


def reply(tx: Tx, offer: Offer, *, reply: str) -> None:
    """Answer ERAC's question, or write down what the owner answered on the telephone."""
    tx.check(OFFER, "reply", offer)
    wait(offer, tx.now)
    tx.move(OFFER, "reply", offer, reply=reply, answer_by=_due(offer))
    offer.reply = reply


def list_(tx: Tx, offer: Offer, *, note: str = "", checks: Sequence[str] = ()) -> None:
    """Take an offer into what the ERAC cell can draw on.

    Raises FieldError while something that has to be checked first is not.
    """
    tx.check(OFFER, "list", offer)
    done = _known([*offer.checks, *checks])
    _require(done)
    tx.move(OFFER, "list", offer, note=note, checks=list(done))
    offer.note, offer.checks = note, done


def decline(tx: Tx, offer: Offer, *, reason: str, note: str = "") -> None:
    """Decline an offer; its owner reads why."""
    tx.move(OFFER, "decline", offer, reason=reason, note=note)
    offer.reason, offer.note = reason, note


def _due(offer: Offer) -> str:
    return offer.answer_by.isoformat() if offer.answer_by else ""


def _require(done: Sequence[str]) -> None:
    """Raise FieldError while something that has to be checked before listing is not."""
    missing = [
        it["short"]
        for it in codes.load("vetting").values()
        if it["required"] and it.code not in done
    ]
    if missing:
        raise FieldError("checks", f"Check first: {', '.join(missing)}.")


def _known(checks: Sequence[str]) -> tuple[str, ...]:
    """Return the checks in the list's order, each once."""
    if any(code not in codes.load("vetting") for code in checks):
        raise FieldError("checks", "Choose from the list.")
    return tuple(code for code in codes.load("vetting") if code in checks)
