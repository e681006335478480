"""What people do, one write each, for the histories that hypothesis thinks up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from portal.accounts import operations as accounts
from portal.accounts.models import Person, SignIn
from portal.accounts.states import SignInState
from portal.core.writes import Held
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.incidents.models import Incident
from portal.incidents.operations import set_level
from portal.journal.audience import PARTNERS
from portal.offers import operations as offers
from portal.offers.models import Offer
from portal.offers.states import OfferState
from tests.factories import offer_line, offer_terms, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from portal.journal.transaction import Tx
    from tests.world import World

AUDIENCES = ((PARTNERS,), ("sector:ENER", "region:D"), ("staff",), ("region:C",))


#: What is done with an offer that is there.
OF_OFFERS = {
    *("review", "list", "decline", "take_back"),
    *("change", "send", "discard", "ask", "answer", "note"),
}


class Crash(Exception):  # noqa: N818 - it is not an error of the portal's
    """Something else breaks in the middle of a write."""


@dataclass(frozen=True, slots=True)
class Act:
    """One person's one write.

    pick : which of the rows that there are, and which of several ways.
    """

    kind: str
    who: str
    pick: int
    is_held: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act is to have left in the journal."""

    stream: int
    kind: str
    row: Any


@dataclass(slots=True)
class Known:
    """The rows that there were before the act, by their ids."""

    posts: list[int]
    offers: list[int]


def row_of(session: Any, act: Act, known: Known, world: World) -> Any:
    """Return the row that an act is about, or None where it begins one."""
    if act.kind in {"publish", "reject", "retract", "withdraw", "crash"}:
        ids, model = known.posts, Post
    elif act.kind in OF_OFFERS:
        ids, model = known.offers, Offer
    elif act.kind in {"suspend", "restore"}:
        return session.get_one(Person, world.people["charlie"].id)
    else:
        incident_id = 0 if act.kind == "submit_daily" else world.incident_id
        return session.get_one(Incident, incident_id)
    return session.get_one(model, ids[act.pick % len(ids)]) if ids else None


def held_of(act: Act, row: Any) -> list[Held]:
    """Return what the act's page would hold."""
    if not act.is_held or row is None:
        return []
    return [Held(row, shared=isinstance(row, Incident) and act.kind != "level")]


def do(tx: Tx, world: World, act: Act, row: Any) -> list[Effect]:
    """Do the act within an open write, and say what it should leave behind."""
    if row is None:
        return []
    body: Callable[..., list[Effect]] = ACTS[act.kind]
    return body(tx, world, act, row)


def _submit(tx: Tx, _world: World, act: Act, incident: Incident) -> list[Effect]:
    asked_for = AUDIENCES[act.pick % len(AUDIENCES)]
    post = feed.submit(tx, incident, report(asked_for=asked_for))
    return [Effect(incident.id, "post.submit", post)]


def _submit_twice(tx: Tx, world: World, act: Act, incident: Incident) -> list[Effect]:
    """Write to two streams, in either order."""
    daily = tx.session.get_one(Incident, 0)
    order = (incident, daily) if act.pick % 2 else (daily, incident)
    return [effect for it in order for effect in _submit(tx, world, act, it)]


def _publish(tx: Tx, _world: World, act: Act, post: Post) -> list[Effect]:
    feed.publish(tx, post, feed.Letting(seen_by=AUDIENCES[act.pick % len(AUDIENCES)]))
    return [Effect(post.incident_id, "post.publish", post)]


def _crash(tx: Tx, world: World, act: Act, post: Post) -> list[Effect]:
    """Break off after as much as can be done without a commit."""
    _submit(tx, world, act, post.incident)
    _publish(tx, world, act, post)
    tx.session.flush()
    raise Crash


def _simple(kind: str, operation: Callable[..., None], **said: Any) -> Callable[..., Any]:
    def act(tx: Tx, _world: World, _act: Act, row: Any) -> list[Effect]:
        operation(tx, row, **said)
        return [Effect(row.stream, kind, row)]

    return act


def _begin(tx: Tx, _world: World, act: Act, incident: Incident) -> list[Effect]:
    line = offer_line(amount=1000 * (1 + act.pick))
    offer = offers.begin(tx, incident, line)
    assert [it.amount for it in offer.lines] == [line.amount]
    return [Effect(incident.id, "offer.begin", offer)]


