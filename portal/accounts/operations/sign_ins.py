"""Sessions: one for each browser, opened by factors, ended by people or by the clock."""

import secrets
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounts.models import Membership, SignIn
from portal.accounts.queries import hash_token
from portal.accounts.states import SIGN_IN, SignInState
from portal.core import clock
from portal.core.actor import Role
from portal.core.errors import NotAllowedError
from portal.journal.transaction import Tx

#: How long a session lives whatever happens.
SIGN_IN_LIFE = timedelta(hours=12)

#: So many sessions of one person may be open; one more ends the oldest.
MOST_OPEN = 5


def sign_in(
    tx: Tx, *, membership_id: int, agent: str, how: str = "password", address: str = ""
) -> str:
    """Open a session for the actor's membership and return its token, which is kept nowhere.

    how     : by what the person came in, a code of `sign-in-ways`.
    address : IP address it came from, for the record.
    """
    token = secrets.token_urlsafe(32)
    row = SignIn(
        token_hash=hash_token(token),
        person_id=tx.actor.person_id,
        membership_id=membership_id,
        started_at=tx.now,
        last_seen_at=tx.now,
        ends_at=tx.now + SIGN_IN_LIFE,
        proved_at=tx.now,
        how=how,
        agent=agent[:200],
    )
    tx.move(SIGN_IN, "start", row, how=how, address=address)
    tx.session.flush()
    for oldest in _open(tx, row.person_id, but=row.id)[MOST_OPEN - 1 :]:
        end_sign_in(tx, oldest, why="too many sessions")
    return token


def prove(tx: Tx, row: SignIn, *, how: str) -> str:
    """Note that the person has just shown all factors again, and return a new token.

    The former token is worth nothing from now on.
    """
    token = secrets.token_urlsafe(32)
    tx.move(SIGN_IN, "prove", row, how=how)
    row.token_hash = hash_token(token)
    return token


def touch(session: Session, sign_in_id: int) -> None:
    """Note that a request came; no version moves, so that it never stands in a move's way."""
    session.execute(
        update(SignIn).where(SignIn.id == sign_in_id).values(last_seen_at=clock.now()),
        execution_options={"synchronize_session": False},
    )


def end_sign_in(tx: Tx, row: SignIn, *, why: str) -> None:
    """End one session; its sockets close within a second.

    Raises NotAllowedError where it is neither one's own nor of somebody whom one keeps.
    """
    is_mine = row.person_id == tx.actor.person_id
    if not (is_mine or tx.actor.is_system or tx.actor.has(Role.ADMIN)):
        membership = tx.session.get_one(Membership, row.membership_id)
        if membership.organization_id != tx.actor.organization_id:
            raise NotAllowedError("This step belongs to another desk.")
    tx.move(SIGN_IN, "end", row, why=why)


def end_sign_ins(
    tx: Tx,
    person_id: int,
    *,
    why: str,
    but: int | None = None,
    membership_id: int | None = None,
) -> int:
    """End the open sessions of a person and return how many.

    but : one that goes on. membership_id : only those for this membership.
    """
    rows = _open(tx, person_id, but=but)
    ending = [row for row in rows if membership_id in {None, row.membership_id}]
    for row in ending:
        end_sign_in(tx, row, why=why)
    return len(ending)


def _open(tx: Tx, person_id: int, *, but: int | None) -> list[SignIn]:
    """Return the open sessions of a person, the latest used first."""
    rows = tx.session.scalars(
        select(SignIn)
        .where(
            SignIn.person_id == person_id,
            SignIn.state == SignInState.OPEN,
            SignIn.id != (but or 0),
        )
        .order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())
    )
    return list(rows)
