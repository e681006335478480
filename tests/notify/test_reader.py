"""The reader: every decision makes its deliveries, once, whatever happens meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from portal.core.db import database_of
from portal.journal.housekeeping import housekeeping
from portal.notify import reader
from portal.notify.models import ReaderCursor
from portal.notify.orders import Office
from portal.notify.states import DeliveryState, Withheld
from tests.factories import (
    decline,
    list_offer,
    make_offer,
    make_post,
    open_incident,
    publish,
    reject,
    retract,
    review,
    suspend_person,
    withdraw_post,
)
from tests.notify.acts import nudge, post_to_acknowledge, wait_too_long
from tests.threads import sorted_out, together


def read(session, *, has_server=True):
    return reader.read(session, Office(host="portal.example", has_server=has_server))


def test_those_who_sent_something_are_told_of_each_decision_and_nobody_of_anything_else(
    session, world, office
):
    alpha, moderator, erac = map(world.actor, ("alpha", "moderator", "erac"))
    published = retract(
        session, moderator, publish(session, moderator, make_post(session, alpha))
    )
    rejected = reject(session, moderator, make_post(session, world.actor("bravo")))
    withdraw_post(session, alpha, make_post(session, alpha))
    listed = list_offer(session, erac, review(session, erac, make_offer(session, alpha)))
    declined = decline(session, erac, make_offer(session, world.actor("guild")))
    suspend_person(session, world.person("charlie"))
    assert office.all() == []  # nothing in the request of whoever decided
    assert read(session) == 5 + len(world.people)  # who were invited, and have joined since
    assert [(it.kind, it.about, it.address) for it in office.all()] == [
        ("post.publish", published.reference, "alpha@world.example"),
        ("post.retract", published.reference, "alpha@world.example"),
        ("post.reject", rejected.reference, "bravo@world.example"),
        ("offer.list", listed.reference, "alpha@world.example"),
        ("offer.decline", declined.reference, "guild@world.example"),
    ]
    assert {it.state for it in office.all()} == {DeliveryState.WAITING}
    assert len({it.message_id for it in office.all()}) == 5


def test_every_incident_is_read_and_each_from_its_own_place(session, world, office):
    moderator, alpha = world.actor("moderator"), world.actor("alpha")
    other = open_incident(session, world.actor("admin"), code="OTHER")
    for incident in (world.incident, world.daily, other, world.incident):
        reject(session, moderator, make_post(session, alpha, incident))
        read(session)
    assert [it.incident_id for it in office.all()] == [
        world.incident_id, 0, other.id, world.incident_id,
    ]  # fmt: skip


def test_an_entry_that_is_read_twice_is_told_once(session, world, office):
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    read(session)
    before = office.one().message_id
    with housekeeping(session):  # as after a crash between two commits that are in truth one
        session.execute(update(ReaderCursor).values(seq=0))
    assert read(session) == 1 + len(world.people)
    assert office.one().message_id == before


def test_what_many_are_told_and_what_no_person_is_told_is_told_once_as_well(
    session, world, office, held_clock
):
    moderator = world.actor("moderator")
    nudge(session, moderator, post_to_acknowledge(session, moderator, world.incident))
    wait_too_long(session, world.actor("alpha"), held_clock)
    read(session)
    before = [it.message_id for it in office.all()]
    assert len(before) == 5 + 5 + 1
    held_clock.tick(3600)  # long enough for the next of those that come not too often
    with housekeeping(session):  # as after a crash between two commits that are in truth one
        session.execute(update(ReaderCursor).values(seq=0))
    assert read(session) == 3 + len(world.people)
    assert [it.message_id for it in office.all()] == before


def test_readers_at_the_same_moment_tell_once(session, world, office, held_clock):
    for _ in range(3):
        reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    post_to_acknowledge(session, world.actor("moderator"), world.incident)
    wait_too_long(session, world.actor("alpha"), held_clock)
    database = database_of(session)
    session.rollback()

    def one():
        with database.sessions() as own:
            return read(own)

    done, _ = sorted_out(together([one] * 4))
    assert len(done) == 4
    assert len(office.all()) == 3 + 5 + 1


def test_many_are_read_in_several_steps_and_none_is_left_out(
    session, world, office, monkeypatch
):
    monkeypatch.setattr(reader, "BATCH", 3)
    for _ in range(7):
        reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    assert read(session) == 7 + len(world.people)
    assert len(office.all()) == 7
    assert read(session) == 0


@pytest.mark.one_backend
def test_a_step_that_finds_nothing_writes_nothing_until_it_is_quiet(
    session, world, office, monkeypatch, held_clock
):
    make_post(session, world.actor("alpha"))
    read(session)
    assert session.get(ReaderCursor, (reader.NAME, world.incident_id)) is None
    held_clock.tick(61)
    read(session)
    assert session.get(ReaderCursor, (reader.NAME, world.incident_id)) is not None
    monkeypatch.setattr(reader, "IDLE", 1)
    make_post(session, world.actor("alpha"))
    read(session)
    assert reader._lagging(session) == []  # noqa: SLF001 - what the cursor is for
    assert office.all() == []


@pytest.mark.one_backend
def test_what_is_long_past_is_told_to_nobody(session, world, office, held_clock):
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    held_clock.tick(24 * 3600 + 1)
    reject(session, world.actor("moderator"), make_post(session, world.actor("bravo")))
    read(session)
    assert office.one().address == "bravo@world.example"


@pytest.mark.one_backend
def test_the_demos_people_are_recorded_and_never_written_to(session, world, office, mailbox):
    post = make_post(session, world.actor("alpha"))
    with housekeeping(session):  # people of the demo are made by `portal demo` alone
        world.person("alpha").is_demo = True
    reject(session, world.actor("moderator"), post)
    office.work()
    told = office.one()
    assert (told.state, told.last_error) == (DeliveryState.NOT_SENT, Withheld.DEMO.value)
    assert mailbox.letters == []


@pytest.mark.one_backend
def test_without_a_mail_server_it_is_said_that_nothing_was_sent(session, world, make_office):
    office = make_office(smtp_url="")
    reject(session, world.actor("moderator"), make_post(session, world.actor("alpha")))
    office.work()
    told = office.one()
    assert told.state is DeliveryState.NOT_SENT
    assert told.last_error == "no mail server is set"
