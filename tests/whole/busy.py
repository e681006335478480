"""A busy incident: reports and offers in every state and for every audience, words marked.

Each text that somebody must not read holds a word that occurs nowhere else, and says who may
read it; the rules stand here once more, by hand, as the design words them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count, product
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect

from portal.core.actor import PRIVATE_ROLES, STAFF_ROLES, SYSTEM, Actor, Role
from portal.core.web.labels import dollars
from portal.feed.models import Post
from portal.feed.queries import posts_by_id
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers.models import Offer
from portal.offers.queries import offers_by_id
from portal.organizations import operations as organizations
from tests import factories as make
from tests.offers.making import asked, do, draft, entered
from tests.world import add_organization

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from tests.world import World

KINDS = {Post: posts_by_id, Offer: offers_by_id}

DESK = {Role.MODERATOR, Role.MOP3, Role.CIKR}
RECORD = {Role.RECORDS, Role.ADMIN}

#: Whom reports are let out to. Alpha: ENER, RETAIL, region D. Bravo: ENER, C. Charlie: FOOD, A.
AUDIENCES = [
    ("partners",),
    ("staff",),
    ("sector:ENER",),
    ("sector:FOOD", "sector:TRAN"),
    ("region:D",),
    ("sector:RETAIL", "region:A"),
]

POST_STATES: dict[str, tuple[str, ...]] = {
    "waiting": (),
    "published": ("publish",),
    "rejected": ("reject",),
    "withdrawn": ("withdraw",),
    "retracted": ("publish", "retract"),
}

OFFER_STATES: dict[str, tuple[str, ...]] = {
    "draft": (),
    "discarded": ("discard",),
    "submitted": (),
    "in_review": ("review",),
    "question": ("ask",),
    "listed": ("review", "list"),
    "declined": ("decline",),
    "withdrawn": ("withdraw",),
}


@dataclass(frozen=True)
class Secret:
    """A word of one row.

    what : the field it stands in.
    """

    word: str
    row: Post | Offer
    what: str

    def is_for(self, actor: Actor) -> bool:
        """Tell whether the design lets this person read it."""
        rule = _post_rule if isinstance(self.row, Post) else _offer_rule
        return rule(self.row, self.what, actor)


def is_own(row: Any, actor: Actor) -> bool:
    private = bool(actor.roles & PRIVATE_ROLES)
    return private and actor.organization_id == row.organization_id


def is_reader(post: Post, actor: Actor) -> bool:
    """Tell whether a post was let out to this person; a retracted one keeps its readers."""
    if post.state not in {"published", "retracted"} or not actor.roles:
        return False
    if "partners" in post.seen_by or actor.roles & STAFF_ROLES:
        return True
    if not actor.roles & PRIVATE_ROLES:
        return False
    own = {f"sector:{code}" for code in actor.sectors} | {
        f"region:{letter}" for letter in actor.regions
    }
    return bool(own & set(post.seen_by))


def _post_rule(post: Any, what: str, actor: Actor) -> bool:
    if is_own(post, actor) or actor.roles & DESK:
        return True
    if what == "words":
        return post.state == "published" and is_reader(post, actor)
    assert what == "note"
    return post.state == "retracted" and is_reader(post, actor)


def is_unsent(offer: Any) -> bool:
    """Tell whether an offer is still its makers' own: their organization's, or ERAC's."""
    return offer.state in {"draft", "discarded"}


def _offer_rule(offer: Any, what: str, actor: Actor) -> bool:
    if not may_know(offer, actor):
        return False
    if is_own(offer, actor) or Role.ERAC in actor.roles:
        return True
    return what in {"description", "note", "question"}


def may_know(row: Post | Offer, actor: Actor) -> bool:
    """Tell whether a person may know that the row is there."""
    if isinstance(row, Post):
        return is_own(row, actor) or bool(actor.roles & DESK) or is_reader(row, actor)
    if is_unsent(row):
        return Role.ERAC in actor.roles if row.spoken_by else is_own(row, actor)
    return is_own(row, actor) or bool(actor.roles & (RECORD | {Role.ERAC}))


@dataclass(frozen=True)
class Busy:
    """What was planted, and where."""

    posts: list[Post]
    offers: list[Offer]
    secrets: list[Secret]

    @property
    def rows(self) -> list[Post | Offer]:
        return [*self.posts, *self.offers]

    def secrets_of(self, row: Post | Offer) -> list[Secret]:
        return [it for it in self.secrets if it.row is row]


