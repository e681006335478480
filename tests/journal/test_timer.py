"""Jobs by the clock, done by one process at a time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core import clock
from portal.core.errors import BusyError
from portal.journal.models import Lease, Once
from portal.journal.records import begin_generation, record_heads
from portal.journal.timer import LEASE, ONCE_KEPT, Job, Timer, forget_old_keys, take_lease
from portal.journal.transaction import transaction
from tests.factories import make_post, once_key
from tests.journal.reading import changed, check_journal, dump, kinds
from tests.threads import sorted_out, together


def test_a_lease_is_one_holders_until_it_ends(session, held_clock):
    assert take_lease(session, "timer", "a")
    assert not take_lease(session, "timer", "b")
    assert take_lease(session, "timer", "a")
    held_clock.tick(LEASE.total_seconds() - 1)
    assert not take_lease(session, "timer", "b")
    held_clock.tick(1)
    assert take_lease(session, "timer", "b")
    assert not take_lease(session, "timer", "a")


def test_leases_of_other_names_are_others(session):
    assert take_lease(session, "timer", "a")
    assert take_lease(session, "sweep", "b")
    assert {it.name: it.holder for it in session.scalars(select(Lease))} == {
        "timer": "a",
        "sweep": "b",
    }


def test_renewing_lengthens_a_lease(session, held_clock):
    assert take_lease(session, "timer", "a")
    held_clock.tick(20)
    assert take_lease(session, "timer", "a", timedelta(seconds=60))
    held_clock.tick(59)
    assert not take_lease(session, "timer", "b")


@pytest.mark.parametrize("expired", [False, True])
def test_of_many_who_want_a_lease_at_once_one_gets_it(database, held_clock, expired):
    if expired:
        with database.sessions() as session:
            assert take_lease(session, "timer", "somebody who died")
        held_clock.tick(LEASE.total_seconds())

    def want(holder):
        with database.sessions() as session:
            return take_lease(session, "timer", holder)

    jobs = [lambda h=f"holder-{i}": want(h) for i in range(16)]
    done, _ = sorted_out(together(jobs))
    assert done.count(True) == 1


def test_a_timer_does_what_is_due_and_only_then(database, held_clock):
    done = []
    timer = Timer(database, [Job("count", timedelta(minutes=1), lambda _: done.append(1))])
    timer.tick()
    assert len(done) == 1
    held_clock.tick(59)
    timer.tick()
    assert len(done) == 1
    held_clock.tick(1)
    timer.tick()
    assert len(done) == 2


def test_only_the_holder_of_the_lease_does_the_jobs(database, held_clock):
    done = []
    first, second = (
        Timer(database, [Job("count", timedelta(seconds=10), lambda _, n=name: done.append(n))])
        for name in ("first", "second")
    )
    for _ in range(3):
        first.tick()
        second.tick()
        held_clock.tick(10)
    assert set(done) == {"first"}
    held_clock.tick(LEASE.total_seconds())  # the first process died
    second.tick()
    assert done[-1] == "second"


def test_a_job_that_fails_stops_no_other_and_is_tried_again(database, held_clock, caplog):
    done = []

    def fail(_session):
        done.append("tried")
        raise BusyError("no")

    timer = Timer(
        database,
        [
            Job("fails", timedelta(seconds=5), fail),
            Job("works", timedelta(seconds=5), lambda _: done.append("worked")),
        ],
    )
    timer.tick()
    held_clock.tick(5)
    timer.tick()
    assert done == ["tried", "worked"] * 2
    assert "fails" in caplog.text


def test_the_timers_own_jobs_run_on_an_empty_portal_and_on_a_full_one(database, session, world):
    make_post(session, world.actor("alpha"))
    timer = Timer(database)
    timer.tick()
    assert kinds(session, 0)[-1] == "heads.record"
    check_journal(session)


# ---------------------------------------------------------------- heads


def test_recording_heads_twice_records_them_once(session, world):
    make_post(session, world.actor("alpha"))
    assert record_heads(session)
    before = dump(session)
    assert not record_heads(session)
    assert changed(before, dump(session)) == set()
    make_post(session, world.actor("alpha"))
    assert record_heads(session)
    assert kinds(session, 0).count("heads.record") == 2
    check_journal(session)


def test_stream_0_alone_has_nothing_to_record(session):
    assert not record_heads(session)


def test_heads_recorded_while_others_write_are_true(database, session, world):
    alpha = world.actor("alpha")
    session.rollback()

    def write():
        with database.sessions() as mine:
            for _ in range(8):
                make_post(mine, alpha, world.within(mine).incident)

    def record():
        with database.sessions() as mine:
            for _ in range(8):
                record_heads(mine)

    sorted_out(together([write, write, record, record]))
    check_journal(session)


# ---------------------------------------------------------------- single-use keys


def test_keys_that_no_browser_can_hold_are_forgotten(session, world, held_clock):
    alpha = world.actor("alpha")
    for token in ("old", "new"):
        with transaction(session, alpha, once=once_key(token)):
            pass
        held_clock.tick(60)
    held_clock.set(clock.now() + ONCE_KEPT - timedelta(seconds=90))
    forget_old_keys(session)
    assert session.scalars(select(Once.token)).all() == ["new"]


def test_a_new_generation_has_a_new_name_and_leaves_no_entry(session):
    before = dump(session)
    names = {begin_generation(session) for _ in range(3)}
    assert len(names) == 3
    assert changed(before, dump(session)) == {"generation"}
