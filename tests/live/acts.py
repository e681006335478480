"""What may happen in a play: `act(play, session)` returns what was done, or None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from portal.accounts import operations as accounts
from portal.accounts.models import Person, SignIn
from portal.accounts.states import PersonState, SignInState
from portal.core.actor import SYSTEM, Role
from portal.feed.models import Post
from portal.feed.states import PostState
from portal.incidents import operations as incidents
from portal.journal.audience import PARTNERS, STAFF, region, sector
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers.models import Offer
from portal.offers.states import OfferState
from portal.organizations import operations as organizations
from portal.organizations.operations import OrganizationParticulars
from tests import factories
from tests.live import ledger
from tests.live.play import CAST

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.core.actor import Actor
    from tests.live.play import Play

COMPANIES = ("alpha", "bravo", "guild")
MAY_BE_SUSPENDED = ("alpha", "bravo", "guild", "observer", "records")
AUDIENCES = (
    (PARTNERS,),
    (STAFF,),
    (sector("ENER"),),
    (sector("RETAIL"), sector("TRAN")),
    (region("D"),),
    (region("C"),),
)
#: A page of the feed holds 30 posts; past it a page shows less than who has been there.
MOST_POSTS = 28


# ---------------------------------------------------------------- posts


def submit(play: Play, session: Session) -> str | None:
    name = play.chance.choice(COMPANIES)
    actor = play.actor(session, name)
    if actor is None or (session.scalar(select(func.count(Post.id))) or 0) >= MOST_POSTS:
        return None
    words = f"Report {play.canary()}"
    if play.chance.random() < 0.5:
        asked_for = play.chance.choice(("staff", "region", "partners"))
        fields = {"words": words, "county": "29097", "lifeline": "ENERGY"}
        fields |= {"standing": "closed", "asked_for": asked_for}
        reference = play.send(name, "feed/new", "post.submit", **fields).rpartition("/")[2]
    else:
        audience = play.chance.choice(AUDIENCES)
        post = factories.make_post(session, actor, words=words, asked_for=audience)
        reference = post.reference
    if not reference:
        return None
    play.note_post(session, reference)
    return f"{name} submits {reference} {words}"


def publish(play: Play, session: Session) -> str | None:
    post = play.any_of(session, Post, PostState.WAITING)
    actor = play.actor(session, "moderator2")
    if post is None or actor is None:
        return None
    reference, audience = post.reference, play.chance.choice((*AUDIENCES, post.asked_for))
    if play.chance.random() < 0.5:
        page = f"feed/queue/{reference}"
        play.send("moderator2", page, "post.publish", seen_by=" ".join(post.asked_for))
    else:
        factories.publish(session, actor, post, seen_by=audience)
    play.note_post(session, reference)
    return f"publish {reference} for {audience} or as asked"


def reject(play: Play, session: Session) -> str | None:
    post = play.any_of(session, Post, PostState.WAITING)
    actor = play.actor(session, "moderator2")
    if post is None or actor is None:
        return None
    factories.reject(session, actor, post, note=f"No: {play.canary()}")
    play.note_post(session, post.reference)
    return f"reject {post.reference}: {post.note}"


def withdraw(play: Play, session: Session) -> str | None:
    post = play.any_of(session, Post, PostState.WAITING)
    actor = _owner(play, session, post)
    if post is None or actor is None:
        return None
    factories.withdraw_post(session, actor, post)
    play.note_post(session, post.reference)
    return f"withdraw {post.reference}"


def retract(play: Play, session: Session) -> str | None:
    post = play.any_of(session, Post, PostState.PUBLISHED)
    actor = play.actor(session, "moderator2")
    if post is None or actor is None:
        return None
    reference, note = post.reference, f"Wrong: {play.canary()}"
    if play.chance.random() < 0.5:
        play.send("moderator2", f"feed/{reference}", "post.retract", note=note)
    else:
        factories.retract(session, actor, post, note=note)
    play.note_post(session, reference)
    return f"retract {reference}: {note}"


def _owner(play: Play, session: Session, row: Post | Offer | None) -> Actor | None:
    """Return somebody of the company that a row belongs to."""
    people = play.world.people
    owners = [n for n in COMPANIES if row and people[n].organization_id == row.organization_id]
    return play.actor(session, owners[0]) if owners else None


# ---------------------------------------------------------------- offers


def offer(play: Play, session: Session) -> str | None:
    name = play.chance.choice(COMPANIES)
    actor = play.actor(session, name)
    if actor is None:
        return None
    description = play.canary()
    price = 1_000_000 + 7 * play.count
    said = f"${price / 100:,.2f}"
    row = factories.make_offer(session, actor, price_cents=price, description=description)
    entry = ledger.numbers_of_last_entry(session, "offer", row.id)
    play.ledger.note(said, ledger.rooms_of_price(row), entry)
    play.ledger.note(description, set(), entry)
    return f"{name} offers {row.reference} at {said}"


def decide(play: Play, session: Session) -> str | None:
    row = play.any_of(session, Offer, OfferState.SUBMITTED, OfferState.IN_REVIEW)
    actor = play.actor(session, "erac")
    if row is None or actor is None:
        return None
    act = play.chance.choice((factories.review, factories.list_offer, factories.decline))
    if act is factories.review and row.state is OfferState.IN_REVIEW:
        return None
    if act is factories.list_offer and play.chance.random() < 0.5:
        checks = ["caller", "duplicates"]
        page = f"offers/{row.reference}"
        play.send("erac", page, "offer.list", note=play.canary(), checks=checks)
    else:
        act(session, actor, row)
    return f"{act.__name__} {row.reference}"


def revise_offer(play: Play, session: Session) -> str | None:
    """Change a price: nobody may hear the old one any more."""
    row = play.any_of(session, Offer, OfferState.SUBMITTED, OfferState.LISTED)
    actor = _owner(play, session, row)
    if row is None or actor is None:
        return None
    play.count += 1
    (line,), cents = row.lines, 1_000_000 + 7 * play.count
    old, new = (f"${price / 100:,.2f}" for price in (line.price_cents, cents))
    changed = factories.offer_line(price_cents=cents, description=play.canary())
    with transaction(session, actor) as tx:
        offers.change_line(tx, row, line.number, changed)
    entry = ledger.numbers_of_last_entry(session, "offer", row.id)
    play.ledger.note(old, set(), entry)
    play.ledger.note(new, ledger.rooms_of_price(row), entry)
    play.ledger.note(changed.description, set(), entry)
    return f"revise offer {row.reference}: {new}, not {old}"


def withdraw_offer(play: Play, session: Session) -> str | None:
    row = play.any_of(session, Offer, OfferState.SUBMITTED, OfferState.LISTED)
    actor = _owner(play, session, row)
    if row is None or actor is None:
        return None
    factories.withdraw_offer(session, actor, row)
    return f"withdraw offer {row.reference}"


# ---------------------------------------------------------------- what everybody hangs on


def set_level(play: Play, session: Session) -> str:
    level = play.chance.choice(("normal", "partial", "full"))
    with transaction(session, SYSTEM) as tx:
        incidents.set_level(tx, play.world.within(session).incident, level=level)
    return f"level {level}"


def revise(play: Play, session: Session) -> str:
    """Change an organization's sectors and counties: its people change rooms."""
    name = play.chance.choice(COMPANIES)
    row = play.world.within(session).organization(name)
    sectors = tuple(it for it in ("ENER", "RETAIL", "TRAN") if play.chance.random() < 0.6)
    counties = (play.chance.choice(("29097", "29189", "29095")),)
    particulars = OrganizationParticulars(
        name=row.name, kind=row.kind, sectors=sectors, counties=counties
    )
    with transaction(session, SYSTEM) as tx:
        organizations.revise(tx, row, particulars)
    return f"{name} is of {sectors} in {counties}"


