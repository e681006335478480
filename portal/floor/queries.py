"""What the floor asks of the database: few statements, whoever looks at it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    case,
    exists,
    func,
    join,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from portal.accounts.models import Application
from portal.accounts.states import ApplicationState
from portal.core import clock
from portal.core.actor import DESK_ROLES, PRIVATE_ROLES, Actor, Role
from portal.feed.models import Acknowledgement, Post, ReadMark
from portal.feed.queries import MOST_COUNTED, READERS, PostView
from portal.feed.queries.posts import for_authors, for_readers, select_posts
from portal.feed.states import PostState
from portal.incidents.models import Incident
from portal.journal.audience import class_of, rooms_of, visible_in
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationKind, OrganizationState

#: How many of each kind the floor shows, and at most of what waits for somebody.
SHOWN = 5
_MOST = 20

#: Who vets the organizations that ask to be taken in.
VETTING_ROLES = (Role.MOP3, Role.ADMIN)

#: Who opens the queue.
QUEUE_ROLES = (Role.MODERATOR, Role.MOP3, Role.CIKR)


@dataclass(frozen=True, slots=True)
class Posts:
    """The posts of the floor, each list in its own order.

    latest      : newest first. pinned : as published. to_acknowledge : soonest due first.
    mine        : the organization's reports, latest first.
    questions   : of them those about which the desk asks something, oldest first.
    """

    latest: list[PostView] = field(default_factory=list)
    pinned: list[PostView] = field(default_factory=list)
    to_acknowledge: list[PostView] = field(default_factory=list)
    mine: list[PostView] = field(default_factory=list)
    questions: list[PostView] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Numbers of the floor; those of the desk are 0 and None for who is not at it.

    unread        : posts, at most `MOST_COUNTED`.
    organizations : active ones that are no agencies.
    waiting, late : reports that wait for the desk, and that wait longer than they should.
    proposed      : posts that need another person than who proposed them.
    doubted       : published posts of which a reader asks if they are still true.
    applications  : organizations that wait to be vetted; 0 for who does not vet.
    attested_at   : when the actor's organization last confirmed whom to call.
    *_since       : since when the first of them waits.
    """

    unread: int = 0
    organizations: int = 0
    waiting: int = 0
    waiting_since: datetime | None = None
    late: int = 0
    proposed: int = 0
    proposed_since: datetime | None = None
    doubted: int = 0
    doubted_since: datetime | None = None
    applications: int = 0
    applications_since: datetime | None = None
    attested_at: datetime | None = None


def look(session: Session, incident: Incident, actor: Actor) -> tuple[Posts, Counts]:
    """Return the posts and the numbers that the floor shows to the actor: one statement.

    Each row has the numbers, and beside them a post and why it is here, or none.
    """
    parts = _parts(incident.id, actor).values()
    wanted = union_all(*(select(part.subquery()) for part in parts)).subquery()
    numbers = select(
        *(column.label(name) for name, column in _numbers(incident, actor).items())
    ).subquery()
    rows = session.execute(
        select_posts()
        .add_columns(wanted.c.why, *numbers.c)
        .select_from(join(numbers, wanted, true(), isouter=True))
        .outerjoin(Post, Post.id == wanted.c.id)
    ).all()
    found: dict[str, list[Post]] = {}
    for post, why, *_numbers_again in rows:
        if post is not None:
            found.setdefault(why, []).append(post)
    return _posts(found), Counts(**{it.name: getattr(rows[0], it.name) for it in numbers.c})


def _posts(found: dict[str, list[Post]]) -> Posts:
    def views(
        why: str, key: str, view: Callable[[Post], PostView] = for_readers
    ) -> list[PostView]:
        posts = sorted(found.get(why, []), key=lambda it: (getattr(it, key), it.id))
        return [view(post) for post in posts]

    return Posts(
        latest=views("latest", "published_at")[::-1],
        pinned=views("pinned", "published_at"),
        to_acknowledge=views("acknowledge", "acknowledge_by"),
        mine=views("mine", "submitted_at", for_authors)[::-1],
        questions=views("question", "submitted_at", for_authors),
    )


