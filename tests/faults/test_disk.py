"""FLT-4, FLT-5: the disk is full, or does not keep what it was told."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.faults.proof import scaled, spread
from tests.faults.server import MortalServer
from tests.faults.stage import Stage, crowd, staged
from tests.faults.tracing import injected, need_strace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.server import Nursery

pytestmark = pytest.mark.xdist_group("faults")


def test_after_a_failed_fsync_nothing_is_acknowledged(stage: Stage, prove):
    need_strace()
    writers = stage.writers(liaisons=2)
    stage.follow("alpha", "bravo", "moderator")
    refused = 0
    for number in range(scaled(2, 12)):
        writer, keys = writers.writers[number % 2], [writers.new_key() for _ in range(5)]
        with injected(stage.server.pid, "fsync,fdatasync", f"error=EIO:when={number % 3 + 1}+"):
            took = [writers.try_once(writer, key) for key in keys[:4]]
        assert took == sorted(took, reverse=True), "something was taken after a failed fsync"
        # The disk is well again, but what is on it nobody knows: only a new process finds out.
        answer = writer.send(keys[4])
        assert answer.status == 503
        assert "nothing can be saved" in answer.text
        refused += 5 - sum(took)
        assert requests.get(f"{stage.server.url}/readyz", timeout=9).status_code == 503
        assert requests.get(f"{stage.server.url}/sign-in", timeout=9).status_code == 200
        stage.server.kill()
        stage.server.start()
        for key in keys:
            assert writers.submit(writer, key)
    stage.settle()
    prove(
        "FLT-5",
        "fsync fails with EIO from the first, second or third call of a write on; SQLite",
        stage.judge(),
        refused_afterwards=refused,
    )


@pytest.fixture
def small_stage(_databases_of_sqlite, tmp_path: Path, nursery: Nursery) -> Iterator[Stage]:
    """Lend the portal on a disk of 64 MB of its own."""
    with (
        small_disk(tmp_path / "disk") as disk,
        _databases_of_sqlite.lent_world(crowd) as (kept, world),
    ):
        url = f"sqlite:///{shutil.copy(kept.removeprefix('sqlite:///'), disk)}"
        extra = {"PORTAL_INSTANCE": str(disk)}
        with (
            MortalServer(url, tmp_path, nursery=nursery, extra=extra) as server,
            staged(server, url, world, tmp_path) as stage,
        ):
            yield stage


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk in memory; skip the test, with a word, where that is not allowed."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be made here: {done.stderr}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_refuses_and_goes_on_once_there_is_space(small_stage: Stage, prove):
    stage = small_stage
    filler = Path(stage.database.url.database or "").with_name("filler")
    writers = stage.writers(liaisons=scaled(2, 12), desk=scaled(2, 6))
    stage.follow("alpha", "bravo", "moderator")
    refused, times = 0, []
    for _ in range(scaled(1, 5)):
        writers.write(pause_s=0.05)
        time.sleep(1)
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        time.sleep(scaled(1, 5))
        before = writers.told.statuses[503]
        writer, key = writers.writers[-1], writers.new_key()
        answer = writer.send(key)
        assert answer.status == 503, answer
        assert "no space left" in answer.text
        assert "was not saved" in answer.text
        assert int(answer.headers["retry-after"]) > 0
        page = requests.get(f"{stage.server.url}/sign-in", timeout=9)
        assert page.status_code == 200
        visit = stage.followers[0].visitor
        assert visit.open(f"/incidents/{stage.world.code}/feed").status_code == 200
        filler.unlink()
        began = time.monotonic()
        assert writers.submit(writer, key)
        times.append(time.monotonic() - began)
        writers.stop()
        refused += before
    assert not writers.told.strange, writers.told.strange[0]
    stage.settle()
    prove(
        "FLT-4",
        "the disk of the database and the instance folder, 64 MB, filled to its end and freed",
        stage.judge(),
        answered_503=refused,
        taken_again_after=spread(times),
    )
