"""The demo as it is loaded: done once for all tests, and copied for each."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from portal.cli.database import upgrade
from portal.cli.demo import load
from tests.databases import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.databases import Databases, Shelf


@cache
def _kept(shelf: Shelf) -> Any:
    url = shelf.create()
    upgrade(url)
    with opened(url) as database, database.sessions() as session:
        load(session)
    return shelf.keep(url)


@contextmanager
def lent_demo(databases: Databases) -> Iterator[str]:
    """Lend a database that holds the demo and nothing else."""
    url = databases.shelf.give(_kept(databases.shelf))
    try:
        yield url
    finally:
        databases.shelf.take_back(url)
