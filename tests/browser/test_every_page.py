"""Every page that somebody can reach: for all, at any width, in both themes, no dead end.

A selection: what is built of nothing new is passed over. `make gallery` leaves out none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import pytest

from tests.browser.conftest import NAMES
from tests.browser.people import Person
from tests.browser.walking import Walk, examine, kind_of
from tests.pages import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import DemoServer

MOST_PAGES = 40
#: Pages of one kind are no less a dead end for being many.
OF_KIND = MOST_PAGES
#: Every so many pages are looked at in the dark, too.
DARK = 3


class Seen:
    """What pages are built of, kind by kind: one of nothing new is passed over."""

    def __init__(self) -> None:
        self.examined = 0
        self._parts: dict[str, set[tuple[Any, ...]]] = defaultdict(set)

    def knows(self, page: Page) -> bool:
        known = self._parts[kind_of(page.url)]
        parts = {(it.tag, it.get("class"), it.get("role")) for it in page.tree.iter()}
        is_known = parts <= known
        known |= parts
        self.examined += not is_known
        return is_known


@pytest.fixture(scope="session")
def seen() -> Seen:
    """Remember what was examined, whoever opened it."""
    return Seen()


@pytest.mark.sampled(9)
@pytest.mark.parametrize("name", NAMES)
def test_the_pages_of(name: str, server: DemoServer, meet: Callable[..., Person], seen: Seen):
    person = meet(server.url, name)
    walk, wrong = Walk(person, MOST_PAGES, OF_KIND), []
    for page in walk.pages():
        page.check()
        if not seen.knows(page):
            person.page.goto(urljoin(person.base, page.url))
            wrong += examine(person.page, dark=seen.examined % DARK == 0)
    assert wrong == []
    assert walk.broken == []


def test_pages_of_people_who_are_not_signed_in(server: DemoServer, chromium: Any):
    with chromium.new_context() as context:
        person = Person(context, server.url, "nobody")
        person.page.goto(f"{server.url}/sign-in")
        wrong = examine(person.page, dark=True)
        person.page.get_by_role("button", name="Sign in", exact=True).click()
        person.page.locator(".errsum").wait_for()
        wrong += examine(person.page, dark=True)
    assert wrong == []
    assert [it for it in person.troubles if "422" not in it] == []


def test_pages_that_say_no(server: DemoServer, meet: Callable[..., Person]):
    liaison = meet(server.url, "liaison")
    wrong = []
    for path, button in (
        ("feed/new", "Send to the SEOC"),
        ("offers/new?item=GEN", "Continue"),
    ):
        liaison.open(path)
        liaison.press(button)
        liaison.page.locator(".errsum").wait_for()
        wrong += examine(liaison.page, dark=True)
    for path in ("nothing-here", "feed/queue"):
        liaison.open(path)
        wrong += examine(liaison.page, dark=True)
    assert wrong == []
    expected = re.compile(r"status of 4(22|04|03)")
    assert [it for it in liaison.troubles if not expected.search(it)] == []
    liaison.troubles.clear()
