"""One post: who may see it, and what each room may know of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, undefer

from portal.core import codes
from portal.core.actor import Actor
from portal.feed.models import Acknowledgement, Claim, Photo, Post
from portal.feed.states import LET_OUT, PostState
from portal.journal.audience import DESK, PARTNERS, STAFF, class_of, org, visible_to

#: Classes of rooms whose people read a post in the feed.
READERS = frozenset({"partners", "staff", "sector", "region"})

#: What stands in the desk's list: what is the desk's turn.
AT_THE_DESK = frozenset({PostState.WAITING, PostState.PROPOSED})


_POSTS = select(Post).options(
    joinedload(Post.organization),
    joinedload(Post.person),
    joinedload(Post.successor),
    joinedload(Post.claim).joinedload(Claim.person),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who at the desk has a report before them, and until when."""

    person_id: int
    name: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """What one room may know of a post; None, "" or () where it may not or there is nothing.

    sort         : the instant by which the room's list is ordered.
    organization : who speaks: an organization, or an outside sender.
    said         : what readers read; words: what the author wrote.
    photos       : width and height of each picture's large copy, in their order.
    successor    : reference of the post that took its place.
    """

    reference: str
    state: PostState
    sort: datetime
    moved_at: datetime
    kind: str = ""
    counties: tuple[str, ...] = ()
    place: str = ""
    lifeline: str = ""
    standing: str = ""
    is_urgent: bool = False
    organization: str | None = None
    source: str = ""
    said: str = ""
    said_before: str = ""
    correction: str = ""
    tlp: str = ""
    confidence: str = ""
    published_at: datetime | None = None
    corrected_at: datetime | None = None
    confirmed_at: datetime | None = None
    review_by: datetime | None = None
    ends_at: datetime | None = None
    acknowledge_by: datetime | None = None
    pinned_until: datetime | None = None
    successor: str | None = None
    photos: tuple[tuple[int, int], ...] = ()
    seen_by: tuple[str, ...] = ()
    note: str = ""
    # for those who handle it
    words: str | None = None
    author: str | None = None
    spoken_by: str = ""
    link: str = ""
    submitted_at: datetime | None = None
    waiting_since: datetime | None = None
    asked_for: tuple[str, ...] = ()
    question: str = ""
    reply: str = ""
    reason: str = ""
    # for the desk
    doubted_at: datetime | None = None
    holder: Holder | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Posts of one page, in the list's order, and whether there are more on either side."""

    posts: list[PostView]
    has_earlier: bool = False
    has_later: bool = False


def project(post: Post, room: str) -> PostView | None:
    """Return what the room may know of the post now; None if its list has no place for it.

    The desk's list holds what is its turn, the feed's what was let out, an organization's all
    its own.
    """
    kind = class_of(room)
    if room not in post.audience:
        return None
    if kind == DESK:
        return for_desk(post) if post.state in AT_THE_DESK else None
    if kind in READERS:
        return for_readers(post)
    return for_authors(post)


def whole(post: Post, rooms: Iterable[str]) -> PostView | None:
    """Return the most that people of these rooms may know of the post, for its own page."""
    mine = post.audience & frozenset(rooms)
    if not mine:
        return None
    if DESK in mine:
        return for_desk(post)
    if post.organization_id is not None and org(post.organization_id) in mine:
        return for_authors(post)
    return for_readers(post)


def for_readers(post: Post) -> PostView:
    """Return what readers know; of a retracted post nothing but why."""
    published_at = post.published_at or post.moved_at
    common: dict[str, Any] = {
        "reference": post.reference,
        "state": post.state,
        "sort": published_at,
        "published_at": published_at,
        "moved_at": post.moved_at,
    }
    if post.state is PostState.RETRACTED:
        return PostView(**common, note=post.note)
    return PostView(**common, **_read(post))


def for_authors(post: Post) -> PostView:
    """Return what the author's organization knows: its own words, and what became of them."""
    submitted_at = post.submitted_at or post.moved_at
    is_read = post.state in LET_OUT - {PostState.RETRACTED}
    return PostView(
        reference=post.reference,
        state=post.state,
        sort=submitted_at,
        moved_at=post.moved_at,
        published_at=post.published_at,
        **_handled(post) | (_read(post) if is_read else {}),
    )


