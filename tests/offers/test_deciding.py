"""What the ERAC cell does with an offer, and the promise: who is told when time runs out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.core.actor import SYSTEM
from portal.core.errors import FieldError, NotAllowedError, StateGoneError
from portal.journal.queries import story
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.states import INTERNAL
from tests.factories import close_incident, decline, list_offer, make_offer, review
from tests.offers.making import CHECKED, asked, begun, do


@pytest.fixture
def offer(session, world):
    """An offer of Alpha's that waits; fuel is urgent."""
    return make_offer(session, world.actor("alpha"))


# ---------------------------------------------------------------- listing and checking


def test_nothing_is_listed_before_what_has_to_be_checked_is(session, world, offer):
    erac = world.actor("erac")
    for checks, missing in (((), "Caller known, No duplicate"), (("caller",), "No duplicate")):
        with pytest.raises(FieldError, match=f"Check first: {missing}\\.") as refused:
            do(session, erac, offers.list_, offer, checks=checks)
        assert refused.value.field == "checks"
    do(session, erac, offers.vet, offer, checks=("terms", "caller", "caller"))
    assert offer.checks == ("caller", "terms"), "in the list's order, each once"
    do(session, erac, offers.list_, offer, note="We call.", checks=("duplicates",))
    assert (offer.state, offer.note) == ("listed", "We call.")
    assert offer.checks == ("caller", "duplicates", "terms")
    assert offer.answered_at is not None


def test_a_check_can_be_taken_back_and_must_be_one_of_the_list(session, world, offer):
    erac = world.actor("erac")
    do(session, erac, offers.vet, offer, checks=CHECKED)
    do(session, erac, offers.vet, offer, checks=("caller",))
    assert offer.checks == ("caller",)
    for operation in (offers.vet, offers.list_):
        with pytest.raises(FieldError):
            do(session, erac, operation, offer, checks=(*CHECKED, "luck"))


def test_who_takes_an_offer_works_on_it_and_may_hand_it_over(session, world, offer):
    erac = world.actor("erac")
    review(session, erac, offer)
    assert (offer.state, offer.assignee_id) == ("in_review", erac.person_id)
    other = world.person("moderator")
    do(session, erac, offers.assign, offer, other)
    assert (offer.assignee_id, offer.state) == (other.id, "in_review")
    assert story(session, "offer", offer.id)[-1].words == {"person": other.name}


@pytest.mark.parametrize("name", ["alpha", "moderator", "admin", "logistics"])
def test_the_cells_own_moves_are_nobody_elses(session, world, offer, name):
    actor = world.actor(name)
    tried = [
        (offers.vet, {"checks": CHECKED}),
        (offers.prioritize, {"priority": "low"}),
        (offers.note, {"words": "Hm."}),
        (offers.assign, {"person": world.person("erac")}),
    ]
    for operation, said in tried:
        with pytest.raises(NotAllowedError):
            do(session, actor, operation, offer, **said)


def test_what_the_cell_notes_for_itself_is_in_no_owners_story(session, world, offer):
    erac = world.actor("erac")
    do(session, erac, offers.note, offer, "Their last load was late.")
    do(session, erac, offers.prioritize, offer, priority="low")
    do(session, erac, offers.vet, offer, checks=("caller",))
    do(session, erac, offers.assign, offer, world.person("erac"))
    moves = [it.move for it in queries.story_for(session, offer, erac)]
    assert set(moves) >= INTERNAL == {"note", "prioritize", "vet", "assign"}
    for name in ("alpha", "alpha_admin", "records", "admin"):
        told = queries.story_for(session, offer, world.actor(name))
        assert not {it.move for it in told} & INTERNAL
        assert "late" not in str(told)
    read = queries.offers_by_id(session, [offer.id])[offer.id]
    view = queries.whole(read, {f"org:{offer.organization_id}"})
    assert (view.checks, view.assignee_id) == ((), None)


# ---------------------------------------------------------------- clocks


