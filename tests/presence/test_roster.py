"""Who is here: what each kind of person is shown, on pages and sockets alike, by the clock."""

from __future__ import annotations

from dataclasses import replace

import html5lib
import pytest
from sqlalchemy import func, select

from portal.core.actor import Role
from portal.journal.audience import PARTNERS, STAFF, org, rooms_of
from portal.journal.models import Entry
from portal.live import fragments
from portal.live.tail import enter_incident
from portal.presence.queries import roster
from tests import factories as make
from tests.pages import words_of
from tests.presence.shifts import CANARIES, arrive, arrive_for, leave

BASE = "/incidents/EX27/presence"
NAMES = ["alpha", "alpha_admin", "bravo", "charlie", "guild", "observer"]
STAFF_NAMES = ["moderator", "mop3", "cikr", "erac", "logistics", "records", "admin"]
PRIVATE = (*CANARIES, "Alpha Person", "Fuel")


def lines(markup):
    """Return the lines of the tables in words, by the reference they carry."""
    tree = html5lib.parse(f"<table>{markup}</table>", namespaceHTMLElements=False)
    return {it.get("data-subject"): words_of(it) for it in tree.iter("tr")}


def frames(app, world, row, rooms):
    """Return what sockets of these rooms would be told of a check-in now: view to markup."""
    with app.test_request_context("/"):
        enter_incident(world.incident)
        told = sorted(row.audience & frozenset(rooms))
        made = (fragments.render(app, "check_in", row, room) for room in told)
        return {it.view: it.html for it in made if it is not None}


def read(session, row):
    session.rollback()
    session.expire_all()
    return roster.check_ins_by_id(session, [row.id])[row.id]


# ---------------------------------------------------------------- who sees what


def test_partners_see_that_a_competitor_is_here_and_nothing_more(
    app, client_for, world, session
):
    row = arrive(session, world.actor("alpha"))
    for name in ("bravo", "charlie", "guild", "observer"):
        page = client_for(name).page(BASE)
        assert "Alpha Fuel" in page.main
        assert "Portal" in page.main
        told = frames(app, world, read(session, row), rooms_of(world.actor(name)))
        assert set(told) == {"presence"}
        for words in (page.html, *told.values()):
            assert not [it for it in PRIVATE[:-1] if it in words]
            assert row.person.reference not in words
    out = leave(session, world.actor("alpha"), row, CANARIES[2])
    for name in ("bravo", "charlie", "guild", "observer"):
        assert "Alpha Fuel" not in client_for(name).page(BASE).main
        told = frames(app, world, read(session, out), rooms_of(world.actor(name)))
        assert told == {"presence": None}


def test_colleagues_and_staff_see_all(client_for, world, session):
    arrive(session, world.actor("alpha"))
    for name in ("alpha", "alpha_admin", *STAFF_NAMES):
        main = client_for(name).page(BASE).main
        assert "Alpha Person" in main
        assert f"Fuel, {CANARIES[1]}" in main


@pytest.mark.one_backend
def test_how_many_a_competitor_has_here_is_its_own_matter(client_for, world, session):
    arrive(session, world.actor("alpha"), hours=2)
    arrive(session, world.actor("alpha_admin"), hours=5)
    rows = client_for("charlie").page(BASE).all("tr[@data-subject]")
    assert len(rows) == 2  # one line in each of its two sectors
    assert len({it.get("data-subject") for it in rows}) == 1


@pytest.mark.parametrize("name", [*NAMES, *STAFF_NAMES])
@pytest.mark.one_backend
def test_pages_and_sockets_say_the_same(app, client_for, world, session, name, held_clock):
    found = [
        arrive(session, world.actor("alpha")),
        arrive(session, world.actor("bravo"), hours=0.5, link="email"),
        arrive(session, world.actor("erac"), link="seoc", decides=(), decides_up_to=""),
        arrive_for(world, "mop3", "guild", link="telephone"),
    ]
    held_clock.tick(40 * 60)
    rooms = roster.rooms_for(world.actor(name))
    shown = {}
    for it in client_for(name).page(BASE).all("tr[@data-subject]"):
        shown.setdefault(it.get("data-subject"), set()).add(words_of(it))
    told = {}
    for row in found:
        for markup in frames(app, world, read(session, row), rooms).values():
            for subject, words in lines(markup or "").items():
                told.setdefault(subject, set()).add(words)
    assert shown == told
    assert shown


