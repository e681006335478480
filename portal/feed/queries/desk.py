"""The desk's side: what waits, what looks alike, what an author sent before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.core import clock
from portal.core.actor import Actor
from portal.core.wording import likeness
from portal.feed.models import Claim, Post
from portal.feed.queries.posts import AT_THE_DESK, PostView, for_desk, select_posts
from portal.feed.states import ClaimState, PostState

#: Reports on the desk's page.
QUEUE_PAGE = 100

_QUEUE_ORDER = (Post.is_urgent.desc(), Post.waiting_since)

#: Two reports of the same county or lifeline within this time may be of the same thing.
ALIKE_WITHIN = timedelta(minutes=60)
#: From this likeness on they are shown beside each other; 1.0 is the same words.
_ALIKE = 0.3
_MOST_COMPARED = 60
_MOST_ALIKE = 4

#: Of an author's reports before, so many are counted and so many shown.
_MOST_BEFORE = 20
_SHOWN_BEFORE = 3


@dataclass(frozen=True, slots=True)
class Before:
    """What an author sent before: of the last 20 how many went out or not; the latest."""

    published: int
    rejected: int
    latest: list[PostView]


def list_queue(
    session: Session, incident_id: int, actor: Actor | None = None, show: str = ""
) -> list[PostView]:
    """Return what is the desk's turn, urgent first, then oldest; at most `QUEUE_PAGE`.

    show : "urgent", "yours" (claimed by the actor), "asked" (questions to authors), or all.
    """
    return counted_queue(session, incident_id, actor, show)[0]


def counted_queue(
    session: Session, incident_id: int, actor: Actor | None = None, show: str = ""
) -> tuple[list[PostView], int]:
    """Return what `list_queue` does, and how many there are in all."""
    conditions = _in_queue(incident_id, actor, show)
    number = select(func.count(Post.id)).where(*conditions).correlate(None).scalar_subquery()
    rows = session.execute(
        select_posts()
        .add_columns(number)
        .where(*conditions)
        .order_by(*_QUEUE_ORDER)
        .limit(QUEUE_PAGE)
    ).all()
    return [for_desk(post) for post, _ in rows], rows[0][1] if rows else 0


def _in_queue(
    incident_id: int, actor: Actor | None = None, show: str = ""
) -> list[ColumnElement[bool]]:
    states = {PostState.QUESTION} if show == "asked" else AT_THE_DESK
    conditions = [Post.incident_id == incident_id, Post.state.in_(states)]
    if show == "urgent":
        conditions.append(Post.is_urgent.is_(True))
    if show == "yours" and actor is not None:
        conditions.append(Post.claim.has(_is_held() & (Claim.person_id == actor.person_id)))
    return conditions


def _is_held() -> ColumnElement[bool]:
    """Return what `Claim.is_held` says, as a condition."""
    return (Claim.state == ClaimState.HELD) & (Claim.until > clock.now())


def next_after(session: Session, incident_id: int, reference: str, actor: Actor) -> str | None:
    """Return the reference of what to decide next, once this one is decided.

    The one that follows it in the queue and is before nobody else; from the end the first.
    """
    rows = session.execute(
        select(Post.reference, Claim.person_id)
        .outerjoin(Claim, (Claim.post_id == Post.id) & _is_held())
        .where(*_in_queue(incident_id))
        .order_by(*_QUEUE_ORDER)
        .limit(QUEUE_PAGE)
    )
    queue = list(rows)
    names = [name for name, _holder in queue]
    start = names.index(reference) + 1 if reference in names else 0
    for name, holder in queue[start:] + queue[:start]:
        if holder in {None, actor.person_id} and name != reference:
            return name
    return None


def count_waiting(session: Session, incident_id: int) -> int:
    """Return how many reports wait for the desk."""
    return session.scalar(select(func.count()).where(*_in_queue(incident_id))) or 0


def count_decided(session: Session, incident_id: int, since: datetime) -> dict[PostState, int]:
    """Return how many reports were decided since, by what was decided."""
    rows = session.execute(
        select(Post.state, func.count().label("number"))
        .where(
            Post.incident_id == incident_id,
            Post.moved_at > since,
            Post.waiting_since.is_not(None),
            or_(
                and_(Post.state == PostState.PUBLISHED, Post.published_at > since),
                Post.state.in_([PostState.REJECTED, PostState.MERGED]),
            ),
        )
        .group_by(Post.state)
    )
    return {it.state: it.number for it in rows}


def usual_wait(session: Session, incident_id: int) -> timedelta | None:
    """Return how long the latest reports that were published had waited: the middle of them."""
    rows = session.execute(
        select(Post.submitted_at, Post.published_at)
        .where(
            Post.incident_id == incident_id,
            Post.published_at > clock.now() - timedelta(hours=2),
            Post.published_at > Post.submitted_at,
        )
        .order_by(Post.published_at.desc())
        .limit(20)
    ).all()
    waits = [(until - since).total_seconds() for since, until in rows if since and until]
    return timedelta(seconds=median(waits)) if waits else None


def get_claim(session: Session, post: Post) -> Claim | None:
    """Return the claim on a report, whoever has it."""
    return session.scalar(
        select(Claim)
        .where(Claim.post_id == post.id)
        .options(joinedload(Claim.person), joinedload(Claim.post))
    )


def alike(session: Session, post: Post) -> list[PostView]:
    """Return reports and posts of the last hour that may be of the same thing, likest first."""
    since = (post.submitted_at or clock.now()) - ALIKE_WITHIN
    near = session.scalars(
        select_posts()
        .where(
            Post.incident_id == post.incident_id,
            Post.moved_at > since,
            Post.state.in_([PostState.WAITING, PostState.QUESTION, PostState.PUBLISHED]),
            Post.id != post.id,
            or_(Post.counties == post.counties, Post.lifeline == post.lifeline),
        )
        .order_by(Post.moved_at.desc())
        .limit(_MOST_COMPARED)
    )
    rated = [(likeness(post.words, it.words), it) for it in near]
    best = sorted((it for it in rated if it[0] >= _ALIKE), key=lambda it: (-it[0], it[1].id))
    return [for_desk(it) for _, it in best[:_MOST_ALIKE]]


def reports_before(session: Session, post: Post) -> Before | None:
    """Return what the report's organization sent before in this incident; for the desk."""
    if post.organization_id is None:
        return None
    theirs = (
        Post.organization_id == post.organization_id,
        Post.incident_id == post.incident_id,
        Post.id != post.id,
    )
    posts = session.scalars(
        select_posts().where(*theirs).order_by(Post.submitted_at.desc()).limit(_MOST_BEFORE)
    ).all()
    states = [it.state for it in posts]
    return Before(
        states.count(PostState.PUBLISHED),
        states.count(PostState.REJECTED),
        [for_desk(it) for it in posts[:_SHOWN_BEFORE]],
    )


def list_doubted(session: Session, incident_id: int) -> list[PostView]:
    """Return published posts of which a reader asks if they are still true, oldest first."""
    posts = session.scalars(
        select_posts()
        .where(
            Post.incident_id == incident_id,
            Post.doubted_at.is_not(None),
            Post.state == PostState.PUBLISHED,
        )
        .order_by(Post.doubted_at)
        .limit(QUEUE_PAGE)
    )
    return [for_desk(post) for post in posts]
