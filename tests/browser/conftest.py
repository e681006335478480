"""The real server with the demo loaded, and a real Chromium before it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from portal.cli import demo, demo_data
from portal.cli.database import upgrade
from portal.journal.records import begin_generation
from tests.browser.canaries import leaks
from tests.browser.people import Person
from tests.browser.proxy import Network
from tests.databases import opened
from tests.live.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import StorageState

#: /dev/shm is small in a container, and as root Chromium cannot shut itself in.
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage")
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

#: Everybody of the demo, such as "liaison".
NAMES = [person.email.partition("@")[0] for person in demo_data.PEOPLE]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


class DemoServer(Server):
    """A server that lets the demo's people in."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PORTAL_DEMO": "1"}


@dataclass
class Site:
    """A server with the demo loaded, and the cookies of all who signed in there.

    Cookies know no port, so that they hold on the way through any network, too.
    """

    server: DemoServer
    chromium: Browser
    _cookies: dict[str, StorageState] = field(default_factory=dict)

    def cookies_of(self, name: str) -> StorageState:
        """Return what lets somebody of the demo in; the first time they sign in by the form."""
        if name not in self._cookies:
            with self.chromium.new_context() as context:
                Person(context, self.server.url, name).sign_in()
                self._cookies[name] = context.storage_state()
        return self._cookies[name]


@contextmanager
def demo_site(chromium: Browser, folder: Path) -> Iterator[Site]:
    """Start a server before a demo of its own: a copy of the one that is loaded once."""
    url = f"sqlite:///{folder / 'portal.db'}"
    with (
        closing(sqlite3.connect(_demo_database(folder.parent))) as loaded,
        closing(sqlite3.connect(folder / "portal.db")) as copy,
    ):
        loaded.backup(copy)
    with opened(url) as database, database.sessions() as session:
        begin_generation(session)  # two that are alike in that, too, nobody could tell apart
    with DemoServer(url, folder) as server:
        yield Site(server, chromium)


def _demo_database(folder: Path) -> Path:
    """Load the demo, once in each process that tests."""
    path = folder / "demo.db"
    if not path.exists():
        url = f"sqlite:///{path}"
        upgrade(url)
        with opened(url) as database, database.sessions() as session:
            demo.load(session)
    return path


@pytest.fixture(scope="session")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Lend the site that tests share; modules that must be alone have one of their own."""
    with demo_site(chromium, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def server(site: Site) -> DemoServer:
    """Return the shared server: what a test does there, it does to reports of its own."""
    return site.server


@pytest.fixture
def network(server: DemoServer) -> Iterator[Network]:
    """Lend a network of one person's own before the server."""
    with Network(server.port) as network:
        yield network


def start_chromium(playwright: Playwright) -> Browser:
    """Start the browser that this system has."""
    path = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert path, "no Chromium found: install one (Debian: apt-get install chromium)"
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = start_chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture
def meet(
    chromium: Browser, site: Site, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Person]]:
    """Return a maker of people: `meet(server.url, "liaison", viewport=PHONE)` is signed in.

    Each comes over a network of their own, or the one that is named, which keeps what they are
    given, unless it `packs`: then it is left as compressed as it comes. In the end no browser
    may have complained of anything on their pages, and nobody may have been given a word that
    is another organization's alone.
    """
    met: list[Person] = []
    users: dict[Network, list[str]] = {}
    ready = request.getfixturevalue("network") if "network" in request.fixturenames else None

    def make(base: str, name: str, *, packs: bool = False, **options: Any) -> Person:
        if ready is not None and base == ready.url:
            way = ready
        else:
            way = networks.enter_context(Network(int(base.rpartition(":")[2])))
            way.packs = packs
        known = {"viewport": DESK, "storage_state": site.cookies_of(name)}
        person = Person(chromium.new_context(**known | options), way.url, name, way.heard)
        met.append(person)
        users.setdefault(way, []).append(name)
        return person

    with ExitStack() as networks:
        yield make
        for person in met:
            person.context.close()
    assert [trouble for person in met for trouble in person.troubles] == []
    with opened(site.server.database_url) as database, database.sessions() as session:
        for way, names in users.items():
            # Where several share a network, what came was for one of them.
            given = [set(leaks(session, name, way.heard())) for name in names]
            assert set.intersection(*given) == set(), names
