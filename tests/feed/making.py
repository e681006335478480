"""What tests of the feed arrange with, beside the factories: operations only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from portal.core.writes import Held
from portal.feed import operations as feed
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from tests import factories as make

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from portal.feed.models import Acknowledgement, Claim, Post
    from tests.world import World


def posting(**changes: Any) -> feed.Posting:
    """Return a post of the SEOC's own that is fit to go out."""
    typed = {"kind": "instruction", "said": "Stay off I-44.", "seen_by": (PARTNERS,)}
    return feed.Posting(**typed | changes)


def post_of_seoc(session: Session, actor: Actor, incident: Incident, **changes: Any) -> Post:
    """Publish the SEOC's own words."""
    with transaction(session, actor) as tx:
        return feed.post(tx, incident, posting(**changes))


def needs_second(session: Session, incident: Incident, *, needs: bool = True) -> None:
    """Let instructions to all partners of an incident need a second person."""
    with housekeeping(session):
        session.execute(
            update(Incident).where(Incident.id == incident.id).values(needs_second=needs)
        )
    session.refresh(incident)


def proposed(world: World, incident: Incident) -> Post:
    """Let the moderator propose an instruction that needs a second person."""
    assert world.session is not None
    needs_second(world.session, incident)
    return post_of_seoc(world.session, world.actor("moderator"), incident)


def beside(session: Session, world: World, incident: Incident) -> Post:
    """Publish another report of Bravo's, into which one can be merged."""
    twin = make.make_post(session, world.actor("bravo"), incident, words="Much the same.")
    return make.publish(session, world.actor("moderator"), twin)


def take(session: Session, actor: Actor, post: Post) -> Claim:
    """Put a report before somebody at the desk."""
    with transaction(session, actor, held=[Held(post)]) as tx:
        return feed.take(tx, post)


def acknowledge(session: Session, actor: Actor, post: Post) -> Acknowledgement:
    """Acknowledge a post for somebody's organization."""
    with transaction(session, actor, held=[Held(post)]) as tx:
        return feed.acknowledge(tx, post)
