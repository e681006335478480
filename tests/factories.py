"""What tests arrange with: operations only, so that no test builds an impossible row."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portal.accounts import operations as accounts
from portal.accounts.models import Membership, Person
from portal.accounts.queries import get_signed_in
from portal.core import clock
from portal.core.actor import SYSTEM, Actor, Role
from portal.core.writes import OnceKey
from portal.feed import operations as feed
from portal.incidents import operations as incidents
from portal.incidents.queries import current_incident
from portal.journal.audience import PARTNERS
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.organizations import operations as organizations
from tests.world import add_organization, add_person, open_incident

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.feed.models import Post
    from portal.incidents.models import Incident
    from portal.offers.models import Offer
    from portal.organizations.models import Organization
    from tests.world import World

__all__ = [
    "add_organization",
    "add_person",
    "change_roles",
    "close_incident",
    "decline",
    "list_offer",
    "make_offer",
    "make_post",
    "offer_line",
    "offer_of",
    "offer_terms",
    "once_key",
    "open_incident",
    "publish",
    "reject",
    "report",
    "restore_organization",
    "restore_person",
    "retract",
    "review",
    "sign_in",
    "suspend_organization",
    "suspend_person",
    "withdraw_offer",
    "withdraw_post",
]


def once_key(token: str, body: str = "body", route: str = "/somewhere") -> OnceKey:
    """Return a form's single-use key, as a form would."""
    return OnceKey(token, route, body)


# ---------------------------------------------------------------- posts


def report(**changes: Any) -> feed.Report:
    """Return a report that is fit to be sent."""
    typed = {
        "words": "Store 14 has no power.",
        "counties": ("29097",),
        "lifeline": "ENERGY",
        "standing": "closed",
        "asked_for": (PARTNERS,),
    }
    return feed.Report(**typed | changes)


def make_post(
    session: Session, actor: Actor, incident: Incident | None = None, **changes: Any
) -> Post:
    """Hand a report to the desk; in the open incident unless told otherwise."""
    incident = incident or current_incident(session)
    with transaction(session, actor) as tx:
        return feed.submit(tx, incident, report(**changes))


def publish(
    session: Session, actor: Actor, post: Post, seen_by: tuple[str, ...] = (PARTNERS,)
) -> Post:
    """Let a report out."""
    with transaction(session, actor) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=seen_by))
    return post


def reject(session: Session, actor: Actor, post: Post, note: str = "Please call us.") -> Post:
    """Do not let a report out."""
    with transaction(session, actor) as tx:
        feed.reject(tx, post, reason="unverified", note=note)
    return post


def withdraw_post(session: Session, actor: Actor, post: Post) -> Post:
    """Take an own report back."""
    with transaction(session, actor) as tx:
        feed.withdraw(tx, post)
    return post


def retract(session: Session, actor: Actor, post: Post, note: str = "It was wrong.") -> Post:
    """Take a published post back."""
    with transaction(session, actor) as tx:
        feed.retract(tx, post, note=note)
    return post


# ---------------------------------------------------------------- offers


def offer_line(**changes: Any) -> offers.Line:
    """Return a line that is fit to be sent: 1,000 gallons of fuel at a price."""
    typed = {
        "item": "FUEL",
        "description": "Diesel, delivered.",
        "amount": 1_000_000,
        "unit": "GAL",
        "county": "29097",
        "price_cents": 389,
    }
    return offers.Line(**typed | changes)


def offer_terms(now: datetime | None = None, **changes: Any) -> offers.Terms:
    """Return terms that are fit to be sent: for two days, at a quoted price."""
    now = now or clock.now()
    typed = {
        "available_from": now,
        "available_until": now + timedelta(days=2),
        "compensation": "quoted_price",
        "vouched": True,
        "contact": "Dispatch",
        "telephone": "417-555-0142",
    }
    return offers.Terms(**typed | changes)


def offer_of(
    now: datetime | None = None, **changes: Any
) -> tuple[list[offers.Line], offers.Terms]:
    """Return an offer of one line; changes go to the line or to the terms by their names."""
    of_line = {k: v for k, v in changes.items() if k in offers.Line.__dataclass_fields__}
    of_terms = {k: v for k, v in changes.items() if k not in of_line}
    return [offer_line(**of_line)], offer_terms(now, **of_terms)


def make_offer(
    session: Session, actor: Actor, incident: Incident | None = None, **changes: Any
) -> Offer:
    """Offer something to ERAC; in the open incident unless told otherwise."""
    incident = incident or current_incident(session)
    with transaction(session, actor) as tx:
        return offers.offer(tx, incident, *offer_of(**changes))


def review(session: Session, actor: Actor, offer: Offer) -> Offer:
    """Take an offer up for review."""
    with transaction(session, actor) as tx:
        offers.review(tx, offer)
    return offer


def list_offer(session: Session, actor: Actor, offer: Offer, note: str = "Thank you.") -> Offer:
    """Take an offer into what ERAC can draw on."""
    with transaction(session, actor) as tx:
        offers.list_(tx, offer, note=note, checks=("caller", "duplicates"))
    return offer


def decline(session: Session, actor: Actor, offer: Offer, note: str = "Enough now.") -> Offer:
    """Decline an offer."""
    with transaction(session, actor) as tx:
        offers.decline(tx, offer, reason="not_needed", note=note)
    return offer


def withdraw_offer(session: Session, actor: Actor, offer: Offer) -> Offer:
    """Take an own offer back."""
    with transaction(session, actor) as tx:
        offers.withdraw(tx, offer)
    return offer


# ---------------------------------------------------------------- people and incidents


def sign_in(session: Session, world: World, name: str) -> Actor:
    """Open a session for somebody and return who acts through it, as a request finds out."""
    actor = world.actor(name)
    with transaction(session, actor) as tx:
        token = accounts.sign_in(tx, membership_id=actor.membership_id or 0, agent="test")
    found = get_signed_in(session, token)
    assert found is not None
    return found[0]


def suspend_person(session: Session, person: Person, by: Actor = SYSTEM) -> None:
    """Keep a person out."""
    with transaction(session, by) as tx:
        accounts.suspend(tx, person, reason="for the test")


def restore_person(session: Session, person: Person, by: Actor = SYSTEM) -> None:
    """Let a suspended person in again."""
    with transaction(session, by) as tx:
        accounts.restore(tx, person)


def change_roles(
    session: Session, membership: Membership, *roles: Role, by: Actor = SYSTEM
) -> None:
    """Give a membership other roles."""
    with transaction(session, by) as tx:
        accounts.change_roles(tx, membership, roles=frozenset(roles))


def suspend_organization(
    session: Session, organization: Organization, by: Actor = SYSTEM
) -> None:
    """Keep an organization's people out."""
    with transaction(session, by) as tx:
        organizations.suspend(tx, organization, reason="for the test")


def restore_organization(
    session: Session, organization: Organization, by: Actor = SYSTEM
) -> None:
    """Let an organization's people in again."""
    with transaction(session, by) as tx:
        organizations.restore(tx, organization)


def close_incident(session: Session, incident: Incident, by: Actor = SYSTEM) -> None:
    """Close an incident."""
    with transaction(session, by) as tx:
        incidents.close(tx, incident, reason="for the test")
