"""FLT-16, FLT-19: restarted while everybody works, and copied while everybody writes."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from portal.journal.verify import verify
from tests.databases import opened
from tests.faults.ledger import ledger_check
from tests.faults.logs import Ack
from tests.faults.proof import scaled, spread
from tests.live.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.stage import Stage

pytestmark = pytest.mark.xdist_group("faults")


def test_restarted_while_everybody_works(process_stage: Stage, prove):
    stage, codes, times = process_stage, [], []
    writers = stage.writers(liaisons=scaled(2, 12), desk=scaled(2, 6))
    stage.follow()
    writers.write(pause_s=scaled(0.1, 0.5))
    for _ in range(scaled(1, 10)):
        time.sleep(scaled(1, 3))
        process, began = stage.server.process, time.monotonic()
        stage.server.kill(signal.SIGTERM)
        codes.append(process.returncode)
        times.append(time.monotonic() - began)
        stage.server.start()
    time.sleep(1)
    writers.stop()
    caught_up = stage.settle()
    told = writers.told
    assert not told.strange, told.strange[0]
    prove(
        "FLT-16",
        "SIGTERM to `wsgi.py` while people write and follow, and started again",
        stage.judge(),
        restarts=len(codes),
        ended_after=spread(times),
        exit_codes=sorted(set(codes)),
        answered_503=told.statuses[503],
        tries_without_an_answer_while_it_was_away=told.broken,
        all_caught_up_after=f"{caught_up:.1f} s",
    )


def test_a_copy_taken_while_everybody_writes_holds_all_that_was_acknowledged(
    stage: Stage, tmp_path: Path, prove
):
    writers = stage.writers(liaisons=scaled(4, 24), desk=scaled(2, 20))
    stage.follow("alpha", "moderator")
    writers.write(pause_s=0.02)
    time.sleep(scaled(1, 5))
    copies = []
    for number in range(scaled(1, 5)):
        began = time.monotonic()
        stage.server.run("backup", str(tmp_path / f"copy-{number}"))
        copies.append((began, time.monotonic() - began))
    writers.stop()
    stage.settle()
    acks = stage.acks.read(Ack)
    for number, (began, _) in enumerate(copies):
        file, folder = tmp_path / f"copy-{number}", tmp_path / f"restored-{number}"
        folder.mkdir()
        url = f"sqlite:///{folder}/portal.db"
        Server(url, folder).run("restore", str(file))
        with opened(url) as database, database.sessions() as session:
            assert not verify(session)
            before = [ack for ack in acks if ack.at < began]
            assert before
            told = ledger_check(session, stage.world.incident_id, before, {})
            assert told.is_clean, told.faults
    prove(
        "FLT-19",
        "`portal backup` while people write; each copy restored to a new folder: intact, and "
        "all that was acknowledged before it began is in it",
        stage.judge(),
        writers=len(writers.writers),
        copies=len(copies),
        a_copy_took=spread([took for _, took in copies]),
    )
