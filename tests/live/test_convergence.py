"""Whatever happens, in the end every screen shows exactly what its page shows."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.live.acts import ACTS, set_level
from tests.live.play import Play
from tests.live.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from portal.core.db import Database
    from tests.world import World

#: PORTAL_LIVE_SEEDS=50 plays fifty times, PORTAL_LIVE_SEEDS=7,9 plays these two.
_ASKED = os.environ.get("PORTAL_LIVE_SEEDS", "2")
SEEDS = [int(it) for it in _ASKED.split(",")] if "," in _ASKED else range(1, int(_ASKED) + 1)


@pytest.mark.sampled(3)
@pytest.mark.one_backend
@pytest.mark.parametrize("seed", SEEDS)
def test_every_screen_ends_up_as_its_page(
    database_url: str, database: Database, world: World, tmp_path: Path, seed: int
):
    with played(database_url, database, world, tmp_path, seed) as play:
        copy = tmp_path / "copy.db"
        play.copy(copy)
        play.run(ACTS, 10)
        play.restore(copy)
        play.run(ACTS, 10)


@pytest.mark.slow
@pytest.mark.one_backend("postgres")
@pytest.mark.parametrize("seed", SEEDS[1:] or SEEDS)
def test_every_screen_ends_up_as_its_page_on_postgresql(
    database_url: str, database: Database, world: World, tmp_path: Path, seed: int
):
    with played(database_url, database, world, tmp_path, seed) as play:
        play.run(ACTS, 10)


@contextmanager
def played(
    database_url: str, database: Database, world: World, folder: Path, seed: int
) -> Iterator[Play]:
    """Play, lend the play for more to happen, and judge."""
    with Server(database_url, folder) as server:
        play = Play(server, database, world, seed)
        try:
            play.settle(set_level)
            for _ in range(3):
                play.run(ACTS, 20)
                play.settle(set_level)
                play.judge()
            play.restart(ACTS)
            yield play
            play.settle(set_level)
            play.judge()
        finally:
            play.close()
    applied = {name: client.applied for name, client in play.clients.items()}
    assert sum(applied.values()) > 100, f"hardly anything came: {applied}"
