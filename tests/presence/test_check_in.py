"""Coming, staying and leaving: in one tap, once, by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.core import clock
from portal.core.errors import ConflictError
from portal.core.web import times
from portal.incidents import operations as incidents
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from portal.presence.models import CheckIn
from portal.presence.states import CheckInState
from tests import factories as make
from tests.presence.shifts import CANARIES, arrive, arrive_for, leave
from tests.threads import sorted_out, together

BASE = "/incidents/EX27/presence"
FORM, FOR = f"{BASE}/check_in", f"{BASE}/check_in_for"


def rows(session):
    session.rollback()
    session.expire_all()
    return session.scalars(select(CheckIn).order_by(CheckIn.id)).all()


def entries(session):
    session.rollback()
    return session.scalar(
        select(func.count()).select_from(Entry).where(Entry.subject == "check_in")
    )


def ahead(hours):
    return times.typed(clock.now() + timedelta(hours=hours))


def test_one_tap_is_enough(client_for, world, session):
    client = client_for("alpha")
    page = client.follow(client.send(FORM))
    assert page.heading == "Your check-in"
    assert "You are checked in." in page.main
    (row,) = rows(session)
    assert (row.person_id, row.organization_id) == (
        world.people["alpha"].id,
        world.organizations["alpha"].id,
    )
    assert (row.state, row.link, row.assignment) == (CheckInState.IN, "portal", "company")
    assert row.checked_in_at == row.moved_at
    assert row.entered_by_id is None


def test_the_next_time_is_filled_in_from_the_last(client_for, world, session):
    row = arrive(session, world.actor("alpha"), assignment="erac", link="telephone")
    leave(session, world.actor("alpha"), row)
    client = client_for("alpha")
    filled = client.page(FORM).form("check_in.check_in").filled
    assert filled["assignment"] == ["erac"]
    assert filled["link"] == ["portal"]
    assert filled["telephone"] == [CANARIES[0]]
    assert filled["decides"] == ["fuel"]
    assert filled["decides_up_to"] == [CANARIES[1]]
    client.follow(client.send(FORM))
    assert [it.state for it in rows(session)] == [CheckInState.OUT, CheckInState.IN]


def test_a_shift_ends_with_the_operational_period(client_for, world, session):
    client = client_for("moderator")
    until = times.parse_typed(client.page(FORM).form().filled["until"][0])
    assert clock.now() + timedelta(hours=8) <= until <= clock.now() + timedelta(hours=9)
    end = clock.now() + timedelta(hours=5)
    with transaction(session, world.actor("admin")) as tx:
        incidents.begin_period(tx, world.incident, ends_at=end)
    filled = client.page(FORM).form().filled
    assert filled["until"] == [times.typed(end)]
    assert filled["assignment"] == ["moderator"]
    page = client.follow(client.send(FORM))
    longer = times.parse_typed(page.form("check_in.extend").filled["until"][0])
    assert longer > end + timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("until", {"until": "soon"}, "Write a date and a time"),
        ("until", {"until": "2020-01-01T07:00"}, "This time has passed."),
        ("until", {"until": "2050-01-01T07:00"}, "A shift ends within 24 hours"),
        ("telephone", {"telephone": "call me"}, "Write a telephone number"),
        ("decides_up_to", {"decides": "fuel", "decides_up_to": "x" * 121}, "120 characters"),
        ("decides", {"decides_up_to": "up to 5 gallons"}, "Choose what the limit is for."),
        ("decides", {"decides": "war"}, "Choose from the list."),
        ("assignment", {"assignment": "throne"}, "Choose the cell or desk."),
        ("link", {"link": "pigeon"}, "Choose the link."),
    ],
)
@pytest.mark.one_backend
def test_what_is_wrong_is_said_at_the_field(client_for, session, name, typed, says):
    client = client_for("alpha")
    page = client.read(client.send(FORM, **typed), 422)
    assert says in page.error_at(name)
    assert rows(session) == []


def test_who_is_here_is_not_checked_in_twice(client_for, world, session):
    client = client_for("alpha")
    form = client.page(FORM).form()
    row = arrive(session, world.actor("alpha"))
    answer = client.submit(form, telephone="417-555-0111")
    page = client.read(answer, 409)
    assert "checked in already" in page.main
    assert f"{BASE}/{row.reference}" in page.links
    assert page.form("check_in.check_in").filled["telephone"] == ["417-555-0111"]
    assert client.get(FORM).headers["Location"].endswith(row.reference)
    assert len(rows(session)) == 1


def test_the_same_form_twice_is_once(client_for, session):
    client = client_for("alpha")
    form = client.page(FORM).form()
    first, second = client.submit(form), client.submit(form)
    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert len(rows(session)) == entries(session) == 1


def test_two_tabs_at_once_make_one_check_in(database, world):
    def come():
        with database.sessions() as own:
            return arrive(own, world.within(own).actor("alpha")).reference

    done, refused = sorted_out(together([come] * 6), ConflictError)
    assert (len(done), len(refused)) == (1, 5)
    with database.sessions() as own:
        assert len(rows(own)) == entries(own) == 1


def test_nobody_comes_to_a_closed_incident_but_everybody_may_leave(client_for, world, session):
    row = arrive(session, world.actor("alpha"))
    bravo = client_for("bravo")
    form = bravo.page(FORM).form()
    make.close_incident(session, world.incident)
    assert "check_in.check_in" not in bravo.page(FORM).moves
    bravo.read(bravo.submit(form), 409)
    alpha = client_for("alpha")
    page = alpha.page(f"{BASE}/{row.reference}")
    assert page.moves == {"check_in.check_out"}
    alpha.follow(alpha.submit(page.form("check_in.check_out")))
    assert [it.state for it in rows(session)] == [CheckInState.OUT]


def test_an_observer_only_reads(client_for):
    client = client_for("observer")
    assert client.get(FORM).status_code == 403
    assert FORM not in client.page(BASE).links


# ---------------------------------------------------------------- callers


@pytest.mark.parametrize("desk", ["moderator", "mop3", "cikr", "erac"])
def test_a_desk_checks_a_caller_in(client_for, world, session, desk):
    client = client_for(desk)
    caller = str(world.people["bravo"].membership_id)
    page = client.follow(client.send(FOR, "check_in.check_in_for", caller=caller))
    assert page.heading == "Bravo Person"
    assert "for the caller" in page.main
    (row,) = rows(session)
    assert (row.person_id, row.link) == (world.people["bravo"].id, "telephone")
    assert row.organization_id == world.organizations["bravo"].id
    assert row.entered_by_id == world.people[desk].id
    again = client.send(FOR, "check_in.check_in_for", caller=caller)
    assert "checked in already" in client.read(again, 409).main


@pytest.mark.parametrize(
    "name", ["alpha", "guild", "logistics", "records", "admin", "observer"]
)
@pytest.mark.one_backend
def test_nobody_else_does(client_for, name):
    client = client_for(name)
    assert client.get(FOR).status_code == 403
    assert FOR not in client.page(BASE).links


@pytest.mark.one_backend
def test_a_caller_is_somebody_known(client_for, session):
    client = client_for("moderator")
    for caller in ("", "999999"):
        page = client.read(client.send(FOR, caller=caller), 422)
        assert "Choose the person." in page.error_at("caller")
    assert rows(session) == []


# ---------------------------------------------------------------- staying and leaving


def test_who_comes_back_late_stays_longer(client_for, world, session, held_clock):
    row = arrive(session, world.actor("alpha"), hours=1)
    client = client_for("alpha")
    held_clock.tick(20 * 60)
    assert "Stay longer" in client.page(f"{BASE}/{row.reference}").main
    held_clock.tick(3 * 3600)
    client = client_for("alpha")
    page = client.page(f"{BASE}/{row.reference}")
    assert "not checked out" in page.main
    assert "Still here" in page.main
    page = client.follow(client.send(f"{BASE}/{row.reference}", "check_in.extend"))
    assert "not checked out" not in page.main
    (found,) = rows(session)
    assert found.until > held_clock.now


def test_a_colleague_and_a_desk_see_somebody_out_a_competitor_does_not(
    client_for, world, session
):
    row = arrive(session, world.actor("alpha"))
    url = f"{BASE}/{row.reference}"
    for name in ("bravo", "charlie", "guild", "observer"):
        assert client_for(name).get(url).status_code == 404
    for name in ("logistics", "records", "admin"):
        assert client_for(name).page(url).moves == set()
    for name in ("alpha_admin", "moderator", "mop3", "cikr", "erac"):
        assert client_for(name).page(url).moves == {"check_in.extend", "check_in.check_out"}
    client = client_for("alpha_admin")
    page = client.follow(client.send(url, "check_in.check_out", hand_over=CANARIES[2]))
    assert CANARIES[2] in page.main
    assert page.moves == set()


def test_an_old_page_gets_the_new_one_and_keeps_the_note(client_for, world, session):
    row = arrive(session, world.actor("alpha"))
    client = client_for("alpha")
    form = client.page(f"{BASE}/{row.reference}").form("check_in.check_out")
    other = client.page(f"{BASE}/{row.reference}").form("check_in.check_out")
    desk = client_for("moderator")
    desk.send(f"{BASE}/{row.reference}", "check_in.extend", until=ahead(3))
    page = client.read(client.submit(form, hand_over="Call Wren."), 409)
    assert page.form("check_in.check_out").filled["hand_over"] == ["Call Wren."]
    assert client.submit(page.form("check_in.check_out")).status_code == 303
    page = client.read(client.submit(other, hand_over="Again."), 409)
    assert "Checked out" in page.main
    assert "What you had written: “Again.”" in page.main


def test_the_next_shift_reads_what_the_last_one_left(client_for, world, session):
    first = arrive(session, world.actor("alpha"))
    leave(session, world.actor("alpha"), first, CANARIES[2])
    assert CANARIES[2] in client_for("alpha_admin").page(FORM).main
    assert CANARIES[2] not in client_for("bravo").page(FORM).main
    same = arrive(session, world.actor("alpha_admin"))
    assert CANARIES[2] in client_for("alpha_admin").page(f"{BASE}/{same.reference}").main
    leave(session, world.actor("alpha_admin"), same)
    other = arrive(session, world.actor("alpha"), assignment="erac")
    assert CANARIES[2] not in client_for("alpha").page(f"{BASE}/{other.reference}").main


def test_the_floor_says_whether_one_is_checked_in(client_for, world, session, held_clock):
    client = client_for("alpha")
    page = client.page("/incidents/EX27/")
    assert "You are not checked in" in page.main
    assert FORM in page.links
    row = arrive(session, world.actor("alpha"), hours=0.25)
    page = client.page("/incidents/EX27/")
    assert "You are checked in" in page.main
    assert f"{BASE}/{row.reference}" in page.links
    held_clock.tick(16 * 60)
    assert "Your shift was over" in client.page("/incidents/EX27/").main
    assert "checked in" not in client_for("observer").page("/incidents/EX27/").main


def test_who_entered_it_stands_in_the_journal(world, session):
    arrive_for(world, "moderator", "bravo")
    entry = session.scalars(select(Entry).where(Entry.subject == "check_in")).one()
    assert entry.person_id == world.people["moderator"].id
    assert entry.move == "check_in_for"