def _parts(incident_id: int, actor: Actor) -> dict[str, Select[int, str]]:
    """Return what selects the ids of each list, with its name."""
    is_out = _let_out_to(actor, incident_id)
    is_true = is_out & (Post.state == PostState.PUBLISHED)
    parts = {
        "latest": _ids("latest", is_out).order_by(Post.published_at.desc()).limit(SHOWN),
        "pinned": _ids("pinned", is_true & (Post.pinned_until > clock.now())).limit(_MOST),
    }
    organization_id = actor.organization_id
    if actor.roles & PRIVATE_ROLES and organization_id is not None:
        given = exists().where(
            Acknowledgement.post_id == Post.id,
            Acknowledgement.organization_id == organization_id,
        )
        asks = is_true & Post.acknowledge_by.is_not(None) & ~given
        is_mine = (Post.incident_id == incident_id) & (Post.organization_id == organization_id)
        parts |= {
            "acknowledge": _ids("acknowledge", asks).order_by(Post.acknowledge_by).limit(_MOST),
            "mine": _ids("mine", is_mine).order_by(Post.submitted_at.desc()).limit(SHOWN),
            "question": _ids("question", is_mine & (Post.state == PostState.QUESTION))
            .order_by(Post.submitted_at)
            .limit(_MOST),
        }
    return parts


def _ids(why: str, condition: ColumnElement[bool]) -> Select[int, str]:
    return select(Post.id, literal(why).label("why")).where(condition)


def _let_out_to(actor: Actor, incident_id: int) -> ColumnElement[bool]:
    rooms = [room for room in rooms_of(actor) if class_of(room) in READERS]
    return (
        (Post.incident_id == incident_id)
        & Post.published_at.is_not(None)
        & visible_in("post", Post.__table__.c.id, rooms)
    )


def _numbers(incident: Incident, actor: Actor) -> dict[str, Any]:
    """Return what selects each of `Counts`."""
    columns: dict[str, Any] = {
        "unread": _unread(incident.id, actor),
        "organizations": select(func.count())
        .where(
            Organization.state == OrganizationState.ACTIVE,
            Organization.kind != OrganizationKind.AGENCY,
        )
        .scalar_subquery(),
    }
    if actor.has(*QUEUE_ROLES):
        columns |= _at_the_desk(incident, actor)
    if actor.has(*VETTING_ROLES):
        waits = select(Application).where(Application.state == ApplicationState.WAITING)
        columns |= {
            "applications": waits.with_only_columns(func.count()).scalar_subquery(),
            "applications_since": waits.with_only_columns(
                func.min(Application.applied_at)
            ).scalar_subquery(),
        }
    if actor.has(Role.ORG_ADMIN):
        own = select(Organization.attested_at).where(Organization.id == actor.organization_id)
        columns["attested_at"] = own.scalar_subquery()
    return columns


def _unread(incident_id: int, actor: Actor) -> Any:
    mark = (
        select(ReadMark.read_until)
        .where(ReadMark.person_id == actor.person_id, ReadMark.incident_id == incident_id)
        .scalar_subquery()
    )
    some = (
        select(Post.id)
        .where(_let_out_to(actor, incident_id), mark.is_(None) | (Post.published_at > mark))
        .limit(MOST_COUNTED)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


def _at_the_desk(incident: Incident, actor: Actor) -> dict[str, Any]:
    here = Post.incident_id == incident.id
    overdue = clock.now() - timedelta(minutes=incident.review_minutes)
    waits = here & (Post.state == PostState.WAITING)
    columns = {
        "waiting": _of(func.count(), waits),
        "waiting_since": _of(func.min(Post.waiting_since), waits),
        "late": _of(func.count(case((Post.waiting_since < overdue, 1))), waits),
    }
    if actor.roles & DESK_ROLES:
        proposed = here & (Post.state == PostState.PROPOSED)
        proposed &= Post.person_id != actor.person_id
        doubted = here & Post.doubted_at.is_not(None) & (Post.state == PostState.PUBLISHED)
        columns |= {
            "proposed": _of(func.count(), proposed),
            "proposed_since": _of(func.min(Post.waiting_since), proposed),
            "doubted": _of(func.count(), doubted),
            "doubted_since": _of(func.min(Post.doubted_at), doubted),
        }
    return columns


def _of(what: ColumnElement[Any], condition: ColumnElement[bool]) -> Any:
    return select(what).select_from(Post).where(condition).scalar_subquery()
