"""Reading posts: what each room may know of one, and the lists of the feed and the desk."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from portal.core import codes
from portal.core.actor import Actor
from portal.feed.models import Post
from portal.feed.states import PostState
from portal.journal.audience import (
    DESK,
    PARTNERS,
    STAFF,
    class_of,
    org,
    rooms_of,
    visible_in,
    visible_to,
)

#: Classes of rooms whose people read a post in the feed.
READERS = frozenset({"partners", "staff", "sector", "region"})

#: Posts on one page of the feed; reports on the desk's page.
FEED_PAGE = 30
QUEUE_PAGE = 100
MINE_PAGE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """What one room may know of a post; None where it may not or there is nothing.

    sort : the instant by which the room's list is ordered.
    """

    reference: str
    state: PostState
    sort: datetime
    county: str | None = None
    lifeline: str | None = None
    standing: str | None = None
    words: str | None = None
    organization: str | None = None
    author: str | None = None
    submitted_at: datetime | None = None
    published_at: datetime | None = None
    moved_at: datetime
    asked_for: tuple[str, ...] = ()
    seen_by: tuple[str, ...] = ()
    reason: str = ""
    note: str = ""


def project(post: Post, room: str) -> PostView | None:
    """Return what the room may know of the post now; None if its list has no place for it.

    The desk's list holds what waits, the feed's what was let out, an organization's all its
    own.
    """
    kind = class_of(room)
    if room not in post.audience:
        return None
    if kind == DESK and post.state is not PostState.WAITING:
        return None
    if kind in READERS:
        return _for_readers(post)
    return _for_those_who_handle(post, by_submission=True)


def whole(post: Post, rooms: Iterable[str]) -> PostView | None:
    """Return the most that people of these rooms may know of the post, for its own page."""
    mine = post.audience & frozenset(rooms)
    if not mine:
        return None
    if DESK in mine or org(post.organization_id) in mine:
        return _for_those_who_handle(post, by_submission=False)
    return _for_readers(post)


def _for_readers(post: Post) -> PostView:
    published_at = post.published_at or post.moved_at
    if post.state is PostState.RETRACTED:
        return PostView(
            reference=post.reference,
            state=post.state,
            sort=published_at,
            published_at=published_at,
            moved_at=post.moved_at,
            note=post.note,
        )
    return PostView(
        reference=post.reference,
        state=post.state,
        sort=published_at,
        county=post.county,
        lifeline=post.lifeline,
        standing=post.standing,
        words=post.words,
        organization=post.organization.name,
        published_at=published_at,
        moved_at=post.moved_at,
        seen_by=post.seen_by,
    )


def _for_those_who_handle(post: Post, *, by_submission: bool) -> PostView:
    submitted_at = post.submitted_at or post.moved_at
    return PostView(
        reference=post.reference,
        state=post.state,
        sort=submitted_at if by_submission else post.moved_at,
        county=post.county,
        lifeline=post.lifeline,
        standing=post.standing,
        words=post.words,
        organization=post.organization.name,
        author=post.person.name,
        submitted_at=submitted_at,
        published_at=post.published_at,
        moved_at=post.moved_at,
        asked_for=post.asked_for,
        seen_by=post.seen_by,
        reason=post.reason,
        note=post.note,
    )


def _posts() -> Select[Post]:
    return select(Post).options(joinedload(Post.organization), joinedload(Post.person))


def _views(posts: Iterable[Post], room: str) -> list[PostView]:
    views = (project(post, room) for post in posts)
    return [view for view in views if view is not None]


def get_post(session: Session, incident_id: int, reference: str, actor: Actor) -> Post | None:
    """Return the post if the actor may see it."""
    return session.scalar(
        _posts().where(
            Post.incident_id == incident_id,
            Post.reference == reference,
            visible_to(actor, "post", Post.__table__.c.id),
        )
    )


def posts_by_id(session: Session, ids: Iterable[int]) -> dict[int, Post]:
    """Return posts for rendering, whoever may see them: ask `project` next."""
    rows = session.scalars(_posts().where(Post.id.in_(sorted(ids))))
    return {post.id: post for post in rows}


def list_feed(
    session: Session, incident_id: int, actor: Actor, *, before: datetime | None = None
) -> list[PostView]:
    """Return the latest posts let out to the actor, oldest first, at most `FEED_PAGE`."""
    rooms = [room for room in rooms_of(actor) if class_of(room) in READERS]
    query = _posts().where(
        Post.incident_id == incident_id,
        Post.published_at.is_not(None),
        visible_in("post", Post.__table__.c.id, rooms),
    )
    if before is not None:
        query = query.where(Post.published_at < before)
    posts = session.scalars(query.order_by(Post.published_at.desc()).limit(FEED_PAGE)).all()
    return [_for_readers(post) for post in reversed(posts)]


def list_queue(session: Session, incident_id: int) -> list[PostView]:
    """Return what waits for the desk, oldest first, at most `QUEUE_PAGE`; for its people."""
    posts = session.scalars(
        _posts()
        .where(Post.incident_id == incident_id, Post.state == PostState.WAITING)
        .order_by(Post.submitted_at)
        .limit(QUEUE_PAGE)
    )
    return _views(posts, DESK)


def count_waiting(session: Session, incident_id: int) -> int:
    """Return how many reports wait for the desk."""
    waiting = select(func.count()).where(
        Post.incident_id == incident_id, Post.state == PostState.WAITING
    )
    return session.scalar(waiting) or 0


def list_mine(
    session: Session, incident_id: int, actor: Actor, *, before: datetime | None = None
) -> list[PostView]:
    """Return the reports of the actor's organization, latest first, at most `MINE_PAGE`."""
    if actor.organization_id is None or org(actor.organization_id) not in rooms_of(actor):
        return []
    query = _posts().where(
        Post.incident_id == incident_id, Post.organization_id == actor.organization_id
    )
    if before is not None:
        query = query.where(Post.submitted_at < before)
    posts = session.scalars(query.order_by(Post.submitted_at.desc()).limit(MINE_PAGE))
    return _views(posts, org(actor.organization_id))


def readers_label(rooms: tuple[str, ...]) -> str:
    """Return in words who the rooms are, such as "Energy sector, Region D"."""
    sectors, regions = codes.load("sectors"), codes.load("regions")
    words = []
    for room in rooms:
        kind, _, code = room.partition(":")
        if kind == "sector":
            words.append(f"{sectors.label(code)} sector")
        elif kind == "region":
            words.append(regions.label(code))
        else:
            words.append({PARTNERS: "All partners", STAFF: "The SEOC and its cells"}[room])
    return ", ".join(words)
