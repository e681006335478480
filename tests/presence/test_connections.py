"""Leases, kept by a process for people whose pages are open: rows that end by the clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask_socketio import SocketIO
from sqlalchemy import select

from portal.live.channel import Channel
from portal.live.leases import Leases
from portal.live.seats import Seat
from portal.presence.connections import KEPT, LEASE, renew
from portal.presence.models import Connection
from portal.presence.queries.roster import check_ins_by_id, whole
from tests.journal.reading import changed, dump
from tests.presence.shifts import arrive


@pytest.fixture
def channel():
    """Return the channel of a process that nobody has called yet."""
    return Channel(SocketIO(Flask("process"), async_mode="threading"))


def leases(session):
    session.rollback()
    return {
        (it.process, it.person_id): it.until
        for it in session.scalars(select(Connection).order_by(Connection.person_id))
    }


def seen(session, row):
    session.rollback()
    return whole(check_ins_by_id(session, [row.id])[row.id])


def test_renewing_lengthens_the_own_leases_alone(session, world, held_clock):
    here = [(world.incident_id, world.people[name].id) for name in ("alpha", "bravo")]
    renew(session, "one", here)
    first = held_clock.now + LEASE
    held_clock.tick(20)
    renew(session, "two", here[:1])
    renew(session, "one", here[1:])
    second = held_clock.now + LEASE
    assert leases(session) == {
        ("one", here[0][1]): first,
        ("one", here[1][1]): second,
        ("two", here[0][1]): second,
    }


def test_leases_long_over_are_forgotten_by_the_way(session, world, held_clock):
    alpha, bravo = ((world.incident_id, world.people[it].id) for it in ("alpha", "bravo"))
    renew(session, "dead", [alpha])
    held_clock.tick((LEASE + KEPT).total_seconds())
    renew(session, "alive", [bravo])
    assert len(leases(session)) == 2
    held_clock.tick(1)
    renew(session, "alive", [bravo])
    assert leases(session).keys() == {("alive", bravo[1])}


def test_leases_are_no_acts_and_a_check_in_shows_them(session, world, held_clock):
    row = arrive(session, world.actor("alpha"))
    assert seen(session, row).heard_at is None
    before = dump(session)
    renew(session, "one", [(world.incident_id, world.people["alpha"].id)])
    assert changed(before, dump(session)) == {"connection"}
    view = seen(session, row)
    assert (view.is_connected, view.heard_at) == (True, held_clock.now)
    held_clock.tick(LEASE.total_seconds())
    assert not seen(session, row).is_connected


def test_the_longest_lease_counts_and_no_other_incidents(session, world, held_clock):
    row = arrive(session, world.actor("alpha"))
    at_home, alpha = world.incident_id, world.people["alpha"].id
    renew(session, "one", [(at_home, alpha)])
    held_clock.tick(30)
    heard = held_clock.now
    renew(session, "two", [(at_home, alpha)])
    held_clock.tick(40)
    renew(session, "three", [(0, alpha), (at_home, world.people["bravo"].id)])
    assert (seen(session, row).is_connected, seen(session, row).heard_at) == (True, heard)
    held_clock.tick(20)
    assert (seen(session, row).is_connected, seen(session, row).heard_at) == (False, heard)


def test_who_comes_back_is_connected_at_once(database, session, world, held_clock, channel):
    row = arrive(session, world.actor("alpha"))
    ends_at = held_clock.now + timedelta(days=1)
    seat = Seat("a", world.actor("alpha"), ends_at, world.incident_id)
    process = Leases(database, channel)
    channel.seats.add(seat)
    process.step()
    channel.seats.remove("a")
    for _ in range(13):
        held_clock.tick(5)
        process.step()
    assert not seen(session, row).is_connected
    channel.seats.add(seat)
    process.step()
    assert seen(session, row).is_connected


def test_an_open_page_stays_connected_for_as_long_as_it_is_open(
    database, session, world, held_clock, channel
):
    row = arrive(session, world.actor("alpha"))
    ends_at = held_clock.now + timedelta(days=1)
    for tab in ("a", "b"):
        channel.seats.add(Seat(tab, world.actor("alpha"), ends_at, world.incident_id))
    process = Leases(database, channel)
    renewals = set()
    for _ in range(200):
        process.step()
        assert seen(session, row).is_connected
        renewals |= set(leases(session).values())
        held_clock.tick(1)
    assert len(renewals) == 10


@pytest.mark.one_backend
def test_a_clock_that_is_set_back_keeps_nobody_waiting(
    database, session, world, held_clock, channel
):
    row = arrive(session, world.actor("alpha"))
    ends_at = held_clock.now + timedelta(days=1)
    channel.seats.add(Seat("a", world.actor("alpha"), ends_at, world.incident_id))
    process = Leases(database, channel)
    process.step()
    held_clock.tick(-3600)
    process.step()
    assert seen(session, row).heard_at == held_clock.now
