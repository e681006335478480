"""Signs of life: each is asked once an interval, and looked at when its time is up."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from portal.live.driver.pings import Pings

TICKS = 100  # 25 s, four a second


class One:
    slot = 0

    def __init__(self, log: list[tuple[int, str]]) -> None:
        self.log, self.now = log, 0

    def ask(self) -> None:
        self.log.append((self.now, "ask"))

    def look(self) -> None:
        self.log.append((self.now, "look"))


def turned(pings: Pings, ones: list[One], turns: int) -> None:
    for _ in range(turns):
        for one in ones:
            one.now += 1
        pings.turn()


def test_one_is_asked_once_an_interval_and_looked_at_the_time_out_later():
    pings = Pings(25, 20, by_itself=False)
    one = One([])
    pings.add(one)
    turned(pings, [one], 3 * TICKS)
    asked = [at for at, what in one.log if what == "ask"]
    assert [b - a for a, b in pairwise(asked)] == [TICKS, TICKS]
    assert TICKS // 2 <= asked[0] <= TICKS
    assert (asked[0] + 80, "look") in one.log


def test_a_storm_is_not_asked_at_once():
    pings = Pings(25, 20, by_itself=False)
    log: list[tuple[int, str]] = []
    ones = [One(log) for _ in range(1000)]
    for one in ones:
        pings.add(one)
    turned(pings, ones, TICKS)
    count = Counter(at for at, what in log if what == "ask")
    assert sum(count.values()) == 1000
    assert max(count.values()) == 20


def test_who_has_gone_is_not_asked():
    pings = Pings(25, 20, by_itself=False)
    one = One([])
    pings.add(one)
    pings.remove(one)
    turned(pings, [one], 2 * TICKS)
    assert one.log == []
