"""Offers in a real browser: few taps, few keys, one deadline for both sides, live floors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from portal.feed.queries import get_post
from portal.journal.transaction import transaction
from portal.offers import operations as offers
from portal.offers import queries
from portal.offers.models import Offer
from portal.offers.states import OfferState
from tests import factories as make
from tests.browser.arranging import Stage, arranging
from tests.browser.conftest import PHONE, Site, demo_site
from tests.browser.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Locator

#: Journey J6: an offer, and the same once more. Taps and typed characters.
MOST_TAPS, MOST_TYPED, MOST_TAPS_AGAIN = 8, 60, 3
#: Journey J10 by the keystroke-level model: seconds a key, a thought, and an offer at most.
KEY_S, THOUGHT_S, MOST_S = 0.28, 1.35, 15.0

OFFERS = 20
LIST = (["l", "1", "2", "Control+Enter"], OfferState.LISTED)
DECLINE = (["d", "2", "Control+Enter"], OfferState.DECLINED)
ASK = (["q", *"With crew?", "Control+Enter"], OfferState.QUESTION)
PLAN = [LIST, DECLINE, LIST, ASK, LIST]


@pytest.fixture(scope="module")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Lend a site where these tests alone offer and answer."""
    with demo_site(chromium, tmp_path_factory.mktemp("offers")) as site:
        yield site


@dataclass
class Fingers:
    """Somebody's fingers on a phone: every tap and every character is counted."""

    person: Person
    taps: int = 0
    typed: int = 0
    path: list[str] = field(default_factory=list)

    def tap(self, role: str, name: str) -> None:
        main = self.person.page.get_by_role("main")
        found: Locator = main.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
        (main.get_by_text(name, exact=True) if role == "radio" else found).first.click()
        self.taps += 1
        self.path.append(name)

    def type(self, label: str, words: str) -> None:
        field = self.person.page.get_by_label(label, exact=True)
        field.click()
        field.press_sequentially(words)
        self.taps += 1
        self.typed += len(words)


def hand_in(stage: Stage, number: int) -> str:
    """Send an offer that waits for an answer."""
    terms = {"compensation": "donation", "vouched": False}
    made = make.make_offer(
        stage.session,
        stage.actor(("liaison", "liaison2")[number % 2]),
        amount=(number + 1) * 1000,
        price_cents=None,
        **terms,
    )
    return made.reference


@pytest.fixture
def waiting(site: Site) -> list[str]:
    """Let twenty offers wait and nothing else; return them in the order to be answered."""
    with arranging(site.server) as stage:
        erac = stage.actor("erac")
        for view in queries.list_desk(stage.session, stage.incident.id, erac):
            row = queries.get_offer(stage.session, stage.incident.id, view.reference, erac)
            make.decline(stage.session, erac, row)
        return [hand_in(stage, number) for number in range(OFFERS)]


def states(site: Site, references: list[str]) -> list[OfferState]:
    """Return what became of offers."""
    with arranging(site.server) as stage:
        rows = {it.reference: it.state for it in stage.session.query(Offer)}
    return [rows[reference] for reference in references]


def test_an_offer_takes_few_taps_and_comes_again_in_three(
    site: Site, meet: Callable[..., Person]
):
    owner = meet(site.server.url, "liaison", viewport=PHONE)
    erac = meet(site.server.url, "erac")
    erac.open("erac")
    erac.is_live()
    owner.open("")
    fingers = Fingers(owner)
    fingers.tap("link", "Offer capacity")
    fingers.tap("link", "Light tower")
    fingers.type("How much?", "4")
    fingers.tap("button", "Continue")
    fingers.tap("radio", "Gift, nothing to pay")
    fingers.tap("button", "Check before sending")
    fingers.tap("button", "Send offer")
    reference = owner.page.locator(".receipt").inner_text()
    assert fingers.taps <= MOST_TAPS, fingers.path
    assert fingers.typed <= MOST_TYPED
    expect(erac.row("erac", reference)).to_contain_text("4 each")
    assert erac.has_not_reloaded()

    more = Fingers(owner)
    more.tap("button", "Offer this again")
    more.tap("button", "Send offer")
    again = owner.page.locator(".receipt").inner_text()
    assert again != reference
    assert more.taps <= MOST_TAPS_AGAIN
    expect(erac.row("erac", again)).to_contain_text("4 each")


