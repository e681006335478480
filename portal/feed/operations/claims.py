"""Claims: a report lies before one moderator at a time, never longer than its clock says."""

from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, lazyload

from portal.accounts.models import SignIn
from portal.accounts.states import SignInState
from portal.core import clock
from portal.core.actor import SYSTEM
from portal.core.errors import ConflictError, StateGoneError
from portal.core.writes import Held
from portal.feed.models import Claim, Post
from portal.feed.states import CLAIM, ClaimState
from portal.journal.transaction import Tx, transaction

#: How long a report is left to one moderator.
LEASE = timedelta(minutes=5)

_MOST_AT_ONCE = 100


def take(tx: Tx, post: Post, *, gently: bool = False) -> Claim:
    """Put a report before oneself for a while; from another as well, who then sees it gone.

    gently : not from another; then nothing happens. For who has done no more than open it.

    The post has to be held, so that two who take it come one after the other.
    """
    claim = _claim_of(tx, post) or Claim(post=post, post_id=post.id)
    is_anothers = claim.is_held and not _has_left(tx.session, claim)
    if gently and is_anothers and claim.person_id != tx.actor.person_id:
        return claim
    claim.sign_in_id = tx.actor.sign_in_id
    claim.person_id = tx.actor.person_id  # type: ignore[assignment]  # the machine wants a role
    claim.until = tx.now + LEASE
    tx.move(CLAIM, "take", claim, until=claim.until.isoformat())
    return claim


def release(tx: Tx, claim: Claim) -> None:
    """Give a report back undecided."""
    tx.move(CLAIM, "release", claim)


def let_go(tx: Tx, post: Post) -> None:
    """End the actor's own claim on a report that is decided now.

    Raises StateGoneError while it is left to somebody else.
    """
    claim = _claim_of(tx, post)
    if claim is None or not claim.is_held or _has_left(tx.session, claim):
        return
    if claim.person_id != tx.actor.person_id:
        raise StateGoneError(
            f"{claim.person.name} has this report before them. Take it over to decide it."
        )
    release(tx, claim)


def release_ended(session: Session) -> None:
    """Give back what was claimed too long, or by people who signed out: a job of the timer."""
    ended = or_(Claim.until <= clock.now(), SignIn.state != SignInState.OPEN)
    claims = session.scalars(
        select(Claim)
        .outerjoin(SignIn, SignIn.id == Claim.sign_in_id)
        .where(Claim.state == ClaimState.HELD, ended)
        .options(joinedload(Claim.post))
        .limit(_MOST_AT_ONCE)
    ).all()
    for claim in claims:
        try:
            with transaction(session, SYSTEM, held=[Held(claim, claim.version)]) as tx:
                release(tx, claim)
        except ConflictError:
            continue  # somebody decided, or took it again, in this moment


def _claim_of(tx: Tx, post: Post) -> Claim | None:
    return tx.session.scalar(
        select(Claim)
        .where(Claim.post_id == post.id)
        .options(joinedload(Claim.person), lazyload(Claim.post))  # which is here already
        .execution_options(populate_existing=True)
    )


def _has_left(session: Session, claim: Claim) -> bool:
    """Return whether the session in which it was taken has ended."""
    if claim.sign_in_id is None:
        return False
    state = session.scalar(select(SignIn.state).where(SignIn.id == claim.sign_in_id))
    return state is not SignInState.OPEN
