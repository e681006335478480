"""Posts, claims and acknowledgements on their way through HTTP: for tests of all machines."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from portal.core import clock
from portal.core.web import times
from portal.feed import operations as feed
from portal.feed.states import ACKNOWLEDGEMENT, CLAIM, POST
from portal.journal.audience import PARTNERS, STAFF, rooms_of
from portal.journal.transaction import transaction
from tests import factories as make
from tests.feed.making import acknowledge, beside, proposed, take
from tests.world import open_incident

if TYPE_CHECKING:
    from portal.core.actor import Actor
    from portal.feed.models import Acknowledgement, Claim, Post
    from portal.incidents.models import Incident
    from tests.world import World

#: Reference of a published post in the incident of the row built last.
TWIN = {"reference": ""}


def new_incident(world: World) -> Incident:
    assert world.session is not None
    code = f"Z{secrets.token_hex(3)}".upper()
    return open_incident(world.session, world.actor("admin"), code=code)


def post(
    world: World,
    then: tuple[str, ...] = (),
    *,
    seen_by: tuple[str, ...] = (PARTNERS,),
    closed: bool = False,
) -> Post:
    """Bring a report of Alpha's to where these moves lead, and close its incident if asked."""
    session = world.session
    assert session is not None
    is_alone = closed or any(it.startswith("publish") for it in then)  # three can be pinned
    incident = new_incident(world) if is_alone else world.incident
    twin = beside(session, world, incident)
    TWIN["reference"] = twin.reference
    made = make.make_post(session, world.actor("alpha"), incident, asked_for=seen_by)
    for move in then:
        _move(world, made, move, twin, seen_by)
    if closed:
        make.close_incident(session, incident)
    return made


def proposal(world: World) -> Post:
    """Let the moderator propose what a second person has to agree to."""
    assert world.session is not None
    incident = new_incident(world)
    TWIN["reference"] = beside(world.session, world, incident).reference
    return proposed(world, incident)


def _move(world: World, made: Post, move: str, twin: Post, seen_by: tuple[str, ...]) -> None:
    session, moderator = world.session, world.actor("moderator")
    assert session is not None
    ahead = clock.now() + timedelta(hours=2)
    words: dict[str, dict[str, Any]] = {
        "ask": {"question": "Since when?"},
        "merge": {"into": twin},
        "supersede": {"by": twin},
        "pin": {"until": ahead},
        "doubt": {},
    }
    if move == "withdraw":
        make.withdraw_post(session, world.actor("alpha_admin"), made)
    elif move in {"publish", "publish, to be acknowledged"}:
        by = ahead if move != "publish" else None
        with transaction(session, moderator) as tx:
            feed.publish(tx, made, feed.Letting(seen_by=seen_by, acknowledge_by=by))
    elif move in words:
        actor = world.actor("alpha") if move == "doubt" else moderator
        with transaction(session, actor) as tx:
            getattr(feed, move)(tx, made, **words[move])
    else:
        getattr(make, move)(session, moderator, made)


def below(row: Any, name: str, move: str = "") -> str:
    return "/".join(filter(None, ["/incidents", row.incident.code, name, row.reference, move]))


def in_audience(row: Any, actor: Actor) -> bool:
    return bool(row.audience & rooms_of(actor))


SIGHTING = {
    "words": "The bridge is out.",
    "county": "29097",
    "lifeline": "TRANS",
    "standing": "closed",
}


def _typed(world: World) -> dict[str, dict[str, Any]]:
    ahead = times.typed(clock.now() + timedelta(hours=3))
    alpha = world.organizations["alpha"].reference
    return {
        "submit": {**SIGHTING, "asked_for": "partners"},
        "enter": {**SIGHTING, "organization": alpha, "spoken_by": "Pat", "asked_for": "staff"},
        "post": {"said": "The call is at three.", "kind": "call", "seen_by": PARTNERS},
        "publish": {"seen_by": PARTNERS},
        "reject": {"reason": "old_news"},
        "merge": {"into": TWIN["reference"]},
        "ask": {"question": "Since when?"},
        "reply": {"reply": "Since noon."},
        "correct": {"said": f"It is open {secrets.token_hex(4)}.", "why": "It was mended."},
        "confirm": {"review_by": ahead},
        "pin": {"until": ahead},
        "supersede": {"by": TWIN["reference"]},
        "retract": {"note": "It was a drill."},
    }


POSTS: dict[str, Any] = {
    "machine": POST,
    "builds": {
        "waiting": post,
        "waiting, incident closed": partial(post, closed=True),
        "with a question": partial(post, then=("ask",)),
        "proposed": proposal,
        "published to partners": partial(post, then=("publish",)),
        "published to staff": partial(post, then=("publish",), seen_by=(STAFF,)),
        "published to a sector": partial(post, then=("publish",), seen_by=("sector:FOOD",)),
        "published, incident closed": partial(post, then=("publish",), closed=True),
        "published, to be acknowledged": partial(post, then=("publish, to be acknowledged",)),
        "published and pinned": partial(post, then=("publish", "pin")),
        "published and doubted": partial(post, then=("publish", "doubt")),
        "merged": partial(post, then=("merge",)),
        "superseded": partial(post, then=("publish", "supersede")),
        "rejected": partial(post, then=("reject",)),
        "withdrawn": partial(post, then=("withdraw",)),
        "retracted": partial(post, then=("publish", "retract")),
    },
    "pages": lambda row, _actor: [below(row, "feed"), below(row, "feed/queue")],
    "path": lambda row, _actor, move: below(row, "feed", move),
    "typed": _typed,
    "seen_by": in_audience,
    "new": {
        "submit": "/incidents/{code}/feed/new",
        "enter": "/incidents/{code}/feed/enter",
        "post": "/incidents/{code}/feed/post",
    },
}


def claim(world: World, *, free: bool = False, decided: bool = False) -> Claim:
    """Let the moderator take a report of Alpha's; give it back, or decide it, if asked."""
    session, moderator = world.session, world.actor("moderator")
    assert session is not None
    made = make.make_post(session, world.actor("alpha"), world.incident)
    row = take(session, moderator, made)
    if free:
        with transaction(session, moderator) as tx:
            feed.release(tx, row)
    if decided:
        make.reject(session, moderator, made)
    return row


def _queue(row: Any, move: str = "") -> str:
    return below(row.post, "feed/queue", move)


CLAIMS: dict[str, Any] = {
    "machine": CLAIM,
    "builds": {
        "held": claim,
        "free": partial(claim, free=True),
        "decided": partial(claim, decided=True),
    },
    "pages": lambda row, _actor: [_queue(row)],
    "path": lambda row, _actor, move: _queue(row, move),
    "typed": lambda _world: {},
    "seen_by": lambda row, actor: in_audience(row.post, actor),
}


def acknowledgement(world: World) -> Acknowledgement:
    assert world.session is not None
    made = post(world, then=("publish, to be acknowledged",))
    return acknowledge(world.session, world.actor("bravo"), made)


ACKNOWLEDGEMENTS: dict[str, Any] = {
    "machine": ACKNOWLEDGEMENT,
    "builds": {"given": acknowledgement},
    "pages": lambda row, _actor: [below(row.post, "feed")],
    "path": lambda row, _actor, move: below(row.post, "feed", move),
    "typed": lambda _world: {},
    "seen_by": lambda row, actor: in_audience(row.post, actor),
}
