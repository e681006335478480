"""Sending: a mail server that is down, slow or rude delays, and loses nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.core.actor import SYSTEM, Role
from portal.journal.housekeeping import housekeeping
from portal.journal.transaction import transaction
from portal.notify import outbox, smtp
from portal.notify.models import Delivery
from portal.notify.states import DeliveryState, Withheld
from portal.offers import operations as offers
from tests.factories import (
    change_roles,
    list_offer,
    make_offer,
    make_post,
    publish,
    reject,
    retract,
    review,
    suspend_organization,
    suspend_person,
    withdraw_offer,
)

S = DeliveryState


@pytest.fixture
def rejected(session, world):
    """A report of alpha's that the desk has not published."""
    return reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))


@pytest.mark.usefixtures("rejected")
def test_a_letter_that_was_taken_is_sent_once(office, mailbox):
    office.work()
    office.work()
    told = office.one()
    assert (told.state, told.tries, told.next_try_at) == (S.SENT, 1, None)
    assert told.sent_at is not None
    assert [it["Message-ID"] for it in mailbox.letters] == [told.message_id]


@pytest.mark.usefixtures("rejected")
def test_a_server_that_is_down_delays_and_a_restart_in_between_loses_nothing(
    office, mailbox, held_clock
):
    mailbox.stop()
    office.work()
    told = office.one()
    assert (told.state, told.tries) == (S.WAITING, 1)
    assert told.next_try_at == held_clock.now + timedelta(seconds=5)
    assert told.last_error.startswith("The mail server cannot be reached")
    office.restart(losing_jobs=True)
    office.work()
    assert office.one().tries == 1  # not before its time
    held_clock.tick(5)
    office.work()
    assert office.one().next_try_at == held_clock.now + timedelta(seconds=15)
    mailbox.start()
    held_clock.tick(15)
    office.work()
    assert office.one().state is S.SENT
    assert len(mailbox.letters) == 1


@pytest.mark.usefixtures("rejected")
def test_what_was_taken_up_when_the_process_died_goes_out_later(office, mailbox, held_clock):
    office.notices.step()  # handed to the workers, who never see it
    office.restart(losing_jobs=True)
    office.work()
    assert office.one().state is S.SENDING
    held_clock.tick(outbox.HELD.total_seconds())
    office.work()
    assert (office.one().state, office.one().tries) == (S.SENT, 2)
    assert len(mailbox.letters) == 1


@pytest.mark.usefixtures("rejected")
@pytest.mark.one_backend
def test_what_huey_had_kept_over_a_restart_goes_out_at_once(office, mailbox):
    office.notices.step()
    office.restart()
    office.work_off()
    assert (office.one().state, office.one().tries) == (S.SENT, 1)
    assert len(mailbox.letters) == 1


@pytest.mark.usefixtures("rejected")
@pytest.mark.parametrize("manner", ["4xx", "4xx for what is written", "refuses the sender"])
def test_a_passing_refusal_is_tried_again(office, mailbox, held_clock, manner):
    mailbox.manner = manner
    office.work()
    told = office.one()
    assert (told.state, mailbox.letters) == (S.WAITING, [])
    assert "\n" not in told.last_error
    mailbox.manner = ""
    held_clock.tick(5)
    office.work()
    assert (office.one().state, office.one().last_error) == (S.SENT, "")
    assert mailbox.letters[0]["Message-ID"] == told.message_id


@pytest.mark.usefixtures("rejected")
@pytest.mark.parametrize(
    ("manner", "said"),
    [
        ("5xx", "550 5.1.1 no such user here"),
        ("5xx for what is written", "554 5.6.0 not this"),
    ],
)
def test_a_final_refusal_is_a_bounce_and_is_not_tried_again(
    office, mailbox, held_clock, manner, said
):
    mailbox.manner = manner
    office.work()
    mailbox.manner = ""
    held_clock.tick(3600)
    office.work()
    told = office.one()
    assert (told.state, told.last_error, told.tries) == (S.BOUNCED, said, 1)
    assert mailbox.letters == []


@pytest.mark.usefixtures("rejected")
def test_a_server_that_hangs_is_given_up_soon_and_tried_again(
    office, mailbox, held_clock, monkeypatch
):
    monkeypatch.setattr(smtp, "PATIENCE_S", 0.3)
    mailbox.manner = "hangs"
    office.work()
    assert office.one().last_error == (
        "The mail server cannot be reached: Connection unexpectedly closed: timed out"
    )
    mailbox.manner = ""
    held_clock.tick(5)
    office.work()
    assert office.one().state is S.SENT


@pytest.mark.usefixtures("rejected")
def test_a_letter_taken_without_a_word_comes_again_as_the_same(office, mailbox, held_clock):
    mailbox.manner = "takes it and drops the line"
    office.work()
    assert office.one().state is S.WAITING
    mailbox.manner = ""
    held_clock.tick(5)
    office.work()
    assert [it["Message-ID"] for it in mailbox.letters] == [office.one().message_id] * 2


