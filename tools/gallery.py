"""Look at the whole demo: `make gallery` writes `gallery/`, and says what is wrong.

Opens the pages that each of the demo's people can reach, several of each kind, on a small
phone, a phone and a desk, in both themes. Wrong is: what axe finds, a page that scrolls
sideways, a link that leads nowhere, a word on the browser's console. Exits with 1 if there is
any. `python -m tools.gallery liaison erac` goes round as these two alone.
"""  # noqa: INP001 - a script, not a package

import re
import shutil
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urljoin

from playwright.sync_api import Browser, sync_playwright

from portal.cli.database import upgrade
from portal.cli.demo import load
from portal.config import ROOT
from tests.browser.conftest import NAMES, DemoServer, start_chromium
from tests.browser.people import Person
from tests.browser.walking import DESK_WIDTH, PHONE_WIDTHS, Walk, overflow, violations
from tests.databases import opened

FOLDER = ROOT / "gallery"
MOST_PAGES, OF_KIND = 80, 3
WIDTHS, THEMES = (*PHONE_WIDTHS, DESK_WIDTH), ("light", "dark")
#: Pictures are taken of these; the smallest phone is looked at by axe alone.
TAKEN = (PHONE_WIDTHS[1], DESK_WIDTH)


@dataclass
class Tour:
    """What was seen of one person's pages: titles with their pictures, and what is wrong."""

    person: Person
    pages: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def go(self) -> None:
        """Open everything."""
        walk = Walk(self.person, MOST_PAGES, OF_KIND)
        for page in walk.pages():
            self._look(page.url)
        self.wrong += [f"leads nowhere: {link}" for link in walk.broken]
        self.wrong += [f"console: {words}" for words in self.person.troubles]

    def _look(self, url: str) -> None:
        screen = self.person.page
        screen.goto(urljoin(self.person.base, url))
        name = re.sub(r"[^0-9A-Za-z]+", "-", url).strip("-") or "start"
        for theme in THEMES:
            screen.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of two
            for width in WIDTHS:
                screen.set_viewport_size({"width": width, "height": 844})
                where = f"{url} at {width}, {theme}"
                self.wrong += overflow(screen, where) + violations(screen, where)
                if width in TAKEN:
                    path = FOLDER / self.person.name / f"{name}-{width}-{theme}.png"
                    screen.screenshot(path=path, full_page=True)
        self.pages.append((screen.title(), name))


def main() -> None:
    """Start everything, go round as each person, and write the index."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/portal.db"
        upgrade(url)
        with opened(url) as database, database.sessions() as session:
            load(session)
        with DemoServer(url, Path(folder)) as server, sync_playwright() as playwright:
            browser = start_chromium(playwright)
            tours = [_tour(browser, server.url, name) for name in sys.argv[1:] or NAMES]
            browser.close()
    (FOLDER / "index.html").write_text(_index(tours))
    wrong = [f"{tour.person.name}: {words}" for tour in tours for words in tour.wrong]
    for words in wrong:
        _say(words)
    renders = sum(len(tour.pages) for tour in tours) * len(WIDTHS) * len(THEMES)
    _say(f"{renders} renders, {len(wrong)} findings; look at {FOLDER / 'index.html'}")
    sys.exit(1 if wrong else 0)


def _tour(browser: Browser, base: str, name: str) -> Tour:
    (FOLDER / name).mkdir(parents=True)
    with browser.new_context() as context:
        tour = Tour(Person(context, base, name))
        tour.person.sign_in()
        tour.go()
    _say(f"{name}: {len(tour.pages)} pages, {len(tour.wrong)} findings")
    return tour


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


def _index(tours: list[Tour]) -> str:
    """Return a page with all pictures, each leading to the whole of it."""
    parts = [
        "<!doctype html><title>Gallery</title><style>img{height:20rem;margin:.5rem}</style>"
    ]
    for tour in tours:
        parts.append(f"<h1>{escape(tour.person.name)}</h1>")
        for title, name in tour.pages:
            parts.append(f"<h2>{escape(title)}</h2>")
            for theme in THEMES:
                for width in TAKEN:
                    path = f"{tour.person.name}/{name}-{width}-{theme}.png"
                    alt = escape(f"{title}, {width}, {theme}")
                    parts.append(
                        f'<a href="{path}"><img loading="lazy" src="{path}" alt="{alt}"></a>'
                    )
    return "\n".join(parts)


if __name__ == "__main__":
    main()