def busy_incident(session: Session, world: World) -> Busy:
    """Fill the open incident: sixty reports, some forty offers."""
    marks = count(1)
    hidden = add_organization(session, "Hidden Haulage")
    with transaction(session, SYSTEM) as tx:
        organizations.add_member(tx, world.organization("guild"), hidden)
    secrets: list[Secret] = []
    for author, audience, state in product(("alpha", "bravo"), AUDIENCES, POST_STATES):
        secrets += _plant_post(session, world, author, audience, state, mark=next(marks))
    owners = [("alpha", ""), ("bravo", ""), ("guild", ""), ("guild", hidden.reference)]
    for (owner, member), state in product(owners, OFFER_STATES):
        secrets += _plant_offer(session, world, owner, member, state, mark=next(marks))
        if member and not is_unsent(secrets[-1].row):
            secrets.append(Secret("Hidden Haulage", secrets[-1].row, "member"))
    for state in OFFER_STATES:
        secrets += _plant_offer(session, world, "", "", state, mark=next(marks))
    return _as_read(session, secrets)


def _as_read(session: Session, secrets: list[Secret]) -> Busy:
    """Read all rows anew, as the portal does: with their organizations and people."""
    ids = {kind: {it.row.id for it in secrets if isinstance(it.row, kind)} for kind in KINDS}
    session.rollback()
    session.expunge_all()
    posts, offers = (read(session, ids[kind]) for kind, read in KINDS.items())
    anew = {Post: posts, Offer: offers}
    return Busy(
        list(posts.values()),
        list(offers.values()),
        [replace(it, row=anew[type(it.row)][inspect(it.row).identity[0]]) for it in secrets],
    )


def _plant_post(
    session: Session,
    world: World,
    author: str,
    audience: tuple[str, ...],
    state: str,
    mark: int,
) -> Iterator[Secret]:
    words, note = f"Wq{mark:03}x", f"Nq{mark:03}x"
    row = make.make_post(
        session, world.actor(author), words=f"{words} is shut.", asked_for=audience
    )
    desk = world.actor("moderator")
    for move in POST_STATES[state]:
        if move == "publish":
            make.publish(session, desk, row, audience)
        elif move == "withdraw":
            make.withdraw_post(session, world.actor(author), row)
        else:
            getattr(make, move)(session, desk, row, note=f"{note} says why.")
            yield Secret(note, row, "note")
    yield Secret(words, row, "words")


def _plant_offer(
    session: Session, world: World, owner: str, member: str, state: str, mark: int
) -> Iterator[Secret]:
    words, note, price, contract = (
        f"Dq{mark:03}x",
        f"Oq{mark:03}x",
        70_000 + mark,
        f"C{mark:04}Z",
    )
    terms = "quoted_price" if mark % 2 else "state_contract"
    typed = {
        "description": f"{words}, delivered.",
        "compensation": terms,
        "price_cents": price if mark % 2 else None,
        "contract": "" if mark % 2 else contract,
        "telephone": f"417-555-{mark:04}",
    }
    is_sent = state not in {"draft", "discarded"}
    if not owner:  # on the telephone
        row = entered(session, world, is_sent=is_sent, **typed)
    elif is_sent:
        row = make.make_offer(session, world.actor(owner), member=member, **typed)
    else:
        row = draft(session, world.actor(owner), member=member, **typed)
    erac = world.actor("erac")
    maker = world.actor(owner) if owner else erac
    for move in OFFER_STATES[state]:
        if move == "review":
            make.review(session, erac, row)
        elif move == "ask":
            asked(session, erac, row, question=f"{note}?")
            yield Secret(note, row, "question")
        elif move == "withdraw":
            make.withdraw_offer(session, maker, row)
        elif move == "discard":
            do(session, maker, offers.discard, row)
        else:
            answer = make.list_offer if move == "list" else make.decline
            answer(session, erac, row, note=f"{note} is all.")
            yield Secret(note, row, "note")
    yield Secret(words, row, "description")
    yield Secret(typed["telephone"], row, "telephone")
    yield Secret(*((dollars(price), row, "price") if mark % 2 else (contract, row, "contract")))
