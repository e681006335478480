"""What was there before a migration is there afterwards, and what it carries over is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import MetaData, select

from portal.accounts.models import Person
from portal.cli.database import alembic_config, upgrade
from portal.core.actor import Actor, Role
from portal.feed import queries
from portal.feed.models import Post, PostTag
from portal.feed.queries import Filters
from portal.incidents.models import Incident
from portal.journal.audience import PARTNERS
from portal.offers import queries as offers
from portal.offers.models import Offer, OfferTag
from portal.organizations.models import Organization
from tests.databases import opened

SENT = datetime(2026, 3, 1, 12, 30, 15, 250_000, UTC)
OUT = SENT + timedelta(minutes=20)
LATER = OUT + timedelta(minutes=20)

MOVED = {"version": 3, "moved_at": OUT}
INCIDENT = {
    "id": 7,
    "code": "OZ26",
    "name": "Ozark Flood",
    "is_exercise": False,
    "types": "F T",
    "counties": "29097 29189",
    "level": "partial",
    "time_zone": "America/Chicago",
    "telephone": "573-555-0100",
    "email": "seoc@world.example",
    "bridge": "",
    "state": "open",
    "opened_at": SENT,
    "period_number": 0,
}
ORGANIZATION = {
    "id": 4,
    "reference": "ORG-AAAA",
    "name": "Alpha Fuel",
    "kind": "company",
    "sectors": "ENER RETAIL",
    "counties": "29097",
    "state": "active",
}
ASSOCIATION = ORGANIZATION | {
    "id": 6,
    "reference": "ORG-BBBB",
    "name": "Fuel Guild",
    "kind": "association",
}
PERSON = {
    "id": 5,
    "reference": "PER-AAAA",
    "email": "alpha@world.example",
    "state": "active",
    "name": "Alpha Person",
    "password_hash": None,
    "is_demo": False,
}

#: By state: what a row of the first release holds in it, beside what all hold.
POSTS = {
    "waiting": {},
    "published": {"published_at": OUT, "seen_by": "sector:ENER sector:FOOD region:D"},
    "rejected": {"reason": "unverified", "note": "Please call us."},
    "withdrawn": {},
    "retracted": {"published_at": LATER, "seen_by": PARTNERS, "note": "It was wrong."},
}
TAGS = {
    *("kind:status", "county:29097", "region:D", "lifeline:ENERGY"),
    *("sector:ENER", "sector:RETAIL"),
}


def row_of(number, state):
    """Return a post as the first release wrote it."""
    return {
        "id": number,
        "reference": f"OZ26-{state.upper()}",
        "incident_id": 7,
        "organization_id": 4,
        "person_id": 5,
        "words": f"The pump is {state}.",
        "county": "29097",
        "lifeline": "ENERGY",
        "standing": "closed",
        "asked_for": PARTNERS,
        "seen_by": "",
        "reason": "",
        "note": "",
        "state": state,
        "submitted_at": SENT,
        "published_at": None,
        **MOVED,
        **POSTS[state],
    }


#: By state: what an offer of the first release holds in it, beside what all hold.
OFFERS = {
    "submitted": {"price_cents": 389, "compensation": "quoted_price"},
    "in_review": {"organization_id": 6, "member_id": 4, "amount": 2_500},
    "listed": {"note": "Thank you.", "compensation": "state_contract", "contract": "C-7"},
    "declined": {"reason": "not_needed", "note": "Enough now."},
    "withdrawn": {"item": "ANVIL", "unit": "EA", "county": "29189"},
}
#: Each its own, so that none is taken for another.
SENT_AT = {state: SENT + timedelta(minutes=n) for n, state in enumerate(OFFERS)}
UNTIL = SENT + timedelta(days=4000)
OF_LINES = ("item", "description", "amount", "unit", "county", "price_cents", "member_id")


def offer_of(number, state):
    """Return an offer as the first release wrote it."""
    return {
        "id": number,
        "reference": f"OZ26-{state.upper()}",
        "incident_id": 7,
        "organization_id": 4,
        "person_id": 5,
        "member_id": None,
        "item": "FUEL",
        "description": f"Diesel, {state}.",
        "amount": 1_000_000,
        "unit": "GAL",
        "county": "29097",
        "available_from": SENT,
        "available_until": UNTIL,
        "compensation": "donation",
        "contract": "",
        "price_cents": None,
        "reason": "",
        "note": "",
        "state": state,
        "submitted_at": SENT_AT[state],
        **MOVED,
        **OFFERS[state],
    }


@pytest.fixture
def carried(databases):
    """A session on a database that held rows at revision 0001 and was led on to the end."""
    url = databases.shelf.create()
    command.upgrade(alembic_config(url), "0001")
    posts = [row_of(number, state) for number, state in enumerate(POSTS, start=11)]
    audience = [
        {"subject": "post", "subject_id": it["id"], "room": room}
        for it in posts
        for room in ("desk", "org:4", *it["seen_by"].split())
    ]
    with opened(url) as database, database.engine.begin() as connection:
        before = MetaData()
        before.reflect(connection)
        for name, rows in (
            ("incident", [INCIDENT | MOVED]),
            ("organization", [ORGANIZATION | MOVED, ASSOCIATION | MOVED]),
            ("person", [PERSON | MOVED]),
            ("post", posts),
            ("offer", [offer_of(number, state) for number, state in enumerate(OFFERS, 21)]),
            ("audience", audience),
        ):
            connection.execute(before.tables[name].insert(), rows)
    upgrade(url)
    with opened(url) as database, database.sessions() as session:
        yield session
    databases.shelf.discard(url)


def found(session, words="", *tags):
    """Return what a grocer of region D finds, by state."""
    reader = Actor(
        person_id=5,
        name="Reader",
        organization_id=99,
        roles=frozenset({Role.LIAISON}),
        sectors=("FOOD",),
        regions=("D",),
    )
    page = queries.list_feed(session, 7, reader, Filters(words=words, tags=tags))
    return [it.state for it in page.posts]


def test_who_and_what_a_post_speaks_of_is_still_there(carried):
    incident = carried.get_one(Incident, 7)
    assert (incident.code, incident.counties, incident.opened_at) == (
        "OZ26",
        ("29097", "29189"),
        SENT,
    )
    assert (incident.review_minutes, incident.needs_second) == (15, False)
    assert carried.get_one(Organization, 4).sectors == ("ENER", "RETAIL")
    assert carried.get_one(Person, 5).email == "alpha@world.example"


def test_a_post_keeps_what_it_held(carried):
    posts = {it.state: it for it in carried.scalars(select(Post))}
    assert set(posts) == set(POSTS)
    for number, state in enumerate(POSTS, start=11):
        row, before = posts[state], row_of(number, state)
        for name in ("id", "reference", "words", "lifeline", "standing", "reason", "note"):
            assert getattr(row, name) == before[name], (state, name)
        assert (row.incident_id, row.organization_id, row.person_id) == (7, 4, 5)
        assert (row.asked_for, row.seen_by) == ((PARTNERS,), tuple(before["seen_by"].split()))
        assert (row.version, row.moved_at, row.submitted_at) == (3, OUT, SENT)
        assert row.published_at == before["published_at"]


def test_a_post_says_in_the_new_columns_what_it_said_before(carried):
    for row in carried.scalars(select(Post)):
        is_out = row.published_at is not None
        assert row.counties == ("29097",)
        assert row.waiting_since == SENT
        assert row.said == (row.words if is_out else "")
        assert (row.kind, row.link, row.source) == ("status", "portal", "partner_verified")
        assert (row.tlp, row.confidence, row.is_urgent) == ("GREEN", "", False)
        assert (row.spoken_by, row.place, row.pictures) == ("", "", ())
        assert (row.said_before, row.correction, row.question, row.reply) == ("",) * 4
        for name in ("review_by", "acknowledge_by", "corrected_at", "successor_id"):
            assert getattr(row, name) is None


def test_what_was_let_out_bears_the_tags_that_publishing_gives(carried):
    tags = {}
    for it in carried.scalars(select(PostTag)):
        post = carried.get_one(Post, it.post_id)
        assert (it.incident_id, it.published_at) == (7, post.published_at)
        tags.setdefault(post.state, set()).add(it.tag)
    assert tags == {"published": TAGS | {"sector:FOOD"}, "retracted": TAGS}


def test_readers_find_what_was_let_out_by_words_and_by_filters(carried):
    assert found(carried) == ["published", "retracted"]
    assert found(carried, "pumps") == ["published"], "no longer what was taken back"
    for tag in ("kind:status", "county:29097", "region:D", "lifeline:ENERGY", "sector:ENER"):
        assert found(carried, "", tag) == ["published", "retracted"], tag
    assert found(carried, "", "sector:FOOD") == found(carried, "pump", "sector:FOOD")
    assert found(carried, "", "sector:FOOD") == ["published"]


def test_the_desk_goes_on_with_what_waited(carried):
    (view,) = queries.list_queue(carried, 7)
    assert (view.reference, view.sort, view.holder) == ("OZ26-WAITING", SENT, None)
    assert view.author == "Alpha Person"


# ---------------------------------------------------------------- offers


def offers_by_state(session):
    return {it.state.value: it for it in session.scalars(select(Offer))}


def test_an_offer_keeps_what_it_held_and_what_it_offered_is_its_one_line(carried):
    found = offers_by_state(carried)
    assert set(found) == set(OFFERS)
    for number, state in enumerate(OFFERS, 21):
        row, before = found[state], offer_of(number, state)
        (line,) = row.lines
        for name in before.keys() - set(OF_LINES) - {"state"}:
            assert getattr(row, name) == before[name], (state, name)
        for name in OF_LINES:
            assert getattr(line, name) == before[name], (state, name)
        assert (line.number, line.about, line.may_split, line.place) == (1, {}, True, "")
        is_known = before["item"] == "FUEL"
        assert (line.label, line.kind) == (
            ("Bulk fuel", "Supplies") if is_known else ("ANVIL", "Other")
        )


def test_an_offer_says_nothing_in_the_new_columns_that_nobody_said(carried):
    for row in carried.scalars(select(Offer)):
        assert (row.edition, row.priority, row.checks) == (1, "routine", ())
        assert (row.transport, row.operator, row.lead_hours) == ("either", "not_needed", 0)
        for name in ("spoken_by", "contact", "telephone", "question", "reply", "support"):
            assert getattr(row, name) == "", name
        for name in ("assignee_id", "escalated_at", "warned_at", "answered_at", "price_until"):
            assert getattr(row, name) is None, name


def test_offers_bear_the_tags_by_which_the_desk_finds_them(carried):
    found = {state: set() for state in OFFERS}
    for it in carried.scalars(select(OfferTag)):
        state = carried.get_one(Offer, it.offer_id).state.value
        assert (it.incident_id, it.submitted_at) == (7, SENT_AT[state])
        found[state].add(it.tag)
    fuel = {"item:FUEL", "county:29097", "region:D"}
    anvil = {"item:ANVIL", "county:29189", "region:C"}
    assert found == dict.fromkeys(OFFERS, fuel) | {"withdrawn": anvil}


def test_what_waited_for_an_answer_is_late_at_the_desk_and_nothing_else_is(carried):
    for state, row in offers_by_state(carried).items():
        since = SENT_AT[state] if state in {"submitted", "in_review"} else None
        assert (row.waiting_since, row.answer_by, row.escalate_at) == (since,) * 3, state
    erac = Actor(person_id=5, name="Cell", roles=frozenset({Role.ERAC}))
    for filters in (offers.Filters(), offers.Filters(show="late", tags=("item:FUEL",))):
        desk = offers.list_desk(carried, 7, erac, filters)
        assert [it.reference for it in desk] == ["OZ26-SUBMITTED", "OZ26-IN_REVIEW"]
        assert all(it.is_late for it in desk)
    assert desk[1].lines[0].member == "Alpha Fuel"
