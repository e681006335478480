"""The feed as its readers page through it: filters, words, what is unread, what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import PRIVATE_ROLES, Actor
from portal.core.db import database_of
from portal.feed.models import Acknowledgement, Post, PostTag, ReadMark
from portal.feed.queries.posts import READERS, Page, PostView, for_readers, select_posts
from portal.feed.states import PostState
from portal.journal.audience import class_of, rooms_of, visible_in

#: Posts on one page; of those that are read, at least this many stand above the unread.
FEED_PAGE = 30
_READ_ABOVE = 4

#: Unread posts are counted up to here; more is "99+".
MOST_COUNTED = 100

_MOST_CHANGED = 10

#: Up to so many posts with the words sought, PostgreSQL sorts them all.
_FEW = 1000
#: What finds words: migration 0002 makes it, the rows do not know of it.
_SAID_WORDS: ColumnElement[Any] = literal_column("post.said_words")
_SEARCH = table("post_search", column("rowid"), column("post_search"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which posts of the feed: all that is set has to hold.

    tags  : of `PostTag`, each of another class, such as ("county:29097", "lifeline:WATER").
    words : all of them stand in the post, whatever their ending.
    """

    tags: tuple[str, ...] = ()
    words: str = ""
    unread: bool = False
    to_acknowledge: bool = False
    mine: bool = False

    def __bool__(self) -> bool:
        """Return whether anything is filtered."""
        return self != Filters()


def list_feed(
    session: Session,
    incident_id: int,
    actor: Actor,
    filters: Filters = Filters(),
    *,
    before: Post | None = None,
    after: Post | None = None,
) -> Page:
    """Return a page of the posts let out to the actor, oldest first, at most `FEED_PAGE`.

    The latest, or those next to a post: before it, or after it.
    """
    query, order = _filtered(session, incident_id, actor, filters)
    if after is not None:
        query = query.where(order > _place_of(after, order)).order_by(order)
    else:
        if before is not None:
            query = query.where(order < _place_of(before, order))
        query = query.order_by(order.desc())
    found = list(session.scalars(query.limit(FEED_PAGE + 1)))
    more, found = len(found) > FEED_PAGE, found[:FEED_PAGE]
    if after is not None:
        return Page([for_readers(post) for post in found], has_earlier=True, has_later=more)
    posts = [for_readers(post) for post in reversed(found)]
    return Page(posts, has_earlier=more, has_later=before is not None)


def list_for_file(
    session: Session, incident_id: int, actor: Actor, filters: Filters, *, limit: int
) -> list[PostView]:
    """Return the latest posts of a view, oldest first, at most `limit`."""
    query, order = _filtered(session, incident_id, actor, filters)
    found = session.scalars(query.order_by(order.desc()).limit(limit)).all()
    return [for_readers(post) for post in reversed(found)]


def first_unread(
    session: Session, incident_id: int, actor: Actor, mark: datetime | None
) -> Page:
    """Return the page that opens at the first unread post, a few read ones above it.

    mark : the actor's `read_until`.
    """
    query, order = _filtered(session, incident_id, actor, Filters())
    unread: Sequence[Post] = []
    if mark is not None:
        later = query.where(order > mark).order_by(order)
        unread = session.scalars(later.limit(FEED_PAGE - _READ_ABOVE + 1)).all()
        query = query.where(order <= mark)
    has_later = len(unread) > FEED_PAGE - _READ_ABOVE
    unread = unread[: FEED_PAGE - _READ_ABOVE]
    room = FEED_PAGE - len(unread)
    above = session.scalars(query.order_by(order.desc()).limit(room + 1)).all()
    posts = [*reversed(above[:room]), *unread]
    return Page([for_readers(it) for it in posts], len(above) > room, has_later)


def read_until(session: Session, incident_id: int, actor: Actor) -> datetime | None:
    """Return up to when the actor has read the incident's feed, on whatever device."""
    return session.scalar(
        select(ReadMark.read_until).where(
            ReadMark.person_id == actor.person_id, ReadMark.incident_id == incident_id
        )
    )


