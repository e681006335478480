"""Two at the desk with one report: one decides, and nobody loses what they typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.browser.people import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer

WORDS = "Second words, written by the second moderator."
NOTE = "Please call the duty desk."
CHANGED = "This changed meanwhile."


@dataclass
class Desk:
    first: Person
    second: Person
    reference: str

    def claim_of(self, person: Person) -> str:
        return person.page.locator("#claim").inner_text()


@pytest.fixture
def desk(server: DemoServer, meet: Callable[..., Person]) -> Desk:
    """Let two at the desk have the same report open; the first came first."""
    reference = meet(server.url, "liaison").report("A tank leaks between two moderators.")
    first, second = meet(server.url, "moderator"), meet(server.url, "mop3")
    for person in (first, second):
        person.open(f"feed/queue/{reference}")
        person.is_live()
    expect(first.page.locator("#claim")).to_contain_text("Yours until")
    return Desk(first, second, reference)


def test_who_has_a_report_is_seen_live_and_the_other_is_told_and_keeps_what_was_typed(
    desk: Desk,
):
    first, second = desk.first, desk.second
    has_it = "Alex Moreno has it until"
    expect(second.page.locator("#claim")).to_contain_text(has_it)
    expect(second.row("queue", desk.reference)).to_contain_text("Alex Moreno has it")
    second.unfold("Edit before publishing")
    second.fill({"said": WORDS})
    second.press("Publish these words")
    expect(second.page.locator(".errsum")).to_contain_text("Take it over to decide it")
    expect(second.page.locator("#item [name=said]")).to_have_value(WORDS)

    second.is_live()
    second.press("Take it over")
    expect(second.page.locator("#claim")).to_contain_text("Yours until")
    expect(second.page.locator("#item [name=said]")).to_have_value(WORDS)
    expect(first.page.locator("#claim")).not_to_contain_text("Yours")
    assert first.has_not_reloaded()
    expect(second.page.get_by_text(CHANGED)).to_have_count(0)  # but for who has it

    second.press("Publish these words")
    expect(second.page.get_by_text(f"Published {desk.reference}.")).to_be_visible()
    expect(first.page.locator("#item")).to_contain_text("Decided")
    second.forgive("409")


def test_of_two_decisions_at_once_one_wins_and_the_other_is_answered(desk: Desk):
    first, second = desk.first, desk.second
    second.press("Take it over")
    expect(second.page.locator("#claim")).to_contain_text("Yours until")
    second.is_live()
    first.unfold("Do not publish")
    first.fill({"reason": "Cannot be verified", "note": NOTE})
    expect(first.page.locator("#claim")).to_contain_text("has it until")
    expect(first.page.get_by_text(CHANGED)).to_have_count(0)  # its words are as they were

    first.page.evaluate(PRESS, "reject")
    second.page.evaluate(PRESS, "publish")
    expect(second.page.get_by_text(f"Published {desk.reference}.")).to_be_visible()
    expect(first.page.locator(".errsum")).to_be_visible()
    expect(first.page.locator("#item")).to_contain_text(NOTE)
    first.forgive("409")


@pytest.mark.slow
def test_a_claim_of_ones_own_is_no_change_that_one_is_warned_of(
    server: DemoServer, meet: Callable[..., Person]
):
    reference = meet(server.url, "liaison").report("Taken while somebody is choosing.")
    moderator = meet(server.url, "moderator")
    moderator.open(f"feed/queue/{reference}")
    moderator.unfold("Do not publish")
    moderator.fill({"reason": "Old news", "note": NOTE})
    expect(moderator.page.locator("#claim")).to_contain_text("Yours until")
    expect(moderator.page.locator("#item [name=note]")).to_have_value(NOTE)
    expect(moderator.page.get_by_text(CHANGED)).to_have_count(0)
    moderator.press("Give it back")
    expect(moderator.page.locator("#claim")).to_contain_text("Nobody has it")
    expect(moderator.page.locator("#item [name=note]")).to_have_value(NOTE)


#: Sends the form of a move without waiting for the answer.
PRESS = "move => document.querySelector(`form[data-move='post.${move}']`).requestSubmit()"
