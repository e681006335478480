"""The way to write: rows and entries in one commit, or nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial

import pytest
from sqlalchemy import select

from portal.core.actor import SYSTEM
from portal.core.db import database_of
from portal.core.errors import NotAllowedError, StateGoneError, StrayWriteError
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.feed.states import POST, PostState
from portal.incidents.models import Incident
from portal.incidents.operations import set_level
from portal.journal.audience import DESK, PARTNERS, STAFF, org
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry, EntryRoom, Once, Words
from portal.journal.queries import story
from portal.journal.transaction import transaction
from tests.factories import (
    make_post,
    once_key,
    publish,
    report,
    retract,
    sign_in,
    withdraw_post,
)
from tests.journal.reading import changed, check_journal, dump, kinds
from tests.threads import sorted_out, together


class Bang(BaseException):
    """Stands for what ends a request or a process in the middle of its work."""


def rooms_of_last(session, stream):
    last = select(Entry.seq).where(Entry.incident_id == stream).order_by(Entry.seq.desc())
    seq = session.scalars(last.limit(1)).one()
    rooms = select(EntryRoom.room).where(EntryRoom.incident_id == stream, EntryRoom.seq == seq)
    return set(session.scalars(rooms))


def test_a_move_leaves_one_entry_that_says_who_what_and_in_which_words(session, world):
    alpha = world.actor("alpha")
    post = make_post(session, alpha, words="Bridge closed.")
    entry = session.scalars(
        select(Entry).where(Entry.subject == "post", Entry.subject_id == post.id)
    ).one()
    assert (entry.move, entry.person_id) == ("submit", alpha.person_id)
    assert (entry.incident_id, entry.organization_id) == (
        world.incident_id,
        alpha.organization_id,
    )
    words = json.loads(session.get_one(Words, (entry.incident_id, entry.seq)).data)
    assert words["words"] == "Bridge closed."
    assert words.keys() == POST.moves["submit"].says
    assert [(it.move, it.words) for it in story(session, "post", post.id)] == [
        ("submit", words)
    ]


def test_a_row_bears_the_time_of_its_entry(session, world):
    post = make_post(session, world.actor("alpha"))
    publish(session, world.actor("moderator"), post)
    told = story(session, "post", post.id)
    assert [post.submitted_at, post.published_at] == [it.at for it in told]
    assert post.moved_at == told[-1].at


def test_a_row_moves_into_its_new_rooms_and_those_that_it_leaves_hear_of_it(session, world):
    alpha = world.actor("alpha")
    own = {DESK, org(alpha.organization_id)}
    post = make_post(session, alpha)
    assert rooms_of_last(session, world.incident_id) == own
    publish(session, world.actor("moderator"), post, seen_by=("sector:ENER", "region:D"))
    assert rooms_of_last(session, world.incident_id) == own | {"sector:ENER", "region:D", STAFF}
    retract(session, world.actor("moderator"), post)
    assert rooms_of_last(session, world.incident_id) == own | {"sector:ENER", "region:D", STAFF}
    check_journal(session)


def test_a_refused_move_leaves_no_trace(session, world):
    post = make_post(session, world.actor("alpha"))
    before = dump(session)
    with pytest.raises(NotAllowedError):
        publish(session, world.actor("alpha"), post)
    with pytest.raises(NotAllowedError):
        withdraw_post(session, world.actor("bravo"), post)
    with pytest.raises(StateGoneError):
        retract(session, world.actor("moderator"), post)
    assert dump(session) == before
    assert post.state is PostState.WAITING


def test_words_that_are_not_the_moves_own_are_a_programming_error(session, world):
    post = make_post(session, world.actor("alpha"))
    before = dump(session)
    with (
        pytest.raises(TypeError, match="withdraw says"),
        transaction(session, world.actor("alpha")) as tx,
    ):
        tx.move(POST, "withdraw", post, note="not asked for")
    assert dump(session) == before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, Bang])
def test_a_crash_in_the_body_leaves_no_trace(session, world, error):
    post = make_post(session, world.actor("alpha"))
    before = dump(session)

    def crash():
        with transaction(session, world.actor("moderator"), once=once_key("crash")) as tx:
            feed.publish(tx, post, feed.Letting(seen_by=(PARTNERS,)))
            tx.answer("/somewhere")
            tx.session.flush()
            raise error

    with pytest.raises(error):
        crash()
    assert dump(session) == before
    assert post.state is PostState.WAITING
    publish(session, world.actor("moderator"), post)  # and nothing is left locked
    check_journal(session)


# The process ends with everything written but the COMMIT: rows, key, audience, numbers, entry.
KILLED = """
import os, sys
from contextlib import ExitStack
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from portal.accounts.queries import actor_of, epoch_of
from portal.core.db import Database
from portal.core.writes import OnceKey
from portal.feed import operations as feed
from portal.feed.models import Post
from portal.journal.models import Entry
from portal.journal.transaction import transaction

url, post_id, person_id = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

@event.listens_for(Session, "before_commit")
def die(session):
    driver = session.connection().connection.driver_connection
    getattr(driver, "unanswered", ExitStack()).close()  # so that it says what it has written
    written = session.scalars(select(Entry.move).where(Entry.subject == "post")).all()
    os._exit(9 if "publish" in written else 1)

with Database(url, epoch_of=epoch_of).sessions() as session:
    post = session.get_one(Post, post_id)
    moderator = actor_of(session, person_id)
    with transaction(session, moderator, once=OnceKey("killed", "/", "")) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=("partners",)))