def count_unread(
    session: Session, incident_id: int, actor: Actor, mark: datetime | None
) -> int:
    """Return how many posts let out to the actor are unread, at most `MOST_COUNTED`.

    mark : the actor's `read_until`.
    """
    query = select(Post.id).where(_let_out_to(actor, incident_id))
    if mark is not None:
        query = query.where(Post.published_at > mark)
    some = query.limit(MOST_COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def list_changed(
    session: Session, incident_id: int, actor: Actor, since: datetime
) -> list[PostView]:
    """Return what was read before and has changed since, latest first, a few."""
    posts = session.scalars(
        select_posts()
        .where(
            _let_out_to(actor, incident_id),
            Post.moved_at > since,
            Post.published_at <= since,
            or_(Post.state != PostState.PUBLISHED, Post.corrected_at > since),
        )
        .order_by(Post.moved_at.desc())
        .limit(_MOST_CHANGED)
    )
    return [for_readers(post) for post in posts]


def list_pinned(session: Session, incident_id: int, actor: Actor) -> list[PostView]:
    """Return what is true now and pinned, in the order of publication."""
    posts = session.scalars(
        select_posts()
        .where(
            _let_out_to(actor, incident_id),
            Post.pinned_until > clock.now(),
            Post.state == PostState.PUBLISHED,
        )
        .order_by(Post.published_at)
    )
    return [for_readers(post) for post in posts]


def _let_out_to(actor: Actor, incident_id: int) -> ColumnElement[bool]:
    rooms = tuple(sorted(room for room in rooms_of(actor) if class_of(room) in READERS))
    return _let_out_in(rooms, incident_id)


@lru_cache(maxsize=1000)
def _let_out_in(rooms: tuple[str, ...], incident_id: int) -> ColumnElement[bool]:
    return (
        (Post.incident_id == incident_id)
        & Post.published_at.is_not(None)
        & visible_in("post", Post.__table__.c.id, rooms)
    )


def _unread(session: Session, incident_id: int, actor: Actor) -> list[ColumnElement[bool]]:
    mark = read_until(session, incident_id, actor)
    return [] if mark is None else [Post.published_at > mark]


def _filtered(
    session: Session, incident_id: int, actor: Actor, filters: Filters
) -> tuple[Select[Post], Any]:
    """Return the posts wanted, and what they are ordered by.

    By the time of publication; where words are sought by id, which is how both databases find
    the latest of many without looking at all of them.
    """
    query = select_posts().where(_let_out_to(actor, incident_id))
    order: Any = Post.published_at
    if filters.unread:
        query = query.where(*_unread(session, incident_id, actor))
    if filters.mine:
        query = query.where(Post.organization_id == actor.organization_id)
    if filters.to_acknowledge:
        asked = actor.roles & PRIVATE_ROLES  # nobody else is asked
        query = query.where(_is_to_acknowledge(actor) if asked else false())
    tags = list(filters.tags)
    if filters.words:
        query, order = _with_words(session, query, filters.words)
    elif tags:
        tag, order = tags.pop(), PostTag.published_at
        query = query.join(PostTag, PostTag.post_id == Post.id).where(
            PostTag.incident_id == incident_id, PostTag.tag == tag
        )
    other = PostTag.__table__.alias()
    for tag in tags:
        query = query.where(
            exists().where(
                other.c.incident_id == incident_id,
                other.c.tag == tag,
                other.c.post_id == Post.id,
            )
        )
    return query, order


def _is_to_acknowledge(actor: Actor) -> ColumnElement[bool]:
    given = exists().where(
        Acknowledgement.post_id == Post.id,
        Acknowledgement.organization_id == actor.organization_id,
    )
    return Post.acknowledge_by.is_not(None) & (Post.state == PostState.PUBLISHED) & ~given


def _with_words(session: Session, query: Select[Post], words: str) -> tuple[Select[Post], Any]:
    """Narrow a query to posts in which the words stand; nothing that was retracted.

    Also returns the id by which the index gives the latest first.
    """
    query = query.where(Post.state.in_([PostState.PUBLISHED, PostState.SUPERSEDED]))
    if database_of(session).is_sqlite:
        quoted = " ".join('"' + word.replace('"', '""') + '"' for word in words.split())
        found = query.join(_SEARCH, _SEARCH.c.rowid == Post.id).where(
            _SEARCH.c.post_search.op("MATCH")(quoted)
        )
        return found, _SEARCH.c.rowid
    stands = _SAID_WORDS.op("@@")(func.plainto_tsquery("english", words))
    some = select(Post.id).where(stands).limit(_FEW).subquery()
    are_few = (session.scalar(select(func.count()).select_from(some)) or 0) < _FEW
    # PostgreSQL takes a word without figures for a frequent one, and would look for it from
    # the latest post back to the first: where few have it, the index of words comes first.
    return query.where(stands), Post.id + 0 if are_few else Post.id


def _place_of(post: Post, order: Any) -> Any:
    is_by_time = order is Post.published_at or order is PostTag.published_at
    return post.published_at if is_by_time else post.id
