"""FLT-10, FLT-11: lines that break at any byte, and forms that come twice."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.faults.proof import scaled
from tests.faults.proxy import ChaosProxy, Cut, End

if TYPE_CHECKING:
    from tests.faults.stage import Stage

pytestmark = pytest.mark.xdist_group("faults")

#: Of a hundred connections so many break, somewhere within what either side has to say.
BREAK = 30
_UP, _DOWN = 1000, 1800


def plan_of(chance: random.Random):
    def plan(_number: int) -> Cut | None:
        if chance.randrange(100) >= BREAK:
            return None
        is_up = chance.random() < 0.4
        after = chance.randrange(_UP if is_up else _DOWN)
        return Cut(after, is_up=is_up, how=chance.choice(list(End)))

    return plan


def test_each_submit_over_a_breaking_line_has_one_effect(stage: Stage, prove):
    submits = scaled(60, 1000)
    with ChaosProxy(stage.server.port, plan_of(random.Random(10))) as proxy:  # noqa: S311
        writers = stage.writers(liaisons=scaled(4, 20), desk=scaled(2, 20), port=proxy.port)
        stage.follow()
        writers.write(times=submits // len(writers.writers))
        writers.wait()
        stage.settle()
        broken = proxy.broken
    told, verdict = writers.told, stage.judge()
    assert not told.strange, told.strange[0]
    assert verdict.written == verdict.acknowledged == submits
    assert told.broken > submits // 10
    prove(
        "FLT-10",
        f"{submits} submits, each tried again until acknowledged, over a line of which "
        f"{BREAK} % of the connections break at a random byte, up or down",
        verdict,
        submits=submits,
        effects=verdict.written,
        connections_broken=broken,
        tries_without_an_answer=told.broken,
    )


def test_a_form_that_comes_twice_takes_effect_once(stage: Stage, prove):
    """FLT-11: double click, two tabs with one form, sent again later, a proxy that doubles."""
    rounds = scaled(3, 50)
    with ChaosProxy(stage.server.port) as proxy:
        writers = stage.writers(liaisons=scaled(2, 20), desk=scaled(2, 5), port=proxy.port)
        stage.follow("alpha", "bravo", "moderator")
        for number in range(rounds):
            writer = writers.writers[number % len(writers.writers)]
            proxy.doubles = number % 2 == 0
            key = writers.new_key()
            with ThreadPoolExecutor(8) as tabs:
                answers = list(tabs.map(writer.send, [key] * 8))
            assert {it.status for it in answers} == {303}
            assert len({it.headers["location"] for it in answers}) == 1
            assert writers.submit(writer, key).answer == answers[0].headers["location"]
        stage.settle()
    verdict = stage.judge()
    assert verdict.written == rounds
    prove(
        "FLT-11",
        "each form sent eight times at once and once more later, every other one through a "
        "proxy that says each request twice",
        verdict,
        forms=rounds,
        effects=verdict.written,
    )
