"""What becomes of an offer that is sent: changed, renewed, answered, taken back, over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.core.actor import SYSTEM
from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.journal.queries import story
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.models import OfferTag
from tests.factories import (
    close_incident,
    decline,
    list_offer,
    make_offer,
    offer_line,
    offer_terms,
    review,
    withdraw_offer,
)
from tests.offers.making import CHECKED, asked, do


def tags(session, offer):
    rows = session.query(OfferTag).filter_by(offer_id=offer.id)
    return {(it.tag, it.submitted_at) for it in rows}


# ---------------------------------------------------------------- changed


def test_a_change_is_reviewed_again_with_the_clock_and_the_checks_anew(
    session, world, held_clock
):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    offer = list_offer(session, erac, make_offer(session, alpha))
    began, sent = offer.answer_by, offer.submitted_at
    held_clock.tick(7200)
    do(session, alpha, offers.change_line, offer, 1, offer_line(amount=5_000))
    assert (offer.state, offer.checks, offer.note) == ("submitted", (), "")
    assert offer.answer_by == held_clock.now + timedelta(minutes=30) > began
    assert offer.escalated_at is None
    assert offer.submitted_at == sent, "it keeps its place among the latest"
    told = story(session, "offer", offer.id)[-1]
    assert (told.move, told.words["lines"][0]["amount"]) == ("revise", 5_000)
    with pytest.raises(FieldError):
        do(session, erac, offers.list_, offer)


def test_every_way_to_change_leads_back_to_review(session, world):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    offer = make_offer(session, alpha)
    changes = [
        (offers.add_line, offer_line()),
        (offers.change_line, 2, offer_line(amount=7_000)),
        (offers.remove_line, 2),
        (offers.settle, offer_terms(compensation="donation")),
    ]
    for editions, (operation, *said) in enumerate(changes, offer.edition + 1):
        do(session, erac, offers.list_, offer, checks=CHECKED)
        do(session, alpha, operation, offer, *said)
        assert (offer.state, offer.edition) == ("submitted", editions)
    assert offer.lines[0].price_cents is None, "a gift has no price"


def test_a_change_answers_the_open_question_and_undoes_no_decline(session, world):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    offer = asked(session, erac, make_offer(session, alpha))
    do(session, alpha, offers.change_line, offer, 1, offer_line(amount=5_000))
    assert (offer.state, offer.question, offer.reply) == ("submitted", "", "")
    decline(session, erac, offer)
    with pytest.raises(StateGoneError):
        do(session, alpha, offers.change_line, offer, 1, offer_line())


def test_a_change_that_leaves_something_out_is_refused(session, world):
    alpha = world.actor("alpha")
    offer = make_offer(session, alpha)
    with pytest.raises(FieldError) as refused:
        do(session, alpha, offers.add_line, offer, offer_line(price_cents=None))
    assert refused.value.field == "price"
    session.refresh(offer)
    assert (len(offer.lines), offer.edition) == (1, 1)


@pytest.mark.parametrize("name", ["bravo", "guild", "erac", "moderator", "admin"])
def test_nobody_else_changes_renews_or_takes_back(session, world, name):
    offer, actor = make_offer(session, world.actor("alpha")), world.actor(name)
    with pytest.raises(NotAllowedError):
        do(session, actor, offers.change_line, offer, 1, offer_line())
    with pytest.raises(NotAllowedError):
        do(session, actor, offers.renew, offer, until=offer.available_until + timedelta(days=1))
    with pytest.raises(NotAllowedError):
        withdraw_offer(session, actor, offer)


def test_tags_follow_the_lines(session, world, held_clock):
    alpha = world.actor("alpha")
    offer = make_offer(session, alpha)
    sent = offer.submitted_at
    assert tags(session, offer) == {
        (it, sent) for it in ("item:FUEL", "county:29097", "region:D")
    }
    held_clock.tick(60)
    generator = offer_line(item="GEN", unit="EA", amount=1_000, county="29189")
    do(session, alpha, offers.change_line, offer, 1, generator)
    assert tags(session, offer) == {
        (it, sent) for it in ("item:GEN", "county:29189", "region:C")
    }


# ---------------------------------------------------------------- renewed


def test_renewing_needs_no_new_review_and_is_possible_after_the_end(session, world, held_clock):
    alpha, erac = world.actor("alpha"), world.actor("erac")
    offer = list_offer(session, erac, make_offer(session, alpha))
    until = offer.available_until + timedelta(days=1)
    do(session, alpha, offers.renew, offer, until=until)
    assert (offer.state, offer.available_until, offer.checks) == ("listed", until, CHECKED)
    held_clock.set(until + timedelta(days=5))
    assert offer.is_over
    do(session, alpha, offers.renew, offer, until=held_clock.now + timedelta(days=1))
    assert not offer.is_over
    assert offer.state == "listed"


def test_renewing_means_longer_and_not_too_long(session, world, held_clock):
    alpha = world.actor("alpha")
    offer = make_offer(session, alpha)
    now, until = held_clock.now, offer.available_until
    for wrong in (
        now - timedelta(hours=1),
        now + timedelta(minutes=30),
        until - timedelta(hours=1),
        until,
        now + timedelta(days=400),
    ):
        with pytest.raises(FieldError) as refused:
            do(session, alpha, offers.renew, offer, until=wrong)
        assert refused.value.field == "available_until"
    assert offer.available_until == until


def test_an_owner_who_renewed_is_warned_of_the_new_end(session, world):
    alpha = world.actor("alpha")
    offer = make_offer(session, alpha)
    do(session, SYSTEM, offers.warn, offer)
    assert offer.warned_at is not None
    do(session, alpha, offers.renew, offer, until=offer.available_until + timedelta(days=1))
    assert offer.warned_at is None


# ---------------------------------------------------------------- answered, taken back, over


def test_the_erac_cell_answers_and_the_owner_reads_why(session, world):
    erac, alpha = world.actor("erac"), world.actor("alpha")
    offer = decline(session, erac, review(session, erac, make_offer(session, alpha)))
    assert (offer.state, offer.reason, offer.note) == ("declined", "not_needed", "Enough now.")
    told = queries.story_for(session, offer, alpha)
    assert [it.move for it in told][-3:] == ["submit", "review", "decline"]
    for again in (review, list_offer, decline):
        with pytest.raises(StateGoneError):
            again(session, erac, offer)
    with pytest.raises(StateGoneError):
        withdraw_offer(session, alpha, offer)


@pytest.mark.parametrize("name", ["alpha_admin", "moderator", "mop3", "logistics", "admin"])
def test_nobody_else_answers(session, world, name):
    offer = make_offer(session, world.actor("alpha"))
    for answer in (review, list_offer, decline, asked):
        with pytest.raises(NotAllowedError):
            answer(session, world.actor(name), offer)
    assert offer.state == "submitted"


def test_a_colleague_may_withdraw_a_listed_offer_and_a_competitor_not(session, world):
    offer = list_offer(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    with pytest.raises(NotAllowedError):
        withdraw_offer(session, world.actor("bravo"), offer)
    do(session, world.actor("alpha_admin"), offers.withdraw, offer, note="Sold.")
    assert offer.state == "withdrawn"
    assert story(session, "offer", offer.id)[-1].words == {"note": "Sold."}


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
    with pytest.raises(StateGoneError):
        do(
            session,
            alpha,
            offers.renew,
            listed,
            until=listed.available_until + timedelta(days=1),
        )
