"""Single-use links: a token that is kept nowhere, and what it is good for."""

import secrets
from datetime import timedelta

from sqlalchemy import select, update

from portal.accounts.models import Person, Ticket
from portal.accounts.queries import hash_token
from portal.accounts.states import TicketPurpose
from portal.core.errors import StateGoneError
from portal.journal.transaction import Tx

#: How long an invitation lives, and how long any other link does.
INVITE_LIFE = timedelta(hours=72)
RESET_LIFE = timedelta(minutes=30)


def issue(tx: Tx, person: Person, purpose: TicketPurpose) -> str:
    """Return the token of a new link; all earlier ones of the person end."""
    end_links(tx, person)
    token = secrets.token_urlsafe(32)
    _add(tx, person, purpose, token, issued_by=tx.actor.name)
    return token


def end_links(tx: Tx, person: Person, purpose: TicketPurpose | None = None) -> None:
    """End the links of a person that are still good; those for one purpose if asked."""
    tx.session.flush()
    ending = update(Ticket).where(Ticket.person_id == person.id, Ticket.used_at.is_(None))
    if purpose is not None:
        ending = ending.where(Ticket.purpose == purpose)
    tx.session.execute(
        ending.values(used_at=tx.now), execution_options={"synchronize_session": False}
    )


def issue_by_letter(
    tx: Tx, person: Person, purpose: TicketPurpose, token: str, *, issued_by: str
) -> Ticket | None:
    """Return the ticket of a link that goes by letter: made once, the same for every try.

    None where it was used, has ended, or another link took its place.
    """
    good = tx.session.scalars(
        select(Ticket).where(
            Ticket.person_id == person.id,
            Ticket.purpose == purpose,
            Ticket.used_at.is_(None),
            Ticket.ends_at > tx.now,
        )
    ).all()
    hashed = hash_token(token)
    if good:
        return next((it for it in good if it.token_hash == hashed), None)
    was_made = tx.session.scalar(select(Ticket.id).where(Ticket.token_hash == hashed))
    if was_made is not None:
        return None
    return _add(tx, person, purpose, token, issued_by=issued_by)


def _add(
    tx: Tx, person: Person, purpose: TicketPurpose, token: str, *, issued_by: str
) -> Ticket:
    life = INVITE_LIFE if purpose is TicketPurpose.INVITE else RESET_LIFE
    ticket = Ticket(
        token_hash=hash_token(token),
        purpose=purpose,
        person_id=person.id,
        issued_by=issued_by,
        ends_at=tx.now + life,
    )
    tx.session.add(ticket)
    return ticket


def use(tx: Tx, ticket: Ticket) -> None:
    """Use a link up.

    Raises StateGoneError if it was used, replaced or has ended.
    """
    used = tx.session.execute(
        update(Ticket)
        .where(Ticket.id == ticket.id, Ticket.used_at.is_(None), Ticket.ends_at > tx.now)
        .values(used_at=tx.now)
        .returning(Ticket.id),
        execution_options={"synchronize_session": False},
    ).first()
    if used is None:
        raise StateGoneError("This link was used before, or it has ended.")
