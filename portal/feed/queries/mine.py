"""What an organization's people read of their own reports."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.core.actor import Actor
from portal.feed.models import Post
from portal.feed.queries.posts import Page, for_authors, select_posts
from portal.journal.audience import org, rooms_of

#: Reports on one page.
MINE_PAGE = 30

_PLACES = 4


def list_mine(
    session: Session, incident_id: int, actor: Actor, *, before: datetime | None = None
) -> Page:
    """Return the reports of the actor's organization, latest first, at most `MINE_PAGE`."""
    if actor.organization_id is None or org(actor.organization_id) not in rooms_of(actor):
        return Page([])
    query = select_posts().where(
        Post.incident_id == incident_id, Post.organization_id == actor.organization_id
    )
    if before is not None:
        query = query.where(Post.submitted_at < before)
    posts = session.scalars(query.order_by(Post.submitted_at.desc()).limit(MINE_PAGE + 1)).all()
    return Page([for_authors(it) for it in posts[:MINE_PAGE]], len(posts) > MINE_PAGE)


def places_of(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return (place, county) of where the organization reported from, latest first, a few."""
    rows = session.execute(
        select(Post.place, Post.counties)
        .where(Post.organization_id == actor.organization_id, Post.place != "")
        .group_by(Post.place, Post.counties)
        .order_by(func.max(Post.id).desc())
        .limit(_PLACES)
    )
    return [(place, counties[0]) for place, counties in rows if counties]
