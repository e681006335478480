"""Liaison, competitor, moderator and ERAC: each sees what is theirs, at once, and no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.people import PATIENCE_MS, Person, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer
    from tests.browser.proxy import Network

NEWS = "Plover substation feeds Carthage again since noon."
WAITING = "Osprey depot is without guards tonight."
REFUSED = "Kestrel terminal quotes nine dollars a barrel."
INSIDE = "Merlin pipeline pressure falls; only the SEOC may know."
CAPACITY = "Three plovers on a trailer, 480 volt."
PRICE = "98,765.43"


@dataclass
class People:
    liaison: Person
    competitor: Person
    moderator: Person
    erac: Person


@pytest.fixture
def people(server: DemoServer, network: Network, meet: Callable[..., Person]) -> People:
    return People(
        liaison=meet(server.url, "liaison", viewport=PHONE),
        competitor=meet(network.url, "liaison2"),
        moderator=meet(server.url, "moderator"),
        erac=meet(server.url, "erac"),
    )


def seen(person: Person, view: str, subject: str, what: str, watch: Stopwatch) -> None:
    """Fail unless a row comes in by itself; say how long it took since the click."""
    person.row(view, subject).wait_for(timeout=PATIENCE_MS)
    watch.say(what)


def test_a_report_appears_and_goes_on_every_screen_that_may_show_it(
    network: Network, people: People
):
    liaison, competitor, moderator = people.liaison, people.competitor, people.moderator
    watch = Stopwatch()
    moderator.open("feed/queue")
    competitor.open("feed")
    moderator.is_live()
    competitor.is_live()
    waiting = moderator.count()

    liaison.open("feed/new")
    watch.start()
    reference = liaison.report(NEWS)
    seen(moderator, "queue", reference, "a report on the desk", watch)
    expect(moderator.page.locator("#tally [data-waiting]")).to_have_text(str(waiting + 1))
    expect(liaison.page.locator("h1")).to_have_text("Received by the SEOC")
    assert NEWS not in network.heard()
    liaison.is_live()

    watch.start()
    moderator.row("queue", reference).get_by_role("link").click()
    moderator.press("Publish")
    seen(competitor, "feed", reference, "a post on the competitor's feed", watch)
    expect(competitor.row("feed", reference)).to_contain_text(NEWS)
    expect(liaison.page.locator(".chip").first).to_have_text("Published")
    watch.say("its state on its author's page")
    assert liaison.has_not_reloaded()

    watch.start()
    moderator.retract(reference, "The plant was named wrongly.")
    row = competitor.row("feed", reference)
    expect(row).to_contain_text("The plant was named wrongly.")
    watch.say("its words off the competitor's feed")
    expect(row).to_contain_text("Retracted")
    assert competitor.has_not_reloaded()
    assert "Plover" not in competitor.page.content()
    assert NEWS in network.heard(), "what was published had been sent"
    row.get_by_role("link").click()
    expect(competitor.page.locator("h1")).to_have_text("This post was taken back")
    assert "Plover" not in competitor.page.content()


@pytest.mark.slow
def test_words_leave_the_page_of_the_post_and_earlier_pages_too(people: People):
    competitor, moderator = people.competitor, people.moderator
    competitor.open("feed")
    others = competitor.page.locator('[data-view="feed"] > .post:not(.post--gone)')
    first = others.filter(has_not_text="Bluestem Petroleum").first  # the competitor's own
    reference = first.get_attribute("data-subject") or ""
    words = competitor.row("feed", reference).locator("h3").inner_text()
    reader = competitor.context.new_page()
    reader.goto(f"{competitor.base}/incidents/OZ27/feed/{reference}")
    last = competitor.subjects("feed")[-1]
    competitor.open(f"feed?before={last}")
    competitor.is_live()
    expect(reader.locator(".strip__word")).to_have_text("Live")
    expect(reader.locator("#about .prose")).to_contain_text(words)

    moderator.retract(reference, "Taken back for a test.")

    expect(reader.locator("h1")).to_have_text("This post was taken back")
    expect(competitor.row("feed", reference)).to_contain_text("Taken back for a test.")
    assert words not in reader.content()
    expect(competitor.page.get_by_role("main")).not_to_contain_text(words)
    fresh = people.liaison.report("Something new while an earlier page is read.")
    moderator.publish(fresh)
    competitor.page.wait_for_timeout(500)
    assert fresh not in competitor.subjects("feed"), "an earlier page takes nothing new"


def test_what_is_refused_waits_or_stays_inside_reaches_no_competitor(
    network: Network, people: People
):
    liaison, competitor, moderator = people.liaison, people.competitor, people.moderator
    competitor.open("feed")
    competitor.is_live()
    liaison.report(WAITING)
    inside = liaison.report(INSIDE, asked_for="The SEOC and its cells only")
    moderator.publish(inside)
    refused = liaison.report(REFUSED)
    liaison.is_live()

    moderator.open(f"feed/queue/{refused}")
    moderator.unfold("Do not publish")
    moderator.fill({"reason": "Prices or competitor data", "note": "Leave the price out."})
    moderator.press("Do not publish, tell the author")

    story = liaison.page.get_by_role("region", name="What became of it")
    expect(story).to_contain_text("Prices or competitor data. Leave the price out.")
    expect(liaison.page.locator(".chip").first).to_have_text("Not published")
    assert liaison.has_not_reloaded()

    # One that everybody may read comes last: whatever else was on the way has come, too.
    last = liaison.report(NEWS)
    moderator.publish(last)
    competitor.row("feed", last).wait_for()
    assert competitor.has_not_reloaded()
    competitor.open("")
    competitor.is_live()
    heard = network.heard()
    assert NEWS in heard
    assert [it for it in (WAITING, INSIDE, REFUSED, "Leave the price out") if it in heard] == []


@pytest.mark.sampled(4)
@pytest.mark.parametrize("answer", ["list", "decline"])
def test_an_offer_is_between_its_owner_and_erac(
    server: DemoServer,
    network: Network,
    meet: Callable[..., Person],
    people: People,
    answer: str,
):
    owner, erac, competitor = meet(server.url, "association"), people.erac, people.competitor
    watch = Stopwatch()
    competitor.open("offers")
    competitor.is_live()
    erac.open("erac")
    erac.is_live()
    waiting = erac.count()

    watch.start()
    reference = owner.offer(CAPACITY, price=PRICE, member="Ozark Fuel & Supply")
    seen(erac, "erac", reference, "an offer on the ERAC desk", watch)
    expect(erac.row("erac", reference)).to_contain_text(f"${PRICE}")
    expect(erac.page.locator("#tally b").first).to_have_text(str(waiting + 1))
    assert erac.has_not_reloaded()
    owner.is_live()

    erac.row("erac", reference).get_by_role("link").click()
    expect(erac.page.get_by_role("main")).to_contain_text("for Ozark Fuel & Supply")
    erac.press("Take it")
    chip = owner.page.locator(".chip").first
    expect(chip).to_have_text("Reviewing")
    watch.start()
    if answer == "list":
        erac.decide("List it", note="We call you at six.")
        expect(chip).to_have_text("Listed")
        expect(owner.page.get_by_role("main")).to_contain_text("We call you at six.")
    else:
        erac.decide("Decline it", reason="Not needed now", note="Enough plovers are here.")
        expect(chip).to_have_text("Declined")
        expect(owner.page.get_by_role("main")).to_contain_text("Enough plovers are here.")
    watch.say("the answer on the owner's page")
    assert owner.has_not_reloaded()

    competitor.open("")
    competitor.is_live()
    heard = network.heard()
    secrets = (CAPACITY, PRICE, reference, "plovers", "We call you")
    assert [it for it in secrets if it in heard] == []