@pytest.mark.usefixtures("rejected")
def test_how_the_server_says_goodbye_does_not_matter(office, mailbox, held_clock):
    mailbox.manner = "hangs up on goodbye"
    office.work()
    held_clock.tick(3600)
    office.work()
    assert office.one().state is S.SENT
    assert len(mailbox.letters) == 1


@pytest.mark.usefixtures("rejected")
def test_after_a_day_it_has_failed(office, mailbox, held_clock):
    mailbox.stop()
    pauses = []
    while True:
        office.work()
        told = office.one()
        if told.next_try_at is None:
            break
        pauses.append((told.next_try_at - held_clock.now).total_seconds())
        held_clock.set(told.next_try_at)
    assert pauses[:7] == [5, 15, 45, 135, 405, 900, 900]
    assert max(pauses) == 900
    assert told.state is S.FAILED
    assert 24 * 3600 - 900 <= sum(pauses) <= 24 * 3600
    assert told.last_error.startswith("The mail server cannot be reached")


def test_when_the_server_answers_again_all_go_at_once(
    session, world, office, mailbox, held_clock
):
    mailbox.stop()
    for name in ("alpha", "bravo", "charlie"):
        reject(session, world.actor("moderator"), make_post(session, world.actor(name)))
        for _ in range(3):
            office.work()
            held_clock.tick(20)
    mailbox.start()
    held_clock.set(min(it.next_try_at for it in office.all()))
    office.work()
    office.work()
    assert {it.state for it in office.all()} == {S.SENT}
    assert len(mailbox.letters) == 3


def test_only_so_many_are_on_their_way_at_once_and_the_oldest_first(
    session, world, office, monkeypatch
):
    monkeypatch.setattr(outbox, "IN_FLIGHT", 2)
    for _ in range(3):
        reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    assert office.notices.step()  # there is more: it comes again soon
    assert office.notices.step()
    assert [it.state for it in office.all()] == [S.SENDING, S.SENDING, S.WAITING]
    office.work_off()
    assert not office.notices.step()
    office.work_off()
    assert {it.state for it in office.all()} == {S.SENT}


@pytest.mark.usefixtures("rejected")
def test_a_try_that_comes_late_does_not_speak_for_a_newer_one(session, office, mailbox):
    office.notices.step()
    told = office.one()
    with housekeeping(session):  # taken up again, as after it had counted as lost
        session.execute(update(Delivery).values(tries=2))
    office.work_off()
    assert mailbox.letters == []
    assert not outbox.settle(session, told.id, 1, state=S.SENT)
    assert office.one().state is S.SENDING


@pytest.mark.usefixtures("rejected")
@pytest.mark.parametrize("suspended", ["person", "organization"])
def test_those_who_lost_their_access_meanwhile_are_not_written_to(
    session, world, office, mailbox, suspended
):
    mailbox.stop()
    office.work()
    if suspended == "person":
        suspend_person(session, world.person("alpha"))
    else:
        suspend_organization(session, world.organization("alpha"))
    mailbox.start()
    with housekeeping(session):
        session.execute(update(Delivery).values(next_try_at=Delivery.made_at))
    office.work()
    told = office.one()
    assert (told.state, told.last_error) == (S.NOT_SENT, Withheld.NOT_ENTITLED.value)
    assert mailbox.letters == []


def test_who_left_the_cell_meanwhile_is_not_written_to(session, world, office, mailbox):
    mailbox.stop()
    offer = review(session, world.actor("erac"), make_offer(session, world.actor("alpha")))
    with transaction(session, SYSTEM) as tx:
        offers.escalate(tx, offer)
    office.work()
    change_roles(session, world.membership("erac"), Role.OBSERVER)
    mailbox.start()
    with housekeeping(session):
        session.execute(update(Delivery).values(next_try_at=Delivery.made_at))
    office.work()
    told = office.one()
    assert (told.state, told.last_error) == (S.NOT_SENT, Withheld.NOT_ENTITLED.value)
    assert mailbox.letters == []


def test_what_a_later_step_has_overtaken_is_not_sent(session, world, office, mailbox):
    moderator, alpha = world.actor("moderator"), world.actor("alpha")
    retract(session, moderator, publish(session, moderator, make_post(session, alpha)))
    withdraw_offer(
        session, alpha, list_offer(session, world.actor("erac"), make_offer(session, alpha))
    )
    office.work()
    assert {it.kind: it.state for it in office.all()} == {
        "post.publish": S.NOT_SENT,
        "post.retract": S.SENT,
        "offer.list": S.NOT_SENT,
    }
    assert [it["Subject"].split()[-2:] for it in mailbox.letters] == [["taken", "back"]]


@pytest.mark.usefixtures("rejected")
@pytest.mark.one_backend
def test_a_new_address_gets_what_is_still_to_go(session, world, office, mailbox):
    mailbox.stop()
    office.work()
    mailbox.start()
    with housekeeping(session):  # there is no operation for it yet
        world.person("alpha").email = "jürgen@world.example"
        session.execute(update(Delivery).values(next_try_at=Delivery.made_at))
    office.work()
    assert mailbox.rcpts == ["jürgen@world.example"]
    assert office.one().address == "jürgen@world.example"
