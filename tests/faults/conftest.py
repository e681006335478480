"""What the tests of faults share: who writes down what they proved."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import pytest

from tests.databases import Databases, PostgresShelf
from tests.faults.postgres import MortalPostgres
from tests.faults.proof import Prover
from tests.faults.server import MortalServer, Nursery
from tests.faults.stage import Stage, crowd, staged
from tests.live.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def prove(request: pytest.FixtureRequest) -> Prover:
    """Return who judges a stage, and writes down what was proved."""
    return Prover(request.node.nodeid.partition("@")[0])  # after it stands its worker's group


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Lend what makes serving processes in an instant."""
    with closing(Nursery()) as nursery:
        yield nursery


@pytest.fixture
def stage(_databases_of_sqlite: Databases, tmp_path: Path, nursery: Nursery) -> Iterator[Stage]:
    """Lend the portal on SQLite, which can be killed, with people who write and follow."""
    with ExitStack() as stack:
        url, world = stack.enter_context(_databases_of_sqlite.lent_world(crowd))
        server = stack.enter_context(MortalServer(url, tmp_path, nursery=nursery))
        yield stack.enter_context(staged(server, url, world, tmp_path))


@pytest.fixture
def process_stage(_databases_of_sqlite: Databases, tmp_path: Path) -> Iterator[Stage]:
    """Lend the same, served by `wsgi.py` itself; it takes longer to start."""
    with ExitStack() as stack:
        url, world = stack.enter_context(_databases_of_sqlite.lent_world(crowd))
        server = stack.enter_context(Server(url, tmp_path))
        yield stack.enter_context(staged(server, url, world, tmp_path))


@pytest.fixture(scope="module")
def mortal_postgres() -> Iterator[MortalPostgres]:
    """Lend a PostgreSQL that can be killed; whoever kills it starts it again."""
    with MortalPostgres() as postgres:
        yield postgres


@pytest.fixture(scope="module")
def _mortal_databases(mortal_postgres: MortalPostgres) -> Databases:
    return Databases(PostgresShelf(mortal_postgres.server))


@pytest.fixture
def postgres_stage(
    _mortal_databases: Databases, tmp_path: Path, nursery: Nursery
) -> Iterator[Stage]:
    """Lend the same on a PostgreSQL that can be killed."""
    with ExitStack() as stack:
        url, world = stack.enter_context(_mortal_databases.lent_world(crowd))
        server = stack.enter_context(MortalServer(url, tmp_path, nursery=nursery))
        yield stack.enter_context(staged(server, url, world, tmp_path))
