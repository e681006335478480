"""The writers' turn: another process that writes delays a write, and never breaks it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import func, select

from portal.core import db
from portal.core.db import Database, begin_snapshot
from portal.core.errors import BusyError
from portal.feed.models import Post
from portal.journal.housekeeping import housekeeping
from tests.factories import make_post
from tests.journal.reading import check_journal, dump
from tests.passkeys import asked_of, of_person
from tests.threads import sorted_out, together

pytestmark = pytest.mark.one_backend

# Another program that writes to the same file, for as long as it is told to.
HOLDER = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline() if sys.argv[2] == "told" else time.sleep(float(sys.argv[2]))
connection.execute("COMMIT")
"""


def let_go(process):
    if process.returncode is None:
        process.communicate(b"\n", timeout=20)
    assert process.returncode == 0


@pytest.fixture
def hold(database):
    """Let another process hold the database's lock, for some seconds or until the test ends."""
    started = []

    def start(seconds="told"):
        script = [sys.executable, "-c", HOLDER, database.url.database, str(seconds)]
        process = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout.readline() == b"held\n"
        return process

    yield start
    for process in started:
        let_go(process)


def test_a_process_that_writes_for_a_second_delays_a_write(session, world, hold):
    alpha = world.actor("alpha")
    hold(1)
    began = time.monotonic()
    make_post(session, alpha)
    assert 0.5 < time.monotonic() - began < db.WRITER_PATIENCE_S
    check_journal(session)


def test_a_process_that_writes_too_long_makes_the_portal_busy(
    session, world, hold, monkeypatch
):
    monkeypatch.setattr(db, "WRITER_PATIENCE_S", 0.3)
    alpha, before = world.actor("alpha"), dump(session)
    hold()
    with pytest.raises(BusyError):
        make_post(session, alpha)
    with pytest.raises(BusyError), housekeeping(session):
        pass
    assert dump(session) == before  # reading goes on meanwhile


def test_a_thread_that_keeps_the_turn_too_long_makes_the_others_busy(
    database, session, world, monkeypatch
):
    monkeypatch.setattr(db, "WRITER_PATIENCE_S", 0.2)
    alpha = world.actor("alpha")
    with database.turn(), pytest.raises(BusyError):
        make_post(session, alpha)
    make_post(session, alpha)


def test_busy_is_a_page_that_says_when_to_come_back(anonymous, world, hold, monkeypatch):
    email = world.people["alpha"].email
    page = anonymous.page("/sign-in")
    form = next(it for it in page.forms if it.action.endswith("/passkey"))
    cookie = anonymous.get_cookie("sid")
    monkeypatch.setattr(db, "WRITER_PATIENCE_S", 0.2)
    holder = hold()
    typed = {"credential": of_person(email).show(asked_of(page.html))}
    answer = anonymous.submit(form, **typed)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "busy" in anonymous.read(answer).heading
    let_go(holder)
    anonymous.set_cookie("sid", cookie.value)
    assert anonymous.submit(form, **typed).status_code == 303


def test_writers_of_one_process_take_turns_and_none_is_refused(database, session, world):
    actors = [world.actor(name) for name in ("alpha", "bravo", "guild", "charlie")] * 5
    session.rollback()

    def write(actor):
        with database.sessions() as mine:
            make_post(mine, actor, world.within(mine).incident)

    sorted_out(together([lambda a=actor: write(a) for actor in actors]))
    assert session.scalar(select(func.count()).select_from(Post)) == len(actors)
    check_journal(session)


def test_two_processes_may_open_and_close_the_file_while_others_write(
    database, database_url, session, world
):
    """A last connection that closes tidies the log away, under a lock that nobody may feel."""
    alpha = world.actor("alpha")
    over = threading.Event()
    session.rollback()
    database.engine.dispose()

    def write():
        try:
            for _ in range(30):
                with database.sessions() as mine:
                    make_post(mine, alpha, world.within(mine).incident)
                database.engine.dispose()
        finally:
            over.set()

    def come_and_go():
        while not over.is_set():
            other = Database(database_url)
            with other.sessions() as mine:
                mine.scalars(select(Post.id)).all()
            other.engine.dispose()

    sorted_out(together([write, come_and_go, come_and_go]))
    check_journal(session)


def test_a_reader_sees_one_moment_for_as_long_as_it_reads(database, session, world):
    alpha = world.actor("alpha")
    with database.sessions() as reader:
        begin_snapshot(reader)
        count = select(func.count()).select_from(Post)
        assert reader.scalar(count) == 0
        make_post(session, alpha)
        assert reader.scalar(count) == 0
        reader.rollback()
        assert reader.scalar(count) == 1
