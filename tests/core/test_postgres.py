"""What PostgreSQL is asked for: connections that rested are only lent while they live."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from sqlalchemy import column, func, select, table

from portal.journal.models import Head

_activity = table("pg_stat_activity", column("pid"), column("datname"))
_END_OTHERS = select(func.pg_terminate_backend(_activity.c.pid, 5000)).where(
    _activity.c.datname == func.current_database(), _activity.c.pid != func.pg_backend_pid()
)


@pytest.mark.one_backend("postgres")
def test_connections_that_ended_while_they_rested_are_not_lent(database):
    count = select(func.count()).select_from(Head)
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(database.sessions()).scalar(count)
    with database.engine.connect() as connection:
        ended = connection.scalars(_END_OTHERS).all()
    assert len(ended) == 2
    for _ in range(3):
        with database.sessions() as session:
            assert session.scalar(count) is not None
