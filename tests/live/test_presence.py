"""Who is connected: who is told of it, how often, and what a killed server leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from portal.core import clock
from portal.live.leases import Leases
from portal.presence.connections import LEASE, renew
from portal.presence.models import Connection
from tests import factories
from tests.live.plain import WEBSOCKET, connected
from tests.live.server import Server, live_of, visiting, wait_until
from tests.presence.shifts import arrive, leave

if TYPE_CHECKING:
    from flask import Flask

    from portal.core.db import Database

ROSTER = "/incidents/EX27/presence"
TOLD = [("presence", {})]


@pytest.fixture
def leases(app: Flask, database: Database) -> Leases:
    """Return the leases of the application; they beat when told."""
    return Leases(database, app.extensions["channel"])


def hold(session, world, *names):
    """Renew the leases of people at another process."""
    renew(session, "another", [(world.incident_id, world.people[it].id) for it in names])


def test_staff_and_colleagues_are_told_who_came_and_nobody_else(
    ear_of, leases, session, world, held_clock
):
    for name in ("alpha", "bravo"):
        arrive(session, world.actor(name))
    leases.step()
    ears = {it: ear_of(it) for it in ("alpha_admin", "charlie", "observer", "moderator")}
    leases.step()
    assert [ear.heard() for ear in ears.values()] == [[], [], [], []]
    hold(session, world, "alpha")
    leases.step()
    leases.step()
    assert [ear.heard() for ear in ears.values()] == [TOLD, [], [], TOLD]
    held_clock.tick(LEASE.total_seconds())
    leases.step()
    leases.step()
    assert [ear.heard() for ear in ears.values()] == [TOLD, [], [], TOLD]


def test_many_who_come_at_once_are_told_once(ear_of, leases, session, world):
    names = ("alpha", "alpha_admin", "bravo", "charlie", "guild")
    for name in names:
        arrive(session, world.actor(name))
    desk, own = ear_of("moderator"), ear_of("alpha")
    hold(session, world, *names)
    leases.step()
    assert desk.heard() == own.heard() == TOLD


def test_who_is_not_checked_in_by_the_portal_changes_no_roster(ear_of, leases, session, world):
    desk = ear_of("moderator")
    arrive(session, world.actor("alpha"), link="telephone")
    row = arrive(session, world.actor("charlie"))
    leases.step()
    hold(session, world, "alpha", "bravo")
    leave(session, world.actor("charlie"), row)
    leases.step()
    assert desk.heard() == []


def test_everybody_is_told_of_a_suspension_which_no_entry_of_the_incident_tells(
    ear_of, leases, session, world
):
    arrive(session, world.actor("alpha"))
    arrive(session, world.actor("bravo"))
    leases.step()
    ears = [ear_of(name) for name in ("charlie", "observer", "moderator")]
    factories.suspend_person(session, world.person("alpha"))
    factories.suspend_organization(session, world.organization("bravo"))
    leases.step()
    assert [ear.heard() for ear in ears] == [TOLD] * 3
    factories.restore_person(session, world.person("alpha"))
    leases.step()
    assert [ear.heard() for ear in ears] == [TOLD] * 3


def test_who_sits_here_is_connected_until_the_lease_ends(
    ear_of, leases, session, world, held_clock
):
    arrive(session, world.actor("alpha"))
    desk, alpha, rival = ear_of("moderator"), ear_of("alpha"), ear_of("bravo")
    leases.step()
    assert "Connected" in desk.browser.page(ROSTER).main
    assert "Connected" in alpha.browser.page(ROSTER).main
    assert "onnected" not in rival.browser.page(ROSTER).html
    alpha.io.disconnect(namespace="/live")
    desk.heard()
    held_clock.tick(LEASE.total_seconds() - 1)
    leases.step()
    assert desk.heard() == []
    assert "Connected" in desk.browser.page(ROSTER).main
    held_clock.tick(1)
    leases.step()
    assert desk.heard() == TOLD
    assert "Last heard" in desk.browser.page(ROSTER).main
    assert "Last heard" not in rival.browser.page(ROSTER).html


def test_a_socket_that_follows_nothing_is_nowhere(ear_of, leases, session):
    ear_of("alpha", follows=False)
    leases.step()
    assert session.scalar(select(func.count()).select_from(Connection)) == 0


@pytest.mark.sampled(2)
@pytest.mark.xdist_group("live")
def test_a_server_that_was_killed_leaves_no_ghost(database_url, world, session, tmp_path):
    arrive(session, world.actor("alpha"))
    email = {name: world.people[name].email for name in ("alpha", "moderator")}
    with Server(database_url, tmp_path, root=Path(__file__).parent / "quick") as server:
        with visiting(server, email["alpha"]) as alpha:
            start = live_of(alpha.open(ROSTER).text)
            with connected(server.url, WEBSOCKET, {"Cookie": alpha.cookie}) as client:
                assert "heads" in client.follow(start)
                wait_until(lambda: "Connected" in alpha.open(ROSTER).text, "alpha is connected")
                server.kill()
        session.rollback()
        until = session.scalars(select(func.max(Connection.until))).one()
        server.start()
        with visiting(server, email["moderator"]) as desk:
            start = live_of(desk.open(ROSTER).text)
            with connected(server.url, WEBSOCKET, {"Cookie": desk.cookie}) as client:
                assert "heads" in client.follow(start)
                is_in_time = clock.now() < until
                while clock.now() < until:
                    page = desk.open(ROSTER).text
                    assert "Connected" in page or clock.now() >= until
                assert not is_in_time or client.next() == ("presence", {})
            page = desk.open(ROSTER).text
            assert "Connected" not in page
            assert "Last heard" in page
