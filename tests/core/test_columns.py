"""What is stored comes back as it was, from both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from portal.core.columns import Codes, Instant
from portal.journal.housekeeping import housekeeping
from portal.journal.models import Lease
from portal.organizations.models import Organization
from tests.factories import add_organization

AT = datetime(2027, 4, 21, 19, 5, 7, 123456, tzinfo=UTC)


def stored(session, until):
    with housekeeping(session):
        session.add(Lease(name="test", holder="test", until=until))
    return session.scalars(select(Lease.until)).one()


@pytest.mark.parametrize(
    "at",
    [
        AT,
        AT.astimezone(timezone(timedelta(hours=-5))),
        AT.astimezone(timezone(timedelta(hours=5, minutes=45))),
        AT.replace(microsecond=0),
        AT.replace(year=1),
        AT.replace(year=9998),
    ],
)
def test_an_instant_comes_back_the_same_in_utc_to_the_microsecond(session, at):
    back = stored(session, at)
    assert back == at
    assert back.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(session):
    with pytest.raises(StatementError, match="needs a time zone"):
        stored(session, AT.replace(tzinfo=None))


def test_instants_stand_in_the_order_of_time_whatever_zone_they_came_in(session):
    zones = [UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=13))]
    with housekeeping(session):
        for number in range(9):
            at = (AT + timedelta(microseconds=number)).astimezone(zones[number % 3])
            session.add(Lease(name=f"{number}", holder="test", until=at))
    names = session.scalars(select(Lease.name).order_by(Lease.until)).all()
    assert names == [f"{number}" for number in range(9)]
    later = select(Lease.name).where(Lease.until > AT.astimezone(zones[1])).order_by(Lease.name)
    assert session.scalars(later).all() == names[1:]


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_no_instant_is_no_instant(dialect):
    assert Instant().process_bind_param(None, dialect) is None
    assert Instant().process_result_value(None, dialect) is None


@pytest.mark.parametrize("codes", [(), ("ENER",), ("ENER", "TRAN", "ASSOC"), ("29097",)])
def test_codes_come_back_in_the_order_given(session, codes):
    organization = add_organization(session, "Coded", sectors=codes)
    session.expire_all()
    assert session.get_one(Organization, organization.id).sectors == codes


def test_no_codes_are_an_empty_set():
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        assert Codes().process_result_value(None, dialect) == ()
        assert Codes().process_bind_param(None, dialect) == ""
        assert Codes().process_bind_param(iter(["a", "b"]), dialect) == "a b"
