"""FLT-7: Redis is away at the start, dies, comes back empty, or stalls. It only ever hints."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import redis
import requests

from tests.factories import restore_person, suspend_person
from tests.faults.proof import scaled, spread
from tests.faults.server import MortalServer
from tests.faults.stage import Stage, crowd, staged
from tests.live.server import HIDDEN, Visitor, wait_until
from tests.notify.valkey import Valkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.server import Nursery

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    valkey = Valkey(tmp_path)
    try:
        yield valkey
    finally:
        valkey.stop()


@pytest.fixture
def redis_stage(
    _databases_of_sqlite, tmp_path: Path, nursery: Nursery, valkey: Valkey
) -> Iterator[Stage]:
    """Lend the portal with a Redis that is not there yet."""
    with (
        _databases_of_sqlite.lent_world(crowd) as (url, world),
        MortalServer(
            url, tmp_path, nursery=nursery, extra={"PORTAL_REDIS_URL": valkey.url}
        ) as server,
        staged(server, url, world, tmp_path) as stage,
    ):
        yield stage


def empty(valkey: Valkey) -> None:
    with closing(redis.Redis.from_url(valkey.url)) as client:
        client.flushall()


def test_nothing_is_refused_and_nobody_stays_whatever_redis_does(
    redis_stage: Stage, valkey: Valkey, prove
):
    stage = redis_stage
    writers = stage.writers(liaisons=2, desk=2)
    stage.follow()
    slowest, gone = [], []
    for befall in (
        lambda: None,
        valkey.start,
        lambda: empty(valkey),
        valkey.stall,
        valkey.go_on,
        valkey.stop,
    ):
        befall()
        began = time.monotonic()
        for _ in range(scaled(2, 8)):
            for writer in writers.writers:
                assert writers.submit(writer)
                slowest.append(time.monotonic() - began)
                began = time.monotonic()
        gone.append(revoke(stage))
        stage.settle()
    told = writers.told
    assert set(told.statuses) == {303}, told
    assert told.broken == 0
    prove(
        "FLT-7",
        "Redis away at the start, started, emptied, stalled by SIGSTOP, going on, killed",
        stage.judge(),
        a_post_took=spread(slowest),
        a_suspended_person_was_out_after=spread(gone),
        answers_of_5xx=0,
    )
    assert max(gone) < 2


def revoke(stage: Stage) -> float:
    """Suspend somebody who follows, and return after how long their socket was told."""
    follower = next(it for it in stage.followers if "charlie" in it.visitor.email)
    wait_until(lambda: follower.is_live, "follows")
    with stage.database.sessions() as session:
        person = stage.world.within(session).person("charlie")
        began = time.monotonic()
        suspend_person(session, person)
        wait_until(lambda: follower.is_out or not follower.is_live, "is out", 10)
        took = time.monotonic() - began
        wait_until(lambda: follower.is_out, "knows that it is out", 30)
        restore_person(session, stage.world.within(session).person("charlie"))
    follower.visitor.renew(stage.visa("charlie"))
    follower.come_back()
    return took


@pytest.mark.parametrize("befall", ["stop", "stall"])
def test_who_guesses_is_held_up_without_redis_and_who_knows_comes_in(
    redis_stage: Stage, valkey: Valkey, befall
):
    stage = redis_stage
    valkey.start()
    getattr(valkey, befall)()
    url, email = f"{stage.server.url}/sign-in", "bravo@world.example"
    statuses = []
    with requests.Session() as guesser:
        for _ in range(7):
            form = dict(HIDDEN.findall(guesser.get(url, timeout=30).text))
            form |= {"email": email, "password": "wrong, as always"}
            statuses.append(guesser.post(url, form, timeout=30).status_code)
    assert statuses[-1] == 429, statuses
    assert max(statuses) < 500
    Visitor(stage.server, "charlie@world.example").sign_in()
