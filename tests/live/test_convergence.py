"""Whatever happens, in the end every screen shows exactly what its page shows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.live.acts import ACTS, set_level
from tests.live.play import Play
from tests.live.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from portal.core.db import Database
    from tests.world import World

#: PORTAL_LIVE_SEEDS=50 plays fifty times, PORTAL_LIVE_SEEDS=7,9 plays these two.
_ASKED = os.environ.get("PORTAL_LIVE_SEEDS", "1")
SEEDS = [int(it) for it in _ASKED.split(",")] if "," in _ASKED else range(1, int(_ASKED) + 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_screen_ends_up_as_its_page(
    database_url: str, database: Database, world: World, tmp_path: Path, seed: int
):
    with Server(database_url, tmp_path) as server:
        play = Play(server, database, world, seed)
        try:
            play.settle(set_level)
            play.run(ACTS, 40)
            play.settle(set_level)
            play.judge()
            if database.is_sqlite:
                play.copy(tmp_path / "copy.db")
            play.run(ACTS, 10)
            play.restart(ACTS)
            play.run(ACTS, 10)
            if database.is_sqlite:
                play.restore(tmp_path / "copy.db")
            play.run(ACTS, 15)
            play.settle(set_level)
            play.judge()
        finally:
            play.close()
    applied = {name: client.applied for name, client in play.clients.items()}
    assert sum(applied.values()) > 100, f"hardly anything came: {applied}"
