"""The whole path with forms and links alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from portal.core import clock
from portal.core.web import times
from tests.browser.conftest import PHONE
from tests.browser.people import REPORT, Person
from tests.browser.pictures import photograph

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer


@pytest.fixture
def plain(server: DemoServer, meet: Callable[..., Person]) -> Callable[..., Person]:
    """Return a maker of people whose browsers run no script."""

    def make(name: str, **options: Any) -> Person:
        return meet(server.url, name, java_script_enabled=False, viewport=PHONE, **options)

    return make


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
    moderator.unfold("Do not publish")
    moderator.press("Do not publish, tell the author")
    expect(moderator.page.locator(".errsum")).to_contain_text("Choose a reason.")
    moderator.fill({"reason": "Old news"})
    moderator.press("Do not publish, tell the author")
    moderator.forgive("422")
    liaison.open(f"feed/{reference}")
    expect(liaison.page.get_by_role("main")).to_contain_text("Old news")


@pytest.mark.slow
def test_an_offer_is_listed_and_everybody_can_leave(plain: Callable[..., Person]):
    owner, erac = plain("association", storage_state=None), plain("erac")
    owner.sign_in()  # with a session of their own, which ends here
    reference = owner.offer("Kites for lifting.", price="12.50")
    erac.open("erac")
    erac.row("erac", reference).get_by_role("link").click()
    erac.decide("List it")
    owner.open(f"offers/{reference}")
    expect(owner.page.locator(".chip").first).to_have_text("Listed")

    owner.page.locator("#more").get_by_role("button", name="Sign out").click()
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    owner.open(f"offers/{reference}")
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("Sign in")


def test_a_question_is_asked_and_answered(plain: Callable[..., Person]):
    liaison, moderator = plain("liaison"), plain("moderator")
    reference = liaison.report("Kites hang in the lines.")
    moderator.open(f"feed/queue/{reference}")
    moderator.unfold("Ask the author")
    moderator.fill({"question": "How many kites?"})
    moderator.press("Ask")
    liaison.open(f"feed/{reference}")
    expect(liaison.page.get_by_role("region", name="The SEOC asks")).to_contain_text("How many")
    liaison.fill({"reply": "Nine kites."})
    liaison.press("Send the answer")
    moderator.open(f"feed/queue/{reference}")
    expect(moderator.page.locator("#item")).to_contain_text("Nine kites.")
    moderator.press("Publish")


@pytest.mark.slow
def test_a_picture_is_sent_and_a_post_acknowledged_found_and_read(plain: Callable[..., Person]):
    liaison, moderator, reader = plain("liaison"), plain("moderator"), plain("liaison2")
    liaison.open("feed/new")
    liaison.fill({"words": "Kites with a picture of the pylon.", **REPORT})
    liaison.page.get_by_label("Pictures").set_input_files(
        {"name": "kite.jpg", "mimeType": "image/jpeg", "buffer": photograph(160, 120)}
    )
    liaison.press("Send to the SEOC")
    reference = liaison.page.locator(".receipt").inner_text()

    moderator.open(f"feed/queue/{reference}")
    moderator.unfold("Edit before publishing")
    moderator.fill({"acknowledge_by": times.typed(clock.now() + timedelta(hours=20))})
    moderator.press("Publish these words")

    reader.open("feed")
    expect(reader.row("feed", reference).get_by_role("img")).to_be_visible()
    reader.press(f"Acknowledge {reference}")
    expect(reader.page.get_by_role("button", name=f"Acknowledge {reference}")).to_have_count(0)
    reader.open(f"feed/{reference}")
    expect(reader.page.get_by_role("main")).to_contain_text("for your organization")

    reader.open("feed")
    main = reader.page.get_by_role("main")
    main.get_by_role("searchbox", name="Find words in posts").fill("pylon")
    main.get_by_role("button", name="Find").click()
    assert reader.subjects("feed") == [reference]
    reader.open("feed")
    main.get_by_text("Lifeline", exact=True).click()
    main.get_by_role("link", name="Energy", exact=True).click()
    assert reference in reader.subjects("feed")
    main.get_by_role("link", name="All", exact=True).click()
    main.get_by_role("button", name="I have read up to here").click()
    expect(main).to_contain_text("0 unread")
