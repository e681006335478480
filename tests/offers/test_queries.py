"""Lists of offers: whose, in which order, how many, and without which fields."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.journal.audience import AUDIT, ERAC, org
from portal.offers import queries
from tests.factories import decline, list_offer, make_offer, open_incident


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("erac", ERAC),
        ("records", AUDIT),
        ("admin", AUDIT),
        ("moderator", None),
        ("mop3", None),
        ("logistics", None),
        ("observer", None),
    ],
)
def test_staff_read_offers_by_their_desk(world, name, room):
    assert queries.room_of(world.actor(name)) == room


def test_partners_read_their_own(world):
    for name in ("alpha", "alpha_admin", "guild"):
        actor = world.actor(name)
        assert queries.room_of(actor) == org(actor.organization_id)


def test_a_list_holds_one_rooms_offers_latest_first(session, world):
    incident = world.incident.id
    mine = [make_offer(session, world.actor("alpha")).reference for _ in range(3)]
    other = make_offer(session, world.actor("bravo")).reference
    alpha = org(world.organizations["alpha"].id)
    listed = queries.list_offers(session, incident, alpha)
    assert [view.reference for view in listed] == mine[::-1]
    everything = [view.reference for view in queries.list_offers(session, incident, ERAC)]
    assert everything == [other, *mine[::-1]]
    before = listed[0].sort
    assert len(queries.list_offers(session, incident, alpha, before=before)) == 2
    assert queries.list_offers(session, 0, ERAC) == []


def test_the_record_keeps_offers_without_prices_contracts_and_members(session, world):
    member = world.organizations["bravo"].reference
    row = make_offer(session, world.actor("guild"), member=member)
    offer = queries.offers_by_id(session, [row.id])[row.id]
    for room in (ERAC, org(offer.organization_id)):
        view = queries.project(offer, room)
        assert (view.price_cents, view.member) == (389, "Bravo Petroleum")
    record = queries.project(offer, AUDIT)
    assert (record.price_cents, record.contract, record.member) == (None, None, None)
    assert record.description == "Diesel, delivered."
    for room in ("partners", "staff", "cell:moderator", org(world.organizations["bravo"].id)):
        assert queries.project(offer, room) is None


def test_a_person_of_two_desks_reads_the_most_that_either_may(session, world):
    row = make_offer(session, world.actor("alpha"))
    offer = queries.offers_by_id(session, [row.id])[row.id]
    assert queries.whole(offer, {AUDIT, ERAC}).price_cents == 389
    assert queries.whole(offer, {AUDIT, "staff"}).price_cents is None
    assert queries.whole(offer, {"staff", "partners"}) is None


def test_what_is_over_waits_for_nobody(session, world, held_clock):
    alpha, erac, incident = world.actor("alpha"), world.actor("erac"), world.incident.id
    offers = [make_offer(session, alpha) for _ in range(4)]
    decline(session, erac, offers[0])
    list_offer(session, erac, offers[1])
    assert queries.count_waiting(session, incident) == 2
    assert queries.count_open(session, incident) == (2, 1)
    held_clock.tick(timedelta(days=3).total_seconds())
    assert queries.count_waiting(session, incident) == 0
    assert queries.count_open(session, incident) == (0, 0)


def test_an_offer_is_found_only_in_its_incident_and_by_those_it_is_for(session, world):
    other = open_incident(session, world.actor("admin"), code="EX28")
    offer = make_offer(session, world.actor("alpha"), other)
    knowing = {"alpha", "alpha_admin", "erac", "admin", "records"}
    for name in world.people:
        actor = world.actor(name)
        found = queries.get_offer(session, other.id, offer.reference, actor)
        assert (found is not None) is (name in knowing), name
        assert queries.get_offer(session, world.incident.id, offer.reference, actor) is None