def change_role(play: Play, session: Session) -> str:
    """Move somebody of the SEOC from cell to cell, or out of all."""
    role = play.chance.choice((Role.CIKR, Role.MOP3, Role.ERAC, Role.OBSERVER))
    factories.change_roles(session, play.world.within(session).membership("cikr"), role)
    return f"cikr is {role}"


def suspend(play: Play, session: Session) -> str | None:
    person = play.world.within(session).person(play.chance.choice(MAY_BE_SUSPENDED))
    if person.state is not PersonState.ACTIVE:
        return None
    factories.suspend_person(session, person)
    return f"suspend {person.email}"


def restore(play: Play, session: Session) -> str | None:
    person = play.any_of(session, Person, PersonState.SUSPENDED)
    if person is None:
        return None
    factories.restore_person(session, person)
    return f"restore {person.email}"


def end_sign_in(play: Play, session: Session) -> str | None:
    row = play.any_of(session, SignIn, SignInState.OPEN)
    if row is None:
        return None
    with transaction(session, SYSTEM) as tx:
        accounts.end_sign_in(tx, row, why="for the test")
    return f"end a session of {row.person_id}"


def come_back(play: Play, session: Session) -> str | None:
    name = play.chance.choice([*CAST])
    if not play.clients[name].is_out or play.actor(session, name) is None:
        return None
    play.clients[name].come_back()
    return f"{name} comes back"


def drop(play: Play, _session: Session) -> str:
    name = play.chance.choice([*CAST])
    play.clients[name].drop()
    return f"{name} is cut off"


#: What happens how often.
ACTS = {
    submit: 20,
    publish: 14,
    reject: 3,
    withdraw: 2,
    retract: 5,
    offer: 8,
    decide: 6,
    revise_offer: 3,
    withdraw_offer: 2,
    set_level: 3,
    revise: 9,
    change_role: 5,
    suspend: 3,
    restore: 3,
    end_sign_in: 3,
    come_back: 8,
    drop: 7,
}