def test_a_question_is_the_owners_turn_and_its_answer_is_eracs(
    session, world, offer, held_clock
):
    erac, alpha = world.actor("erac"), world.actor("alpha")
    held_clock.tick(60)
    asked(session, erac, offer, "Since when?")
    assert (offer.state, offer.question) == ("question", "Since when?")
    assert offer.waiting_since == held_clock.now
    assert offer.answer_by == held_clock.now + timedelta(minutes=60)
    for again in (asked, list_offer, review):
        with pytest.raises(StateGoneError):
            again(session, erac, offer)
    held_clock.tick(600)
    do(session, alpha, offers.reply, offer, reply="Since noon.")
    assert (offer.state, offer.reply) == ("in_review", "Since noon.")
    assert offer.answer_by == held_clock.now + timedelta(minutes=30)
    asked(session, erac, offer, "Until when?")
    assert (offer.question, offer.reply) == ("Until when?", "")


def test_what_the_owner_answers_on_the_telephone_the_cell_writes_down(session, world, offer):
    erac = world.actor("erac")
    asked(session, erac, offer)
    for name in ("bravo", "moderator", "admin"):
        with pytest.raises(NotAllowedError):
            do(session, world.actor(name), offers.reply, offer, reply="No.")
    do(session, erac, offers.reply, offer, reply="They said yes.")
    assert offer.reply == "They said yes."
    decline(session, erac, asked(session, erac, offer))
    assert offer.state == "declined", "one need not wait for an answer for ever"


def test_another_priority_reckons_the_time_from_now_on(session, world, offer, held_clock):
    erac = world.actor("erac")
    held_clock.tick(900)
    for priority, minutes in (("low", 240), ("routine", 60), ("urgent", 30)):
        do(session, erac, offers.prioritize, offer, priority=priority)
        assert offer.priority == priority
        assert offer.answer_by == held_clock.now + timedelta(minutes=minutes)
        assert offer.escalate_at == held_clock.now + timedelta(minutes=minutes * 0.75)
    with pytest.raises(FieldError) as refused:
        do(session, erac, offers.prioritize, offer, priority="now")
    assert refused.value.field == "priority"


# ---------------------------------------------------------------- the portal's own moves


def moves(session, offer, name):
    return [it.move for it in story(session, "offer", offer.id)].count(name)


def test_a_deputy_is_told_once_when_three_quarters_of_the_time_are_gone(
    session, world, offer, held_clock
):
    begun(session, world.actor("alpha"))
    held_clock.set(offer.escalate_at - timedelta(seconds=1))
    offers.escalate_due(session)
    assert moves(session, offer, "escalate") == 0
    held_clock.tick(1)
    for _ in range(3):
        offers.escalate_due(session)
    assert moves(session, offer, "escalate") == 1
    assert offer.escalated_at == held_clock.now
    asked(session, world.actor("erac"), offer)
    assert offer.escalated_at is None, "another's turn, another time"
    held_clock.set(offer.escalate_at)
    offers.escalate_due(session)
    assert moves(session, offer, "escalate") == 2


def test_what_is_answered_or_closed_escalates_no_more(session, world, offer, held_clock):
    erac, alpha = world.actor("erac"), world.actor("alpha")
    other = decline(session, erac, make_offer(session, alpha))
    list_offer(session, erac, offer)
    waiting = make_offer(session, alpha)
    close_incident(session, world.incident)
    held_clock.tick(86_400)
    offers.escalate_due(session)
    offers.warn_ending(session)
    for it in (offer, other, waiting):
        assert moves(session, it, "escalate") == moves(session, it, "warn") == 0


def test_the_owner_is_told_a_day_before_a_listed_offer_ends(session, world, offer, held_clock):
    erac, alpha = world.actor("erac"), world.actor("alpha")
    waiting = make_offer(session, alpha)
    brief = make_offer(session, alpha, available_until=held_clock.now + timedelta(hours=20))
    for it in (offer, brief):
        list_offer(session, erac, it)
    offers.warn_ending(session)
    held_clock.set(offer.available_until - timedelta(hours=24, seconds=1))
    offers.warn_ending(session)
    assert moves(session, offer, "warn") == 0
    held_clock.tick(2)
    for _ in range(3):
        offers.warn_ending(session)
    assert moves(session, offer, "warn") == 1
    assert moves(session, waiting, "warn") == 0, "what waits is the cell's turn"
    assert moves(session, brief, "warn") == 0, "it was never meant to last a day"


def test_people_do_not_make_the_portals_moves(session, world, offer):
    for name in ("alpha", "erac", "admin"):
        for operation in (offers.escalate, offers.warn):
            with pytest.raises(NotAllowedError):
                do(session, world.actor(name), operation, offer)
    do(session, SYSTEM, offers.escalate, offer)
    assert offer.escalated_at is not None
