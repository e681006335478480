"""What the desk and readers do that somebody is told of, beside `tests.factories`."""

from __future__ import annotations

from datetime import timedelta

from portal.core import clock
from portal.core.actor import SYSTEM
from portal.feed import operations as feed
from portal.journal.audience import PARTNERS
from portal.journal.transaction import transaction
from tests.factories import make_post, report


def letting(**changes):
    """Return how a post is let out that asks for acknowledgement within two hours."""
    told = {"seen_by": (PARTNERS,), "acknowledge_by": clock.now() + timedelta(hours=2)}
    return told | changes


def publish_to_acknowledge(session, actor, post, **changes):
    with transaction(session, actor) as tx:
        feed.publish(tx, post, feed.Letting(**letting(**changes)))
    return post


def post_to_acknowledge(session, actor, incident, **changes):
    """Let the SEOC's own words out; as a proposal where the incident wants a second person."""
    told = letting(said="Stay off the bridge.", kind="instruction") | changes
    with transaction(session, actor) as tx:
        return feed.post(tx, incident, feed.Posting(**told))


def second(session, actor, post):
    with transaction(session, actor) as tx:
        feed.second(tx, post)
    return post


def acknowledge(session, actor, post):
    with transaction(session, actor) as tx:
        feed.acknowledge(tx, post)


def nudge(session, actor, post):
    with transaction(session, actor) as tx:
        feed.nudge(tx, post)


def ask(session, actor, post, question="Which road?"):
    with transaction(session, actor) as tx:
        feed.ask(tx, post, question=question)
    return post


def reply(session, actor, post, said="The bridge road."):
    with transaction(session, actor) as tx:
        feed.reply(tx, post, reply=said)
    return post


def merge(session, actor, post, into):
    with transaction(session, actor) as tx:
        feed.merge(tx, post, into=into)
    return post


def enter(session, actor, incident, organization):
    """Write down what a caller reports."""
    with transaction(session, actor) as tx:
        return feed.enter(
            tx, incident, report(), organization=organization, spoken_by="Cal", link="telephone"
        )


def bring_in(session, incident):
    """Put an outside alert before the desk."""
    outside = feed.Outside(
        key="k",
        words="Flood warning.",
        spoken_by="Weather service",
        counties=("29097",),
        is_urgent=True,
        confidence="likely",
        ends_at=None,
        replaces=None,
    )
    with transaction(session, SYSTEM) as tx:
        return feed.bring_in(tx, incident, outside)


def wait_too_long(session, actor, held_clock, *, number=1, minutes=16, incident=None):
    """Let reports wait until the desk is reminded of them."""
    posts = [make_post(session, actor, incident) for _ in range(number)]
    held_clock.tick(minutes * 60)
    feed.remind_late(session)
    return posts
