"""What somebody is writing is theirs: the live page warns, and takes nothing away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from portal.journal.records import begin_generation
from tests.browser.people import CUT_OFF, LONG_MS, Person
from tests.databases import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer
    from tests.browser.proxy import Network

NOTE = "Thank you; please call the duty desk about the second tank."
WARNING = "This changed meanwhile."


@pytest.fixture
def reference(server: DemoServer, meet: Callable[..., Person]) -> str:
    return meet(server.url, "liaison").report("A second tank leaks at Neosho.")


@pytest.fixture
def writer(server: DemoServer, meet: Callable[..., Person], reference: str) -> Person:
    """Return a moderator whose fold is open on the report."""
    writer = meet(server.url, "moderator")
    writer.open(f"feed/queue/{reference}")
    writer.unfold("Do not publish")
    writer.is_live()
    expect(writer.page.locator("#claim")).to_contain_text("Yours until")
    return writer


def taken_over_and_published(other: Person, reference: str) -> None:
    other.open(f"feed/queue/{reference}")
    other.press("Take it over")
    expect(other.page.locator("#claim")).to_contain_text("Yours until")
    other.press("Publish")
    other.page.get_by_text(f"Published {reference}.").wait_for()


@pytest.mark.slow
def test_a_note_outlives_another_moderators_decision(
    server: DemoServer, meet: Callable[..., Person], writer: Person, reference: str
):
    other = meet(server.url, "mop3")
    writer.fill({"reason": "Cannot be verified", "note": NOTE})
    taken_over_and_published(other, reference)

    item = writer.page.locator("#item")
    expect(item.get_by_role("status")).to_contain_text(WARNING)
    expect(item.locator("[name=note]")).to_have_value(NOTE)
    expect(writer.row("queue", reference)).to_have_count(0)
    assert writer.has_not_reloaded()

    with writer.page.expect_response(re.compile("/reject$")) as answer:
        writer.press("Do not publish, tell the author")
    assert answer.value.status == 409
    expect(writer.page.locator(".errsum")).to_contain_text(
        "This changed while you were reading"
    )
    expect(writer.page.locator("#item")).to_contain_text(NOTE)
    expect(writer.page.locator("#item")).to_contain_text("Published")
    writer.forgive("409")


@pytest.mark.slow
def test_a_form_that_came_back_to_be_put_right_is_warned_too(
    server: DemoServer, meet: Callable[..., Person], writer: Person, reference: str
):
    writer.fill({"note": NOTE})
    writer.press("Do not publish, tell the author")  # without a reason
    expect(writer.page.locator(".errsum")).to_contain_text("Choose a reason.")
    writer.is_live()
    taken_over_and_published(meet(server.url, "mop3"), reference)
    expect(writer.page.locator("#item")).to_contain_text(WARNING)
    expect(writer.page.locator("#item [name=note]")).to_have_value(NOTE)
    assert writer.has_not_reloaded()
    writer.forgive("422")


@pytest.mark.slow
def test_other_reports_leave_an_open_fold_and_what_is_typed_alone(
    server: DemoServer, meet: Callable[..., Person], writer: Person
):
    liaison, waiting = meet(server.url, "association"), writer.count()
    second = liaison.report("A third tank leaks at Aurora.")
    writer.row("queue", second).wait_for()
    expect(writer.page.locator("#tally [data-waiting]")).to_have_text(str(waiting + 1))
    note = writer.page.locator("#item [name=note]")
    expect(note).to_be_visible()
    note.fill(NOTE)
    third = liaison.report("A fourth tank leaks at Monett.")
    writer.row("queue", third).wait_for()
    expect(writer.page.locator("#tally [data-waiting]")).to_have_text(str(waiting + 2))
    expect(note).to_have_value(NOTE)
    expect(writer.page.get_by_text(WARNING)).to_have_count(0)
    assert writer.has_not_reloaded()


def test_a_fold_stays_open_and_the_keyboard_stays_in_place_when_its_subject_moves(
    server: DemoServer, meet: Callable[..., Person]
):
    erac = meet(server.url, "erac")
    owner = meet(server.url, "association")
    reference = owner.offer("Light towers.", price="10")
    erac.open(f"offers/{reference}")
    erac.is_live()
    fold = erac.page.locator("#item details", has_text="Decline it")
    fold.locator("summary").click()
    fold.locator("textarea").focus()
    focused = erac.page.evaluate("document.activeElement.id")
    colleague = erac.context.new_page()
    colleague.goto(erac.page.url)
    colleague.get_by_role("button", name="Take it").click()

    expect(erac.page.locator(".chip").first).to_have_text("Reviewing")
    expect(fold.locator("textarea")).to_be_visible()
    assert focused
    assert erac.page.evaluate("document.activeElement.id") == focused
    assert erac.has_not_reloaded()


def test_a_page_that_must_load_again_waits_for_what_is_being_written(
    server: DemoServer, network: Network, meet: Callable[..., Person]
):
    """A database restored from a copy asks every page that comes back to load again."""
    reader, writer = meet(network.url, "liaison2"), meet(network.url, "liaison")
    for person, path in ((reader, "feed"), (writer, "feed/new")):
        person.open(path)
        person.is_live()
    writer.fill({"words": NOTE})
    network.cut()
    with opened(server.database_url) as database, database.sessions() as session:
        begin_generation(session)
    network.heal()
    expect(writer.strip).to_have_text("Updates paused", timeout=LONG_MS)
    expect(writer.page.locator("[name=words]")).to_have_value(NOTE)
    assert writer.has_not_reloaded()
    expect(reader.strip).to_have_text("Live", timeout=LONG_MS)
    assert not reader.has_not_reloaded(), "who writes nothing loads again"
    for person in (reader, writer):
        person.forgive(*CUT_OFF)
