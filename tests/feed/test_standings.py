"""How lifelines stand where: what was said last, of posts that one may read and that hold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.core import clock
from portal.feed import operations as feed
from portal.feed import queries
from portal.journal.transaction import transaction
from tests.factories import make_post, publish, reject, retract, withdraw_post
from tests.feed.making import post_of_seoc

JASPER, NEWTON, ST_LOUIS = "29097", "29145", "29189"


@pytest.fixture
def say(session, world, held_clock):
    """Publish how a lifeline stands, a minute after what was said before."""

    def publish_standing(
        standing, *, by="alpha", seen_by=("partners",), letting=None, **changes
    ):
        held_clock.tick(60)
        post = make_post(session, world.actor(by), standing=standing, **changes)
        with transaction(session, world.actor("moderator")) as tx:
            feed.publish(tx, post, feed.Letting(seen_by=seen_by, **letting or {}))
        return post

    return publish_standing


@pytest.fixture
def read(session, world):
    """Return what somebody reads: (county, lifeline) to standing."""

    def standings(name="bravo", incident=None):
        incident_id = (incident or world.incident).id
        found = queries.list_standings(session, incident_id, world.actor(name))
        assert len({(it.county, it.lifeline) for it in found}) == len(found)
        return {(it.county, it.lifeline): it.standing for it in found}

    return standings


def test_what_was_said_last_counts_of_each_county_and_lifeline(say, read):
    say("closed", counties=(JASPER, NEWTON))
    say("limited", counties=(JASPER,))
    say("open", counties=(JASPER,), lifeline="WATER")
    assert read() == {
        (JASPER, "ENERGY"): "limited",
        (NEWTON, "ENERGY"): "closed",
        (JASPER, "WATER"): "open",
    }


def test_what_is_said_of_no_county_is_said_of_the_whole_state(say, read):
    say("unknown", counties=())
    assert read() == {("", "ENERGY"): "unknown"}


def test_what_is_not_out_or_was_taken_back_does_not_count(session, world, say, read):
    desk = world.actor("moderator")
    make_post(session, world.actor("alpha"))
    reject(session, desk, make_post(session, world.actor("alpha")))
    withdraw_post(session, world.actor("alpha"), make_post(session, world.actor("alpha")))
    retract(session, desk, say("closed"))
    for name in ("bravo", "moderator", "alpha"):
        assert read(name) == {}


def test_under_what_was_taken_back_lies_what_was_said_before(session, world, say, read):
    say("limited")
    last = say("closed")
    assert read() == {(JASPER, "ENERGY"): "closed"}
    retract(session, world.actor("moderator"), last)
    assert read() == {(JASPER, "ENERGY"): "limited"}


def test_what_was_superseded_does_not_count(session, world, say, read):
    old = say("closed")
    new = say("open", counties=(NEWTON,))
    with transaction(session, world.actor("moderator")) as tx:
        feed.supersede(tx, old, by=new)
    assert read() == {(NEWTON, "ENERGY"): "open"}


def test_what_is_over_does_not_count(held_clock, say, read):
    say("limited")
    say("closed", letting={"ends_at": clock.now() + timedelta(hours=1)})
    assert read() == {(JASPER, "ENERGY"): "closed"}
    held_clock.tick(3601)
    assert read() == {(JASPER, "ENERGY"): "limited"}


def test_what_the_desk_confirmed_is_as_new_as_that(session, world, held_clock, say, read):
    first = say("closed")
    say("open")
    assert read() == {(JASPER, "ENERGY"): "open"}
    held_clock.tick(60)
    review_by = clock.now() + timedelta(hours=4)
    with transaction(session, world.actor("moderator")) as tx:
        feed.confirm(tx, first, review_by=review_by)
    (found,) = queries.list_standings(session, world.incident.id, world.actor("bravo"))
    assert (found.standing, found.said_at) == ("closed", first.confirmed_at)
    assert found.review_by == review_by


def test_a_post_that_does_not_say_how_a_lifeline_stands_does_not_count(
    session, world, say, read
):
    say("", lifeline="ENERGY")
    say("closed", lifeline="")
    post_of_seoc(session, world.actor("moderator"), world.incident, counties=(JASPER,))
    assert read() == {}


def test_each_reads_only_what_was_let_out_to_them(say, read):
    say("closed", by="charlie", seen_by=("sector:FOOD",), counties=("29095",), lifeline="FHS")
    say("limited", seen_by=("region:C",), counties=(ST_LOUIS,))
    say("open", seen_by=("staff",))
    food, region, staff = (
        {("29095", "FHS"): "closed"},
        {(ST_LOUIS, "ENERGY"): "limited"},
        {(JASPER, "ENERGY"): "open"},
    )
    assert read("alpha") == {}
    assert read("guild") == {}
    assert read("observer") == {}
    assert read("bravo") == region
    assert read("charlie") == food
    assert read("moderator") == read("erac") == food | region | staff


def test_incidents_are_apart(world, say, read):
    say("closed")
    assert read(incident=world.daily) == {}


def test_an_own_report_that_others_read_colours_their_pages_alone(session, world, read):
    """The floor shows what the feed shows: of an own report `mine` tells the author."""
    post = make_post(session, world.actor("alpha"))
    publish(session, world.actor("moderator"), post, seen_by=("region:C",))
    assert read("alpha") == {}
    assert read("bravo") == {(JASPER, "ENERGY"): "closed"}
