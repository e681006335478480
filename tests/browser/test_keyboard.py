"""Everything can be done without a mouse, and the focus is where one would look."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import REFERENCE, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer

MANY = 60

#: The corners and the middle of what has the focus, as fractions of its size.
COVERED = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  const on = (x, y) => {
    const top = document.elementFromPoint(box.x + x * box.width, box.y + y * box.height);
    const labels = [...(it.labels ?? [])];
    return top && [it, ...labels].some((one) => one.contains(top) || top.contains(one));
  };
  const corners = [[0.02, 0.1], [0.98, 0.1], [0.02, 0.9], [0.98, 0.9], [0.5, 0.5]];
  return !corners.some(([x, y]) => on(x, y));
}"""


@pytest.fixture
def liaison(server: DemoServer, meet: Callable[..., Person]) -> Person:
    return meet(server.url, "liaison")


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there; on the way it is always seen."""
    for _ in range(MANY):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            assert not page.evaluate(COVERED), f"{selector} has the focus, but is covered"
            return
    raise AssertionError(f"{MANY} tabs do not lead to {selector}")


@pytest.mark.slow
def test_the_first_tab_offers_to_skip_to_the_main_part(liaison: Person):
    page = liaison.page
    liaison.open("feed")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main').contains(document.activeElement)")


def test_a_report_is_written_and_sent_by_keyboard_alone(liaison: Person):
    page = liaison.page
    liaison.open("feed/new")
    tab_to(page, "button[type=submit]:not(.usa-button--unstyled)")
    page.keyboard.press("Enter")
    summary = page.locator(".errsum")
    expect(summary).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: Report what you see — EXERCISE "))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first of what is wrong leads to its field
    expect(page.locator("[name=words]")).to_be_focused()
    page.keyboard.type("Typed without a mouse.")
    tab_to(page, "[name=county]")
    page.keyboard.type("Jasp")
    for name, downs in (("lifeline", 3), ("standing", 2)):
        tab_to(page, f"[name={name}]")
        page.keyboard.press("Space")
        for _ in range(downs):
            page.keyboard.press("ArrowDown")
    tab_to(page, "[name=asked_for]")
    tab_to(page, "button[type=submit]:not(.usa-button--unstyled)")
    page.keyboard.press("Enter")
    expect(page.locator(".receipt")).to_have_text(REFERENCE)
    expect(page.get_by_role("main")).to_contain_text("Typed without a mouse.")
    liaison.forgive("422")


def test_each_thing_that_is_wrong_leads_to_its_field(liaison: Person):
    page = liaison.page
    for path, button, least in (
        ("feed/new", "Send to the SEOC", 3),  # the county is that of the last report
        ("offers/new?item=GEN", "Continue", 1),
    ):
        liaison.open(path)
        liaison.press(button)
        links = page.locator(".errsum li a")
        assert links.count() >= least
        for link in links.all():
            words = link.inner_text()
            link.press("Enter")
            field = page.locator(":focus")
            assert field.evaluate("it => it.matches('input, select, textarea')"), words
            told = field.evaluate(
                "it => [it, it.closest('fieldset')].filter(Boolean)"
                ".flatMap(it => (it.getAttribute('aria-describedby') ?? '').split(' '))"
                ".map(id => document.getElementById(id)?.textContent).join(' ')"
            )
            assert words in told
    liaison.forgive("422")


def test_folds_open_by_enter_and_the_desk_decides_without_a_mouse(
    server: DemoServer, meet: Callable[..., Person], liaison: Person
):
    reference = liaison.report("For a moderator without a mouse.")
    moderator = meet(server.url, "moderator")
    page = moderator.page
    moderator.open("feed/queue")
    tab_to(page, f'[data-subject="{reference}"] a')
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/queue/{reference}")
    expect(moderator.row("queue", reference).get_by_role("link")).to_have_attribute(
        "aria-current", "true"
    )
    tab_to(page, "details[data-key=r] summary")
    page.keyboard.press("Enter")
    tab_to(page, "#item [name=reason]")
    page.keyboard.press("Space")
    tab_to(page, "#item [name=note]")
    page.keyboard.type("Thank you.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Not published {reference}.")).to_be_visible()


@pytest.mark.slow
def test_a_row_that_goes_while_it_has_the_focus_hands_it_on(
    server: DemoServer, meet: Callable[..., Person], liaison: Person
):
    first = liaison.report("Decided by somebody else.")
    second = liaison.report("Next in the row.")
    reader, other = meet(server.url, "moderator"), meet(server.url, "mop3")
    reader.open("feed/queue")
    reader.is_live()
    reader.row("queue", first).get_by_role("link").focus()
    other.publish(first)
    expect(reader.row("queue", first)).to_have_count(0)
    expect(reader.row("queue", second).get_by_role("link")).to_be_focused()


@pytest.mark.slow
def test_news_below_what_is_read_is_said_and_moves_nothing(
    server: DemoServer, meet: Callable[..., Person], liaison: Person
):
    reader = meet(server.url, "liaison2", viewport={"width": 390, "height": 500})
    reader.open("feed")
    reader.is_live()
    reader.page.evaluate("scrollTo(0, 0)")  # away from where unread posts begin
    jump = reader.page.locator(".jump")
    expect(jump).to_be_hidden()
    reference = liaison.report("Far below what is being read.")
    meet(server.url, "moderator").publish(reference)
    button = jump.get_by_role("button", name="1 new post, jump to latest")
    expect(button).to_be_visible()
    assert reader.page.evaluate("scrollY") == 0
    expect(reader.row("feed", reference)).not_to_be_in_viewport()
    button.focus()
    reader.page.keyboard.press("Enter")
    expect(reader.row("feed", reference)).to_be_in_viewport()
    expect(reader.row("feed", reference).get_by_role("link")).to_be_focused()
    expect(jump).to_be_hidden()
