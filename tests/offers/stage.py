"""Offers, items and saved views on their way through HTTP: for tests of all machines."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portal.core import clock
from portal.core.web import times
from portal.offers import operations, queries
from portal.offers.states import ITEM, OFFER, SENT, VIEW, OfferState
from tests import factories as make
from tests.feed.stage import below, in_audience, new_incident
from tests.offers.making import added, asked, do, draft, entered, saved, with_sheet

if TYPE_CHECKING:
    from portal.core.actor import Actor
    from portal.incidents.models import Incident
    from portal.offers.models import CatalogueItem, Offer, SavedView
    from tests.world import World

#: A file to send, by its path: the client reads it anew each time a form is sent.
SHEET = Path(__file__).parents[2] / "tests/data/sheet.pdf"

#: The desk holds so many saved views; tests of other machines leave room for theirs.
_KEPT_VIEWS = 6


def _incident(world: World, *, closed: bool) -> Incident:
    return new_incident(world) if closed else world.incident


def _sheet(world: World, made: Offer) -> Offer:
    """Put a file with it, so that there is one to remove."""
    assert world.session is not None
    who = "erac" if made.spoken_by else "alpha"
    return with_sheet(world.session, world.actor(who), made)


def prepared(world: World, *, closed: bool = False, discarded: bool = False) -> Offer:
    """Prepare an offer of Alpha's; throw it away, or close its incident, if asked."""
    session = world.session
    assert session is not None
    incident = _incident(world, closed=closed)
    made = _sheet(world, draft(session, world.actor("alpha"), incident))
    if discarded:
        do(session, world.actor("alpha"), operations.discard, made)
    if closed:
        make.close_incident(session, incident)
    return made


def call(world: World, *, is_sent: bool = False, closed: bool = False) -> Offer:
    """Let the cell enter an offer for Alpha's."""
    session = world.session
    assert session is not None
    incident = _incident(world, closed=closed)
    made = _sheet(world, entered(session, world, incident, is_sent=is_sent))
    if closed:
        make.close_incident(session, incident)
    return made


def offer(world: World, then: tuple[str, ...] = (), *, closed: bool = False) -> Offer:
    """Bring an offer of Alpha's to where these moves lead, and close its incident if asked."""
    session = world.session
    assert session is not None
    incident = _incident(world, closed=closed)
    made = _sheet(world, make.make_offer(session, world.actor("alpha"), incident))
    for move in then:
        if move == "withdraw":
            make.withdraw_offer(session, world.actor("alpha_admin"), made)
        else:
            does = {
                "review": make.review,
                "list": make.list_offer,
                "decline": make.decline,
                "ask": asked,
            }
            does[move](session, world.actor("erac"), made)
    if closed:
        make.close_incident(session, incident)
    return made


def _pages(row: Offer, _actor: Actor) -> list[str]:
    return [below(row, "offers"), below(row, "offers", "where")]


def _path(row: Offer, _actor: Actor, move: str) -> str:
    words = {
        "edit": "where",
        "revise": "where",
        "detach": "files/1/detach",
    }
    return below(row, "offers", words.get(move, move))


def _is_of_its_time(row: Offer, move: str) -> bool:
    """Tell whether a page makes this move of the row, and not its twin: one form, two moves."""
    return not (
        (move == "revise" and row.state is OfferState.DRAFT)
        or (move == "edit" and row.state in SENT)
    )


LINE = {
    "amount": "10",
    "unit": "GAL",
    "description": "Diesel, delivered.",
    "split": "yes",
    "county": "29097",
}

#: A gift, so that no price belongs to any line.
TERMS = {
    "compensation": "donation",
    "county": "29097",
    "lead_hours": "0",
    "transport": "pickup",
    "operator": "not_needed",
    "contact": "Dispatch",
    "telephone": "417-555-0142",
}


