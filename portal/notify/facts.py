"""What a letter may say of what it is about, and whether it is still true.

Only references, labels, numbers and times: so no letter can hold the words of a post, the
amount of an offer, or what somebody wrote beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import Application, Person
from portal.core import clock, codes
from portal.core.actor import Actor
from portal.feed.models import Post
from portal.feed.operations import OTHER
from portal.feed.queries import acknowledgement_of
from portal.feed.states import PostState, asks_for_acknowledgement
from portal.incidents.models import Incident
from portal.offers.models import Offer
from portal.offers.states import SENT, UNSETTLED, OfferState

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many reports wait for the desk, and since when the oldest does."""

    number: int
    since: datetime | None


def waiting(session: Session, incident: Incident) -> Waiting:
    """Return what waits for the desk of an incident."""
    row = session.execute(
        select(func.count().label("number"), func.min(Post.waiting_since).label("since")).where(
            Post.incident_id == incident.id, Post.state == PostState.WAITING
        )
    ).one()
    return Waiting(row.number, row.since)


def of_post(session: Session, post: Post) -> Facts:
    """Return what is said of a post."""
    del session
    return {
        "reference": post.reference,
        "reason": _reason("post-reasons", post.reason),
        "has_note": bool(post.note),
        "acknowledge_by": post.acknowledge_by,
    }


def of_offer(session: Session, offer: Offer) -> Facts:
    """Return what is said of an offer."""
    del session
    return {
        "reference": offer.reference,
        "reason": _reason("offer-reasons", offer.reason),
        "has_note": bool(offer.note),
        "answer_by": offer.answer_by,
        "ends_at": offer.available_until,
        "is_for_owner": offer.state is OfferState.QUESTION,
    }


def of_person(session: Session, person: Person) -> Facts:
    """Return what is said to a person about the own sign-in; the link comes to it."""
    del session
    return {"reference": person.reference}


def of_application(session: Session, application: Application) -> Facts:
    """Return what is said to who asked that an organization be taken in."""
    del session
    return {"reference": application.reference}


def of_queue(session: Session, incident: Incident) -> Facts:
    """Return what is said of the desk's queue."""
    it = waiting(session, incident)
    return {
        "number": it.number,
        "oldest": clock.now() - (it.since or clock.now()),
        "limit": timedelta(minutes=incident.review_minutes),
    }


def is_unsettled(session: Session, offer: Offer, actor: Actor | None) -> bool:
    """Return whether an offer is still without the answer that somebody owes."""
    del session, actor
    return offer.state in UNSETTLED and offer.escalated_at is not None and not offer.is_over


def is_ending(session: Session, offer: Offer, actor: Actor | None) -> bool:
    """Return whether an offer still ends soon, as its owner was told."""
    del session, actor
    return offer.warned_at is not None and offer.state in SENT and not offer.is_over


def is_awaited(session: Session, post: Post, actor: Actor | None) -> bool:
    """Return whether the actor's organization still owes its word on a post that is out."""
    if actor is None or actor.organization_id is None:
        return False
    is_asked_for = post.state is PostState.PUBLISHED and asks_for_acknowledgement(post)
    return is_asked_for and not acknowledgement_of(session, post, actor.organization_id)


def is_late(session: Session, incident: Incident, actor: Actor | None) -> bool:
    """Return whether a report waits longer than the incident allows."""
    del actor
    since = waiting(session, incident).since
    limit = timedelta(minutes=incident.review_minutes)
    return since is not None and since <= clock.now() - limit


def _reason(reasons: str, code: str) -> str:
    """Return the reason's label; "" where it would tell nothing."""
    return codes.load(reasons).label(code) if code and code != OTHER else ""
