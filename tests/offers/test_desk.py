"""The ERAC desk: what it is shown in which order, what is next, what is alike, its pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.queries import Filters
from tests.factories import decline, list_offer, make_offer, offer_line, review
from tests.offers.making import added, asked, do, draft, entered, saved

BASE = "/incidents/EX27"
LIGHT = {"item": "LIGHT", "unit": "EA", "amount": 1_000}


@pytest.fixture
def desk(session, world):
    """Return what the desk shows, as references."""

    def show(show: str = "", *tags: str, **more):
        found = queries.list_desk(
            session,
            world.incident.id,
            world.actor("erac"),
            Filters(show=show, tags=tags, priority=more.pop("priority", "")),
            **more,
        )
        return [it.reference for it in found]

    return show


def test_what_waits_is_in_the_order_in_which_it_has_to_be_answered(
    session, world, desk, held_clock
):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    routine = make_offer(session, alpha, **LIGHT).reference
    held_clock.tick(60)
    urgent = make_offer(session, alpha).reference
    held_clock.tick(60)
    low = make_offer(session, alpha)
    do(session, erac, offers.prioritize, low, priority="low")
    draft(session, alpha)
    entered(session, world)
    assert desk() == [urgent, routine, low.reference]
    assert queries.next_after(session, world.incident.id, urgent) == routine
    assert queries.next_after(session, world.incident.id, routine) == urgent
    assert desk(priority="low") == [low.reference]
    assert desk("all") == [low.reference, urgent, routine]
    assert queries.next_after(session, 0, urgent) is None


def test_each_part_of_the_desk_shows_its_own(session, world, desk, held_clock):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    waiting, taken, question, listed, declined = (make_offer(session, alpha) for _ in range(5))
    review(session, erac, taken)
    asked(session, erac, question)
    list_offer(session, erac, listed)
    decline(session, erac, declined)
    brief = make_offer(session, alpha, available_until=held_clock.now + timedelta(hours=5))
    shown = {
        "": {waiting, taken, brief},
        "mine": {taken},
        "asked": {question},
        "listed": {listed},
        "late": set(),
        "ending": {brief},
        "all": {waiting, taken, question, listed, declined, brief},
    }
    assert set(shown) == set(queries.SHOWN)
    for show, rows in shown.items():
        assert set(desk(show)) == {it.reference for it in rows}, show
    tally = queries.tally(session, world.incident.id, erac)
    assert (tally.unanswered, tally.late, tally.soon) == (3, 0, 3)
    assert (tally.mine, tally.ending) == (1, 1)
    held_clock.tick(1801)
    assert set(desk("late")) == {waiting.reference, taken.reference, brief.reference}
    tally = queries.tally(session, world.incident.id, erac)
    assert (tally.unanswered, tally.late, tally.soon) == (3, 3, 0)
    held_clock.tick(timedelta(days=3).total_seconds())
    for show in set(queries.SHOWN) - {"all"}:
        assert desk(show) == [], show
    assert len(desk("all")) == 6


def test_filters_hold_all_at_once_and_go_back_in_time(session, world, desk, held_clock):
    alpha = world.actor("alpha")
    made = []
    for changes in ({}, {"county": "29189"}, LIGHT, {}):
        made.append(make_offer(session, alpha, **changes))
        held_clock.tick(1)
    fuel, away, light, again = (it.reference for it in made)
    assert desk("all", "item:FUEL") == [again, away, fuel]
    assert desk("all", "region:D") == [again, light, fuel]
    assert desk("all", "region:D", "item:FUEL") == [again, fuel]
    assert desk("all", "county:29189", "item:LIGHT") == []
    assert desk("", "county:29097") == [fuel, again, light]
    assert desk("all", "item:FUEL", before=made[3].submitted_at) == [away, fuel]
    assert desk("all", before=made[3].submitted_at, limit=1) == [light]
    do(session, alpha, offers.add_line, made[2], offer_line(county="29189"))
    assert desk("all", "item:LIGHT", "item:FUEL", "county:29189") == [light]


def test_an_offer_made_twice_is_found_beside_the_other(session, world, held_clock):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    long = {"available_until": held_clock.now + timedelta(days=30)}
    mine = make_offer(session, alpha, **long)
    guilds = make_offer(
        session,
        world.actor("guild"),
        amount=5_000,
        member=world.organizations["alpha"].reference,
    )
    same = make_offer(session, world.actor("bravo"))
    make_offer(session, world.actor("bravo"), amount=7_000)
    make_offer(session, world.actor("bravo"), county="29189")
    make_offer(session, alpha, **LIGHT)
    draft(session, alpha)
    decline(session, erac, make_offer(session, alpha))
    found = {it.reference: it.why for it in queries.alike(session, mine)}
    assert found == {
        guilds.reference: "of or for the same organization",
        same.reference: "same amount and county",
    }
    assert mine.reference in {it.reference for it in queries.alike(session, guilds)}
    held_clock.tick(timedelta(hours=73).total_seconds())
    assert queries.alike(session, make_offer(session, alpha)) == []


def test_the_usual_answer_is_the_middle_of_todays(session, world, held_clock):
    alpha, erac, incident = world.actor("alpha"), world.actor("erac"), world.incident.id
    assert queries.usual_answer(session, incident) is None
    for minutes in (1, 5, 60):
        offer = make_offer(session, alpha)
        held_clock.tick(minutes * 60)
        (list_offer if minutes == 5 else decline)(session, erac, offer)
    usual = queries.usual_answer(session, incident)
    assert round(usual.total_seconds()) == 300  # the journal's times differ by microseconds
    held_clock.tick(90_000)
    assert queries.usual_answer(session, incident) is None


def test_the_cell_is_who_can_answer_now(session, world):
    assert [it.id for it in queries.list_cell(session)] == [world.people["erac"].id]


# ---------------------------------------------------------------- pages


def test_after_an_answer_the_desk_goes_on_to_the_next(client_for, session, world):
    first, second = (make_offer(session, world.actor("alpha")) for _ in range(2))
    erac = client_for("erac")
    desk = erac.page(f"{BASE}/erac")
    assert "2 offers to answer" in desk.main
    assert "$3.89" in desk.main
    shown = [it.get("data-subject") for it in desk.all("tbody/tr")]
    assert shown == [first.reference, second.reference]
    url = f"{BASE}/offers/{first.reference}"
    assert "Reviewing" in erac.follow(erac.send(url, "offer.review")).main
    checks = ["caller", "duplicates"]
    answer = erac.send(url, "offer.list", checks=checks, note="We call.")
    following = erac.follow(answer)
    assert answer.headers["Location"].endswith(second.reference)
    assert f"Listed {first.reference}." in following.main
    answer = erac.send(following.url, "offer.decline", reason="not_needed")
    assert answer.headers["Location"].endswith("/erac")
    assert "Nothing waits for an answer" in erac.follow(answer).main


def test_a_likely_duplicate_is_shown_to_the_cell_alone(client_for, session, world):
    offer = make_offer(session, world.actor("alpha"))
    twin = make_offer(session, world.actor("bravo"))
    url = f"{BASE}/offers/{offer.reference}"
    assert twin.reference in client_for("erac").page(url).main
    assert twin.reference not in client_for("alpha").page(url).html


def test_the_cells_notes_stay_in_the_cell(client_for, session, world):
    offer, erac = make_offer(session, world.actor("alpha")), client_for("erac")
    url = f"{BASE}/offers/{offer.reference}"
    erac.follow(erac.send(url, "offer.note", note="Late the last time."))
    erac.follow(erac.send(url, "offer.vet", checks=["caller"]))
    erac.follow(erac.send(url, "offer.prioritize", priority="low"))
    person = str(world.people["erac"].id)
    page = erac.follow(erac.send(url, "offer.assign", person=person))
    for words in ("Note for the cell", "Late the last time.", "Checked", "Handed over"):
        assert words in page.main
    for name in ("alpha", "records", "admin"):
        page = client_for(name).page(url)
        for words in ("Note for the cell", "Late the last time", "Handed over", "How pressing"):
            assert words not in page.main, name


def test_a_view_is_saved_opened_and_dropped(client_for, session, world):
    make_offer(session, world.actor("alpha"))
    lit = make_offer(session, world.actor("alpha"), **LIGHT)
    erac = client_for("erac")
    url = f"{BASE}/erac?item=LIGHT&show=all"
    page = erac.follow(erac.send(url, "view.save", name="Lights"))
    assert [it.get("data-subject") for it in page.all("tbody/tr")] == [lit.reference]
    (view,) = queries.list_views(session)
    assert (view.name, set(view.query.split("&"))) == ("Lights", {"show=all", "item=LIGHT"})
    page = erac.page(f"{BASE}/erac")
    (link,) = {it for it in page.links if it.endswith(f"?{view.query}")}
    assert len(erac.page(link).all("tbody/tr")) == 1
    erac.follow(erac.send(f"{BASE}/erac", "view.drop"))
    session.rollback()
    assert queries.list_views(session) == []


def test_nothing_that_is_no_filter_gets_into_a_view(client_for, session):
    erac = client_for("erac")
    url = f"{BASE}/erac?show=nonsense&item=MONEY&x=1&priority=urgent"
    assert erac.send(url, "view.save", name="Odd").status_code == 303
    (view,) = queries.list_views(session)
    assert view.query == "priority=urgent"


def test_a_view_dropped_meanwhile_is_said_to_be_gone(client_for, session, world):
    view, erac = saved(session, world.actor("erac"), "Late"), client_for("erac")
    form = erac.page(f"{BASE}/erac").form("view.drop")
    do(session, world.actor("erac"), offers.drop_view, view)
    page = erac.read(erac.submit(form), 409)
    assert "This changed while you were reading" in page.main
    assert erac.post(f"{BASE}/erac/views/99999/drop", data=form.filled).status_code == 404


def test_the_catalogue_is_kept_on_pages(client_for, session):
    erac, alpha = client_for("erac"), client_for("alpha")
    typed = {"code": "BAGGER", "label": "Sandbag filler", "kind": "Equipment"}
    typed |= {"units": ["EA"], "attributes": "bags per hour\r\n\r\ndrive: diesel | electric"}
    page = erac.follow(erac.send("/catalogue/new", "item.add", **typed))
    assert "bags per hour, drive" in page.main
    form = alpha.page(f"{BASE}/offers/new?item=BAGGER").form("offer.begin")
    assert {"about_0", "about_1"} <= set(form.filled)
    erac.follow(erac.send("/catalogue/BAGGER", "item.change", label="Bagger"))
    assert "Bagger" in alpha.page(f"{BASE}/offers/new").main
    page = erac.follow(erac.send("/catalogue/BAGGER", "item.retire"))
    assert "Retired" in page.main
    assert "Bagger" not in alpha.page(f"{BASE}/offers/new").main
    assert "What can you offer?" in alpha.page(f"{BASE}/offers/new?item=BAGGER").main
    erac.follow(erac.send("/catalogue/FUEL", "item.retire"))
    assert queries.catalogue(session)["FUEL"].is_retired
    erac.follow(erac.send("/catalogue/BAGGER", "item.restore"))
    assert "Bagger" in alpha.page(f"{BASE}/offers/new").main
    assert erac.get("/catalogue/NONE").status_code == 404


@pytest.mark.one_backend
def test_an_item_that_was_added_filters_the_desk(client_for, session, world):
    added(session, world.actor("erac"), "BAGGER")
    page = client_for("erac").page(f"{BASE}/erac")
    assert any(it.endswith("?item=BAGGER") for it in page.links)
