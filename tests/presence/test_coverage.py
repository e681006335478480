"""Who can decide where, against brute force over shifts, limits and the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.accounts.models import Person
from portal.accounts.states import PersonState
from portal.core import clock, codes
from portal.organizations.models import Organization
from portal.organizations.states import OrganizationState
from portal.presence.models import CheckIn
from portal.presence.queries.coverage import coverage
from portal.presence.queries.roster import whole
from portal.presence.states import CheckInState

START = datetime(2027, 4, 21, 12, tzinfo=UTC)
SECTORS = ("ENER", "FOOD", "TRAN")
COUNTIES = {"29097": "D", "29189": "C", "29095": "A", "29510": "C"}
DECISIONS = ("fuel", "access")

some = st.integers(0, 3)
organizations = st.lists(
    st.tuples(
        st.sets(st.sampled_from(SECTORS)),
        st.sets(st.sampled_from(sorted(COUNTIES))),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)
shifts = st.lists(
    st.tuples(some, st.sets(st.sampled_from(DECISIONS)), st.integers(-6, 6), st.booleans()),
    max_size=8,
)


def made(told, worked):
    """Return organizations and check-ins as rows that no database knows."""
    companies = [
        Organization(
            name=f"Company {number}",
            sectors=tuple(sorted(sectors)),
            counties=tuple(sorted(counties)),
            state=OrganizationState.ACTIVE if is_active else OrganizationState.SUSPENDED,
        )
        for number, (sectors, counties, is_active) in enumerate(told)
    ]
    rows = [
        CheckIn(
            reference=f"R{number}",
            organization=companies[which % len(companies)],
            person=Person(name=f"Person {number}", reference="P", state=PersonState.ACTIVE),
            assignment="company",
            link="portal",
            until=START + timedelta(hours=hours),
            telephone="",
            decides=tuple(sorted(decides)),
            decides_up_to="",
            hand_over="",
            state=CheckInState.OUT if is_out else CheckInState.IN,
            checked_in_at=START - timedelta(hours=7),
            moved_at=START,
        )
        for number, (which, decides, hours, is_out) in enumerate(worked)
    ]
    return companies, rows


@settings(max_examples=150, deadline=None)
@given(
    told=organizations,
    worked=shifts,
    hour=st.integers(-7, 7),
    asked=st.sampled_from(("", *DECISIONS)),
)
def test_holes_are_those_that_counting_finds(told, worked, hour, asked):
    companies, rows = made(told, worked)
    active = [it for it in companies if it.state is OrganizationState.ACTIVE]
    now = START + timedelta(hours=hour)
    clock.use(lambda: now)
    try:
        views = [whole(row) for row in rows if row.state is CheckInState.IN]
        found = {
            (row.sector, letter): cover
            for row in coverage(active, views, asked)
            for letter, cover in row.regions.items()
        }
    finally:
        clock.use(None)
    for sector in codes.load("sectors"):
        for letter in codes.load("regions"):
            works = [
                it
                for it in active
                if sector in it.sectors and letter in {COUNTIES[fips] for fips in it.counties}
            ]
            able = [
                row.reference
                for row in rows
                if row.organization in works
                and row.state is CheckInState.IN
                and row.until > now
                and (asked in row.decides if asked else row.decides)
            ]
            cover = found.get((sector, letter))
            assert (cover is not None) == bool(works)
            if cover is not None:
                assert [it.reference for it in cover.deciders] == able
                assert cover.is_hole is not bool(able)


@settings(max_examples=50, deadline=None)
@given(told=organizations, worked=shifts)
def test_time_alone_only_makes_holes(told, worked):
    companies, rows = made(told, worked)
    views_at = {}
    try:
        for hour in range(-7, 8):
            now = START + timedelta(hours=hour)
            clock.use(lambda now=now: now)
            views = [whole(row) for row in rows if row.state is CheckInState.IN]
            views_at[hour] = sum(it.holes for it in coverage(companies, views))
    finally:
        clock.use(None)
    counts = [views_at[hour] for hour in sorted(views_at)]
    assert counts == sorted(counts)
