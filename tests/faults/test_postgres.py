"""FLT-2, FLT-6: PostgreSQL is killed again and again under writers, or a lock is held."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from portal.journal.models import Head, Once
from tests.faults.proof import scaled, spread
from tests.live.server import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.logs import Log
    from tests.faults.postgres import MortalPostgres
    from tests.faults.stage import Stage

pytestmark = pytest.mark.xdist_group("killing")


def count(log: Log) -> int:
    return log.path.read_bytes().count(b"\n")


def test_killed_again_and_again_under_writers(mortal_postgres, postgres_stage, prove):
    stage: Stage = postgres_stage
    kills = scaled(2, 20)
    writers = stage.writers(liaisons=scaled(2, 24), desk=scaled(3, 20))
    stage.follow()
    writers.write(pause_s=0.02)
    times = [kill_once(mortal_postgres, stage) for _ in range(kills)]
    writers.stop()
    caught_up = stage.settle()
    told = writers.told
    assert not told.strange, told.strange[0]
    prove(
        "FLT-2",
        "all processes of PostgreSQL killed by SIGKILL under writers, and started again",
        stage.judge(),
        kills=kills,
        writers=len(writers.writers),
        answered_503=told.statuses[503],
        taken_again_after=spread(times),
        all_caught_up_after=f"{caught_up:.1f} s",
    )
    assert max(times) < 5


def kill_once(postgres: MortalPostgres, stage: Stage) -> float:
    """Kill and start it; return how long after it was back something was acknowledged."""
    time.sleep(random.uniform(0.5, 1.5))  # noqa: S311 - no secret
    postgres.kill()
    time.sleep(random.uniform(0.0, 0.5))  # noqa: S311 - no secret
    postgres.start()
    began, before = time.monotonic(), count(stage.acks)
    wait_until(lambda: count(stage.acks) > before, "something is acknowledged again", 30)
    return time.monotonic() - began


@pytest.mark.parametrize("name", scaled(["postgres_stage"], ["stage", "postgres_stage"]))
@pytest.mark.slow
def test_a_lock_that_somebody_else_holds_makes_the_portal_busy(request, name, prove):
    """FLT-6: another session holds what every write needs, for long."""
    stage: Stage = request.getfixturevalue(name)
    held_s = scaled(6.5, 30)
    writers = stage.writers(liaisons=2, desk=2)
    stage.follow("alpha", "bravo", "moderator")
    stage.settle()
    with holding(stage):
        began = time.monotonic()
        keys = [writers.new_key() for _ in writers.writers]
        with ThreadPoolExecutor(len(keys)) as tabs:
            answers = list(tabs.map(lambda it, key: it.send(key), writers.writers, keys))
        assert {it.status for it in answers} == {503}
        for answer in answers:
            assert "Send it again" in answer.text
            assert int(answer.headers["retry-after"]) > 0
        assert written(stage) == 0
        writers.write(times=1)
        time.sleep(max(0.0, held_s - (time.monotonic() - began)))
    writers.wait()
    for writer, key in zip(writers.writers, keys, strict=True):
        assert writers.submit(writer, key)
    assert not writers.told.strange, writers.told.strange[0]
    stage.settle()
    prove(
        "FLT-6",
        "another session holds the lock that every write needs",
        stage.judge(),
        database=stage.database.url.get_backend_name(),
        held_for=f"{held_s} s",
        answered_503=len(answers) + writers.told.statuses[503],
    )


@contextmanager
def holding(stage: Stage) -> Iterator[None]:
    """Hold the streams' heads, or all of a SQLite database, from outside the portal."""
    with stage.database.engine.connect() as connection:
        if stage.database.is_sqlite:
            connection.execution_options(portal_begin="IMMEDIATE").begin()
        else:
            connection.execute(select(Head).with_for_update())
        yield


def written(stage: Stage) -> int:
    with stage.database.sessions() as session:
        return session.scalar(select(func.count()).select_from(Once)) or 0
