"""What can be done with offers, and what the rules refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.journal.audience import AUDIT, ERAC, org
from portal.journal.queries import story
from portal.offers.models import Offer
from tests.factories import (
    close_incident,
    decline,
    list_offer,
    make_offer,
    review,
    withdraw_offer,
)


def test_an_offer_is_between_its_owner_the_erac_cell_and_the_record(session, world):
    alpha = world.actor("alpha")
    offer = make_offer(session, alpha)
    assert (offer.state, offer.organization_id) == ("submitted", alpha.organization_id)
    assert offer.audience == {org(offer.organization_id), ERAC, AUDIT}
    assert (offer.amount, offer.price_cents, offer.member_id) == (1_000_000, 389, None)
    (told,) = story(session, "offer", offer.id)
    assert "price_cents" not in told.words, "prices stay out of the record"
    assert told.words["amount"] == "1000000"


@pytest.mark.parametrize("name", ["erac", "moderator", "admin", "observer"])
def test_only_partners_offer(session, world, name):
    with pytest.raises(NotAllowedError):
        make_offer(session, world.actor(name), world.incident)
    assert session.scalar(select(Offer.id)) is None


NOW = clock.now()

REFUSED = [
    ("unit", {"unit": "EA"}),
    ("amount", {"item": "GEN", "unit": "EA", "amount": 1_500}),
    ("price", {"price_cents": None}),
    ("price", {"price_cents": 0}),
    ("contract", {"compensation": "state_contract"}),
    ("available_until", {"available_until": NOW - timedelta(hours=1)}),
    ("available_until", {"available_from": NOW + timedelta(days=3)}),
    ("available_until", {"available_until": NOW + timedelta(days=3650)}),
    ("available_from", {"available_from": NOW - timedelta(days=9)}),
    ("member", {"member": "NOBODY00"}),
]


@pytest.mark.parametrize(("field", "changes"), REFUSED, ids=[str(it) for it in range(10)])
def test_what_contradicts_itself_is_refused_at_a_field(session, world, field, changes):
    with pytest.raises(FieldError) as refused:
        make_offer(session, world.actor("alpha"), **changes)
    assert refused.value.field == field
    assert session.scalar(select(Offer.id)) is None


def test_a_price_or_contract_that_the_terms_do_not_ask_for_is_dropped(session, world):
    gift = make_offer(session, world.actor("alpha"), compensation="donation", contract="C1")
    assert (gift.price_cents, gift.contract) == (None, "")
    under = make_offer(
        session, world.actor("alpha"), compensation="state_contract", contract="C1"
    )
    assert (under.price_cents, under.contract) == (None, "C1")


def test_an_association_offers_for_its_members_and_nobody_else_does(session, world):
    parties = world.organizations
    offer = make_offer(session, world.actor("guild"), member=parties["bravo"].reference)
    assert offer.member_id == parties["bravo"].id
    assert org(parties["bravo"].id) not in offer.audience, "not even the member itself"
    for name, member in (("guild", "charlie"), ("guild", "guild"), ("alpha", "bravo")):
        with pytest.raises(FieldError) as refused:
            make_offer(session, world.actor(name), member=parties[member].reference)
        assert refused.value.field == "member"


def test_the_erac_cell_answers_and_the_owner_reads_why(session, world):
    erac, alpha = world.actor("erac"), world.actor("alpha")
    offer = decline(session, erac, review(session, erac, make_offer(session, alpha)))
    assert (offer.state, offer.reason, offer.note) == ("declined", "not_needed", "Enough now.")
    assert [told.move for told in story(session, "offer", offer.id)] == [
        "submit",
        "review",
        "decline",
    ]
    for again in (review, list_offer, decline):
        with pytest.raises(StateGoneError):
            again(session, erac, offer)
    with pytest.raises(StateGoneError):
        withdraw_offer(session, alpha, offer)


@pytest.mark.parametrize("name", ["alpha_admin", "moderator", "mop3", "logistics", "admin"])
def test_nobody_else_answers(session, world, name):
    offer = make_offer(session, world.actor("alpha"))
    for answer in (review, list_offer, decline):
        with pytest.raises(NotAllowedError):
            answer(session, world.actor(name), offer)
    assert offer.state == "submitted"


def test_a_colleague_may_withdraw_a_listed_offer_and_a_competitor_not(session, world):
    offer = list_offer(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    with pytest.raises(NotAllowedError):
        withdraw_offer(session, world.actor("bravo"), offer)
    assert withdraw_offer(session, world.actor("alpha_admin"), offer).state == "withdrawn"


def test_an_offer_is_over_by_the_clock_even_if_nobody_says_so(session, world, held_clock):
    offer = make_offer(session, world.actor("alpha"))
    assert not offer.is_over
    held_clock.set(offer.available_until - timedelta(seconds=1))
    assert not offer.is_over
    held_clock.tick(1)
    assert offer.is_over
    declined = decline(session, world.actor("erac"), offer)
    assert not declined.is_over, "it was answered; that is the last word"


def test_an_incident_takes_its_offers_with_it(session, world):
    incident, alpha, erac = world.incident, world.actor("alpha"), world.actor("erac")
    waiting = make_offer(session, alpha, incident)
    listed = list_offer(session, erac, make_offer(session, alpha, incident))
    close_incident(session, incident)
    assert waiting.is_over
    assert listed.is_over
    with pytest.raises(StateGoneError):
        make_offer(session, alpha, incident)
    with pytest.raises(StateGoneError):
        list_offer(session, erac, waiting)
    with pytest.raises(StateGoneError):
        withdraw_offer(session, alpha, listed)