@pytest.mark.slow
def test_twenty_offers_are_answered_by_keys_alone(
    site: Site, meet: Callable[..., Person], waiting: list[str]
):
    erac = meet(site.server.url, "erac")
    page = erac.page
    erac.open("erac")
    assert erac.subjects("erac") == waiting
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/offers/{waiting[0]}")
    planned = []
    for number, reference in enumerate(waiting):
        keys, state = PLAN[number % len(PLAN)]
        expect(page.locator("#about")).to_have_attribute("data-about", reference)
        for key in keys:
            page.keyboard.press(key)
        planned.append(state)
        page.locator(f"#about[data-about='{reference}']").wait_for(state="detached")
        page.wait_for_load_state()
        assert len(keys) * KEY_S + THOUGHT_S <= MOST_S
    page.wait_for_url("**/erac")
    expect(page.get_by_role("heading", name="Nothing waits for an answer")).to_be_visible()
    assert states(site, waiting) == planned


def test_both_sides_see_the_same_deadline_and_the_answer(
    site: Site, meet: Callable[..., Person], waiting: list[str]
):
    owner, erac = meet(site.server.url, "liaison"), meet(site.server.url, "erac")
    reference = waiting[0]
    owner.open(f"offers/{reference}")
    owner.is_live()
    erac.open("erac")
    due = "[data-due]"
    theirs = erac.row("erac", reference).locator(due).get_attribute("data-due")
    assert owner.page.locator(f"main {due}").first.get_attribute("data-due") == theirs
    erac.open(f"offers/{reference}")
    erac.decide("Ask the owner", question="With crew?")
    expect(owner.page.get_by_role("main")).to_contain_text("With crew?")
    assert owner.has_not_reloaded()
    owner.fill({"reply": "Two people."})
    owner.press("Answer")
    erac.open(f"offers/{reference}")
    expect(erac.page.locator("#item")).to_contain_text("Two people.")
    erac.decide("Note for the cell", note="Only for us.")
    expect(erac.page.get_by_role("main")).to_contain_text("Only for us.")
    owner.open(f"offers/{reference}")
    assert "Only for us." not in owner.page.content()


def test_three_floors_live(site: Site, meet: Callable[..., Person], waiting: list[str]):
    """What happens to a report and to an offer shows on each floor whom it concerns."""
    url, words = site.server.url, "Kites over the Noel bridge."
    liaison, moderator, erac = (meet(url, it) for it in ("liaison", "moderator", "erac"))
    for person in (liaison, moderator, erac):
        person.open("")
        person.is_live()
    with arranging(site.server) as stage:
        reference = stage.report(words, by="liaison").reference
    expect(moderator.page.get_by_role("main")).to_contain_text(words)
    with arranging(site.server) as stage:
        desk = stage.actor("moderator")
        post = get_post(stage.session, stage.incident.id, reference, desk)
        make.publish(stage.session, desk, post)
    for person in (liaison, erac):
        expect(person.row("feed", reference)).to_contain_text(words)
    with arranging(site.server) as stage:
        actor = stage.actor("erac")
        offer = queries.get_offer(stage.session, stage.incident.id, waiting[0], actor)
        with transaction(stage.session, actor) as tx:
            offers.ask(tx, offer, question="Where are the kites?")
    expect(liaison.page.get_by_role("main")).to_contain_text("Where are the kites?")
    for person in (liaison, moderator, erac):
        assert person.has_not_reloaded(), person.name
