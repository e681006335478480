"""Reading sessions and single-use links."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.accounts.models import SignIn, Ticket
from portal.accounts.queries.actors import hash_token, idle_limit
from portal.accounts.states import SignInState, TicketPurpose
from portal.core import clock
from portal.core.actor import Role


def list_sign_ins(session: Session, person_id: int, roles: frozenset[Role]) -> list[SignIn]:
    """Return the sessions of a person of these roles that are open now, latest first."""
    rows = session.scalars(
        select(SignIn)
        .where(
            SignIn.person_id == person_id,
            SignIn.state == SignInState.OPEN,
            SignIn.last_seen_at > clock.now() - idle_limit(roles),
            SignIn.ends_at > clock.now(),
        )
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return list(rows)


def get_sign_in(session: Session, sign_in_id: int, person_id: int) -> SignIn | None:
    """Return one open session of the person."""
    return session.scalar(
        select(SignIn).where(SignIn.id == sign_in_id, SignIn.person_id == person_id)
    )


def get_ticket(session: Session, token: str, purpose: TicketPurpose) -> Ticket | None:
    """Return the ticket behind a link, used or not, with its person."""
    return session.scalar(
        select(Ticket)
        .where(Ticket.token_hash == hash_token(token), Ticket.purpose == purpose)
        .options(joinedload(Ticket.person))
    )
