"""A SQLite file stays locked for as long as this process has it open, whatever else it opens.

POSIX gives up all locks that a process holds on a file when it closes any descriptor of that
file. Were the portal to open and close the database by itself, another process that comes and
goes would think that it is the last, and take the write-ahead log away under this one's hands.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.databases import SQLITE, opened

if TYPE_CHECKING:
    from pathlib import Path

    from portal.core.db import Database

pytestmark = pytest.mark.one_backend

#: Says which of the two files another process has locked, and whether it could write itself.
LOOK = """
import fcntl, json, os, sqlite3, struct, sys

def is_locked(path):
    # what lock would be in the way of one on the whole file: type, from, start, length, whose
    asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    with open(path, "r+b") as file:
        told = struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return told[0] != fcntl.F_UNLCK

path = sys.argv[1]
told = {"file": is_locked(path), "shm": is_locked(path + "-shm")}
connection = sqlite3.connect(path, timeout=0, isolation_level=None)
try:
    connection.execute("BEGIN IMMEDIATE")
    told["writes"] = True
except sqlite3.OperationalError as error:
    assert "locked" in str(error)
    told["writes"] = False
connection.close()
print(json.dumps(told))
"""

#: Comes, writes a line, and goes: the last one that goes would clear up.
COME_AND_GO = """
import sqlite3, sys

for number in range(5):
    connection = sqlite3.connect(sys.argv[1], timeout=10, isolation_level=None)
    connection.execute("INSERT INTO line VALUES ('theirs', ?)", (number,))
    connection.close()
"""


def elsewhere(script: str, path: str) -> str:
    command = [sys.executable, "-c", script, path]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=60
    ).stdout


def more_connections(stack: ExitStack, database: Database) -> None:
    """Open the same file anew in this process: by the same pool, and by another."""
    for _ in range(3):
        stack.enter_context(database.engine.connect()).exec_driver_sql("SELECT 1")
    with opened(str(database.url)) as other, other.engine.connect() as reader:
        reader.exec_driver_sql("SELECT 1")


def test_new_connections_leave_the_locks_of_a_writer_alone(database: Database):
    path = str(database.url).removeprefix(SQLITE)
    with ExitStack() as stack:
        writer = stack.enter_context(database.engine.connect())
        writer.execution_options(portal_begin="IMMEDIATE").exec_driver_sql("SELECT 1")
        as_it_should_be = {"file": True, "shm": True, "writes": False}
        assert json.loads(elsewhere(LOOK, path)) == as_it_should_be
        more_connections(stack, database)
        assert json.loads(elsewhere(LOOK, path)) == as_it_should_be


def test_two_processes_that_write_spoil_nothing(tmp_path: Path):
    path = tmp_path / "lines.db"
    with opened(f"{SQLITE}{path}") as database, ExitStack() as stack:
        writer = stack.enter_context(database.engine.connect())
        writer.exec_driver_sql("CREATE TABLE line (whose TEXT, number INTEGER)")
        writer.commit()
        log = path.with_name("lines.db-wal").stat().st_ino
        for number in range(5):
            more_connections(stack, database)
            elsewhere(COME_AND_GO, str(path))
            writer.exec_driver_sql("INSERT INTO line VALUES ('ours', ?)", (number,))
            writer.commit()
        assert path.with_name("lines.db-wal").stat().st_ino == log, "the log was taken away"
    with opened(f"{SQLITE}{path}") as database, database.engine.connect() as reader:
        assert reader.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        counted = reader.exec_driver_sql("SELECT whose, count(*) FROM line GROUP BY whose")
        assert dict(counted.all()) == {"ours": 5, "theirs": 25}
