"""Lists of offers: whose, in which order, how many, and without which fields."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.journal.audience import AUDIT, ERAC, org, rooms_of
from portal.offers import operations as offers
from portal.offers import queries
from tests.factories import decline, list_offer, make_offer, offer_line, open_incident
from tests.offers.making import asked, begun, do, draft, entered


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
    draft(session, world.actor("alpha"))
    alpha = org(world.organizations["alpha"].id)
    listed = queries.list_offers(session, incident, alpha)
    assert [view.reference for view in listed] == mine[::-1]
    everything = [view.reference for view in queries.list_offers(session, incident, ERAC)]
    assert everything == [other, *mine[::-1]]
    before = listed[0].sort
    assert len(queries.list_offers(session, incident, alpha, before=before)) == 2
    assert queries.list_offers(session, 0, ERAC) == []


# ---------------------------------------------------------------- who knows what


def test_the_record_keeps_offers_without_what_is_between_the_parties(session, world):
    member = world.organizations["bravo"].reference
    row = make_offer(
        session,
        world.actor("guild"),
        member=member,
        price_until=world.incident.opened_at + timedelta(days=30),
    )
    do(session, world.actor("erac"), offers.vet, row, checks=("caller",))
    offer = queries.offers_by_id(session, [row.id])[row.id]
    for room in (ERAC, org(offer.organization_id)):
        view = queries.project(offer, room)
        assert (view.lines[0].price_cents, view.lines[0].member) == (389, "Bravo Petroleum")
        assert (view.telephone, view.contact) == ("417-555-0142", "Dispatch")
        assert view.price_until is not None
        assert view.checks == (("caller",) if room == ERAC else ())
    record = queries.project(offer, AUDIT)
    assert (record.lines[0].price_cents, record.lines[0].member) == (None, None)
    assert (record.contract, record.telephone, record.contact) == ("", "", "")
    assert (record.spoken_by, record.assignee, record.price_until) == ("", "", None)
    assert (record.checks, record.assignee_id) == ((), None)
    assert record.lines[0].description == "Diesel, delivered."
    for room in ("partners", "staff", "cell:moderator", org(world.organizations["bravo"].id)):
        assert queries.project(offer, room) is None


def test_a_person_of_two_desks_reads_the_most_that_either_may(session, world):
    row = make_offer(session, world.actor("alpha"))
    offer = queries.offers_by_id(session, [row.id])[row.id]
    assert queries.whole(offer, {AUDIT, ERAC}).lines[0].price_cents == 389
    assert queries.whole(offer, {AUDIT, "staff"}).lines[0].price_cents is None
    assert queries.whole(offer, {"staff", "partners"}) is None


def found_by(session, world, offer):
    """Return who finds an offer by its reference, and who reads it in a list or as a draft."""
    found, listed = set(), set()
    for name in world.people:
        actor, incident_id = world.actor(name), offer.incident_id
        if queries.get_offer(session, incident_id, offer.reference, actor):
            found.add(name)
        room = queries.room_of(actor)
        views = queries.list_offers(session, incident_id, room) if room else []
        views += queries.list_drafts(session, incident_id, actor)
        if any(view.reference == offer.reference for view in views):
            listed.add(name)
        assert queries.get_offer(session, 0, offer.reference, actor) is None, "another incident"
    return found, listed


def test_a_draft_is_its_organizations_alone(session, world):
    own = {"alpha", "alpha_admin"}
    offer = draft(session, world.actor("alpha"))
    assert found_by(session, world, offer) == (own, own), (
        "neither ERAC's nor an administrator's"
    )
    do(session, world.actor("alpha"), offers.discard, offer)
    assert found_by(session, world, offer) == (own, set())


def test_what_is_entered_for_a_caller_is_eracs_alone_until_it_is_sent(session, world):
    offer = entered(session, world)
    assert found_by(session, world, offer) == ({"erac"}, {"erac"})
    do(session, world.actor("erac"), offers.submit, offer)
    knowing = {"alpha", "alpha_admin", "erac", "admin", "records"}
    assert found_by(session, world, offer) == (knowing, knowing)


def test_an_umbrella_offer_is_unknown_to_its_members_and_to_competitors(session, world):
    other = open_incident(session, world.actor("admin"), code="EX28")
    member = world.organizations["bravo"].reference
    offer = make_offer(session, world.actor("guild"), other, member=member)
    knowing = {"guild", "erac", "admin", "records"}
    assert found_by(session, world, offer) == (knowing, knowing)


def test_drafts_are_the_last_changed_first(session, world, held_clock):
    alpha, incident = world.actor("alpha"), world.incident.id
    made = []
    for _ in range(3):
        made.append(begun(session, alpha))
        held_clock.tick(60)
    do(session, world.actor("alpha_admin"), offers.add_line, made[0], offer_line())
    drafts = queries.list_drafts(session, incident, alpha)
    assert [it.reference for it in drafts] == [made[i].reference for i in (0, 2, 1)]


# ---------------------------------------------------------------- what waits for whom


def test_what_is_over_waits_for_nobody(session, world, held_clock):
    alpha, erac, incident = world.actor("alpha"), world.actor("erac"), world.incident.id
    made = [make_offer(session, alpha) for _ in range(5)]
    draft(session, alpha)
    decline(session, erac, made[0])
    list_offer(session, erac, made[1])
    asked(session, erac, made[2])
    assert queries.count_open(session, incident) == (3, 1)
    assert queries.tally(session, incident, erac).unanswered == 2
    held_clock.tick(timedelta(days=3).total_seconds())
    assert queries.count_open(session, incident) == (0, 0)
    assert queries.tally(session, incident, erac).unanswered == 0


def test_the_owners_turns_are_questions_drafts_and_what_ends(session, world, held_clock):
    alpha, erac, incident = world.actor("alpha"), world.actor("erac"), world.incident.id
    ending = list_offer(session, erac, make_offer(session, alpha))
    brief = make_offer(session, alpha, available_until=held_clock.now + timedelta(hours=20))
    held_clock.tick(timedelta(hours=25).total_seconds())
    prepared = draft(session, alpha)
    question = asked(session, erac, make_offer(session, alpha), "Since when?")
    make_offer(session, alpha)
    turns = queries.list_turns(session, incident, alpha)
    assert [(it.kind, it.reference, it.words) for it in turns] == [
        ("question", question.reference, "Since when?"),
        ("ending", ending.reference, ""),
        ("draft", prepared.reference, ""),
    ]
    assert [it.due for it in turns] == [question.answer_by, ending.available_until, None]
    assert brief.is_over
    for name in ("bravo", "guild", "erac", "admin", "observer"):
        assert queries.list_turns(session, incident, world.actor(name)) == []


def test_a_reader_of_the_record_reads_no_draft(session, world):
    offer = draft(session, world.actor("alpha"))
    read = queries.offers_by_id(session, [offer.id])[offer.id]
    for name in ("erac", "admin", "records", "moderator", "bravo", "guild"):
        assert queries.whole(read, rooms_of(world.actor(name))) is None, name
