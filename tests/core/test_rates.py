"""Rates: so many at once, then one each so often, by a clock that the test holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.core import rates
from portal.core.rates import Pace, Paces, Rate
from portal.core.web.limits import EXPORTS, REPORTS

TEN = Rate(burst=10, every=timedelta(seconds=1))


def taken(pace, tries):
    return sum(not pace.wait() for _ in range(tries))


def test_so_many_at_once_and_then_one_each_so_often(held_clock):
    pace = Pace(TEN)
    assert taken(pace, 50) == 10
    held_clock.tick(0.9)
    assert taken(pace, 50) == 0
    held_clock.tick(0.1)
    assert taken(pace, 50) == 1
    held_clock.tick(3)
    assert taken(pace, 50) == 3
    held_clock.tick(3600)
    assert taken(pace, 50) == 10, "nothing is saved up beyond the burst"


def test_who_has_to_wait_is_told_for_how_long_and_waiting_is_not_counted(held_clock):
    pace = Pace(TEN)
    taken(pace, 10)
    for _ in range(100):
        assert pace.wait() == timedelta(seconds=1)
    held_clock.tick(0.25)
    assert pace.wait() == timedelta(seconds=0.75)
    held_clock.tick(0.75)
    assert pace.wait() == timedelta(0)


def test_a_clock_that_goes_back_locks_nobody_out_for_long(held_clock):
    pace = Pace(TEN)
    taken(pace, 10)
    held_clock.tick(-5)
    assert pace.wait() <= timedelta(seconds=6)


@pytest.mark.parametrize(
    ("rate", "most", "within"),
    [(REPORTS, 120, timedelta(hours=1)), (EXPORTS, 300, timedelta(minutes=5))],
)
def test_no_window_of_time_sees_more_than_the_policy_allows(held_clock, rate, most, within):
    pace, times = Pace(rate), []
    for _ in range(3 * int(within.total_seconds())):
        times += [held_clock.now] * taken(pace, 3)
        held_clock.tick(1)
    assert max(sum(at <= it < at + within for it in times) for at in times[::50]) <= most
    assert len(times) > most


def test_one_does_not_hold_up_the_other_and_the_idle_are_forgotten(held_clock, monkeypatch):
    monkeypatch.setattr(rates, "_MANY", 50)
    paces = Paces(TEN)
    assert sum(not paces.wait("a") for _ in range(20)) == 10
    assert not paces.wait("b")
    held_clock.tick(5)
    for number in range(48):
        assert not paces.wait(number)
    held_clock.tick(4)
    assert not paces.wait("new")
    assert len(paces) == 2, "the one that is still held up, and the new one"
    assert sum(not paces.wait("a") for _ in range(20)) == 9