"""


def test_a_process_killed_before_its_commit_leaves_no_trace(session, world):
    post = make_post(session, world.actor("alpha"))
    moderator = world.actor("moderator")
    before = dump(session)
    url = database_of(session).url.render_as_string(hide_password=False)
    script = [sys.executable, "-c", KILLED, url, str(post.id), str(moderator.person_id)]
    assert subprocess.run(script, check=False, timeout=60).returncode == 9
    assert dump(session) == before
    publish(session, moderator, post)
    check_journal(session)


def test_readers_wake_after_the_commit_and_only_then(session, world):
    database = database_of(session)
    seen = []

    def reader():
        with database.sessions() as other:
            seen.append(len(other.scalars(select(Post.id)).all()))

    def crash():
        with transaction(session, world.actor("alpha")) as tx:
            feed.submit(tx, world.incident, report())
            raise Bang

    database.readers.append(reader)
    with pytest.raises(Bang):
        crash()
    assert seen == []
    make_post(session, world.actor("alpha"))
    assert seen == [1]


def test_a_reader_that_fails_stops_neither_the_writer_nor_the_other_readers(
    session, world, caplog
):
    woken = []
    database_of(session).readers += [lambda: 1 // 0, lambda: woken.append(True)]
    make_post(session, world.actor("alpha"))
    assert woken == [True]
    assert "ZeroDivisionError" in caplog.text


def test_one_write_may_move_several_rows_in_two_streams(session, world):
    moderator, alpha = world.actor("mop3"), world.actor("alpha")
    here = make_post(session, alpha)
    daily = make_post(session, alpha, world.daily)
    with transaction(session, moderator) as tx:
        feed.publish(tx, here, feed.Letting(seen_by=(PARTNERS,)))
        feed.publish(tx, daily, feed.Letting(seen_by=(PARTNERS,)))
        set_level(tx, world.incident, level="full")
    assert kinds(session, world.incident_id)[-2:] == ["post.publish", "incident.set_level"]
    assert kinds(session, 0)[-1] == "post.publish"
    check_journal(session)


def test_writers_to_two_streams_in_either_order_do_not_wait_for_each_other(
    database, session, world
):
    actors = [sign_in(session, world, name) for name in ("alpha", "bravo", "guild", "charlie")]

    def write(actor, first, second):
        with database.sessions() as mine:
            for _ in range(5):
                with transaction(mine, actor) as tx:
                    for stream in (first, second):
                        feed.submit(tx, mine.get_one(Incident, stream), report())

    streams = (0, world.incident_id)
    orders = [streams, streams[::-1]] * 2
    session.rollback()
    jobs = [partial(write, actor, *order) for actor, order in zip(actors, orders, strict=True)]
    sorted_out(together(jobs))
    assert kinds(session, 0).count("post.submit") == 20
    check_journal(session)


def test_entries_of_one_write_stand_in_the_order_of_its_moves(session, world):
    moderator = world.actor("moderator")
    posts = [make_post(session, world.actor("alpha")) for _ in range(3)]
    with transaction(session, moderator) as tx:
        for post in reversed(posts):
            feed.publish(tx, post, feed.Letting(seen_by=(PARTNERS,)))
    last = select(Entry.subject_id).where(Entry.move == "publish").order_by(Entry.seq)
    assert list(session.scalars(last)) == [post.id for post in reversed(posts)]


def test_a_clock_that_goes_back_or_stands_still_keeps_the_order(session, world, held_clock):
    post = make_post(session, world.actor("alpha"))
    held_clock.tick(-3600)
    publish(session, world.actor("moderator"), post)
    retract(session, world.actor("moderator"), post)
    times = [it.at for it in story(session, "post", post.id)]
    assert times == sorted(set(times))
    assert post.published_at == times[1]
    held_clock.tick(7200)
    make_post(session, world.actor("alpha"))
    check_journal(session)


def test_the_portal_itself_may_write_and_then_nobody_is_named(session, world):
    with transaction(session, SYSTEM) as tx:
        set_level(tx, world.incident, level="full")
    entry = session.scalars(
        select(Entry).where(Entry.incident_id == world.incident_id).order_by(Entry.seq.desc())
    ).first()
    assert (entry.person_id, entry.organization_id) == (None, None)
    with (
        pytest.raises(TypeError, match="belongs to a person"),
        transaction(session, SYSTEM, once=once_key("nobody's")),
    ):
        pass


@pytest.mark.parametrize("inner", ["transaction", "housekeeping"])
def test_a_write_inside_a_write_is_refused_and_both_leave_no_trace(session, world, inner):
    alpha, incident = world.actor("alpha"), world.incident
    before = dump(session)

    def both():
        with transaction(session, alpha, once=once_key("outer")) as tx:
            feed.submit(tx, incident, report())
            door = transaction(session, alpha) if inner == "transaction" else None
            with door or housekeeping(session):
                pass

    with pytest.raises(StrayWriteError):
        both()
    assert dump(session) == before
    make_post(session, alpha)


def test_a_write_that_changes_nothing_leaves_its_key_alone(session, world):
    before = dump(session)
    with transaction(session, world.actor("alpha"), once=once_key("nothing")) as tx:
        tx.answer("/nothing")
    assert changed(before, dump(session)) == {"once"}
    assert session.scalars(select(Once.answer)).all() == ["/nothing"]
