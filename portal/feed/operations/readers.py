"""What readers do with posts."""

from sqlalchemy.orm import Session

from portal.core.errors import NotAllowedError, StateGoneError
from portal.feed.models import Acknowledgement, Post, ReadMark
from portal.feed.queries.acknowledgements import acknowledgement_of
from portal.feed.states import ACKNOWLEDGEMENT, POST
from portal.journal.audience import rooms_of
from portal.journal.housekeeping import housekeeping
from portal.journal.statements import insert_into
from portal.journal.transaction import Tx


def acknowledge(tx: Tx, post: Post) -> Acknowledgement:
    """Say for one's organization that it has read a post that asks for it.

    The post has to be held. Raises StateGoneError when a colleague has done so, NotAllowedError
    when it asks others.
    """
    organization_id = tx.actor.organization_id
    given = Acknowledgement(
        post=post,
        post_id=post.id,
        organization_id=organization_id,
        person_id=tx.actor.person_id,
    )
    tx.check(ACKNOWLEDGEMENT, "acknowledge", given)
    if rooms_of(tx.actor).isdisjoint(post.seen_by):  # its author may see it without reading it
        raise NotAllowedError("This post does not ask your organization.")
    if organization_id is not None and acknowledgement_of(tx.session, post, organization_id):
        raise StateGoneError("Your organization has acknowledged it already.")
    tx.move(ACKNOWLEDGEMENT, "acknowledge", given)
    return given


def doubt(tx: Tx, post: Post) -> None:
    """Ask the desk whether a post is still true."""
    tx.move(POST, "doubt", post)


def mark_read(session: Session, person_id: int, post: Post) -> None:
    """Remember that a person has read up to a post; never less far than before."""
    if post.published_at is None:
        return
    mark = insert_into(session, ReadMark).values(
        person_id=person_id, incident_id=post.incident_id, read_until=post.published_at
    )
    with housekeeping(session):
        session.execute(
            mark.on_conflict_do_update(
                index_elements=["person_id", "incident_id"],
                set_={"read_until": mark.excluded.read_until},
                where=ReadMark.read_until < mark.excluded.read_until,
            )
        )
