"""Preparing an offer: lines, terms, and what the rules refuse before it is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.journal.audience import AUDIT, ERAC, org
from portal.journal.queries import story
from portal.offers import operations as offers
from portal.offers.models import Offer, OfferLine
from portal.offers.operations import Caller, offering
from portal.offers.operations.inputs import MOST_LINES
from tests.factories import close_incident, make_offer, offer_line, offer_terms
from tests.offers.making import begun, do, draft, entered


def moves(session, offer):
    return [told.move for told in story(session, "offer", offer.id)]


def test_the_first_line_begins_a_draft_of_the_organization_alone(session, world):
    alpha = world.actor("alpha")
    offer = begun(session, alpha)
    assert (offer.state, offer.organization_id) == ("draft", alpha.organization_id)
    assert offer.audience == {org(alpha.organization_id)}, "neither ERAC nor the record"
    assert offer.available_until - offer.available_from == timedelta(hours=48)
    assert (offer.compensation, offer.submitted_at, offer.answer_by) == ("", None, None)
    (line,) = offer.lines
    assert (line.number, line.label, line.kind) == (1, "Bulk fuel", "Supplies")
    assert moves(session, offer) == ["begin"]


@pytest.mark.parametrize("name", ["erac", "moderator", "admin", "observer"])
def test_only_partners_begin_offers(session, world, name):
    with pytest.raises(NotAllowedError):
        begun(session, world.actor(name), world.incident)
    assert session.scalar(select(Offer.id)) is None


@pytest.mark.parametrize("name", ["alpha", "moderator", "admin", "logistics"])
def test_only_the_cell_enters_offers_for_callers(session, world, name):
    caller = Caller(world.organization("alpha"), "Pat")
    with pytest.raises(NotAllowedError):
        do(
            session,
            world.actor(name),
            offers.enter,
            world.incident,
            offer_line(),
            caller=caller,
        )


def test_what_the_cell_enters_is_the_callers_once_it_is_sent(session, world):
    offer, alpha = entered(session, world), world.actor("alpha")
    assert offer.organization_id == alpha.organization_id
    assert offer.spoken_by == "Pat on the telephone"
    assert offer.audience == {ERAC}
    do(session, world.actor("erac"), offers.submit, offer)
    assert offer.audience == {org(offer.organization_id), ERAC, AUDIT}
    do(session, alpha, offers.withdraw, offer)
    assert offer.state == "withdrawn"


# ---------------------------------------------------------------- lines

REFUSED_LINES = [
    ("item", {"item": "MONEY"}),
    ("unit", {"unit": "EA"}),
    ("amount", {"item": "GEN", "unit": "EA", "amount": 1_500}),
    ("smallest", {"item": "GEN", "unit": "EA", "amount": 2_000, "smallest": 500}),
    ("smallest", {"smallest": 1_000_001}),
    ("member", {"member": "NOBODY00"}),
]


@pytest.mark.parametrize(("field", "changes"), REFUSED_LINES)
def test_a_line_that_contradicts_the_catalogue_is_refused_at_a_field(
    session, world, field, changes
):
    alpha = world.actor("alpha")
    offer = begun(session, alpha)
    for operation, *rows in ((offers.begin, world.incident), (offers.add_line, offer)):
        with pytest.raises(FieldError) as refused:
            do(session, alpha, operation, *rows, offer_line(**changes))
        assert refused.value.field == field
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.change_line, offer, 1, offer_line(**changes))
    assert refused.value.field == field
    assert session.query(OfferLine).count() == 1
    assert moves(session, offer) == ["begin"]


def test_all_or_nothing_has_no_smallest_part(session, world):
    offer = begun(session, world.actor("alpha"), may_split=False, smallest=5_000)
    assert (offer.lines[0].may_split, offer.lines[0].smallest) == (False, None)


def test_what_was_not_answered_about_an_item_is_not_kept(session, world):
    offer = begun(session, world.actor("alpha"), about={"product": "propane", "meter": ""})
    assert offer.lines[0].about == {"product": "propane"}


def test_lines_come_change_and_go_and_keep_their_numbers(session, world):
    alpha = world.actor("alpha")
    offer = begun(session, alpha)
    do(session, alpha, offers.add_line, offer, offer_line(amount=2_000))
    do(session, alpha, offers.add_line, offer, offer_line(item="GEN", unit="EA", amount=3_000))
    do(session, alpha, offers.remove_line, offer, 2)
    do(session, alpha, offers.add_line, offer, offer_line(amount=4_000))
    do(session, alpha, offers.change_line, offer, 3, offer_line(amount=9_000))
    assert [(it.number, it.item, it.amount) for it in offer.lines] == [
        (1, "FUEL", 1_000_000),
        (3, "FUEL", 9_000),
        (4, "FUEL", 4_000),
    ]
    assert moves(session, offer) == ["begin", *["edit"] * 5]
    assert all(it.words == {} for it in story(session, "offer", offer.id)), "nothing is told"
    for number in (2, 99):
        for act in (
            lambda n: do(session, alpha, offers.remove_line, offer, n),
            lambda n: do(session, alpha, offers.change_line, offer, n, offer_line()),
        ):
            with pytest.raises(FieldError):
                act(number)


def test_an_offer_has_one_line_at_least_and_no_more_than_anybody_reads(
    session, world, monkeypatch
):
    assert MOST_LINES == 200
    monkeypatch.setattr(offering, "MOST_LINES", 3)
    alpha = world.actor("alpha")
    offer = begun(session, alpha)
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.remove_line, offer, 1)
    assert refused.value.field == "item"
    for _ in range(2):
        do(session, alpha, offers.add_line, offer, offer_line())
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.add_line, offer, offer_line())
    assert refused.value.field == "item"


def test_an_association_offers_for_its_members_and_nobody_else_does(session, world):
    parties = world.organizations
    offer = make_offer(session, world.actor("guild"), member=parties["bravo"].reference)
    assert offer.lines[0].member_id == parties["bravo"].id
    assert org(parties["bravo"].id) not in offer.audience, "not even the member itself"
    for name, member in (("guild", "charlie"), ("guild", "guild"), ("alpha", "bravo")):
        with pytest.raises(FieldError) as refused:
            begun(session, world.actor(name), member=parties[member].reference)
        assert refused.value.field == "member"


# ---------------------------------------------------------------- terms

NOW = clock.now()

REFUSED_TERMS = [
    ("compensation", {"compensation": ""}),
    ("compensation", {"compensation": "free"}),
    ("contract", {"compensation": "state_contract"}),
    ("vouched", {"vouched": False}),
    ("price_1", {"prices": {1: None}}),
    ("price_until", {"price_until": NOW - timedelta(hours=1)}),
    ("available_until", {"available_until": NOW - timedelta(hours=1)}),
    ("available_until", {"available_until": NOW + timedelta(minutes=59)}),
    ("available_until", {"available_from": NOW + timedelta(days=3)}),
    ("available_until", {"available_until": NOW + timedelta(days=367)}),
    ("available_from", {"available_from": NOW - timedelta(days=8)}),
    ("lead_hours", {"lead_hours": -1}),
    ("lead_hours", {"lead_hours": 721}),
    ("reach_miles", {"reach_miles": 0}),
    ("reach_miles", {"reach_miles": 3001}),
    ("contact", {"contact": ""}),
    ("telephone", {"telephone": ""}),
]


@pytest.mark.parametrize(
    ("field", "changes"),
    REFUSED_TERMS,
    ids=[f"{n} {it[0]}" for n, it in enumerate(REFUSED_TERMS)],
)
def test_terms_that_cannot_be_are_refused_at_a_field(session, world, field, changes):
    alpha = world.actor("alpha")
    offer = begun(session, alpha)
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.settle, offer, offer_terms(**changes))
    assert refused.value.field == field
    session.refresh(offer)
    assert (offer.compensation, offer.state, offer.edition) == ("", "draft", 1)
    assert moves(session, offer) == ["begin"]


def test_a_price_a_contract_and_a_reach_that_nothing_asks_for_are_dropped(session, world):
    alpha = world.actor("alpha")
    later = clock.now() + timedelta(hours=9)
    gift = draft(
        session, alpha, compensation="donation", contract="C1", price_until=later, reach_miles=9
    )
    assert (gift.lines[0].price_cents, gift.price_until) == (None, None)
    assert (gift.contract, gift.reach_miles) == ("", None)
    kept = draft(
        session,
        alpha,
        compensation="state_contract",
        contract="C1",
        transport="delivers",
        reach_miles=9,
    )
    assert (kept.lines[0].price_cents, kept.contract, kept.reach_miles) == (None, "C1", 9)


def test_one_place_and_a_price_for_each_line(session, world):
    alpha = world.actor("alpha")
    offer = begun(session, alpha, price_cents=None)
    do(session, alpha, offers.add_line, offer, offer_line(price_cents=None))
    terms = offer_terms(prices={1: 100, 2: 200}, where=("29145", "Monett"))
    do(session, alpha, offers.settle, offer, terms)
    assert [(it.price_cents, it.county, it.place) for it in offer.lines] == [
        (100, "29145", "Monett"),
        (200, "29145", "Monett"),
    ]
    do(session, alpha, offers.settle, offer, offer_terms(prices={2: 300}))
    assert [(it.price_cents, it.county) for it in offer.lines] == [
        (100, "29145"),
        (300, "29145"),
    ]


# ---------------------------------------------------------------- sending, discarding, again


def test_sending_begins_the_promise(session, world, held_clock):
    alpha = world.actor("alpha")
    offer = draft(session, alpha)
    held_clock.tick(600)
    do(session, alpha, offers.submit, offer)
    assert offer.audience == {org(alpha.organization_id), ERAC, AUDIT}
    assert (offer.state, offer.submitted_at, offer.priority) == (
        "submitted",
        held_clock.now,
        "urgent",
    )
    assert offer.waiting_since == held_clock.now
    assert offer.answer_by == held_clock.now + timedelta(minutes=30)
    assert offer.escalate_at == held_clock.now + timedelta(minutes=22, seconds=30)
    told = story(session, "offer", offer.id)[-1]
    assert told.words["lines"][0]["amount"] == 1_000_000
    assert told.words["terms"]["telephone"] == "417-555-0142"
    assert told.words["answer_by"] == offer.answer_by.isoformat()


def test_the_most_pressing_item_says_how_soon_it_is_answered(session, world, held_clock):
    alpha = world.actor("alpha")
    light = {"item": "LIGHT", "unit": "EA", "amount": 1_000}
    routine = make_offer(session, alpha, **light)
    assert routine.answer_by == held_clock.now + timedelta(minutes=60)
    with_fuel = draft(session, alpha, **light)
    do(session, alpha, offers.add_line, with_fuel, offer_line())
    do(session, alpha, offers.submit, with_fuel)
    assert (routine.priority, with_fuel.priority) == ("routine", "urgent")


def test_nobody_promises_an_answer_after_the_offers_own_end(session, world, held_clock):
    alpha = world.actor("alpha")
    offer = draft(session, alpha, available_until=held_clock.now + timedelta(minutes=61))
    held_clock.tick(120)
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.submit, offer)
    assert refused.value.field == "available_until"
    held_clock.tick(-90)
    light = {"item": "LIGHT", "unit": "EA", "amount": 1_000}
    until = held_clock.now + timedelta(minutes=60)
    short = make_offer(session, alpha, **light, available_until=until)
    held_clock.tick(60)
    do(session, world.actor("erac"), offers.prioritize, short, priority="low")
    assert short.answer_by == until


def test_what_is_not_ready_is_not_sent(session, world, held_clock):
    alpha = world.actor("alpha")
    offer = begun(session, alpha)
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.submit, offer)
    assert refused.value.field == "compensation"
    settled = draft(session, alpha, available_until=clock.now() + timedelta(minutes=61))
    held_clock.tick(120)
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.submit, settled)
    assert refused.value.field == "available_until"


def test_members_have_to_agree_before_their_association_sends(session, world):
    guild, bravo = world.actor("guild"), world.organizations["bravo"].reference
    offer = draft(session, guild, member=bravo)
    with pytest.raises(FieldError) as refused:
        do(session, guild, offers.submit, offer)
    assert refused.value.field == "on_behalf"
    do(session, guild, offers.submit, offer, on_behalf=True)
    assert offer.state == "submitted"


def test_a_colleague_goes_on_and_a_competitor_does_not(session, world):
    offer = draft(session, world.actor("alpha"))
    for name in ("bravo", "guild", "moderator", "erac", "admin"):
        for operation in (offers.submit, offers.discard):
            with pytest.raises(NotAllowedError):
                do(session, world.actor(name), operation, offer)
        with pytest.raises(NotAllowedError):
            do(session, world.actor(name), offers.add_line, offer, offer_line())
    do(session, world.actor("alpha_admin"), offers.submit, offer)


def test_a_discarded_draft_comes_back_for_nobody(session, world):
    alpha = world.actor("alpha")
    offer = draft(session, alpha)
    do(session, alpha, offers.discard, offer)
    assert (offer.state, offer.audience) == ("discarded", {org(alpha.organization_id)})
    for operation in (offers.submit, offers.discard, offers.withdraw):
        with pytest.raises(StateGoneError):
            do(session, alpha, operation, offer)
    with pytest.raises(StateGoneError):
        do(session, alpha, offers.settle, offer, offer_terms())


def test_a_closed_incident_takes_no_offer_but_lets_a_draft_go(session, world):
    incident, alpha = world.incident, world.actor("alpha")
    offer = draft(session, alpha)
    close_incident(session, incident)
    with pytest.raises(StateGoneError):
        begun(session, alpha, incident)
    with pytest.raises(StateGoneError):
        entered(session, world, incident)
    with pytest.raises(StateGoneError):
        do(session, alpha, offers.submit, offer)
    with pytest.raises(StateGoneError):
        do(session, alpha, offers.add_line, offer, offer_line())
    do(session, alpha, offers.discard, offer)
    assert offer.state == "discarded"


def test_an_offer_is_made_again_as_it_was_from_now_on(session, world, held_clock):
    alpha = world.actor("alpha")
    price_until = held_clock.now + timedelta(hours=2)
    before = make_offer(
        session, alpha, about={"product": "propane"}, insurance="Ours.", price_until=price_until
    )
    do(session, alpha, offers.withdraw, before)
    held_clock.tick(timedelta(days=30).total_seconds())
    again = do(session, world.actor("alpha_admin"), offers.again, before)
    assert again.reference != before.reference
    assert (again.state, again.submitted_at, again.edition) == ("draft", None, 1)
    assert again.available_from == held_clock.now
    assert again.available_until == held_clock.now + timedelta(days=2)
    assert again.price_until is None, "prices of then hold no longer"
    assert (again.insurance, again.telephone) == ("Ours.", "417-555-0142")
    assert [(it.item, it.amount, it.about, it.price_cents) for it in again.lines] == [
        ("FUEL", 1_000_000, {"product": "propane"}, 389)
    ]
    do(session, alpha, offers.submit, again)
    assert (again.state, before.state) == ("submitted", "withdrawn")
    assert len(before.lines) == 1
