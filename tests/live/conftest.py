"""Sockets in the test's own process, and one real server for tests that leave it as it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from portal.live.tail import Tail
from tests.databases import Databases, opened
from tests.live.server import Server, live_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask_socketio import SocketIOTestClient

    from portal.core.db import Database
    from tests.pages import PageClient
    from tests.world import World

NAMESPACE = "/live"


@dataclass
class Ear:
    """Somebody's socket in the test's own process, and the page it belongs to.

    start : what the page said when it was opened.
    """

    browser: PageClient
    io: SocketIOTestClient
    path: str
    start: dict[str, Any]

    @property
    def is_connected(self) -> bool:
        return bool(self.io.is_connected(NAMESPACE))

    def send(self, *message: Any) -> Any:
        """Send `follow` with anything at all, and return the answer."""
        return self.io.emit("follow", *message, namespace=NAMESPACE, callback=True)

    def follow(self, **changes: Any) -> Any:
        """Send what the page said, but for the changes."""
        return self.send({**self.start, **changes})

    def come_back(self, auth: Any) -> Ear:
        """Return another socket of the same browser, which says this as it connects."""
        io = self.io.socketio.test_client(
            self.io.app, namespace=NAMESPACE, flask_test_client=self.browser, auth=auth
        )
        return Ear(self.browser, io, self.path, self.start)

    def heard(self) -> list[tuple[str, Any]]:
        """Return the events that came since the last time: name and message."""
        came, self.io.queue = self.io.queue, []
        return [(it["name"], it["args"][0]) for it in came]

    def frames(self) -> list[dict[str, Any]]:
        """Return the frames that came since the last time; fails if anything else did."""
        heard = self.heard()
        assert {event for event, _ in heard} <= {"entry"}, heard
        return [frame for _, frame in heard]


@pytest.fixture
def tail(app: Flask, database: Database) -> Tail:
    """Return the tail of the application; it steps when told."""
    return Tail(app, database, app.extensions["channel"])


@pytest.fixture
def ear_of(app: Flask, world: World, client_for: Callable[[str], PageClient]) -> Any:
    """Return a maker of ears: `ear_of("moderator")` has opened the feed and follows it."""

    def listen(name: str, *, follows: bool = True, code: str = world.code) -> Ear:
        browser = client_for(name)
        path = f"/incidents/{code}/feed"
        start = live_of(browser.page(path).html)
        socketio = app.extensions["socketio"]
        io = socketio.test_client(app, namespace=NAMESPACE, flask_test_client=browser)
        ear = Ear(browser, io, path, start)
        if follows:
            assert ear.follow() == {"frames": [], "heads": start["heads"]}
        return ear

    return listen


@dataclass(frozen=True)
class Place:
    """A real server, its database as another process sees it, and who lives there."""

    server: Server
    database: Database
    world: World


@pytest.fixture(scope="module")
def place(
    _databases_of_sqlite: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Lend one real server to the tests of a module."""
    folder = tmp_path_factory.mktemp("server")
    with (
        _databases_of_sqlite.lent_world() as (url, world),
        opened(url) as database,
        Server(url, folder) as server,
    ):
        yield Place(server, database, world)
