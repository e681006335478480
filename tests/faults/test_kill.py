"""FLT-1: the portal is killed at every step of a write, and nothing that it said is lost."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.faults.proof import scaled, spread
from tests.faults.server import POINTS
from tests.faults.tracing import injected, need_strace

if TYPE_CHECKING:
    from tests.faults.stage import Stage
    from tests.faults.writing import Crowd

pytestmark = pytest.mark.xdist_group("killing")

#: What a write asks of the system: to hear, to keep and to answer.
CALLS = "read,write,writev,recvfrom,sendto,sendmsg,pread64,pwrite64,fdatasync,fsync,fcntl"
#: The same but for hearing and looking: where something outside the process changes.
FEW_CALLS = "write,writev,sendto,sendmsg,pwrite64,fdatasync,fsync"

#: Before, at and after the instant from which on it counts.
FEW_POINTS = [it for it in POINTS if "COMMIT" in it or "within" in it or "key" in it]

#: More than any write asks for.
_MANY = 2000


@pytest.mark.parametrize("name", scaled(["stage"], ["stage", "postgres_stage"]))
def test_killed_at_each_named_point_of_a_write(request, name, prove):
    stage: Stage = request.getfixturevalue(name)
    writers = stage.writers(liaisons=2)
    stage.follow()
    points = scaled(FEW_POINTS, POINTS)
    times = [die_at(stage, writers, point) for point in points]
    stage.settle()
    prove(
        "FLT-1",
        "killed by SIGKILL at each named point of a report, and sent again with the same key",
        stage.judge(),
        database=stage.database.url.get_backend_name(),
        points=len(points),
        back_after=spread(times),
    )


def die_at(stage: Stage, writers: Crowd, point: str) -> float:
    """Let the portal die there while it takes a report; return after how long it was back."""
    if point == "within the fan-out":  # somebody has to be there to hear it
        stage.settle()
    writer, key = writers.writers[POINTS.index(point) % 2], writers.new_key()
    writer.fault = point
    assert not writers.try_once(writer, key) or point == "within the fan-out"
    writer.fault = ""
    assert stage.server.reap() == signal.SIGKILL
    began = time.monotonic()
    stage.server.start()
    took = time.monotonic() - began
    assert writers.submit(writer, key)
    return took


@pytest.mark.parametrize("name", scaled(["stage"], ["stage", "postgres_stage"]))
def test_killed_at_each_system_call_of_a_write(request, name, prove):
    need_strace()
    stage: Stage = request.getfixturevalue(name)
    writers = stage.writers(liaisons=scaled(2, 12), desk=scaled(2, 6))
    stage.follow("alpha", "moderator", "charlie")
    killed, survived = 0, 0
    for step in scaled([2, 4, 7], range(1, _MANY)):
        if is_killed(stage, writers, scaled(FEW_CALLS, CALLS), step):
            killed, survived = killed + 1, 0
        else:
            survived += 1
        if survived == 3:
            break
    stage.settle()
    prove(
        "FLT-1",
        "killed by SIGKILL at each system call of a write, until it survives three times",
        stage.judge(),
        database=stage.database.url.get_backend_name(),
        killed=killed,
    )
    assert killed >= scaled(2, 30)


def is_killed(stage: Stage, writers: Crowd, calls: str, step: int) -> bool:
    """Let the portal die at a system call since it began to take something."""
    writer, key = writers.writers[step % len(writers.writers)], writers.new_key()
    with injected(stage.server.pid, calls, f"signal=SIGKILL:when={step}"):
        writers.try_once(writer, key)
    is_dead = not stage.server.is_alive
    if is_dead:
        assert stage.server.reap() == signal.SIGKILL
        stage.server.start()
    assert writers.submit(writer, key), writers.told.strange
    return is_dead
