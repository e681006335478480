"""A portal that many tests share: application, database, and who has signed in to it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import func, select

from portal.app import create_app
from portal.config import Settings
from portal.core.rates import Paces
from portal.journal.models import Entry
from portal.migrations import load_models
from tests.databases import opened
from tests.pages import PageClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from jinja2 import FileSystemBytecodeCache
    from sqlalchemy.orm import Session

    from portal.core.actor import Role
    from portal.core.db import Database
    from tests.world import World

_CSRF = re.compile(r'name="csrf-?_?token"[^>]*?(?:value|content)="([^"]+)"')


@dataclass
class Scene:
    """The portal, its people signed in as they are needed.

    session : reads what the portal wrote; call `fresh` before looking again.
    """

    app: Flask
    database: Database
    session: Session
    world: World
    _clients: dict[str, PageClient] = field(default_factory=dict)

    def client(self, name: str) -> PageClient:
        """Return the client of a person of the world, signed in the first time."""
        if name not in self._clients:
            self._clients[name] = self.sign_in(self.world.people[name].email)
        return self._clients[name]

    def sign_in(self, email: str) -> PageClient:
        """Return a new client that has signed in with this address."""
        client = cast("PageClient", self.app.test_client())
        client.come_in(email)
        return client

    def anonymous(self) -> PageClient:
        return cast("PageClient", self.app.test_client())

    def fresh(self) -> Session:
        """Return the session, having forgotten what it has read."""
        self.session.rollback()
        self.session.expire_all()
        return self.session

    def unhurried(self) -> None:
        """Forget how often everybody asked: where the clock stands still, no limit ends."""
        self.app.extensions["paces"] = {it: Paces(it) for it in self.app.extensions["paces"]}

    def count(self, row: type[Any] = Entry) -> int:
        """Return how many rows of a kind there are; entries unless told otherwise."""
        return self.fresh().scalar(select(func.count()).select_from(row)) or 0

    def roles_of(self, path: str, method: str = "GET") -> frozenset[Role] | None:
        """Return to which roles a path is open; None where every signed-in person may ask."""
        endpoint, _ = self.app.url_map.bind("localhost").match(path, method)
        return getattr(self.app.view_functions[endpoint], "roles", None)


_TOKENS: WeakKeyDictionary[PageClient, str] = WeakKeyDictionary()


def csrf_of(client: PageClient, url: str = "/account") -> str:
    """Return a token that the forms of a client carry; good for as long as its session."""
    if client not in _TOKENS:
        found = _CSRF.search(client.get(url).text)
        assert found, f"{url} holds no token"
        _TOKENS[client] = found[1]
    return _TOKENS[client]


def forget_csrf(client: PageClient) -> None:
    """Ask for the token anew the next time: the client's session is another one."""
    _TOKENS.pop(client, None)


@contextmanager
def scene_on(
    url: str, world: World, instance: Path, templates: FileSystemBytecodeCache
) -> Iterator[Scene]:
    """Lend a portal on a database that holds the world."""
    load_models()
    with opened(url) as database, database.sessions() as session:
        settings = Settings(
            instance=instance,
            database_url=url,
            secret_key="a key for tests only, of thirty-two bytes or more",
        )
        app = create_app(settings)
        app.testing = True
        app.test_client_class = PageClient
        app.jinja_env.bytecode_cache = templates
        app.extensions["database"].engine.dispose()
        app.extensions["database"] = database
        yield Scene(app, database, session, world.within(session))
