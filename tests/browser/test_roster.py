"""Rosters and cards stay true by themselves: who is connected, and whose shift is over."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from portal.accounts.queries import actor_of, get_person_by_email
from portal.presence.queries.roster import get_own
from tests.browser.conftest import PHONE
from tests.browser.people import PATIENCE_MS
from tests.databases import opened
from tests.presence.shifts import arrive, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.browser.conftest import DemoServer
    from tests.browser.people import Person

SHIFT_S = 10
#: Pages look at the clock every five seconds.
LATE_MS = SHIFT_S * 1000 + 5000 + PATIENCE_MS


@contextmanager
def checked_in(server: DemoServer, name: str, seconds: float) -> Iterator[str]:
    """Check one of the demo's people in by the portal, out again at the end; lend the name."""
    with opened(server.database_url) as database, database.sessions() as session:
        person = get_person_by_email(session, f"{name}@demo.example")
        assert person is not None
        actor = actor_of(session, person.id)
        assert actor is not None
        incident_id = arrive(session, actor, seconds / 3600).incident_id
        yield actor.name
        session.rollback()
        row = get_own(session, incident_id, actor)
        assert row is not None
        leave(session, actor, row)


def test_who_opens_a_page_is_connected_on_the_roster(
    server: DemoServer, meet: Callable[..., Person]
) -> None:
    desk = meet(server.url, "moderator")
    with checked_in(server, "admin", 600) as name:
        desk.open("presence")
        desk.is_live()
        row = desk.page.locator("#roster-here tr", has_text=name)
        guest = meet(server.url, "admin")
        guest.open("feed")
        guest.is_live()
        expect(row).to_contain_text("Connected")
        assert desk.has_not_reloaded()


@pytest.mark.slow
def test_a_shift_that_ends_is_over_on_open_pages(
    server: DemoServer, meet: Callable[..., Person]
) -> None:
    desk, own = meet(server.url, "moderator"), meet(server.url, "cikr", viewport=PHONE)
    with checked_in(server, "cikr", SHIFT_S) as name:
        desk.open("presence")
        own.open("")
        for person in (desk, own):
            person.is_live()
        row = desk.page.locator("#roster-here tr", has_text=name)
        expect(row).not_to_contain_text("Shift over")
        expect(own.page.locator("#checked-in")).to_contain_text("You are checked in")
        expect(row).to_contain_text("Shift over", timeout=LATE_MS)
        expect(own.page.locator("#checked-in")).to_contain_text(
            "Your shift was over", timeout=LATE_MS
        )
        assert desk.has_not_reloaded()
        assert own.has_not_reloaded()
