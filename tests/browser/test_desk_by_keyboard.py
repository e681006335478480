"""The desk by keyboard alone: sixty reports, few keys, each decision as it was pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.core import codes
from portal.feed.models import Post
from portal.feed.queries import get_post, list_queue
from portal.feed.states import PostState
from tests import factories as make
from tests.browser.arranging import Stage, arranging
from tests.browser.conftest import Site, demo_site
from tests.browser.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

REPORTS = 60
MOST_KEYS = 180

#: What is pressed for one report, and what is to become of it.
PUBLISH = (["a"], PostState.PUBLISHED)
REJECT = (["r", "2", "Enter"], PostState.REJECTED)
MERGE = (["m"], PostState.MERGED)
ASK = (["q", *"Since when?", "Control+Enter"], PostState.QUESTION)
PLAN = [PUBLISH, PUBLISH, REJECT, PUBLISH, MERGE, PUBLISH, PUBLISH, REJECT, PUBLISH, PUBLISH]

#: So different that none of them looks like another.
THINGS = ("rail yard", "water tower", "clinic", "fuel rack", "cold store", "ferry", "quarry")


@pytest.fixture(scope="module")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Lend a site where nothing waits but what these tests arrange."""
    with demo_site(chromium, tmp_path_factory.mktemp("desk")) as site:
        yield site


def hand_in(stage: Stage, number: int) -> str:
    """Hand in a report; the ones that are to be merged are much like one that is out."""
    county = (list(codes.load("counties"))[number],)
    if PLAN[number % len(PLAN)] is MERGE:
        words = f"Gate {number} of the {THINGS[number % len(THINGS)]} is shut since noon"
        stage.published(words, "association", counties=county)
        return stage.report(f"{words}.", counties=county).reference
    words = f"{THINGS[number % len(THINGS)]} {chr(65 + number % 26) * 3}: {number * 7919}"
    return stage.report(words, ("liaison", "liaison2")[number % 2], counties=county).reference


@pytest.fixture
def waiting(site: Site) -> list[str]:
    """Let sixty reports wait and nothing else; return them oldest first."""
    with arranging(site.server) as stage:
        for view in list_queue(stage.session, stage.incident.id):
            post = get_post(
                stage.session, stage.incident.id, view.reference, stage.actor("moderator")
            )
            make.reject(stage.session, stage.actor("moderator"), post)
        return [hand_in(stage, number) for number in range(REPORTS)]


def states(site: Site, references: list[str]) -> list[PostState]:
    """Return what became of reports."""
    with arranging(site.server) as stage:
        rows = stage.session.scalars(select(Post).where(Post.reference.in_(references)))
        found = {row.reference: row.state for row in rows}
    return [found[reference] for reference in references]


def press(moderator: Person, keys: list[str]) -> int:
    """Press the keys for the report that is open, and wait for the next; return how many."""
    reference = moderator.page.locator("#item").get_attribute("data-about")
    for key in keys:
        moderator.page.keyboard.press(key)
    moderator.page.locator(f"#item[data-about='{reference}']").wait_for(state="detached")
    moderator.page.wait_for_load_state()
    return len(keys)


@pytest.mark.slow
def test_sixty_reports_are_worked_off_with_few_keys(
    site: Site, meet: Callable[..., Person], waiting: list[str]
):
    moderator = meet(site.server.url, "moderator")
    moderator.open("feed/queue")
    moderator.page.keyboard.press("j")
    moderator.page.wait_for_url(f"**/queue/{waiting[0]}")
    pressed, planned = 1, []
    for number in range(REPORTS):
        keys, state = ASK if number == REPORTS - 1 else PLAN[number % len(PLAN)]
        planned.append(state)
        pressed += press(moderator, keys)
    assert pressed <= MOST_KEYS
    expect(moderator.page.get_by_role("heading", name="Nothing waits")).to_be_visible()
    assert states(site, waiting) == planned


@pytest.mark.slow
def test_keys_are_letters_inside_a_field_and_can_be_turned_off(
    site: Site, meet: Callable[..., Person]
):
    with arranging(site.server) as stage:
        reference = stage.report("For somebody who writes in the fields.").reference
    moderator = meet(site.server.url, "mop3")
    page = moderator.page
    moderator.open(f"feed/queue/{reference}")
    page.keyboard.press("q")
    page.keyboard.type("area jam at 1?")
    expect(page.locator("[name=question]")).to_have_value("area jam at 1?")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.get_by_role("button", name="Turn keys off").click()
    for key in ("a", "r", "m", "n"):
        page.keyboard.press(key)
    expect(page.locator("details[data-key=r]")).not_to_have_attribute("open", "")
    moderator.open(f"feed/queue/{reference}")  # they stay off
    page.keyboard.press("a")
    page.wait_for_timeout(500)
    assert states(site, [reference]) == [PostState.WAITING]
    page.locator("#keys summary").click()
    page.get_by_role("button", name="Turn keys on").click()
    page.keyboard.press("a")
    expect(page.get_by_role("status").first).to_contain_text(f"Published {reference}.")
