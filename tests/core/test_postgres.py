"""What PostgreSQL is asked for: connections that live, answers that come with the COMMIT."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import pytest
from sqlalchemy import Connection, column, func, insert, select, table
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from portal.config import ROOT
from portal.core import clock
from portal.core.columns import table_of
from portal.core.db import writing
from portal.journal.models import Head

pytestmark = pytest.mark.one_backend("postgres")

_COUNT = select(func.count()).select_from(Head)
_activity = table("pg_stat_activity", column("pid"), column("datname"))
_END_OTHERS = select(func.pg_terminate_backend(_activity.c.pid, 5000)).where(
    _activity.c.datname == func.current_database(), _activity.c.pid != func.pg_backend_pid()
)


def test_connections_that_ended_while_they_rested_are_not_lent(database):
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(database.sessions()).scalar(_COUNT)
    with database.engine.connect() as connection:
        ended = connection.scalars(_END_OTHERS).all()
    assert len(ended) == 2
    for _ in range(3):
        with database.sessions() as session:
            assert session.scalar(_COUNT) is not None


def _begin(connection: Connection, stream: int) -> None:
    values = {"incident_id": stream, "seq": 0, "at": clock.now(), "hash": ""}
    connection.execute(insert(table_of(Head)).values(values))


def _write(
    session: Session, first: int, *streams: int, before: Callable[[], object] = int
) -> None:
    """Begin the first stream; the others without waiting for answers, after `before`."""
    with writing(session, "test") as connection:
        _begin(connection, first)
        before()
        connection.connection.driver_connection.answer_at_commit()
        for stream in streams:
            _begin(connection, stream)
        session.commit()


@pytest.mark.parametrize("times", [1, 12])
def test_what_is_answered_at_the_commit_is_written(session, times):
    before = session.scalar(_COUNT)
    for number in range(times):  # the driver prepares what it was asked several times
        _write(session, 1000 + number, 2000 + number, 3000 + number)
    assert session.scalar(_COUNT) == before + 3 * times


@pytest.mark.parametrize("times", [1, 12])
def test_an_error_that_is_answered_at_the_commit_undoes_all(session, times):
    before = session.scalar(_COUNT)
    for number in range(times):
        with pytest.raises(IntegrityError, match="pk_head"):
            _write(session, 1000, 2000 + number, 1000, 3000 + number)
        assert session.scalar(_COUNT) == before
    _write(session, 1000, 2000)
    assert session.scalar(_COUNT) == before + 2


def test_what_is_given_up_before_its_answers_is_undone(session, monkeypatch):
    before = session.scalar(_COUNT)
    monkeypatch.setattr(session, "commit", partial(divmod, 1, 0))
    with pytest.raises(ZeroDivisionError):
        _write(session, 1000, 2000, 1000)
    monkeypatch.undo()
    assert session.scalar(_COUNT) == before


def test_a_connection_that_ends_before_its_answers_is_lent_no_more(session, database):
    def end() -> None:
        with database.engine.connect() as other:
            assert other.scalars(_END_OTHERS).all()

    before = session.scalar(_COUNT)
    with pytest.raises(OperationalError):
        _write(session, 1000, 2000, before=end)
    assert session.scalar(_COUNT) == before


#: Sends more than a line takes at once, alone and before a COMMIT, as a serving process does.
_SENDS_MUCH = """
from gevent import monkey
monkey.patch_all()
import sys
from portal.core.db import Database
much = "x" * 30_000_000
with Database(sys.argv[1]).engine.connect() as connection:
    print(connection.exec_driver_sql("SELECT length(%s)", (much,)).scalar())
    connection.connection.driver_connection.answer_at_commit()
    for _ in range(2):
        connection.exec_driver_sql("SELECT length(%s)", (much,))
    connection.commit()
    print(connection.exec_driver_sql("SELECT 1").scalar())
"""


def test_what_a_line_does_not_take_at_once_is_sent_all_the_same(database_url):
    words = [sys.executable, "-c", _SENDS_MUCH, database_url]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["30000000", "1"], "")