def _typed(world: World) -> dict[str, dict[str, Any]]:
    now = clock.now()
    when = {
        "available_from": times.typed(now),
        "available_until": times.typed(now + timedelta(days=1)),
    }
    return {
        "begin": LINE,
        "enter": {
            "organization": world.organizations["alpha"].reference,
            "spoken_by": "Pat",
            "item": "FUEL",
            "amount": "10",
            "unit": "GAL",
            "county": "29097",
        },
        "edit": {**TERMS, **when},
        "revise": {**TERMS, **when},
        "attach": {"document": (str(SHEET), "sheet.pdf")},
        "renew": {"available_until": times.typed(now + timedelta(days=9))},
        "assign": {"person": str(world.people["erac"].id)},
        "prioritize": {"priority": "low"},
        "note": {"note": "They call back at six."},
        "vet": {"checks": ["caller", "duplicates"]},
        "ask": {"question": "Since when?"},
        "reply": {"reply": "Since noon."},
        "list": {"checks": ["caller", "duplicates"]},
        "decline": {"reason": "not_needed"},
    }


OFFERS: dict[str, Any] = {
    "machine": OFFER,
    "builds": {
        "draft": prepared,
        "draft, incident closed": partial(prepared, closed=True),
        "draft for a caller": call,
        "draft for a caller, incident closed": partial(call, closed=True),
        "discarded": partial(prepared, discarded=True),
        "submitted": offer,
        "submitted for a caller": partial(call, is_sent=True),
        "submitted, incident closed": partial(offer, closed=True),
        "in review": partial(offer, then=("review",)),
        "in review, incident closed": partial(offer, then=("review",), closed=True),
        "with a question": partial(offer, then=("ask",)),
        "with a question, incident closed": partial(offer, then=("ask",), closed=True),
        "listed": partial(offer, then=("list",)),
        "listed, incident closed": partial(offer, then=("review", "list"), closed=True),
        "declined": partial(offer, then=("decline",)),
        "withdrawn": partial(offer, then=("withdraw",)),
    },
    "pages": _pages,
    "path": _path,
    "typed": _typed,
    "seen_by": in_audience,
    "new": {
        "begin": "/incidents/{code}/offers/new?item=FUEL",
        "enter": "/incidents/{code}/offers/enter",
    },
    "is_of_its_time": _is_of_its_time,
}


# ---------------------------------------------------------------- the catalogue


def item(world: World, *, retired: bool = False) -> CatalogueItem:
    """Add an item to the catalogue; retire it if asked."""
    session, erac = world.session, world.actor("erac")
    assert session is not None
    made = added(session, erac, f"X{secrets.token_hex(4)}".upper())
    if retired:
        known = queries.catalogue(session)[made.code]
        do(session, erac, operations.retire_item, known)
    return made


PARTICULARS = {
    "label": "Pump truck",
    "kind": "Equipment",
    "priority": "urgent",
    "units": ["EA"],
    "attributes": "gallons a minute\nfuel: diesel | propane",
}

ITEMS: dict[str, Any] = {
    "machine": ITEM,
    "builds": {"in use": item, "retired": partial(item, retired=True)},
    "pages": lambda row, _actor: [f"/catalogue/{row.code}"],
    "path": lambda row, _actor, move: (
        f"/catalogue/{row.code}" + ("" if move == "change" else f"/{move}")
    ),
    "typed": lambda _world: {
        "add": {**PARTICULARS, "code": f"Y{secrets.token_hex(4)}".upper()},
        "change": PARTICULARS,
    },
    "new": {"add": "/catalogue/new"},
}


# ---------------------------------------------------------------- saved views


def view(world: World, *, dropped: bool = False) -> SavedView:
    """Save a view of the desk, where many are drop others; drop it, too, if asked."""
    session, erac = world.session, world.actor("erac")
    assert session is not None
    for old in queries.list_views(session)[_KEPT_VIEWS:]:
        do(session, erac, operations.drop_view, old)
    made = saved(session, erac, f"View {secrets.token_hex(4)}")
    if dropped:
        do(session, erac, operations.drop_view, made)
    return made


VIEWS: dict[str, Any] = {
    "machine": VIEW,
    "builds": {"kept": view, "dropped": partial(view, dropped=True)},
    "pages": lambda _row, _actor: ["/incidents/EX27/erac"],
    "path": lambda row, _actor, move: f"/incidents/EX27/erac/views/{row.id}/{move}",
    "typed": lambda _world: {"save": {"name": f"View {secrets.token_hex(4)}"}},
    "new": {"save": "/incidents/{code}/erac"},
    "posted_to": {"save": "/incidents/{code}/erac/views/save"},
}