def _offer(tx: Tx, _world: World, act: Act, incident: Incident) -> list[Effect]:
    """Prepare and send an offer of up to three lines: an entry for each step."""
    lines = [offer_line(amount=1000 * (1 + act.pick)) for _ in range(1 + act.pick % 3)]
    offer = offers.offer(tx, incident, lines, offer_terms())
    assert [it.amount for it in offer.lines] == [it.amount for it in lines]
    steps = ["begin", *["edit"] * len(lines), "submit"]
    return [Effect(incident.id, f"offer.{step}", offer) for step in steps]


def _change(tx: Tx, _world: World, act: Act, offer: Offer) -> list[Effect]:
    """Add a line or take one out: of a draft, or of what ERAC then reads again."""
    move = "edit" if offer.state is OfferState.DRAFT else "revise"
    if act.pick % 2 and len(offer.lines) > 1:
        offers.remove_line(tx, offer, offer.lines[-1].number)
    else:
        offers.add_line(tx, offer, offer_line(amount=1000 * (1 + act.pick)))
    return [Effect(offer.incident_id, f"offer.{move}", offer)]


def _level(tx: Tx, _world: World, act: Act, incident: Incident) -> list[Effect]:
    set_level(tx, incident, level=("normal", "partial", "full")[act.pick % 3])
    return [Effect(incident.id, "incident.set_level", incident)]


def _suspend(tx: Tx, _world: World, _act: Act, person: Person) -> list[Effect]:
    is_open = (SignIn.person_id == person.id) & (SignIn.state == SignInState.OPEN)
    ended = list(tx.session.scalars(select(SignIn).where(is_open)))
    accounts.suspend(tx, person, reason="of the story")
    return [
        Effect(0, "person.suspend", person),
        *(Effect(0, "sign_in.end", it) for it in ended),
    ]


ACTS: dict[str, Any] = {
    "submit": _submit,
    "submit_daily": _submit,
    "submit_twice": _submit_twice,
    "publish": _publish,
    "reject": _simple("post.reject", feed.reject, reason="unverified", note=""),
    "retract": _simple("post.retract", feed.retract, note="wrong"),
    "withdraw": _simple("post.withdraw", feed.withdraw),
    "offer": _offer,
    "begin": _begin,
    "change": _change,
    "send": _simple("offer.submit", offers.submit),
    "discard": _simple("offer.discard", offers.discard),
    "ask": _simple("offer.ask", offers.ask, question="Since when?"),
    "answer": _simple("offer.reply", offers.reply, reply="Since noon."),
    "note": _simple("offer.note", offers.note, words="They call back."),
    "review": _simple("offer.review", offers.review),
    "list": _simple("offer.list", offers.list_, checks=("caller", "duplicates")),
    "decline": _simple("offer.decline", offers.decline, reason="not_needed"),
    "take_back": _simple("offer.withdraw", offers.withdraw),
    "level": _level,
    "suspend": _suspend,
    "restore": _simple("person.restore", accounts.restore),
    "crash": _crash,
}

#: Who does what; some of them try what is not theirs to do.
WHO = {
    "submit": ("alpha", "bravo", "guild", "charlie"),
    "submit_daily": ("alpha", "bravo", "charlie"),
    "submit_twice": ("alpha", "guild", "charlie"),
    "publish": ("moderator", "mop3", "alpha"),
    "reject": ("moderator", "mop3"),
    "retract": ("moderator", "mop3", "erac"),
    "withdraw": ("alpha", "bravo", "guild"),
    "offer": ("alpha", "bravo", "guild"),
    "begin": ("alpha", "bravo", "erac"),
    "change": ("alpha", "bravo", "guild"),
    "send": ("alpha", "bravo"),
    "discard": ("alpha", "bravo"),
    "ask": ("erac",),
    "answer": ("alpha", "erac", "moderator"),
    "note": ("erac", "alpha"),
    "review": ("erac",),
    "list": ("erac", "moderator"),
    "decline": ("erac",),
    "take_back": ("alpha", "bravo"),
    "level": ("mop3", "admin"),
    "suspend": ("admin",),
    "restore": ("admin",),
    "crash": ("moderator", "alpha"),
}
