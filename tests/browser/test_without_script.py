"""The whole path with forms and links alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer


@pytest.fixture
def plain(server: DemoServer, meet: Callable[..., Person]) -> Callable[..., Person]:
    """Return a maker of people whose browsers run no script."""
    return lambda name: meet(server.url, name, java_script_enabled=False, viewport=PHONE)


def test_a_report_goes_its_way_by_forms_alone(plain: Callable[..., Person]):
    liaison, moderator, reader = plain("liaison"), plain("moderator"), plain("liaison2")
    reference = liaison.report("Kites are down on the Aurora line.")
    expect(liaison.strip).to_have_text("Not live: reload for news")

    moderator.open("feed/queue")
    moderator.row("queue", reference).get_by_role("link").click()
    moderator.press("Publish")
    expect(moderator.page.get_by_text(f"Published {reference}.")).to_be_visible()

    reader.open("feed")
    expect(reader.row("feed", reference)).to_contain_text("Kites are down")
    moderator.retract(reference, "It was another line.")
    reader.page.get_by_role("link", name="Check for new posts").click()
    expect(reader.row("feed", reference)).to_contain_text("It was another line.")
    assert "Kites" not in reader.page.content()

    liaison.open("feed/mine")
    expect(liaison.row("mine", reference)).to_contain_text("Taken back by the SEOC")


def test_a_report_is_refused_with_its_reason(plain: Callable[..., Person]):
    liaison, moderator = plain("liaison"), plain("moderator")
    reference = liaison.report("Kites again.")
    moderator.open(f"feed/queue/{reference}")
    moderator.page.get_by_text("Do not publish", exact=True).click()
    moderator.press("Do not publish, tell the author")
    expect(moderator.page.locator(".errsum")).to_contain_text("Choose a reason.")
    moderator.fill({"reason": "Old news"})
    moderator.press("Do not publish, tell the author")
    moderator.forgive("422")
    liaison.open(f"feed/{reference}")
    expect(liaison.page.get_by_role("main")).to_contain_text("Old news")


def test_an_offer_is_listed_and_everybody_can_leave(plain: Callable[..., Person]):
    owner, erac = plain("association"), plain("erac")
    reference = owner.offer("Kites for lifting.", price="12.50")
    erac.open("erac")
    erac.row("erac", reference).get_by_role("link").click()
    erac.press("List this offer")
    owner.open(f"offers/{reference}")
    expect(owner.page.locator(".chip").first).to_have_text("Listed")

    owner.page.locator("#more").get_by_role("button", name="Sign out").click()
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    owner.open(f"offers/{reference}")
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("Sign in")