# ---------------------------------------------------------------- the clock


def test_past_the_end_nobody_is_here_and_nothing_was_written(
    app, client_for, world, session, held_clock
):
    row = arrive(session, world.actor("alpha"), hours=0.25)
    partner, staff = client_for("charlie"), client_for("moderator")
    assert "Alpha Fuel" in partner.page(BASE).main
    page = staff.page(f"{BASE}?decides=fuel")
    assert "1 person here · 1 of 4 organizations" in page.main
    before = session.scalar(select(func.count()).select_from(Entry))
    held_clock.tick(16 * 60)
    assert "Alpha Fuel" not in partner.page(BASE).main
    page = staff.page(f"{BASE}?decides=fuel")
    assert "0 people here · 0 of 4 organizations" in page.main
    assert "not checked out" in page.main
    assert "Alpha Person: shift over" in page.main
    assert frames(app, world, read(session, row), {PARTNERS}) == {"presence": None}
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Entry)) == before


def test_who_is_suspended_is_not_here(client_for, world, session):
    arrive(session, world.actor("alpha"))
    arrive(session, world.actor("bravo"))
    make.suspend_person(session, world.person("alpha"))
    make.suspend_organization(session, world.organization("bravo"))
    main = client_for("charlie").page(BASE).main
    assert "Alpha Fuel" not in main
    assert "Bravo Petroleum" not in main
    main = client_for("moderator").page(BASE).main
    assert main.count("Suspended") == 2
    assert "0 people here" in main


# ---------------------------------------------------------------- the page itself


def test_who_could_decide_on_fuel_in_region_d_now(client_for, world, session):
    arrive(session, world.actor("alpha"))
    arrive(session, world.actor("guild"), decides=("access",), decides_up_to="")
    client = client_for("moderator")
    cells = {
        words_of(it.find("th")): words_of(
            next(cell for cell in it.iter("td") if cell.get("data-l") == "Region D")
        )
        for it in client.page(f"{BASE}?decides=fuel").all("tr")
        if any(cell.get("data-l") == "Region D" for cell in it.iter("td"))
    }
    assert cells["Energy"].startswith("Alpha Person until ")
    assert cells["Energy"].endswith(CANARIES[1])
    assert cells["Transportation Systems"] == "Nobody 1 here, asks first"
    assert "Food and Agriculture" not in cells  # Charlie works in region A alone
    page = client.page(f"{BASE}?decides=nonsense")
    assert "Who can decide now" in page.main


@pytest.mark.parametrize("name", ["alpha", "observer", "moderator"])
@pytest.mark.one_backend
def test_an_empty_roster_says_what_will_stand_here(client_for, name):
    main = client_for(name).page(BASE).main
    assert "yet" in main
    assert "shift is over" in main


@pytest.mark.parametrize("name", ["alpha", "moderator"])
@pytest.mark.one_backend
def test_more_people_ask_the_database_no_more(client_for, world, session, name):
    client = client_for(name)
    urls = [BASE, "/incidents/EX27/", "/incidents/EX27/log"]
    urls += [f"{BASE}/ics211"] if name == "moderator" else []
    arrive(session, world.actor("charlie"))
    few = [client.page(url).queries for url in urls]
    for number in range(12):
        company = make.add_organization(session, f"Company {number}", sectors=("ENER", "FIN"))
        come = make.add_person(session, company, Role.LIAISON, f"person{number}")
        wider = replace(world, people=world.people | {"come": come})
        arrive(session, wider.actor("come"))
    assert [client.page(url).queries for url in urls] == few
    assert max(few) <= 12


def test_rooms_are_the_own_and_partners_or_staffs(world):
    assert roster.rooms_for(world.actor("moderator")) == (STAFF,)
    assert roster.rooms_for(world.actor("observer")) == (PARTNERS,)
    own = org(world.organizations["alpha"].id)
    assert roster.rooms_for(world.actor("alpha")) == (own, PARTNERS)
