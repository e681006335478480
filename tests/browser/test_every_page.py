"""Every page that somebody can reach: for all, at any width, in both themes, no dead end."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import NAMES
from tests.browser.people import Person
from tests.pages import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Page as Screen

    from tests.browser.conftest import DemoServer

MOST_PAGES = 40
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE_WIDTHS, DESK_WIDTH = (320, 390), 1280
#: Every so many pages are looked at in the dark, too.
DARK = 3
#: Of the addresses of one page that differ in what they ask alone, so many are opened.
MOST_ASKED = 2


class Seen:
    """What pages are built of, kind by kind: one of nothing new is passed over."""

    def __init__(self) -> None:
        self.examined = 0
        self._parts: dict[str, set[tuple[Any, ...]]] = defaultdict(set)

    def knows(self, page: Page) -> bool:
        known = self._parts[re.sub(r"(?<=/)[0-9A-Z]{4}[0-9A-Z-]{4,5}(?=/|$)", "*", page.url)]
        parts = {(it.tag, it.get("class"), it.get("role")) for it in page.tree.iter()}
        is_known = parts <= known
        known |= parts
        self.examined += not is_known
        return is_known


@dataclass
class Walk:
    """The pages that somebody reaches by links from the floor, each opened once.

    broken : links that lead nowhere.
    """

    person: Person
    broken: list[str] = field(default_factory=list)

    def pages(self) -> Iterator[Page]:
        paths, opened = ["/"], 0
        known = set(paths)
        asked: Counter[str] = Counter()
        for path in paths:
            answer = self.person.context.request.get(urljoin(self.person.base, path))
            if answer.status >= 400:
                self.broken.append(f"{path}: {answer.status}")
            is_page = answer.ok and "text/html" in answer.headers["content-type"]
            if opened == MOST_PAGES or not is_page:
                continue
            opened += 1
            page = Page(urlsplit(answer.url).path, answer.status, answer.text(), 0, answer)
            yield page
            for link in page.links:
                parts = urlsplit(link)
                target = parts.path + (f"?{parts.query}" if parts.query else "")
                if parts.scheme or target in known or asked[parts.path] == MOST_ASKED:
                    continue
                asked[parts.path] += bool(parts.query)
                known.add(target)
                paths.append(target)


def violations(screen: Screen, where: str, rules: Sequence[str] = TAGS) -> list[str]:
    if screen.evaluate("typeof axe === 'undefined'"):
        screen.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = screen.evaluate(
        """rules => axe.run({runOnly: rules, resultTypes: ["violations"]}).then(found =>
          found.violations.map(it => ({id: it.id, at: it.nodes.map(node => node.target)})))""",
        list(rules),
    )
    return [f"{where}: {it['id']}: {it['at'][:3]}" for it in found]


def overflow(screen: Screen, where: str) -> list[str]:
    """Tell what sticks out on the right, if the page scrolls sideways."""
    width = screen.viewport_size["width"] if screen.viewport_size else 0
    found: list[str] = screen.evaluate(
        """width => document.documentElement.scrollWidth <= width ? [] :
          [...document.querySelectorAll("body *")]
            .filter(it => it.getBoundingClientRect().right > width + 0.5)
            .map(it => it.tagName + "." + it.className).slice(-3)""",
        width,
    )
    return [f"{where}: sideways by {found}"] if found else []


def examine(screen: Screen, *, dark: bool) -> list[str]:
    """Look at the page that is open, at all widths, and return what is wrong with it."""
    path, wrong = urlsplit(screen.url).path, []
    for width in (*PHONE_WIDTHS, DESK_WIDTH):
        screen.set_viewport_size({"width": width, "height": 800})
        wrong += overflow(screen, f"{path} at {width}")
        if width != PHONE_WIDTHS[1]:
            wrong += violations(screen, f"{path} at {width}")
    if dark:
        screen.emulate_media(color_scheme="dark")
        wrong += violations(screen, f"{path} in the dark", ["color-contrast"])
        screen.emulate_media(color_scheme="light")
    return wrong


@pytest.fixture(scope="session")
def seen() -> Seen:
    """Remember what was examined, whoever opened it."""
    return Seen()


@pytest.mark.parametrize("name", NAMES)
def test_the_pages_of(name: str, server: DemoServer, meet: Callable[..., Person], seen: Seen):
    person = meet(server.url, name)
    walk, wrong = Walk(person), []
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
        person.page.get_by_role("button", name="Sign in").click()
        person.page.locator(".errsum").wait_for()
        wrong += examine(person.page, dark=True)
    assert wrong == []
    assert [it for it in person.troubles if "422" not in it] == []


def test_pages_that_say_no(server: DemoServer, meet: Callable[..., Person]):
    liaison = meet(server.url, "liaison")
    wrong = []
    for path, button in (
        ("feed/new", "Send to the SEOC"),
        ("offers/new", "Send offer to ERAC"),
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
