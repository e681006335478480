"""FLT-13: the portal dies with everybody connected, and all come back at once."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import requests

from benchmarks.world import add_people, sign_in
from portal.journal import queries as journal
from tests.faults.proof import scaled, spread
from tests.faults.server import MortalServer
from tests.faults.stage import SEOC, Stage, crowd, staged
from tests.faults.storm import Person, Storm
from tests.live.server import KEY, live_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from tests.world import World

pytestmark = pytest.mark.xdist_group("faults")

#: How many people, and windows of each; nobody may have more than five.
PEOPLE, WINDOWS = scaled((10, 3), (500, 4))


def masses(session: Session, world: World) -> None:
    """Arrange those who write, and many who read."""
    crowd(session, world)
    add_people(session, PEOPLE)


@pytest.fixture
def crowded_stage(_databases_of_sqlite, tmp_path, nursery) -> Iterator[Stage]:
    """Lend the portal with many people; they are of the demo, which asks for one factor."""
    with (
        _databases_of_sqlite.lent_world(masses) as (url, world),
        MortalServer(url, tmp_path, nursery=nursery, extra={"PORTAL_DEMO": "1"}) as server,
        staged(server, url, world, tmp_path) as stage,
    ):
        yield stage


def test_all_come_back_and_miss_nothing(crowded_stage: Stage, prove):
    stage = crowded_stage
    writers = stage.writers(desk=scaled(3, 6))
    with stage.database.sessions() as session:
        emails = [f"liaison{number}@bench.example" for number in range(PEOPLE)]
        visas = sign_in(session, emails, KEY)
    people, watchers = [], {}
    for visa in visas:
        start = start_of(stage, visa.cookie)
        windows = [Person(visa.cookie, start) for _ in range(WINDOWS)]
        people += windows
        for number, it in enumerate(windows):
            watchers[f"{visa.email} {number}"] = it.watcher(visa.rooms, {SEOC})
    with closing(Storm(stage.server.port, people)) as storm:
        storm.run(lambda: storm.seated == len(people), 60)
        backs = [strike(stage, storm, writers) for _ in range(scaled(1, 3))]
        verdict = stage.judge(watchers)
    told = writers.told
    assert not told.strange, told.strange[0]
    assert told.statuses.keys() == {303}
    prove(
        "FLT-13",
        "killed by SIGKILL with everybody connected, started again; each window comes back "
        "with full jitter while posts go on",
        verdict,
        windows=len(people),
        all_caught_up_after=spread(backs),
        answers_of_5xx=0,
    )
    assert max(backs) < 60


def start_of(stage: Stage, cookie: str) -> dict:
    """Return what a page says that a socket must know."""
    url = f"{stage.server.url}/incidents/{stage.world.code}/feed"
    return live_of(requests.get(url, headers={"Cookie": cookie}, timeout=30).text)


def strike(stage: Stage, storm: Storm, writers) -> float:
    """Kill and start the portal under everybody; return after how long all had everything."""
    rooms = {room for person in storm.people for room in person.have}
    writers.write(times=scaled(5, 40), pause_s=scaled(0.05, 0.2))
    lost = storm.count.lost
    stage.server.kill()
    storm.run(lambda: storm.count.lost >= lost + len(storm.people), 30)
    stage.server.start()
    back = storm.run(lambda: storm.seated == len(storm.people), 60)
    storm.run(lambda: not writers.is_writing, 60)
    writers.wait()
    with stage.database.sessions() as session:
        heads = journal.heads(session, stage.world.incident_id, rooms)
    storm.run(lambda: storm.stand_at(heads), 60)
    return back