def for_desk(post: Post) -> PostView:
    """Return what the desk knows: everything, and who has it before them."""
    claim = post.claim
    holder = None
    if claim is not None and claim.is_held:
        holder = Holder(person_id=claim.person_id, name=claim.person.name, until=claim.until)
    return PostView(
        reference=post.reference,
        state=post.state,
        sort=post.waiting_since or post.submitted_at or post.moved_at,
        moved_at=post.moved_at,
        published_at=post.published_at,
        **_handled(post) | _read(post),
        doubted_at=post.doubted_at,
        holder=holder,
    )


def _read(post: Post) -> dict[str, Any]:
    """Return what a post says once it is out."""
    return _always(post) | {
        "said": post.said,
        "said_before": post.said_before,
        "correction": post.correction,
        "tlp": post.tlp,
        "confidence": post.confidence,
        "corrected_at": post.corrected_at,
        "confirmed_at": post.confirmed_at,
        "review_by": post.review_by,
        "ends_at": post.ends_at,
        "acknowledge_by": post.acknowledge_by,
        "pinned_until": post.pinned_until,
    }


def _handled(post: Post) -> dict[str, Any]:
    """Return what those who wrote a report and those who decide on it know."""
    return _always(post) | {
        "words": post.words,
        "author": post.person.name if post.person else "",
        "spoken_by": post.spoken_by,
        "link": post.link,
        "submitted_at": post.submitted_at or post.moved_at,
        "waiting_since": post.waiting_since,
        "asked_for": post.asked_for,
        "question": post.question,
        "reply": post.reply,
        "reason": post.reason,
        "note": post.note,
    }


def _always(post: Post) -> dict[str, Any]:
    """Return what all know who may know anything of it."""
    return {
        "kind": post.kind,
        "counties": post.counties,
        "place": post.place,
        "lifeline": post.lifeline,
        "standing": post.standing,
        "is_urgent": post.is_urgent,
        "organization": post.organization.name if post.organization else post.spoken_by,
        "source": post.source,
        "successor": post.successor.reference if post.successor else None,
        "photos": tuple(tuple(map(int, it.split("x"))) for it in post.pictures),
        "seen_by": post.seen_by,
    }


def select_posts() -> Select[Post]:
    """Return posts with all that a view of one needs: one statement for any number."""
    return _POSTS


def get_post(session: Session, incident_id: int, reference: str, actor: Actor) -> Post | None:
    """Return the post if the actor may see it."""
    return session.scalar(
        select_posts().where(
            Post.incident_id == incident_id,
            Post.reference == reference,
            visible_to(actor, "post", Post.__table__.c.id),
        )
    )


def posts_by_id(session: Session, ids: Iterable[int]) -> dict[int, Post]:
    """Return posts for rendering, whoever may see them: ask `project` next."""
    rows = session.scalars(select_posts().where(Post.id.in_(sorted(ids))))
    return {post.id: post for post in rows}


def posts_by_claim(session: Session, ids: Iterable[int]) -> dict[int, Post]:
    """Return the posts that claims are on, by the claims' ids."""
    return _posts_by(session, Claim, ids)


def posts_by_acknowledgement(session: Session, ids: Iterable[int]) -> dict[int, Post]:
    """Return the posts acknowledged, by the acknowledgements' ids."""
    return _posts_by(session, Acknowledgement, ids)


def _posts_by(
    session: Session, row: type[Claim] | type[Acknowledgement], ids: Iterable[int]
) -> dict[int, Post]:
    joined = select_posts().join(row, row.post_id == Post.id).add_columns(row.id)
    return {id_: post for post, id_ in session.execute(joined.where(row.id.in_(sorted(ids))))}


def photo_of(session: Session, post: Post, number: int) -> Photo | None:
    """Return a picture of a post that the actor may see, with its bytes."""
    return session.scalar(
        select(Photo)
        .where(Photo.post_id == post.id, Photo.number == number)
        .options(undefer(Photo.jpeg), undefer(Photo.small))
    )


def successor_of(session: Session, post: Post, actor: Actor) -> Post | None:
    """Return the post that took this one's place, if the actor may see it."""
    if post.successor is None:
        return None
    return get_post(session, post.incident_id, post.successor.reference, actor)


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
