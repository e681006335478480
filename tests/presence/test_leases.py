"""Who is here, who can decide and who is connected, against a model that counts by hand.

Hypothesis makes up what happens to shifts, pages, processes, people and the clock. After each
step the roster, the coverage and the standings are what the model says, and nobody is shown
connected whose last lease has ended. `PORTAL_HYPOTHESIS=deep` thinks up many more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from flask import Flask
from flask_socketio import SocketIO
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from portal.accounts.queries import epoch_of
from portal.core import clock, codes
from portal.core.db import Database
from portal.journal.audience import PARTNERS, STAFF, org
from portal.journal.transaction import transaction
from portal.live.channel import Channel
from portal.live.leases import Leases
from portal.live.seats import Seat
from portal.organizations.queries import list_active
from portal.presence import operations
from portal.presence.connections import KEPT, LEASE
from portal.presence.queries.coverage import coverage
from portal.presence.queries.roster import check_ins_by_id, list_roster
from portal.presence.queries.standings import Standing, list_standings
from tests import factories as make
from tests.presence.shifts import arrive, leave

#: Sectors and regions by organization, once more by hand; see tests/world.py.
WORKS = {
    "alpha": ({"ENER", "RETAIL"}, {"D"}),
    "bravo": ({"ENER"}, {"C"}),
    "charlie": ({"FOOD"}, {"A"}),  # nobody of theirs ever comes
    "guild": ({"ENER", "TRAN"}, {"D"}),
}
#: Whose people they are.
PEOPLE = {"alpha": "alpha", "alpha_admin": "alpha", "bravo": "bravo", "guild": "guild"}
DECISIONS = ("fuel", "access")
PROCESSES = 2
RENEWED_AFTER = timedelta(seconds=20)

names = st.sampled_from(sorted(PEOPLE))
companies = st.sampled_from(sorted(WORKS))
processes = st.integers(0, PROCESSES - 1)
hours = st.sampled_from((0.01, 0.05, 1, 8))


@dataclass
class Shift:
    """What the model knows of a check-in that is not checked out."""

    id: int
    until: datetime
    link: str
    decides: set[str]


@dataclass
class Process:
    """A serving process, and what the model knows of it.

    held : whose pages were open at its last beat.
    """

    leases: Leases
    channel: Channel
    renewed_at: datetime | None = None
    held: set[str] = field(default_factory=set)

    @classmethod
    def started(cls, database: Database) -> Process:
        channel = Channel(SocketIO(Flask("process"), async_mode="threading"))
        return cls(Leases(database, channel), channel)


class Presence(RuleBasedStateMachine):
    """One database, two processes, four people, and the model."""

    def __init__(self, databases):
        super().__init__()
        self._start = self._now = clock.now()
        clock.use(lambda: self._now)
        self._lent = databases.lent_world()
        url, self.world = self._lent.__enter__()
        self.database = Database(url, epoch_of=epoch_of)
        self.processes = [Process.started(self.database) for _ in range(PROCESSES)]
        self.shifts: dict[str, Shift] = {}
        self.suspended: set[str] = set()  # people by name, organizations by "org:" and key
        self.ends: dict[str, datetime] = {}  # of each person's longest lease
        self.heard: dict[str, datetime] = {}

    def teardown(self):
        clock.use(None)
        self.database.engine.dispose()
        self._lent.__exit__(None, None, None)

    def may_act(self, name):
        return not self.suspended & {name, f"org:{PEOPLE[name]}"}

    # ------------------------------------------------------------ shifts

    @initialize(here=st.sets(names, min_size=2))
    def some_are_here_from_the_start(self, here):
        for name in sorted(here):
            self.somebody_checks_in(name, 8, "portal", {"fuel"})
            self.somebody_opens_a_page(name, 0, 0)
        self.all_processes_beat()

    @rule(
        name=names,
        length=hours,
        link=st.sampled_from(("portal", "portal", "telephone")),
        decides=st.sets(st.sampled_from(DECISIONS)),
    )
    def somebody_checks_in(self, name, length, link, decides):
        if name in self.shifts or not self.may_act(name):
            return
        with self.database.sessions() as session:
            said = {"link": link, "decides": tuple(sorted(decides)), "decides_up_to": ""}
            row = arrive(session, self.world.within(session).actor(name), length, **said)
            self.shifts[name] = Shift(row.id, row.until, link, decides)

    @rule(name=names, length=hours)
    def somebody_stays_longer(self, name, length):
        if name not in self.shifts or not self.may_act(name):
            return
        until = self._now + timedelta(hours=length)
        with self.database.sessions() as session:
            row = check_ins_by_id(session, [self.shifts[name].id])[self.shifts[name].id]
            with transaction(session, self.world.within(session).actor(name)) as tx:
                operations.extend(tx, row, until=until)
        self.shifts[name].until = until

    @rule(name=names)
    def somebody_checks_out(self, name):
        if name not in self.shifts or not self.may_act(name):
            return
        with self.database.sessions() as session:
            row = check_ins_by_id(session, [self.shifts[name].id])[self.shifts[name].id]
            leave(session, self.world.within(session).actor(name), row)
        del self.shifts[name]

    # ------------------------------------------------------------ pages and processes

    @rule(name=names, number=processes, tab=st.integers(0, 1))
    def somebody_opens_a_page(self, name, number, tab):
        if not self.may_act(name):
            return
        with self.database.sessions() as session:
            actor = self.world.within(session).actor(name)
        at = self.world.incident_id
        seat = Seat(f"{name} {tab}", actor, self._now + timedelta(days=1), at)
        self.processes[number].channel.seats.add(seat)

    @rule(name=names, number=processes, tab=st.integers(0, 1))
    def a_page_is_closed(self, name, number, tab):
        self.processes[number].channel.seats.remove(f"{name} {tab}")

    @rule(number=processes)
    def a_process_beats(self, number):
        process = self.processes[number]
        process.leases.step()
        here = {seat.sid.partition(" ")[0] for seat in process.channel.seats}
        is_time = process.renewed_at is None or self._now - process.renewed_at >= RENEWED_AFTER
        for name in here if is_time else here - process.held:
            self.ends[name] = self._now + LEASE
            self.heard[name] = self._now
        process.held = here
        if is_time:
            process.renewed_at = self._now

    @rule()
    def all_processes_beat(self):
        for number in range(PROCESSES):
            self.a_process_beats(number)

    @rule(number=processes)
    def a_process_is_killed_and_another_takes_its_place(self, number):
        self.processes[number] = Process.started(self.database)

    @rule(seconds=st.sampled_from((1, 5, 19, 20, 21, 39, 40, 59, 60, 61, 600, 4000)))
    def time_goes_by(self, seconds):
        if self._now - self._start < KEPT / 2:  # past it leases are forgotten
            self._now += timedelta(seconds=seconds)

    # ------------------------------------------------------------ suspensions

    @rule(name=names)
    def a_person_is_suspended_or_let_in_again(self, name):
        with self.database.sessions() as session:
            person = self.world.within(session).person(name)
            act = make.restore_person if name in self.suspended else make.suspend_person
            act(session, person)
        self.suspended ^= {name}

    @rule(key=companies)
    def an_organization_is_suspended_or_let_in_again(self, key):
        known = f"org:{key}" in self.suspended
        with self.database.sessions() as session:
            row = self.world.within(session).organization(key)
            (make.restore_organization if known else make.suspend_organization)(session, row)
        self.suspended ^= {f"org:{key}"}

    # ------------------------------------------------------------ what the model says

    def is_here(self, name):
        return self.may_act(name) and self.shifts[name].until > self._now

    def has_lease(self, name):
        return name in self.ends and self.ends[name] > self._now

    def is_connected(self, name):
        is_portal = self.shifts[name].link == "portal"
        return self.is_here(name) and is_portal and self.has_lease(name)

    def able(self, decision, sector, region):
        """Return who could decide on it there now."""
        return {
            name
            for name, shift in self.shifts.items()
            if self.is_here(name)
            and (decision in shift.decides if decision else shift.decides)
            and sector in WORKS[PEOPLE[name]][0]
            and region in WORKS[PEOPLE[name]][1]
        }

    # ------------------------------------------------------------ what must hold

    @invariant()
    def the_roster_is_the_models(self):
        references = {self.world.people[name].reference: name for name in PEOPLE}
        with self.database.sessions() as session:
            views = list_roster(session, self.world.incident_id, [STAFF])[STAFF]
        assert {
            references[it.person_reference]: (it.is_here, it.is_connected, it.heard_at)
            for it in views
        } == {
            name: (self.is_here(name), self.is_connected(name), self.heard.get(name))
            for name in self.shifts
        }
        for it in views:
            if it.is_connected:
                assert self._now - self.heard[references[it.person_reference]] < LEASE

    @invariant()
    def others_are_told_of_no_person(self):
        with self.database.sessions() as session:
            own = org(self.world.organizations["bravo"].id)
            seen = list_roster(session, self.world.incident_id, [PARTNERS, own])
        here = [PEOPLE[name] for name in self.shifts if self.is_here(name)]
        assert sorted(it.organization for it in seen[PARTNERS]) == sorted(
            self.world.organizations[key].name for key in here
        )
        for it in seen[PARTNERS]:
            assert (it.name, it.heard_at, it.is_connected) == (None, None, False)
        mine = [it.is_connected for it in seen[own]]
        assert mine == [self.is_connected("bravo") for _ in self.shifts.keys() & {"bravo"}]

    @invariant()
    def the_coverage_is_the_models(self):
        references = {self.world.people[name].reference: name for name in PEOPLE}
        with self.database.sessions() as session:
            organizations = list_active(session)
            views = list_roster(session, self.world.incident_id, [STAFF])[STAFF]
        active = [it for it in WORKS.items() if f"org:{it[0]}" not in self.suspended]
        for decision in ("", *DECISIONS):
            found = {
                (row.sector, letter): {references[it.person_reference] for it in cover.deciders}
                for row in coverage(organizations, views, decision)
                for letter, cover in row.regions.items()
                if cover is not None
            }
            assert found == {
                (sector, letter): self.able(decision, sector, letter)
                for sector in codes.load("sectors")
                for letter in codes.load("regions")
                if any(sector in sectors and letter in where for _, (sectors, where) in active)
            }

    @invariant()
    def the_standings_are_the_models(self):
        with self.database.sessions() as session:
            found = list_standings(session).get(self.world.incident_id, {})
        assert found == {
            shift.id: Standing(
                self.world.people[name].organization_id,
                is_active=self.may_act(name),
                is_connected=shift.link == "portal" and self.has_lease(name),
            )
            for name, shift in self.shifts.items()
            if shift.until > self._now
        }


def test_whatever_happens_nobody_is_shown_who_is_not_there(databases):
    known = settings()
    modest = settings(
        known,
        max_examples=max(known.max_examples // 3, 1),
        stateful_step_count=max(known.stateful_step_count, 40),
    )
    run_state_machine_as_test(partial(Presence, databases), settings=modest)
