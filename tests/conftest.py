"""Fixtures that every test may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

# ---------------------------------------------------------------- databases: one real server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Postgres]:
    """Lend the one PostgreSQL server that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    with Postgres.shared(shared) as server:
        yield server


# ---------------------------------------------------------------- end of databases
