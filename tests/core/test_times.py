"""Times as people read them: in the incident's zone, when the clocks change, with their age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.web import times


@pytest.fixture(autouse=True)
def _zone():
    times.use_zone("America/Chicago")
    yield
    times.use_zone(times.DEFAULT_ZONE)


def utc(*when):
    return datetime(*when, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (utc(2027, 4, 21, 19, 5), "14:05 CDT"),
        (utc(2027, 4, 22, 4, 59), "23:59 CDT"),
        (utc(2027, 4, 22, 5, 0), "22 Apr 00:00 CDT"),
        (utc(2027, 4, 21, 4, 59), "20 Apr 23:59 CDT"),
        (utc(2027, 1, 2, 6, 30), "2 Jan 00:30 CST"),
        (utc(2026, 12, 31, 23, 0), "31 Dec 2026 17:00 CST"),
    ],
)
def test_todays_times_stand_alone_and_others_with_their_day(held_clock, at, shown):
    held_clock.set(utc(2027, 4, 21, 20, 0))
    assert times.local(at) == shown


@pytest.mark.parametrize(
    ("at", "shown", "day"),
    [
        # 14 March 2027: 01:59 CST is followed by 03:00 CDT.
        (utc(2027, 3, 14, 7, 59), "01:59 CST", "Sunday 14 March 2027"),
        (utc(2027, 3, 14, 8, 0), "03:00 CDT", "Sunday 14 March 2027"),
        (utc(2027, 3, 14, 5, 59), "13 Mar 23:59 CST", "Saturday 13 March 2027"),
        (utc(2027, 3, 15, 4, 59), "23:59 CDT", "Sunday 14 March 2027"),
    ],
)
def test_times_where_the_clocks_go_forward(held_clock, at, shown, day):
    held_clock.set(utc(2027, 3, 14, 18, 0))
    assert (times.local(at), times.day(at)) == (shown, day)


@pytest.mark.parametrize(
    ("at", "shown", "military"),
    [
        # 7 November 2027: 01:00 to 01:59 comes twice, and the zone says which it is.
        (utc(2027, 11, 7, 6, 30), "01:30 CDT", "0130"),
        (utc(2027, 11, 7, 7, 30), "01:30 CST", "0130"),
        (utc(2027, 11, 7, 8, 0), "02:00 CST", "0200"),
    ],
)
def test_times_where_the_clocks_go_back(held_clock, at, shown, military):
    held_clock.set(utc(2027, 11, 7, 18, 0))
    assert (times.local(at), times.military(at)) == (shown, military)


def test_the_zone_is_the_incidents(held_clock):
    held_clock.set(utc(2027, 4, 21, 20, 0))
    at = utc(2027, 4, 21, 19, 5)
    times.use_zone("America/Denver")
    assert times.local(at) == "13:05 MDT"
    times.use_zone("UTC")
    assert times.local(at) == "19:05 UTC"
    assert times.zulu(at) == "1905Z"
    assert times.iso(at) == "2027-04-21T19:05:00Z"


def test_zulu_and_the_attributes_never_depend_on_the_zone():
    here = utc(2027, 4, 21, 19, 5, 7, 89).astimezone(times.zone())
    assert times.zulu(here) == "1905Z"
    assert times.iso(here) == "2027-04-21T19:05:07Z"
    assert times.exact(here) == "2027-04-21T19:05:07.000089Z"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-86_400, "just now"),
        (-1, "just now"),
        (0, "just now"),
        (59.999, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (2 * 86_400 - 1, "47 h ago"),
        (2 * 86_400, "2 days ago"),
        (400 * 86_400, "400 days ago"),
    ],
)
def test_an_age_is_in_words(held_clock, seconds, shown):
    assert times.age(held_clock.now - timedelta(seconds=seconds)) == shown


@given(seconds=st.floats(-1e9, 1e9))
def test_an_age_is_never_negative_whatever_the_clocks_say(held_clock, seconds):
    assert "-" not in times.age(held_clock.now - timedelta(seconds=seconds))


@given(microseconds=st.integers(0, 2**57))
def test_times_that_sort_as_text_sort_as_times(microseconds):
    at = utc(2020, 1, 1) + timedelta(microseconds=microseconds)
    later = at + timedelta(microseconds=1)
    assert times.exact(at) < times.exact(later)


@pytest.mark.parametrize(
    ("now", "hours", "then"),
    [
        (utc(2027, 4, 21, 19, 5), 0, utc(2027, 4, 21, 20, 0)),
        (utc(2027, 4, 21, 19, 5), 12, utc(2027, 4, 22, 8, 0)),
        (utc(2027, 12, 31, 23, 59), 1, utc(2028, 1, 1, 1, 0)),
    ],
)
def test_the_next_full_hour_lies_ahead(held_clock, now, hours, then):
    held_clock.set(now)
    assert times.next_hours(hours) == then
