"""E-mails as pages, as people open them on a phone."""

from __future__ import annotations

import pytest

from tests.browser.walking import PHONE_WIDTHS, overflow, violations
from tests.notify.conftest import PostOffice
from tests.notify.mailbox import Mailbox, parts
from tests.notify.test_letters import OF_INCIDENTS, made


@pytest.mark.one_backend
def test_every_letter_can_be_read_by_all_and_fetches_nothing(
    chromium, make_app, session, world, held_clock
):
    with Mailbox() as mailbox:
        base_url = "https://portal.missouri.example.gov"
        office = PostOffice(make_app(smtp_url=mailbox.url, base_url=base_url), session)
        letters = {
            move: made(session, world, office, mailbox, held_clock, move)[1]
            for move in OF_INCIDENTS
        }
        office.notices.huey.storage.close()
    with chromium.new_page(viewport={"width": PHONE_WIDTHS[0], "height": 800}) as screen:
        fetched = []
        screen.on("request", lambda request: fetched.append(request.url))
        for move, letter in letters.items():
            screen.set_content(parts(letter)[1])
            assert violations(screen, move) + overflow(screen, move) == []
        assert fetched == []
