"""A report with a picture, from a telephone on a bad line, in few taps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.people import LONG_MS, REFERENCE, Person
from tests.browser.pictures import photograph

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.browser.conftest import DemoServer
    from tests.browser.proxy import Network

BITS_S = 400_000
LATENCY_S = 0.4
MOST_TAPS = 5
#: What the server says when it has a report, and then its reference.
ANSWER = "Location: /incidents/OZ27/feed/"
SIDE = 400  # about 200 KB


@dataclass
class Thumb:
    """Taps, and counts."""

    taps: int = 0

    def tap(self, what: Locator) -> None:
        self.taps += 1
        what.tap(no_wait_after=True)  # whatever it sets off is looked at meanwhile


@pytest.mark.slow
def test_a_report_with_a_picture_over_a_slow_line_in_five_taps(
    server: DemoServer, network: Network, meet: Callable[..., Person]
):
    network.packs = True
    network.slow_down(bits_s=BITS_S, latency_s=LATENCY_S)
    liaison = meet(network.url, "liaison", viewport=PHONE, has_touch=True, is_mobile=True)
    page, thumb = liaison.page, Thumb()
    page.set_default_timeout(LONG_MS)
    liaison.open("")

    thumb.tap(page.get_by_role("navigation").get_by_role("link", name="Report", exact=True))
    page.get_by_label("What do you see?").fill("Water stands in the street before store 14.")
    thumb.tap(page.get_by_text("Food, Hydration, Shelter", exact=True))
    thumb.tap(page.get_by_text("Limited", exact=True))
    thumb.taps += 1  # the camera's own button
    page.get_by_label("Pictures").set_input_files(
        {"name": "street.jpg", "mimeType": "image/jpeg", "buffer": photograph(SIDE, SIDE)}
    )
    send = page.get_by_role("button", name="Send to the SEOC")
    thumb.tap(send)
    assert thumb.taps <= MOST_TAPS
    # The line first: looking at the page may wait until the answer is there.
    assert ANSWER not in network.heard()
    assert page.locator(".receipt").count() == 0, (
        "nothing is received before the server says so"
    )

    expect(page.locator(".receipt")).to_have_text(REFERENCE, timeout=LONG_MS)
    reference = page.locator(".receipt").inner_text()
    assert f"{ANSWER}{reference}" in network.heard()
    expect(page.get_by_role("img", name=f"Picture 1 of 1, {reference}")).to_be_visible()
    liaison.is_live(LONG_MS)

    meet(server.url, "moderator").publish(reference)
    expect(page.locator(".chip").first).to_have_text("Published", timeout=LONG_MS)
    assert liaison.has_not_reloaded()
