"""Fixtures that every test may ask for."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import Rule

from portal.app import create_app
from portal.config import ROOT, Settings
from portal.core import clock
from tests import selecting
from tests.databases import BACKENDS, Databases, PostgresShelf, SqliteShelf, opened
from tests.pages import PageClient
from tests.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.orm import Session

    from portal.core.db import Database
    from tests.world import World

# ---------------------------------------------------------------- hypothesis
# PORTAL_HYPOTHESIS=deep thinks up many more examples, and makes a failing one small.

_COMMON = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    "print_blob": True,
}
settings.register_profile(
    "quick",
    max_examples=48,
    stateful_step_count=12,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    **_COMMON,
)
settings.register_profile("deep", max_examples=1200, stateful_step_count=50, **_COMMON)
settings.load_profile(os.environ.get("PORTAL_HYPOTHESIS", "quick"))

# ---------------------------------------------------------------- databases: one real server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Postgres]:
    """Lend the one PostgreSQL server that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with Postgres.shared(shared) as server:
        yield server


# ---------------------------------------------------------------- end of databases


def pytest_configure(config: pytest.Config) -> None:
    if sys.dont_write_bytecode:
        # The processes that tests start would compile every package anew, which takes seconds
        # each. What they compile is kept, and out of the way of whoever wanted none.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".pytest_cache" / "bytecode"))
    config.addinivalue_line(
        "markers", "one_backend(name): runs on one database only, SQLite unless named"
    )
    for marker in selecting.MARKERS:
        config.addinivalue_line("markers", marker)
    # As a serving process does: else a quarter of a run would go into searches for garbage.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(tryfirst=True)  # before `-m` is looked at
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    selecting.keep_together(items)
    selecting.mark_slow(items)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever needs a database on each of the two."""
    if "backend" in metafunc.fixturenames:
        one = metafunc.definition.get_closest_marker("one_backend")
        backends = (one.args or BACKENDS[:1]) if one else BACKENDS
        metafunc.parametrize("backend", backends, scope="session")


@pytest.fixture(scope="session")
def _databases_of_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    return Databases(SqliteShelf(tmp_path_factory.mktemp("sqlite")))


@pytest.fixture(scope="session")
def _databases_of_postgres(postgres: Postgres) -> Databases:
    return Databases(PostgresShelf(postgres))


@pytest.fixture
def databases(backend: str, request: pytest.FixtureRequest) -> Databases:
    """Lend the maker of databases, for a test that needs several."""
    made: Databases = request.getfixturevalue(f"_databases_of_{backend}")
    return made


@pytest.fixture
def _copy(
    databases: Databases, request: pytest.FixtureRequest
) -> Iterator[tuple[str, World | None]]:
    if "world" in request.fixturenames:
        with databases.lent_world() as (url, world):
            yield url, world
    else:
        with databases.lent() as url:
            yield url, None


@pytest.fixture
def database_url(_copy: tuple[str, World | None]) -> str:
    """Return the address of a database of the test's own, with the world in it if asked for."""
    return _copy[0]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Lend the test's database, opened as the portal opens it."""
    with opened(database_url) as database:
        yield database


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """Lend a session of the test's database."""
    with database.sessions() as session:
        yield session


@pytest.fixture
def world(_copy: tuple[str, World | None], session: Session) -> World:
    """Return the small world; see tests/world.py for who lives in it."""
    world = _copy[1]
    assert world is not None
    return replace(world, session=session)


# ---------------------------------------------------------------- the clock


class HeldClock:
    """A clock that moves only when told."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def tick(self, seconds: float) -> datetime:
        """Move the clock, backwards too, and return the new time."""
        self.now += timedelta(seconds=seconds)
        return self.now

    def set(self, to: datetime) -> None:
        self.now = to


@pytest.fixture
def held_clock() -> Iterator[HeldClock]:
    """Hold the portal's clock still."""
    held = HeldClock(clock.now())
    clock.use(lambda: held.now)
    yield held
    clock.use(None)


# ---------------------------------------------------------------- the application


class KnownRule(Rule):
    """A route that is compiled once for all applications that have it.

    They are made by the thousand, and compiling the same two functions for each of their routes
    would be more than half of the work.
    """

    _known: ClassVar[dict[Any, Any]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Any:  # noqa: FBT001, FBT002
        if self.defaults:
            return super()._compile_builder(append_unknown)
        key = (self.rule, tuple(self._trace), append_unknown)
        if key not in self._known:
            self._known[key] = super()._compile_builder(append_unknown)
        return self._known[key]


Flask.url_rule_class = KnownRule


@pytest.fixture(scope="session")
def _compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Keep templates compiled between the applications of a worker."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(
    database: Database, tmp_path: Any, _compiled_templates: FileSystemBytecodeCache
) -> Callable[..., Flask]:
    """Return a maker of applications on the test's database; it takes `Settings` by name."""

    def make(**settings: Any) -> Flask:
        known = {
            "instance": tmp_path,
            "database_url": str(database.url.render_as_string(hide_password=False)),
            "secret_key": "a key for tests only, of thirty-two bytes or more",
        }
        app = create_app(Settings(**known | settings))
        app.testing = True
        app.test_client_class = PageClient
        app.jinja_env.bytecode_cache = _compiled_templates
        # One database, so that a commit of the test's own session wakes the readers, too.
        app.extensions["database"].engine.dispose()
        app.extensions["database"] = database
        return app

    return make


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Return the portal on the test's database."""
    return make_app()


@pytest.fixture
def anonymous(app: Flask) -> PageClient:
    """Return a client that nobody has signed in."""
    return app.test_client()


@pytest.fixture
def client_for(app: Flask, world: World) -> Callable[[str], PageClient]:
    """Return a maker of clients: `client_for("moderator")` has signed in as that person."""

    def sign_in(name: str) -> PageClient:
        client: PageClient = app.test_client()
        client.come_in(world.people[name].email)
        return client

    return sign_in
