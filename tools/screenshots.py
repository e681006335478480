"""Take the pictures of the README anew: `.venv/bin/python -m tools.screenshots`.

Wants what `make test` installs. Starts the portal on a fresh demo, signs in its people and
writes `docs/screenshots/`: the floor, the feed, the queue with a report open, the ERAC desk,
one offer and the form of a report, each on a desk and on a phone.
"""  # noqa: INP001 - a script, not a package

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from portal.cli.database import upgrade
from portal.cli.demo import load
from portal.config import ROOT
from tests.browser.conftest import DemoServer, start_chromium
from tests.browser.people import REPORT, Person
from tests.databases import opened

SIZES: tuple[ViewportSize, ...] = (
    {"width": 1280, "height": 760},
    {"width": 390, "height": 760},
)

FOLDER = ROOT / "docs" / "screenshots"
#: A picture that is larger makes the README slow to read.
MOST_BYTES = 200_000

REPORTED = REPORT | {
    "words": "Route D at Shoal Creek is under water again. Our tankers wait at Neosho.",
    "county": "Newton",
    "lifeline": "Transportation",
}


def main() -> None:
    """Start everything, and go round."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/portal.db"
        upgrade(url)
        with opened(url) as database, database.sessions() as session:
            load(session)
        with DemoServer(url, Path(folder)) as server, sync_playwright() as playwright:
            browser = start_chromium(playwright)
            for size in SIZES:
                _go_round(browser, server.url, size)
            browser.close()


def _go_round(browser: Browser, base: str, size: ViewportSize) -> None:
    def come(name: str) -> Person:
        person = Person(browser.new_context(viewport=size), base, name)
        person.sign_in()
        return person

    liaison, moderator, erac = come("liaison"), come("moderator"), come("erac")
    liaison.open("")
    _shoot(liaison, "floor", size)
    liaison.open("feed")
    _shoot(liaison, "feed", size)
    liaison.open("offers")
    liaison.page.locator("[data-view=offers] a").first.click()
    liaison.page.wait_for_url("**/offers/*")
    _shoot(liaison, "offer", size)
    moderator.open("feed/queue")
    moderator.page.locator("[data-view=queue] a").first.click()
    moderator.page.wait_for_url("**/queue/*")
    _shoot(moderator, "queue", size)
    erac.open("erac")
    _shoot(erac, "erac", size)
    liaison.open("feed/new")
    liaison.fill(REPORTED)
    liaison.page.evaluate("() => { document.activeElement.blur(); scrollTo(0, 0); }")
    _shoot(liaison, "report", size)


def _shoot(person: Person, name: str, size: ViewportSize) -> None:
    person.is_live()
    path = FOLDER / f"{name}-{size['width']}.png"
    person.page.screenshot(path=path)
    written = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {written // 1000} KB")  # noqa: T201
    if written > MOST_BYTES:
        raise SystemExit(f"{path.name} is larger than {MOST_BYTES // 1000} KB")


if __name__ == "__main__":
    main()
