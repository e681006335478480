"""The tail: what it reads in which order, whom it tells what, and what cannot stop it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, update

from portal.accounts.models import Membership, SignIn
from portal.accounts.queries import IDLE
from portal.accounts.states import PERSON
from portal.core.actor import SYSTEM, Role
from portal.feed.models import Post
from portal.incidents import operations as incidents
from portal.journal.audience import DESK, ERAC, PARTNERS, STAFF, org, region, sector
from portal.journal.housekeeping import housekeeping
from portal.journal.looks import note_looks
from portal.journal.notes import notes_for
from portal.journal.records import begin_generation
from portal.journal.refusals import note_refusal
from portal.journal.transaction import transaction
from portal.live.tail import HEADS_S, Tail
from portal.offers import operations as offers
from portal.organizations import operations as organizations
from portal.organizations.operations import OrganizationParticulars
from tests import factories
from tests.databases import opened
from tests.offers.making import do, draft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from portal.core.db import Database

SIGNED_OUT = ("closing", {"why": "signed_out", "retry_s": None})


@contextmanager
def just_before(
    database: Database, words: str, act: Callable[[Session], Any]
) -> Iterator[None]:
    """Let something be committed just before the first statement with these words is asked."""
    done: list[str] = []

    def look(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if words in statement and not done:
            done.append(statement)
            with database.sessions() as session:
                act(session)

    event.listen(database.engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", look)
    assert done, f"nothing was asked about {words}"


# ---------------------------------------------------------------- who hears what


def test_each_room_hears_its_own_side_of_an_entry(ear_of, tail, session, world):
    alpha, bravo, desk = ear_of("alpha"), ear_of("bravo"), ear_of("moderator")
    post = factories.make_post(session, world.actor("alpha"), words="No power.")
    tail.step()
    assert [(f["view"], f["subject"]) for f in alpha.frames()] == [("mine", post.reference)]
    assert [(f["view"], f["room"]) for f in desk.frames()] == [("queue", DESK)]
    assert bravo.frames() == []

    factories.publish(session, world.actor("moderator"), post)
    tail.step()
    assert {(f["view"], f["room"]) for f in alpha.frames()} == {
        ("mine", org(post.organization_id)),
        ("feed", PARTNERS),
    }
    waiting, read = sorted(desk.frames(), key=lambda it: it["room"])
    assert waiting == {
        "room": DESK,
        "n": 2,
        "view": "queue",
        "subject": post.reference,
        "gone": True,
    }
    assert [read] == bravo.frames()
    assert "No power." in read["html"]


def test_a_price_reaches_its_owner_and_erac(ear_of, tail, session, world):
    ears = {name: ear_of(name) for name in ("guild", "alpha", "erac", "records", "moderator")}
    offer = draft(session, world.actor("guild"), price_cents=1_234_567)
    tail.step()
    heard = {name: {frame["room"] for frame in ear.frames()} for name, ear in ears.items()}
    own = {org(offer.organization_id)}
    assert heard == {it: own if it == "guild" else set() for it in ears}, "it is a draft"
    do(session, world.actor("guild"), offers.submit, offer)
    tail.step()
    heard = {name: ear.frames() for name, ear in ears.items()}
    assert {name: [f["view"] for f in frames] for name, frames in heard.items()} == {
        "guild": ["offers"],
        "alpha": [],
        "erac": ["erac"],
        "records": ["offers"],
        "moderator": [],
    }
    assert "$12,345.67" in heard["erac"][0]["html"]
    assert "12,345" not in str(heard["records"])


def test_a_room_without_a_view_hears_that_time_moved_on(ear_of, tail, session, world):
    ear = ear_of("records", code="daily")
    tail.step()
    ear.heard()
    factories.suspend_person(session, world.person("charlie"))
    tail.step()
    assert {frozenset(frame) for frame in ear.frames()} == {frozenset({"room", "n"})}


def test_numbers_follow_each_other_in_every_room(ear_of, tail, session, world):
    ear = ear_of("moderator")
    for _ in range(3):
        post = factories.make_post(session, world.actor("alpha"))
        factories.publish(session, world.actor("moderator"), post, seen_by=(STAFF,))
    tail.step()
    heard = ear.frames()
    for room in (DESK, STAFF):
        numbers = [frame["n"] for frame in heard if frame["room"] == room]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_fragment_is_rendered_once_for_a_room(app, ear_of, tail, session, world):
    ears = [ear_of(name) for name in ("alpha", "bravo", "charlie", "observer")]
    rendered, exact = [], app.jinja_env.filters["exact"]
    app.jinja_env.filters["exact"] = lambda at: rendered.append(at) or exact(at)
    post = factories.make_post(session, world.actor("guild"))
    factories.publish(session, world.actor("moderator"), post)
    tail.step()
    assert len({str(ear.frames()) for ear in ears}) == 1
    assert len(rendered) == 1, "nobody sits in the other rooms of the post"


# ---------------------------------------------------------------- when


def test_a_commit_of_another_process_is_found_without_being_woken(
    ear_of, tail, database_url, world
):
    ear = ear_of("alpha")
    with opened(database_url) as other, other.sessions() as session:
        factories.make_post(session, world.within(session).actor("alpha"))
    tail.step()
    assert [frame["view"] for frame in ear.frames()] == ["mine"]


def test_a_commit_wakes_the_tail(app, tail, session, world):
    woken = []
    app.extensions["database"].readers.append(lambda: woken.append(1))
    factories.make_post(session, world.actor("alpha"))
    assert woken == [1]
    del tail


def test_the_suspended_hear_nothing_even_of_what_came_before(ear_of, tail, session, world):
    ear, other = ear_of("bravo"), ear_of("charlie")
    post = factories.make_post(session, world.actor("alpha"))
    factories.publish(session, world.actor("moderator"), post)
    factories.suspend_person(session, world.person("bravo"))
    tail.step()
    assert ear.heard() == [SIGNED_OUT]
    assert not ear.is_connected
    assert len(other.frames()) == 1


def test_accounts_are_read_after_the_content(ear_of, tail, session, database, world):
    ear, other = ear_of("bravo"), ear_of("charlie")
    post = factories.make_post(session, world.actor("alpha"))

    def suspend_and_publish(session: Session) -> None:
        here = world.within(session)
        factories.suspend_person(session, here.person("bravo"))
        factories.publish(session, here.actor("moderator"), session.get_one(Post, post.id))

    with just_before(database, "FROM entry_room", suspend_and_publish):
        tail.step()
    assert ear.heard() == [SIGNED_OUT]
    tail.step()
    assert [frame["view"] for frame in other.frames()] == ["feed"]


@pytest.mark.parametrize("moment", ["FROM incident", "FROM post"])
def test_what_is_rendered_is_no_newer_than_whom_it_is_for(
    ear_of, tail, session, database, world, moment
):
    ear, other = ear_of("bravo"), ear_of("charlie")
    post = factories.make_post(session, world.actor("alpha"))
    factories.publish(session, world.actor("moderator"), post)

    def suspend_and_retract(session: Session) -> None:
        here = world.within(session)
        factories.suspend_person(session, here.person("bravo"))
        note = "What the suspended must not know."
        row = session.get_one(Post, post.id)
        factories.retract(session, here.actor("moderator"), row, note=note)

    with just_before(database, moment, suspend_and_retract):
        tail.step()
    tail.step()
    assert "must not know" not in str(ear.heard())
    assert not ear.is_connected
    assert "must not know" in str(other.heard())


def test_a_session_ended_by_the_clock_is_closed_at_the_next_step(
    held_clock, ear_of, tail, session, world
):
    ear, busy = ear_of("alpha"), ear_of("bravo")
    held_clock.tick(IDLE.total_seconds() - 60)
    busy.browser.page("/account")
    held_clock.tick(61)
    post = factories.make_post(session, world.actor("guild"))
    factories.publish(session, world.actor("moderator"), post)
    tail.step()
    assert ear.heard() == [SIGNED_OUT]
    assert busy.heard()[0][0] == "entry"


def test_heads_are_told_to_rooms_that_moved(held_clock, ear_of, tail, session, world):
    ear, quiet = ear_of("alpha"), ear_of("erac")
    factories.make_post(session, world.actor("alpha"))
    tail.step()
    assert len(ear.frames()) == 1
    held_clock.tick(HEADS_S)
    tail.step()
    assert ear.heard() == [("heads", {org(world.people["alpha"].organization_id): 1})]
    held_clock.tick(HEADS_S)
    tail.step()
    assert ear.heard() == quiet.heard() == []


# ---------------------------------------------------------------- rooms lost and gained


def test_a_room_lost_is_purged_and_a_room_gained_loads_the_page(ear_of, tail, session, world):
    ear, colleague, other = ear_of("alpha"), ear_of("alpha_admin"), ear_of("bravo")
    row = world.organization("alpha")
    particulars = OrganizationParticulars(
        name=row.name, kind=row.kind, sectors=("ENER", "FOOD"), counties=("29189",)
    )
    with transaction(session, SYSTEM) as tx:
        organizations.revise(tx, row, particulars)
    post = factories.make_post(session, world.actor("bravo"), words="For retail and food.")
    audience = (sector("RETAIL"), sector("FOOD"))
    factories.publish(session, world.actor("moderator"), post, seen_by=audience)
    tail.step()
    heard = ear.heard()
    assert heard[:3] == [
        ("purge", {"room": region("D")}),
        ("purge", {"room": sector("RETAIL")}),
        ("reload", {"why": "rooms"}),
    ]
    assert [frame["room"] for _, frame in heard[3:]] == [sector("FOOD")]
    assert colleague.heard() == heard
    assert {event for event, _ in other.heard()} == {"entry"}


def test_a_change_of_role_moves_a_socket_at_once(ear_of, tail, session, world):
    ear = ear_of("erac")
    factories.change_roles(session, world.membership("erac"), Role.OBSERVER)
    factories.make_offer(session, world.actor("alpha"))
    tail.step()
    assert ear.heard() == [("purge", {"room": ERAC}), ("purge", {"room": STAFF})]


def test_who_lost_a_room_hears_nothing_more_of_it(ear_of, tail, session, world):
    ear, other = ear_of("moderator"), ear_of("moderator2")
    factories.change_roles(session, world.membership("moderator"), Role.OBSERVER)
    tail.step()
    assert [event for event, _ in ear.heard()] == ["purge", "purge"]
    factories.make_post(session, world.actor("alpha"))
    tail.step()
    assert ear.heard() == []
    assert [frame["room"] for frame in other.frames()] == [DESK]


def test_a_suspended_organization_is_hung_up_on(ear_of, tail, session, world):
    ears = [ear_of("alpha"), ear_of("alpha_admin")]
    factories.suspend_organization(session, world.organization("alpha"))
    tail.step()
    assert [ear.heard() for ear in ears] == [[SIGNED_OUT], [SIGNED_OUT]]


def test_an_ended_session_is_hung_up_on_and_no_other(ear_of, tail, session):
    here, there = ear_of("alpha"), ear_of("alpha")
    here.browser.post("/sign-out", data=here.browser.page("/account").form().filled)
    tail.step()
    assert here.heard() == [SIGNED_OUT]
    assert there.heard() == []
    assert session.query(SignIn).count() == 2


def test_what_changes_everything_loads_the_page_again(ear_of, tail, session, world):
    ear = ear_of("alpha")
    with transaction(session, SYSTEM) as tx:
        incidents.set_level(tx, world.incident, level="full")
    tail.step()
    assert [frame["view"] for frame in ear.frames()] == ["strip"]
    factories.close_incident(session, world.incident)
    tail.step()
    assert ear.heard() == [("reload", {"why": "incident"})]


# ---------------------------------------------------------------- what cannot stop it


def spoil(session: Session, row: type[Any], row_id: int, **values: Any) -> None:
    """Write nonsense past all rules, as a mishap in the database would."""
    with housekeeping(session):
        session.execute(
            update(row.__table__).where(row.__table__.c.id == row_id).values(**values)
        )


def test_a_row_that_cannot_be_read_stops_nothing(ear_of, tail, session, world):
    ear, other = ear_of("alpha"), ear_of("bravo")
    posts = [factories.make_post(session, world.actor(it)) for it in ("alpha", "bravo")]
    spoil(session, Post, posts[0].id, state="nonsense")
    tail.step()
    assert ear.heard() == [("reload", {"why": "render"})]
    assert [frame["subject"] for frame in other.frames()] == [posts[1].reference]
    assert ear.follow() == {"reload": "render"}
    tail.step()
    assert ear.heard() == [], "the tail has gone past it"


def test_a_person_who_cannot_be_read_hears_nothing_more(ear_of, tail, session, world):
    ear, other = ear_of("alpha"), ear_of("bravo")
    spoil(session, Membership, world.people["alpha"].membership_id, roles="nonsense")
    with transaction(session, SYSTEM) as tx:
        factories.accounts.change_roles(
            tx, world.membership("bravo"), roles=frozenset({Role.LIAISON, Role.ORG_ADMIN})
        )
        tx.move(PERSON, "reset", world.person("alpha"))
    post = factories.make_post(session, world.actor("guild"))
    factories.publish(session, world.actor("moderator"), post)
    tail.step()
    assert [event for event, _ in ear.heard()] == ["closing"]
    assert not ear.is_connected
    assert len(other.frames()) == 1


def test_who_is_looked_at_or_refused_is_not_asked_again_who_they_are(
    ear_of, tail, session, world
):
    ear, person = ear_of("alpha"), world.people["alpha"]
    tail.step()
    spoil(session, Membership, person.membership_id, roles="nonsense")
    note_looks(session, world.actor("erac"), "price", {person.organization_id: "OF-1"})
    note_refusal(session, "sign_in", address="192.0.2.1", person_id=person.id)
    assert notes_for(session).write_down(session) == 2
    tail.step()
    assert ear.heard() == []
    assert ear.is_connected


def test_another_database_is_taken_for_another(ear_of, tail, session, world):
    ear, gone = ear_of("alpha"), ear_of("bravo")
    with housekeeping(session):
        row = session.query(SignIn).filter_by(person_id=world.people["bravo"].id).one()
        session.delete(row)
    begin_generation(session)
    tail.step()
    assert ear.heard() == [("reload", {"why": "generation"})]
    assert gone.heard() == [SIGNED_OUT]
    factories.make_post(session, world.actor("alpha"))
    tail.step()
    assert len(ear.frames()) == 1, "and goes on from there"


def test_links_are_made_for_the_portals_own_address(
    make_app, app, ear_of, database, session, world
):
    tail = Tail(make_app(base_url="https://x.example"), database, app.extensions["channel"])
    ear = ear_of("alpha")
    post = factories.make_post(session, world.actor("alpha"))
    tail.step()
    (frame,) = ear.frames()
    assert f'href="/incidents/EX27/feed/{post.reference}"' in frame["html"]
