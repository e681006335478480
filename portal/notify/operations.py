"""What an administrator can do with deliveries, and the links that go by letter."""

from sqlalchemy.orm import Session

from portal.accounts import operations as accounts
from portal.accounts.models import Person, Ticket
from portal.accounts.states import TicketPurpose
from portal.core.actor import SYSTEM, Role
from portal.core.errors import NotAllowedError, StateGoneError
from portal.journal.transaction import Tx, transaction
from portal.notify.models import Delivery
from portal.notify.outbox import GIVE_UP
from portal.notify.states import UNDELIVERED, DeliveryState


def retry(tx: Tx, delivery: Delivery) -> None:
    """Try a delivery again that did not arrive, as long as a new one would be tried.

    Raises StateGoneError when it is on its way again already, or has arrived.
    """
    if not tx.actor.has(Role.ADMIN):
        raise NotAllowedError("This step belongs to another desk.")
    if delivery.state not in UNDELIVERED:
        raise StateGoneError("This e-mail is on its way already, or has been sent.")
    delivery.state = DeliveryState.WAITING
    delivery.next_try_at, delivery.give_up_at = tx.now, tx.now + GIVE_UP
    tx.note("delivery", "retry", delivery=delivery.reference, about=delivery.about)


def make_link(
    session: Session, person: Person, purpose: TicketPurpose, token: str, *, issued_by: str
) -> Ticket | None:
    """Return the ticket of the link of a letter, the same for every try; None if overtaken."""
    with transaction(session, SYSTEM) as tx:
        return accounts.issue_by_letter(tx, person, purpose, token, issued_by=issued_by)
