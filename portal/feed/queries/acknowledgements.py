"""Who has said to have read a post, who has not, and what waits for an organization's word."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from portal.core.actor import PRIVATE_ROLES, Actor
from portal.feed.models import Acknowledgement, Post
from portal.feed.queries.posts import READERS, PostView, for_readers, select_posts
from portal.feed.states import PostState
from portal.journal.audience import (
    PARTNERS,
    class_of,
    region,
    rooms_of,
    sector,
    visible_in,
)
from portal.organizations.models import Organization
from portal.organizations.queries import list_active, regions_of
from portal.organizations.states import OrganizationKind

#: Posts in the block of what is to be acknowledged.
_MOST = 20


def acknowledgement_of(
    session: Session, post: Post, organization_id: int
) -> Acknowledgement | None:
    """Return the organization's word on a post."""
    return session.scalar(
        select(Acknowledgement)
        .where(
            Acknowledgement.post_id == post.id,
            Acknowledgement.organization_id == organization_id,
        )
        .options(joinedload(Acknowledgement.person))
    )


def acknowledgements_of(session: Session, post: Post) -> list[Acknowledgement]:
    """Return who has acknowledged a post, in the order given; for the desk."""
    return list(
        session.scalars(
            select(Acknowledgement)
            .where(Acknowledgement.post_id == post.id)
            .options(
                joinedload(Acknowledgement.organization), joinedload(Acknowledgement.person)
            )
            .order_by(Acknowledgement.given_at)
        )
    )


def missing(session: Session, post: Post) -> list[Organization]:
    """Return the active organizations that read it and have not acknowledged it, by name."""
    given = set(
        session.scalars(
            select(Acknowledgement.organization_id).where(Acknowledgement.post_id == post.id)
        )
    )
    partners = (it for it in list_active(session) if it.kind is not OrganizationKind.AGENCY)
    return [it for it in partners if it.id not in given and _reads(it, post)]


def _reads(organization: Organization, post: Post) -> bool:
    rooms = {PARTNERS, *map(sector, organization.sectors)}
    rooms |= set(map(region, regions_of(organization.counties)))
    return not rooms.isdisjoint(post.seen_by)


def list_to_acknowledge(session: Session, incident_id: int, actor: Actor) -> list[PostView]:
    """Return what the actor's organization has still to acknowledge, soonest due first.

    An own report that was let out to others is nothing that it has to read.
    """
    if not actor.roles & PRIVATE_ROLES:
        return []
    rooms = [room for room in rooms_of(actor) if class_of(room) in READERS]
    given = exists().where(
        Acknowledgement.post_id == Post.id,
        Acknowledgement.organization_id == actor.organization_id,
    )
    posts = session.scalars(
        select_posts()
        .where(
            Post.incident_id == incident_id,
            Post.acknowledge_by.is_not(None),
            Post.state == PostState.PUBLISHED,
            ~given,
            visible_in("post", Post.__table__.c.id, rooms),
        )
        .order_by(Post.acknowledge_by)
        .limit(_MOST)
    )
    return [for_readers(post) for post in posts]
