"""People at the portal, each in a browser context of their own."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from portal.cli import demo_data

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, ConsoleMessage, Locator

#: What a page takes at most on a machine that does much else.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
#: A client tries again within 2, then 4, then 8 s of the last try, by chance; 30 s at most.
LONG_MS = 45_000

#: What a browser complains of when its network is cut.
CUT_OFF = ("ERR_", "WebSocket connection to")
REFERENCE = re.compile(r"OZ27-[0-9A-Z]{4}")

#: What a report or an offer holds unless a test says otherwise; radios and selects by label.
REPORT = {
    "county": "Jasper",
    "lifeline": "Energy",
    "standing": "Closed",
    "asked_for": "All partners, after review",
}
OFFER = {"item": "Generator", "amount": "3"}


class Person:
    """Somebody who has signed in.

    troubles : what the browser complained of on their pages.
    heard    : returns every byte that the portal has given them, where that is kept.
    """

    def __init__(
        self, context: BrowserContext, base: str, name: str, heard: Callable[[], str] = str
    ) -> None:
        self.base, self.name, self.heard = base, name, heard
        self.troubles: list[str] = []
        self.context = context
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.troubles.append(f"{self.page.url}: {message.text}")

    def forgive(self, *words: str) -> None:
        """Forget the complaints that a test has asked for."""
        self.troubles[:] = [it for it in self.troubles if not any(word in it for word in words)]

    # ------------------------------------------------------------ going about

    def sign_in(self) -> None:
        """Sign in with the form, like anybody."""
        self.page.goto(f"{self.base}/sign-in")
        self.page.get_by_label("E-mail").fill(f"{self.name}@demo.example")
        self.page.get_by_label("Password").fill(demo_data.PASSWORD)
        self.press("Sign in")
        self.page.wait_for_url("**/incidents/OZ27/")

    def open(self, path: str) -> None:
        """Open a page of the incident, such as "feed/queue"."""
        self.page.goto(f"{self.base}/incidents/OZ27/{path}")

    def press(self, button: str) -> None:
        """Press the button of these words in the main part, and wait for the answer."""
        self.page.get_by_role("main").get_by_role("button", name=button, exact=True).click()

    def is_live(self, patience_ms: int = PATIENCE_MS) -> None:
        """Wait until the strip says so, and mark the page: a reload would lose the mark."""
        expect(self.strip).to_have_text("Live", timeout=patience_ms)
        self.page.evaluate("window.isStillHere = true")

    def has_not_reloaded(self) -> bool:
        return bool(self.page.evaluate("window.isStillHere === true"))

    @property
    def strip(self) -> Locator:
        """The words of the connection."""
        return self.page.locator(".strip__word")

    def row(self, view: str, subject: str) -> Locator:
        """Return the row of a subject in a live list."""
        return self.page.locator(f'[data-view="{view}"] > [data-subject="{subject}"]')

    def subjects(self, view: str) -> list[str]:
        """Return what a live list shows, in its order."""
        rows = self.page.locator(f'[data-view="{view}"] > [data-subject]')
        return [str(it) for it in rows.evaluate_all("rows => rows.map(r => r.dataset.subject)")]

    def count(self) -> int:
        """Return the number in the tally at the head of a desk."""
        return int(self.page.locator("#tally b").first.inner_text())

    # ------------------------------------------------------------ moves, through the forms

    def fill(self, fields: dict[str, str]) -> None:
        """Fill in fields of the main part that are seen, by their names; choices by labels."""
        main = self.page.get_by_role("main")
        for name, value in fields.items():
            control = main.locator(f"[name={name}]:visible").first
            kind = control.evaluate("it => it.type")
            if kind in {"radio", "checkbox"}:
                main.get_by_label(value, exact=True).check()
            elif kind == "select-one":
                control.select_option(label=value)
            else:
                control.fill(value)

    def report(self, words: str, **fields: str) -> str:
        """Report something, and return the reference that the receipt names."""
        self.open("feed/new")
        self.fill({"words": words, **REPORT, **fields})
        self.press("Send to the SEOC")
        return self._reference()

    def offer(self, description: str, price: str = "", **line: str) -> str:
        """Offer something in its three steps, and return the reference that the receipt names.

        price : in dollars for one unit; "" makes it a gift. line: what else the second step is
        filled with, such as the member for which an association offers.
        """
        main = self.page.get_by_role("main")
        self.open("offers/new")
        fields = {**OFFER, "description": description, **line}
        main.get_by_role("link", name=fields.pop("item"), exact=True).click()
        self.fill(fields)
        self.press("Continue")
        if price:
            main.get_by_label("For pay, at a price we quote").check()
            main.locator("summary", has_text="Prices and contract").click()
            main.get_by_label("Price, Generator, in US dollars").fill(price)
            main.get_by_label("A price quoted here is not above").check()
        else:
            main.get_by_label("Gift, nothing to pay").check()
        self.press("Check before sending")
        if "member" in fields:
            main.get_by_label("These members agreed that we offer this for them").check()
        self.press("Send offer")
        return self._reference()

    def decide(self, words: str, **fields: str) -> None:
        """Open a fold of these words at the ERAC desk and fill it in; checks are ticked."""
        item = self.page.locator("#item")
        item.locator("summary", has_text=words).first.click()
        fold = item.locator("details[open]", has_text=words).first
        for box in fold.get_by_role("checkbox").all()[:2]:
            box.check()
        for name, value in fields.items():
            control = fold.locator(f"[name={name}]").first
            if control.evaluate("it => it.type") == "radio":
                fold.get_by_label(value, exact=True).check()
            else:
                control.fill(value)
        fold.get_by_role("button").last.click()

    def _reference(self) -> str:
        words = self.page.locator(".receipt").inner_text()
        assert REFERENCE.fullmatch(words), words
        return words

    def publish(self, reference: str) -> None:
        self.open(f"feed/queue/{reference}")
        self.press("Publish")
        self.page.get_by_text(f"Published {reference}.").wait_for()

    def unfold(self, words: str) -> None:
        """Open the fold of these words about the report that stands at the desk."""
        self.page.locator("#item summary", has_text=words).click()

    def retract(self, reference: str, reason: str) -> None:
        self.open(f"feed/{reference}")
        self.page.get_by_text("Take this post back").click()
        self.fill({"note": reason})
        self.press("Take it back from every reader")
        self.page.get_by_text("Retracted").first.wait_for()


class Stopwatch:
    """Says on the test's output how long a thing took to be seen."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def start(self) -> None:
        self._started = time.monotonic()

    def say(self, what: str) -> None:
        print(f"{what}: {time.monotonic() - self._started:.2f} s")  # noqa: T201
