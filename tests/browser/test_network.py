"""A network that goes and comes back: nothing missing, nothing doubled, no false "Live"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, Route, WebSocketRoute, expect

from tests.browser.people import CUT_OFF, LONG_MS, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer
    from tests.browser.proxy import Network

OFFLINE = re.compile(r"^Offline since \d\d:\d\d$")
#: A page of the feed, but for what came in while it was open.
LEAST_IN_BOTH = 20
#: Notes what the strip says and what the feed shows whenever either changes.
WATCH = """() => {
  const told = (window.told = []);
  const note = () => told.push([
    document.querySelector(".strip__word").textContent,
    [...document.querySelectorAll("[data-view=feed] > *")].map((row) => row.dataset.subject),
  ]);
  const watcher = new MutationObserver(note);
  for (const it of document.querySelectorAll("#connection, [data-view=feed]"))
    watcher.observe(it, { subtree: true, childList: true, characterData: true });
}"""


@pytest.fixture
def moderator(server: DemoServer, meet: Callable[..., Person]) -> Person:
    return meet(server.url, "moderator")


@pytest.fixture
def author(server: DemoServer, meet: Callable[..., Person]) -> Person:
    return meet(server.url, "liaison")


def reader_of_the_feed(base: str, meet: Callable[..., Person]) -> Person:
    reader = meet(base, "liaison2")
    reader.open("feed")
    reader.is_live()
    reader.page.evaluate(WATCH)
    return reader


def told(reader: Person) -> list[tuple[str, list[str]]]:
    found: Any = reader.page.evaluate("window.told")
    return [(word, subjects) for word, subjects in found]


def holds_what_its_page_shows(reader: Person) -> None:
    """Compare the page with itself anew, which may begin later: it has grown meanwhile."""
    rows = reader.page.locator("[data-view=feed] > [data-subject]")
    held, words = reader.subjects("feed"), rows.all_inner_texts()
    assert len(set(held)) == len(held), "nothing is doubled"
    reader.open("feed")
    shown, now = reader.subjects("feed"), rows.all_inner_texts()
    both = min(len(held), len(shown))
    assert both >= LEAST_IN_BOTH
    assert held[-both:] == shown[-both:]
    ages = re.compile(r"\d+ (?:min|h|days) ago|just now")
    texts = [ages.sub("", "".join(it[-both:])) for it in (words, now)]
    assert texts[0] == texts[1]


@pytest.mark.slow
def test_what_was_missed_while_the_network_was_cut_is_there_when_it_is_back(
    network: Network, meet: Callable[..., Person], moderator: Person, author: Person
):
    reader = reader_of_the_feed(network.url, meet)
    before = reader.subjects("feed")
    network.cut()
    expect(reader.strip).to_have_text(OFFLINE)
    missed = [author.report(f"Missed report number {number}.") for number in range(3)]
    for reference in missed:
        moderator.publish(reference)
    moderator.retract(missed[1], "Gone before anybody came back.")
    assert reader.subjects("feed") == before
    expect(reader.strip).to_have_text(OFFLINE)

    network.heal()
    reader.is_live(LONG_MS)
    reader.forgive(*CUT_OFF)

    assert reader.subjects("feed") == [*before, *missed]
    expect(reader.row("feed", missed[1])).to_contain_text("Gone before anybody came back.")
    assert "Missed report number 1." not in network.heard(), "not even on the way"
    words = [word for word, _ in told(reader)]
    assert OFFLINE.match(words[0])
    assert "Catching up" in words
    for word, subjects in told(reader):
        assert word != "Live" or set(missed) <= set(subjects), "Live while a post was missing"
    holds_what_its_page_shows(reader)


def test_a_device_that_says_it_is_offline_is_back_at_once(
    server: DemoServer, meet: Callable[..., Person], moderator: Person, author: Person
):
    reader = reader_of_the_feed(server.url, meet)
    reader.context.set_offline(True)
    expect(reader.strip).to_have_text(OFFLINE)
    missed = author.report("Missed by a telephone in a tunnel.")
    moderator.publish(missed)
    reader.page.wait_for_timeout(2500)  # long enough for tries in vain, and a longer wait
    reader.context.set_offline(False)
    reader.is_live(3000)
    reader.forgive(*CUT_OFF)
    assert reader.subjects("feed")[-1] == missed
    holds_what_its_page_shows(reader)


def test_where_websockets_are_refused_long_polling_carries_the_news(
    network: Network, meet: Callable[..., Person], moderator: Person, author: Person
):
    network.refuses_sockets = True
    reader = reader_of_the_feed(network.url, meet)
    reference = author.report("News for those behind a strict proxy.")
    moderator.publish(reference)
    expect(reader.row("feed", reference)).to_contain_text("News for those behind")
    assert reader.has_not_reloaded()
    expect(reader.strip).to_have_text("Live")
    asked = reader.page.evaluate("performance.getEntriesByType('resource').map(it => it.name)")
    assert [it for it in asked if "transport=polling" in it]
    moderator.retract(reference, "Polled away.")
    expect(reader.row("feed", reference)).to_contain_text("Polled away.")
    holds_what_its_page_shows(reader)
    reader.page.close()  # or it might try a socket once more, and complain of it
    reader.forgive(*CUT_OFF)


def losing(page: Page, reference: str) -> list[str | bytes]:
    """Let the frames about one subject get lost between server and page; return them."""
    lost: list[str | bytes] = []

    def connect(near: WebSocketRoute) -> None:
        far = near.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            is_lost = isinstance(message, str) and '"entry"' in message and reference in message
            (lost.append if is_lost else near.send)(message)

        far.on_message(pass_on)

    page.route_web_socket(re.compile("/socket.io/"), connect)
    return lost


def test_a_frame_that_got_lost_is_asked_for_when_the_next_one_shows_the_gap(
    server: DemoServer, meet: Callable[..., Person], moderator: Person, author: Person
):
    lost = author.report("Lost on the way.")
    reader = meet(server.url, "liaison2")
    frames = losing(reader.page, lost)
    reader.open("feed")
    reader.is_live()
    reader.page.evaluate(WATCH)
    moderator.publish(lost)
    reader.page.wait_for_timeout(500)
    assert frames, "nothing got lost"  # it may be back: heads come every 25 s, and show it
    following = author.report("Arrived, and showed the gap.")
    moderator.publish(following)
    expect(reader.row("feed", following)).to_be_visible()
    assert reader.subjects("feed")[-2:] == [lost, following]
    assert "Catching up" in [word for word, _ in told(reader)]
    expect(reader.strip).to_have_text("Live")
    assert reader.has_not_reloaded()
    holds_what_its_page_shows(reader)


def test_a_page_without_its_script_says_so_and_says_what_to_do(
    server: DemoServer, meet: Callable[..., Person]
):
    reader = meet(server.url, "liaison2")

    def refuse(route: Route) -> None:
        route.abort()

    reader.page.route("**/live/*.js", refuse)
    reader.open("feed")
    expect(reader.strip).to_have_text("Not live: reload for news")
    reader.strip.get_by_role("link").click()
    reader.page.wait_for_load_state()
    assert reader.page.url.endswith("/feed")
    reader.forgive(*CUT_OFF)
