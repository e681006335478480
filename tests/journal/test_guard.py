"""No stray write: nothing reaches the database but through the journal's two doors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import InternalError

from portal.core import clock
from portal.core.errors import StrayWriteError
from portal.feed.models import Post
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Audience, Lease
from tests.factories import make_post
from tests.journal.reading import changed, dump


@pytest.fixture(autouse=True)
def post(session, world):
    return make_post(session, world.actor("alpha"))


def lease(name="stray"):
    return {"name": name, "holder": "somebody", "until": clock.now() + timedelta(minutes=1)}


STRAY_FLUSHES = {
    "new row": lambda session, _post: session.add(Lease(**lease())),
    "changed row": lambda _session, post: setattr(post, "note", "changed"),
    "deleted row": lambda session, post: session.delete(post),
}

STRAY_STATEMENTS = {
    "insert": lambda: insert(Lease).values(**lease()),
    "update": lambda: update(Post).values(note="changed"),
    "delete": lambda: delete(Audience),
    "update of the table": lambda: update(Post.__table__).values(note="changed"),
    "update that returns": lambda: update(Post).values(note="changed").returning(Post.id),
}


@pytest.mark.parametrize("change", STRAY_FLUSHES.values(), ids=STRAY_FLUSHES)
@pytest.mark.parametrize("act", ["flush", "commit", "query"])
def test_a_stray_flush_is_refused(session, post, change, act):
    before = dump(session)
    _ = post.note
    change(session, post)
    with pytest.raises(StrayWriteError):
        {
            "flush": session.flush,
            "commit": session.commit,
            "query": lambda: session.scalars(select(Lease)).all(),
        }[act]()
    session.rollback()
    assert dump(session) == before


@pytest.mark.parametrize("statement", STRAY_STATEMENTS.values(), ids=STRAY_STATEMENTS)
def test_a_stray_statement_is_refused(session, statement):
    before = dump(session)
    with pytest.raises(StrayWriteError):
        session.execute(statement(), execution_options={"synchronize_session": False})
    session.rollback()
    assert dump(session) == before


STRAY_COMMITS = {
    "bulk_insert_mappings": lambda session: session.bulk_insert_mappings(Lease, [lease()]),
    "bulk_save_objects": lambda session: session.bulk_save_objects([Lease(**lease())]),
    "a statement on the connection": lambda session: session.connection().execute(
        insert(Lease).values(**lease())
    ),
}


@pytest.mark.parametrize("write", STRAY_COMMITS.values(), ids=STRAY_COMMITS)
def test_what_slips_past_flush_and_execute_is_never_committed(session, write):
    before = dump(session)
    # PostgreSQL refuses at once, since sessions only read there until a write is opened.
    with pytest.raises((StrayWriteError, InternalError)):  # noqa: PT012 - or at the commit
        write(session)
        session.commit()
    session.rollback()
    assert dump(session) == before


def test_housekeeping_writes_and_leaves_no_entry(session):
    before = dump(session)
    with housekeeping(session) as it:
        it.add(Lease(**lease("job")))
    assert changed(before, dump(session)) == {"lease"}


def test_housekeeping_that_fails_leaves_no_trace(session):
    before = dump(session)

    def fail():
        with housekeeping(session) as it:
            it.add(Lease(**lease("job")))
            it.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert dump(session) == before


def test_a_door_that_closed_stays_closed(session, post):
    with housekeeping(session) as it:
        it.add(Lease(**lease("job")))
    post.note = "changed"
    with pytest.raises(StrayWriteError):
        session.flush()


def test_reading_needs_no_door(session, post):
    assert session.scalars(select(Post.id)).all() == [post.id]
