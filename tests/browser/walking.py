"""Going about the portal as somebody: every page by its links, and what is wrong with each."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe

from tests.pages import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Page as Screen

    from tests.browser.people import Person

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE_WIDTHS, DESK_WIDTH = (320, 390), 1280
#: Of the addresses of one page that differ in what they ask alone, so many are opened.
MOST_ASKED = 2

_REFERENCE = re.compile(r"(?<=/)(?:[0-9A-Z]{4}[0-9A-Z-]{4,5}|[0-9]+|[A-Z]{2,12})(?=/|$)")


def kind_of(path: str) -> str:
    """Return a path with what it names left out: pages of one kind have it in common."""
    return _REFERENCE.sub("*", urlsplit(path).path)


@dataclass
class Walk:
    """The pages that somebody reaches by links from the floor, each opened once.

    most    : pages in all; of_kind: pages of one kind, such as of a post.
    broken  : links that lead nowhere.
    """

    person: Person
    most: int
    of_kind: int
    broken: list[str] = field(default_factory=list)

    def pages(self) -> Iterator[Page]:
        paths, opened = ["/"], 0
        known = dict.fromkeys(paths, "")
        asked: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        for path in paths:
            answer = self.person.context.request.get(urljoin(self.person.base, path))
            if answer.status >= 400:
                self.broken.append(f"{path}: {answer.status}, from {known[path]}")
            is_page = answer.ok and "text/html" in answer.headers["content-type"]
            if opened == self.most or not is_page:
                continue
            opened += 1
            page = Page(urlsplit(answer.url).path, answer.status, answer.text(), 0, answer)
            yield page
            for link in page.links:
                parts = urlsplit(link)
                target = parts.path + (f"?{parts.query}" if parts.query else "")
                if parts.scheme or target in known or asked[parts.path] == MOST_ASKED:
                    continue
                if kinds[kind_of(target)] >= self.of_kind and not parts.query:
                    continue
                kinds[kind_of(target)] += 1
                asked[parts.path] += bool(parts.query)
                known[target] = path
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
