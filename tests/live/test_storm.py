"""A storm: what many ask at once, the database is asked once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from tests import factories
from tests.live.server import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from portal.core.db import Database

NAMES = ("alpha", "bravo", "charlie", "moderator", "erac", "observer")
#: As often as one may ask at once, after the first time.
EACH = 9
#: For each of two batches: who asks first, and all the others.
MOST_STATEMENTS = 2 * 14


@contextmanager
def held_up(database: Database) -> Iterator[tuple[list[str], threading.Event]]:
    """Lend a list of what is asked; the first statement waits until the event."""
    asked: list[str] = []
    may_go = threading.Event()

    def look(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if threading.current_thread().name != "batches":
            return  # what pages leave to be written is another's
        asked.append(statement)
        if len(asked) == 1:
            may_go.wait(30)

    event.listen(database.engine, "before_cursor_execute", look)
    try:
        yield asked, may_go
    finally:
        event.remove(database.engine, "before_cursor_execute", look)


@pytest.mark.one_backend
def test_many_that_missed_alike_cost_as_much_as_one(app, ear_of, session, world):
    ears = [ear_of(name) for name in NAMES]
    for words in ("One.", "Two.", "Three."):
        post = factories.make_post(session, world.actor("alpha"), words=words)
        factories.publish(session, world.actor("moderator"), post)
    session.rollback()
    follows = app.extensions["follows"]
    with (
        held_up(app.extensions["database"]) as (asked, may_go),
        ThreadPoolExecutor(len(NAMES) * EACH) as pool,
    ):
        first, *others = [ear for ear in ears for _ in range(EACH)]
        answers = [(first, pool.submit(first.follow))]
        wait_until(lambda: asked, "the first is being answered")
        answers += [(ear, pool.submit(ear.follow)) for ear in others]
        wait_until(lambda: follows.waiting >= len(others), "all others wait")
        may_go.set()
        told = [(ear, answer.result(30)) for ear, answer in answers]
    assert len(asked) <= MOST_STATEMENTS, asked
    for ear, answer in told:
        partners = [it for it in answer["frames"] if it["room"] == "partners"]
        assert [it["n"] for it in partners] == [
            ear.start["heads"]["partners"] + n for n in (1, 2, 3)
        ]


@pytest.mark.one_backend
def test_the_same_gap_is_made_once(app, ear_of, session, world):
    ear = ear_of("bravo")
    post = factories.make_post(session, world.actor("alpha"), words="Once.")
    factories.publish(session, world.actor("moderator"), post)
    session.rollback()
    other = ear_of("bravo", follows=False)
    first = ear.follow()
    with held_up(app.extensions["database"]) as (asked, may_go):
        may_go.set()
        assert other.send(ear.start) == first
    assert asked
    assert not [it for it in asked if "FROM entry_room" in it or "FROM post" in it], asked
