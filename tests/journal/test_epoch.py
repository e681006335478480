"""Whoever lost a right between the page and the write writes nothing."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select, update

from portal.accounts import operations as accounts
from portal.accounts.models import SignIn
from portal.accounts.queries import epoch_of
from portal.core import clock
from portal.core.actor import Role
from portal.core.errors import EpochGoneError, PortalError, StateGoneError
from portal.feed import operations as feed
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Entry
from portal.journal.transaction import transaction
from tests.factories import (
    add_person,
    change_roles,
    make_post,
    once_key,
    restore_person,
    sign_in,
    suspend_organization,
    suspend_person,
)
from tests.journal.reading import check_journal, dump
from tests.threads import sorted_out, together


def end_membership(session, world):
    with transaction(session, world.actor("admin")) as tx:
        accounts.change_roles(
            tx, world.membership("alpha"), roles=frozenset({Role.ORG_ADMIN, Role.LIAISON})
        )


def end_sign_in(session, world):
    alpha = world.actor("alpha")
    with transaction(session, alpha) as tx:
        accounts.end_sign_ins(tx, alpha.person_id, why="signed out elsewhere")


def suspend_and_restore(session, world):
    suspend_person(session, world.person("alpha"))
    restore_person(session, world.person("alpha"))


CHANGES = {
    "role changed": end_membership,
    "person suspended": lambda session, world: suspend_person(session, world.person("alpha")),
    "suspended and restored": suspend_and_restore,
    "organization suspended": lambda session, world: suspend_organization(
        session, world.organization("alpha")
    ),
    "signed out elsewhere": end_sign_in,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changed_between_page_and_write_stops_the_write(session, world, change):
    actor = sign_in(session, world, "alpha")
    change(session, world)
    before = dump(session)
    with pytest.raises(EpochGoneError), transaction(session, actor, once=once_key("late")):
        pytest.fail("the write began")
    assert dump(session) == before


def test_a_change_of_somebody_else_stops_nobody(session, world):
    actor = sign_in(session, world, "alpha")
    suspend_person(session, world.person("bravo"))
    suspend_organization(session, world.organization("charlie"))
    change_roles(session, world.membership("alpha_admin"), Role.LIAISON)
    make_post(session, actor)
    check_journal(session)


@pytest.mark.parametrize(("name", "idle"), [("alpha", 60), ("moderator", 30)])
def test_a_session_that_ended_by_the_clock_writes_nothing(
    session, world, held_clock, name, idle
):
    post = make_post(session, world.actor("alpha"))
    actor = sign_in(session, world, name)
    held_clock.tick(idle * 60 - 1)
    with transaction(session, actor) as tx:
        assert epoch_of(tx.session, actor) == actor.epoch
    held_clock.tick(1)
    before = dump(session)
    with pytest.raises(EpochGoneError), transaction(session, actor) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=("partners",)))
    assert dump(session) == before


def test_a_session_ends_after_twelve_hours_however_busy(session, world, held_clock):
    actor = sign_in(session, world, "alpha")
    for _ in range(24):
        held_clock.tick(1795)
        with housekeeping(session):
            session.execute(
                update(SignIn)
                .where(SignIn.id == actor.sign_in_id)
                .values(last_seen_at=clock.now()),
                execution_options={"synchronize_session": False},
            )
        make_post(session, actor)
    held_clock.tick(12 * 3600 - 24 * 1795)
    with pytest.raises(EpochGoneError):
        make_post(session, actor)


def test_an_actor_of_another_membership_or_none_may_not_write(session, world):
    alpha = world.actor("alpha")
    for wrong in (replace(alpha, membership_id=None), replace(alpha, epoch="1.1.1")):
        with pytest.raises(EpochGoneError):
            make_post(session, wrong)


# ---------------------------------------------------------------- races


def entries_of(session, person_id, but):
    session.rollback()
    return list(
        session.scalars(
            select(Entry.at).where(Entry.person_id == person_id, Entry.incident_id != but)
        )
    )


def time_of(session, subject, move):
    session.rollback()
    return session.scalar(
        select(func.max(Entry.at)).where(Entry.subject == subject, Entry.move == move)
    )


@pytest.mark.parametrize("what", ["person", "organization"])
def test_nothing_of_a_suspended_person_is_committed_after_the_suspension(
    database, session, world, what
):
    """RACE-11: three writers of one person, and somebody who suspends them meanwhile."""
    for _ in range(3):
        person = add_person(
            session, world.organization("charlie"), Role.LIAISON, f"racer{time.monotonic_ns()}"
        )
        racing = replace(world, people=world.people | {"racer": person})
        counts = race(database, racing, what)
        assert sum(counts) > 0, "nobody was quick enough to write before the suspension"
        ended_at = time_of(session, what, "suspend")
        written = entries_of(session, person.id, but=0)
        assert len(written) == sum(counts)
        assert max(written) < ended_at
        if what == "organization":
            break
    check_journal(session)


def race(database, world, what):
    """Let threads write as the racer until they are refused; return how often each did."""
    under_way = threading.Event()
    with database.sessions() as first:  # all three come in before the race: one may be quick
        actors = [sign_in(first, world.within(first), "racer") for _ in range(3)]

    def write(actor):
        done = 0
        with database.sessions() as mine:
            ours = world.within(mine)
            try:
                until = time.monotonic() + 30
                while time.monotonic() < until:
                    make_post(mine, actor, ours.incident)
                    done += 1
                    under_way.set()
                    time.sleep(0.02)  # as people do: without a gap a shared lock never ends
            except EpochGoneError:
                return done
        raise AssertionError("was never refused")

    def suspend():
        under_way.wait(10)
        with database.sessions() as mine:
            ours = world.within(mine)
            if what == "person":
                suspend_person(mine, ours.person("racer"), by=ours.actor("admin"))
            else:
                suspend_organization(mine, ours.organization("charlie"), by=ours.actor("admin"))
        return 0

    writers = [partial(write, actor) for actor in actors]
    return sorted_out(together([*writers, suspend]))[0]


def test_two_administrators_who_suspend_each_other_do_not_both_succeed(
    database, session, world
):
    """RACE-12: the portal keeps an administrator."""
    second = add_person(session, world.organization("agency"), Role.ADMIN, "admin2")
    world = replace(world, people=world.people | {"admin2": second})

    def suspend(by, whom):
        with database.sessions() as mine:
            ours = world.within(mine)
            suspend_person(mine, ours.person(whom), by=ours.actor(by))

    results = together([lambda: suspend("admin", "admin2"), lambda: suspend("admin2", "admin")])
    done, _refused = sorted_out(results, PortalError)
    assert len(done) <= 1
    session.rollback()
    states = [world.person(name).state for name in ("admin", "admin2")]
    assert states.count("suspended") == len(done)
    check_journal(session)


def test_refusals_of_the_epoch_are_told_from_refusals_of_the_state(session, world):
    post = make_post(session, world.actor("alpha"))
    stale = world.actor("moderator")
    change_roles(session, world.membership("moderator"), Role.MODERATOR, Role.MOP3)
    with pytest.raises(EpochGoneError), transaction(session, stale) as tx:
        feed.publish(tx, post, feed.Letting(seen_by=("partners",)))
    with pytest.raises(StateGoneError), transaction(session, world.actor("moderator")) as tx:
        feed.retract(tx, post, note="too early")
