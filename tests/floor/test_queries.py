"""What the floor reads: posts, numbers, who is here, and what stands for a county or region."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from portal.core import clock, codes
from portal.feed import operations as feed
from portal.feed.queries import Standing, list_feed, list_mine, list_pinned, list_to_acknowledge
from portal.floor import overall, queries
from portal.floor.outlines import outlines, shapes
from portal.floor.overall import Age
from portal.floor.todo import KINDS, todo
from portal.journal.transaction import transaction
from portal.offers.queries import Tally, Turn
from portal.presence.queries.here import glance
from tests.factories import make_post, publish, retract, suspend_organization
from tests.feed.making import needs_second, post_of_seoc, proposed
from tests.presence.shifts import arrive, leave

JASPER, NEWTON, ST_LOUIS, ADAIR = "29097", "29145", "29189", "29001"
NAMES = ["alpha", "bravo", "guild", "moderator", "cikr", "erac", "admin", "observer"]


def said(county, standing, *, lifeline="ENERGY", hours=0.0, review_by=None):
    at = clock.now() - timedelta(hours=hours)
    return Standing(county, lifeline, standing, at, review_by)


def turn(kind, words="", due=None):
    return Turn(
        kind=kind, reference="EX27-0000", title="Diesel", words=words, at=clock.now(), due=due
    )


# ---------------------------------------------------------------- posts


@pytest.mark.parametrize("name", NAMES)
def test_the_floor_reads_the_same_posts_as_the_pages_they_are_from(session, world, name):
    desk, now = world.actor("moderator"), clock.now()
    for number in range(8):
        room = ("partners", "sector:FOOD", "region:C", "staff")[number % 4]
        post = post_of_seoc(
            session,
            desk,
            world.incident,
            seen_by=(room,),
            acknowledge_by=now + timedelta(hours=9 - number) if number > 3 else None,
        )
        if number % 3 == 0:
            with transaction(session, desk) as tx:
                feed.pin(tx, post, until=now + timedelta(hours=1))
                feed.unpin(tx, post) if number == 6 else None
    retract(session, desk, publish(session, desk, make_post(session, world.actor("alpha"))))
    for number in range(7):
        make_post(session, world.actor("alpha"), words=f"Store {number} has no power.")
    incident_id, actor = world.incident.id, world.actor(name)
    found, _counts = queries.look(session, world.incident, actor)
    assert found.latest == list_feed(session, incident_id, actor).posts[::-1][: queries.SHOWN]
    assert found.pinned == list_pinned(session, incident_id, actor)
    assert found.to_acknowledge == list_to_acknowledge(session, incident_id, actor)
    assert found.mine == list_mine(session, incident_id, actor).posts[: queries.SHOWN]
    assert found.questions == []


def test_a_question_is_found_however_many_reports_came_after_it(session, world):
    post = make_post(session, world.actor("alpha"))
    with transaction(session, world.actor("moderator")) as tx:
        feed.ask(tx, post, question="Which of the two stores?")
    for number in range(6):
        make_post(session, world.actor("alpha"), words=f"Store {number} has no power.")

    def asked(name):
        found, _counts = queries.look(session, world.incident, world.actor(name))
        return [it.question for it in found.questions]

    assert asked("alpha") == asked("alpha_admin") == ["Which of the two stores?"]
    assert [asked(name) for name in ("bravo", "guild", "moderator", "observer")] == [[]] * 4


# ---------------------------------------------------------------- numbers


def test_where_there_is_no_post_there_are_numbers(session, world):
    posts, counts = queries.look(session, world.incident, world.actor("moderator"))
    assert posts == queries.Posts()
    assert counts == queries.Counts(organizations=4)


def counted(session, world, name):
    return queries.look(session, world.incident, world.actor(name))[1]


def test_what_is_unread_is_counted_up_to_the_mark(session, world):
    posts = [
        publish(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
        for _ in range(3)
    ]
    assert counted(session, world, "bravo").unread == 3
    feed.mark_read(session, world.people["bravo"].id, posts[1])
    assert counted(session, world, "bravo").unread == 1
    assert counted(session, world, "charlie").unread == 3


def test_suspended_organizations_and_agencies_are_not_counted(session, world):
    assert counted(session, world, "alpha").organizations == 4
    suspend_organization(session, world.organization("charlie"))
    assert counted(session, world, "alpha").organizations == 3


def test_the_desk_counts_what_waits_and_what_is_late(session, world, held_clock):
    first = make_post(session, world.actor("alpha"))
    held_clock.tick(16 * 60)
    make_post(session, world.actor("bravo"))
    for name in ("moderator", "mop3", "cikr"):
        found = counted(session, world, name)
        assert (found.waiting, found.late) == (2, 1)
        assert found.waiting_since == first.waiting_since
    for name in ("alpha", "erac", "admin", "observer"):
        assert counted(session, world, name).waiting == 0


def test_what_one_proposed_waits_for_another(session, world):
    post = proposed(world, world.incident)
    needs_second(session, world.incident, needs=False)
    assert counted(session, world, "moderator").proposed == 0
    found = counted(session, world, "moderator2")
    assert (found.proposed, found.proposed_since) == (1, post.waiting_since)
    assert counted(session, world, "cikr").proposed == 0, (
        "CI/KR reads the queue, and decides not"
    )


def test_what_a_reader_doubts_waits_for_the_desk(session, world):
    post = publish(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    with transaction(session, world.actor("bravo")) as tx:
        feed.doubt(tx, post)
    found = counted(session, world, "moderator")
    assert (found.doubted, found.doubted_since) == (1, post.doubted_at)
    retract(session, world.actor("moderator"), post)
    assert counted(session, world, "moderator").doubted == 0


# ---------------------------------------------------------------- who is here


def test_staff_see_cells_and_partners_see_organizations(session, world):
    own = arrive(session, world.actor("alpha"), hours=2)
    arrive(
        session,
        world.actor("alpha_admin"),
        hours=5,
        link="telephone",
        decides=(),
        decides_up_to="",
    )
    arrive(session, world.actor("erac"), assignment="erac", link="seoc")
    for name in ("moderator", "admin"):
        seen = glance(session, world.incident.id, world.actor(name))
        assert [(it.code, it.here) for it in seen.groups] == [("erac", 1), ("company", 2)]
        assert [it.name for it in seen.groups[1].deciders] == ["Alpha Person"]
        assert (seen.here, seen.links) == (3, {"portal": 1, "telephone": 1, "seoc": 1})
        assert (seen.own, seen.organizations, seen.colleagues) == (None, 1, None)
    for name in ("bravo", "observer"):
        seen = glance(session, world.incident.id, world.actor(name))
        assert [(it.code, it.here) for it in seen.groups] == [
            *(("", 1), ("ENER", 1), ("RETAIL", 1))
        ]
        assert not any(it.deciders for it in seen.groups)
        assert (seen.here, seen.links) == (2, {"telephone": 1, "seoc": 1})
    seen = glance(session, world.incident.id, world.actor("alpha"))
    assert seen.own is not None
    assert seen.own.id == own.id
    assert seen.colleagues is not None
    assert (seen.colleagues.here, len(seen.colleagues.deciders)) == (2, 1)


def test_whose_shift_is_over_or_who_left_is_not_here(session, world, held_clock):
    arrive(session, world.actor("alpha"), hours=1)
    leave(session, world.actor("bravo"), arrive(session, world.actor("bravo")))
    held_clock.tick(3601)
    seen = glance(session, world.incident.id, world.actor("moderator"))
    assert (seen.here, seen.groups, seen.organizations) == (0, [], 0)
    assert glance(session, world.incident.id, world.actor("alpha")).own is not None
    assert glance(session, world.incident.id, world.actor("bravo")).own is None


# ---------------------------------------------------------------- what stands for all


def test_the_worst_lifeline_stands_for_a_county():
    found = overall.by_county(
        [said(JASPER, "open"), said(JASPER, "unknown", lifeline="WATER"), said(NEWTON, "open")],
        Age(),
    )
    assert (found[JASPER].standing, found[JASPER].hit) == ("unknown", ("WATER",))
    assert (found[NEWTON].standing, found[NEWTON].hit) == ("open", ())
    assert (found[ADAIR].standing, found[ADAIR].said_at) == ("", None)
    assert len(found) == 1 + 115
    order = sorted(codes.load("standings"), key=overall.rank)
    assert order == ["open", "unknown", "limited", "closed"]


def test_the_worst_county_stands_for_a_region():
    standings = [
        *(said(JASPER, "limited"), said(NEWTON, "closed"), said(ST_LOUIS, "open")),
        said("", "closed", lifeline="COMMS"),
    ]
    found = overall.by_region(standings, Age())
    assert {code: it.standing for code, it in found.items() if it.standing} == {
        "": "closed",
        "C": "open",
        "D": "closed",
    }


def test_lifelines_are_those_of_the_region_and_of_the_whole_state():
    standings = [
        said(JASPER, "limited"),
        said(ST_LOUIS, "closed"),
        said("", "open", lifeline="COMMS"),
    ]

    def shown(*regions):
        found = overall.by_lifeline(standings, regions, Age())
        assert [it.code for it in found] == list(codes.load("lifelines"))
        return {it.code: it.standing for it in found if it.standing}

    assert shown("D") == {"ENERGY": "limited", "COMMS": "open"}
    assert shown("C", "D") == shown() == {"ENERGY": "closed", "COMMS": "open"}
    assert shown("A") == {"COMMS": "open"}


def test_what_is_older_than_a_period_or_no_longer_confirmed_is_old(held_clock):
    now = held_clock.now
    period = Age.of(now - timedelta(hours=1), now + timedelta(hours=7))
    old, new = (
        said(JASPER, "closed", hours=8.1),
        said(JASPER, "open", hours=7.9, lifeline="FHS"),
    )
    over = said(JASPER, "limited", review_by=now - timedelta(seconds=1))
    assert [period.is_old(it) for it in (old, new, over)] == [True, False, True]
    assert Age.of(None, None).is_old(said(JASPER, "open", hours=12.1))
    assert not Age.of(None, None).is_old(said(JASPER, "open", hours=11.9))
    both = overall.overall(JASPER, [old, new], period)
    assert (both.is_aged, both.is_old, both.worst_at) == (True, False, old.said_at)
    assert both.said_at == new.said_at
    alone = overall.overall(JASPER, [old, over], period)
    assert (alone.is_aged, alone.is_old) == (True, True)


def test_every_county_and_region_is_on_the_map():
    assert set(shapes("county")) == set(codes.load("counties"))
    assert set(shapes("region")) == set(codes.load("regions")) == set(outlines().letters)
    for each in shapes("county").values():
        assert 0 < each.x < outlines().width
        assert 0 < each.y < outlines().height


# ---------------------------------------------------------------- what waits


def test_what_is_late_or_due_sooner_stands_first(session, world, held_clock):
    desk, now = world.actor("moderator"), held_clock.now
    for hours in (3, 0.5):
        post_of_seoc(session, desk, world.incident, acknowledge_by=now + timedelta(hours=hours))
    own = arrive(session, world.actor("alpha"), hours=0.25)
    actor, incident = world.actor("alpha"), world.incident
    turns = [
        turn("question", words="How much?"),
        turn("draft"),
        turn("ending", due=now + timedelta(hours=2)),
    ]

    def waiting():
        posts, counts = queries.look(session, incident, actor)
        return todo(incident, actor, posts, counts, own, (turns, None))

    found = waiting()
    kinds = ["shift", "acknowledge", "offer_question", "offer_draft", "offer_ending"]
    assert [it.kind for it in found.tasks] == [*kinds, "acknowledge"]
    assert found.changes_at == found.next_due == own.until
    assert not found.tasks[0].is_late
    held_clock.tick(40 * 60)
    found = waiting()
    assert [it.is_late for it in found.tasks[:3]] == [True, True, False]
    assert found.next_due == own.until


def test_offers_wait_for_erac_as_long_as_one_is_unanswered(world):
    actor, incident = world.actor("erac"), world.incident
    for number, kinds in ((0, ["check_in"]), (3, ["offers", "check_in"])):
        tally = Tally(unanswered=number, late=1, soon=0, mine=0, ending=0)
        found = todo(incident, actor, queries.Posts(), queries.Counts(), None, ([], tally))
        assert [it.kind for it in found.tasks] == kinds


def test_who_runs_the_incident_hears_of_what_it_lacks(world, held_clock):
    incident = world.incident
    lacking = SimpleNamespace(
        is_open=True,
        review_minutes=15,
        telephone="",
        email="seoc@world.example",
        period_ends_at=held_clock.now - timedelta(minutes=1),
    )

    def kinds(of, name):
        found = todo(of, world.actor(name), queries.Posts(), queries.Counts(), None, ([], None))
        return [it.kind for it in found.tasks]

    assert kinds(lacking, "admin") == ["period", "check_in", "contact"]
    assert kinds(lacking, "moderator") == ["check_in"]
    assert kinds(incident, "admin") == ["check_in"]
    assert kinds(lacking, "observer") == []
    assert set(kinds(lacking, "mop3")) <= set(KINDS)
