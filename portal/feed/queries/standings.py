"""How lifelines stand in which county, by the newest published post that says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.core import clock
from portal.core.actor import Actor
from portal.feed.models import Post
from portal.feed.queries.posts import READERS
from portal.feed.states import PostState
from portal.journal.audience import class_of, rooms_of, visible_in

#: So many of the latest posts that say how a lifeline stands are looked at.
_MOST = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """How one lifeline stands in one county. Source: FEMA Community Lifelines.

    county    : FIPS code of `counties`, or "" for the whole State.
    lifeline  : code of `lifelines`; standing : code of `standings`.
    said_at   : when it was published, or the desk last confirmed it.
    review_by : from then on it counts as no longer confirmed.
    """

    county: str
    lifeline: str
    standing: str
    said_at: datetime
    review_by: datetime | None


def list_standings(session: Session, incident_id: int, actor: Actor) -> list[Standing]:
    """Return how each lifeline stands in each county of which the actor may read something.

    One line for each pair, what was said last; of the latest `_MOST` posts that are neither
    retracted nor superseded nor over.
    """
    newest: dict[tuple[str, str], Standing] = {}
    for it in sorted(_said(session, incident_id, actor), key=lambda it: it.said_at):
        newest[it.county, it.lifeline] = it
    return list(newest.values())


def _said(session: Session, incident_id: int, actor: Actor) -> Iterator[Standing]:
    rooms = [room for room in rooms_of(actor) if class_of(room) in READERS]
    rows = session.execute(
        select(
            Post.counties,
            Post.lifeline,
            Post.standing,
            Post.published_at,
            Post.confirmed_at,
            Post.review_by,
        )
        .where(
            Post.incident_id == incident_id,
            Post.state == PostState.PUBLISHED,
            Post.published_at.is_not(None),
            Post.lifeline != "",
            Post.standing != "",
            or_(Post.ends_at.is_(None), Post.ends_at > clock.now()),
            visible_in("post", Post.__table__.c.id, rooms),
        )
        .order_by(Post.published_at.desc())
        .limit(_MOST)
    )
    for it in rows:
        said_at = max(filter(None, [it.published_at, it.confirmed_at]))
        for county in it.counties or ("",):
            yield Standing(county, it.lifeline, it.standing, said_at, it.review_by)
