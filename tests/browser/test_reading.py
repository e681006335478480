"""Reading the feed: it opens where one stopped; news moves nothing, and is said briefly."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from portal.core import clock
from portal.feed.operations import mark_read
from tests.browser.arranging import Stage, arranging
from tests.browser.conftest import PHONE, Site, demo_site
from tests.browser.people import Person
from tests.feed.making import post_of_seoc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser

    from portal.feed.models import Post

MANY = 20
#: Posts within this time are told once.
WINDOW_MS = 10_000

#: Notes what screen readers are told, and when.
LISTEN = """() => {
  window.heard = [];
  for (const id of ["announce", "alarm"]) {
    const box = document.getElementById(id);
    new MutationObserver(() => window.heard.push([id, box.textContent, performance.now()]))
      .observe(box, { childList: true, characterData: true, subtree: true });
  }
}"""
#: Where each post is on the screen, and the one at which the keyboard is.
PLACES = """() => [
  ...[...document.querySelectorAll("[data-view=feed] > [data-subject]")]
    .map((row) => `${row.dataset.subject} ${Math.round(row.getBoundingClientRect().top)}`),
  `focus ${document.activeElement.closest("[data-subject]")?.dataset.subject}`,
]"""


@pytest.fixture(scope="module")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Lend a site where nobody has read but what these tests let them read."""
    with demo_site(chromium, tmp_path_factory.mktemp("reading")) as site:
        yield site


@pytest.fixture
def stage(site: Site) -> Iterator[Stage]:
    with arranging(site.server) as stage:
        yield stage


def read_up_to(stage: Stage, name: str, post: Post) -> None:
    person_id = stage.actor(name).person_id
    assert person_id is not None
    mark_read(stage.session, person_id, post)


def urgent(stage: Stage, said: str, **changes: Any) -> Post:
    return post_of_seoc(
        stage.session,
        stage.actor("moderator"),
        stage.incident,
        said=said,
        is_urgent=True,
        **changes,
    )


def heard(reader: Person, box: str) -> list[tuple[str, float]]:
    found: Any = reader.page.evaluate("window.heard")
    return [(words, at) for where, words, at in found if where == box and words]


def places(reader: Person) -> set[str]:
    return set(reader.page.evaluate(PLACES))


@pytest.mark.slow
def test_many_posts_are_said_in_one_polite_sentence_and_one_urgent_one(
    site: Site, stage: Stage, meet: Callable[..., Person]
):
    reader = meet(site.server.url, "liaison2")
    reader.open("feed")
    reader.is_live()
    reader.page.evaluate(LISTEN)
    for number in range(MANY - 2):
        stage.published(f"Many at once, number {number}.")
    first = urgent(stage, "Leave the low water crossings now.")
    last = urgent(stage, "Boil water in Jasper County.")
    reader.row("feed", last.reference).wait_for()
    reader.page.wait_for_timeout(WINDOW_MS + 2000)
    polite, assertive = heard(reader, "announce"), heard(reader, "alarm")
    times = [at for _, at in polite]
    assert all(later - sooner >= WINDOW_MS for sooner, later in pairwise(times))
    assert sum(int(words.split()[0]) for words, _ in polite) == MANY
    assert [words for words, _ in assertive] == [f"Urgent: {first.said}"]


def test_news_moves_neither_what_is_read_nor_the_keyboard(
    site: Site, stage: Stage, meet: Callable[..., Person]
):
    for number in range(12):
        stage.published(f"To be read in peace, number {number}. {'More of it. ' * 20}")
    reader = meet(site.server.url, "erac", viewport=PHONE)
    reader.open("feed")
    reader.is_live()
    middle = reader.subjects("feed")[6]
    for prepare in ("scrollTo(0, 0)", f"document.getElementById('{middle}').scrollIntoView()"):
        reader.page.evaluate(prepare)
        reader.row("feed", middle).get_by_role("link").first.evaluate(
            "it => it.focus({ preventScroll: true })"
        )
        before = places(reader)
        count = len(reader.subjects("feed"))
        ahead = clock.now().replace(year=clock.now().year + 1)
        urgent(stage, f"News below, and a pin above. {prepare}", acknowledge_by=ahead)
        last = stage.published(f"News below. {prepare}")
        reader.row("feed", last.reference).wait_for(state="attached")
        assert len(reader.subjects("feed")) == count + 2
        reader.page.wait_for_timeout(1000)  # for what is asked anew, too
        after = dict(it.split() for it in places(reader))
    for row, top in (it.split() for it in before):  # a pixel is what rounding makes of none
        near = {top} if row == "focus" else {str(int(top) + off) for off in (-1, 0, 1)}
        assert after[row] in near, row
    expect(
        reader.page.get_by_role("button", name="4 new posts, jump to latest")
    ).to_be_visible()


def test_what_is_to_be_acknowledged_comes_in_above_without_moving_the_posts(
    site: Site, stage: Stage, meet: Callable[..., Person]
):
    reader = meet(site.server.url, "association", viewport=PHONE)
    reader.open("feed")
    reader.is_live()
    before = places(reader)
    ahead = clock.now().replace(year=clock.now().year + 1)
    asked = urgent(stage, "Say that you have read this.", acknowledge_by=ahead)
    expect(reader.page.locator("#needs")).to_contain_text(asked.said)
    after = dict(it.split() for it in places(reader))
    for row, top in (it.split() for it in before):  # a pixel is what rounding makes of none
        near = {top} if row == "focus" else {str(int(top) + off) for off in (-1, 0, 1)}
        assert after[row] in near, row


def test_the_feed_opens_at_the_first_unread_on_every_device(
    site: Site, stage: Stage, meet: Callable[..., Person]
):
    posts = [
        stage.published(f"Unread, number {number}. " + "And more. " * 25)
        for number in range(24)
    ]
    read_up_to(stage, "liaison", posts[5])
    phone = meet(site.server.url, "liaison", viewport=PHONE)
    phone.open("feed")
    phone.is_live()
    first = posts[6].reference
    expect(phone.page.locator("#new")).to_be_in_viewport()
    expect(phone.row("feed", first)).to_be_in_viewport()
    expect(phone.row("feed", posts[4].reference)).not_to_be_in_viewport()

    phone.page.locator(f"[id='{posts[12].reference}']").scroll_into_view_if_needed()
    with phone.page.expect_response("**/read") as told:
        phone.page.wait_for_timeout(100)
    assert told.value.status == 303
    until = told.value.url.split("/")[-2]
    at = [post.reference for post in posts].index(until)
    assert 11 <= at <= 14
    desk = meet(site.server.url, "liaison")
    desk.open("feed")
    desk.is_live()
    for device in (desk, phone):
        device.open("feed")
        rule = device.page.locator("#new")
        expect(rule).to_be_in_viewport()
        assert (
            rule.evaluate("it => it.nextElementSibling.dataset.subject")
            == posts[at + 1].reference
        )


@pytest.mark.slow
def test_one_that_is_longer_than_the_screen_is_read_too(
    site: Site, stage: Stage, meet: Callable[..., Person]
):
    before = stage.published("Short, before the long one.")
    read_up_to(stage, "cikr", before)
    long = urgent(stage, "A long one.\n\n" + "Line after line of it.\n\n" * 80)
    reader = meet(site.server.url, "cikr", viewport=PHONE)
    reader.open("feed")
    height = reader.row("feed", long.reference).bounding_box()
    assert height is not None
    assert height["height"] > 2 * PHONE["height"]
    with reader.page.expect_response(f"**/{long.reference}/read") as told:
        reader.page.locator("#new").scroll_into_view_if_needed()
    assert told.value.status == 303
