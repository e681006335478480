"""FLT-8, FLT-9: somebody reads too slowly, or is cut off for long. The others do not notice."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.faults.proof import scaled, spread
from tests.faults.proxy import ChaosProxy

if TYPE_CHECKING:
    from tests.faults.following import Follower
    from tests.faults.stage import Stage

pytestmark = pytest.mark.xdist_group("faults")

#: What the slow one takes: a kilobyte a second.
TRICKLE_BITS_S = 8192


def lags(stage: Stage, followers: list[Follower], times: int) -> list[float]:
    """Publish one after the other; return how long after each the last of these has it."""
    writers = stage.writers(desk=3)
    took = []
    for number in range(times):
        began = time.monotonic()
        assert writers.submit(writers.writers[number % 3])
        stage.settle(followers=followers)
        took.append(time.monotonic() - began)
    return took


def test_who_reads_too_slowly_holds_up_nobody_and_catches_up(stage: Stage, prove):
    times = scaled(10, 300)
    others = stage.follow("alpha", "moderator", "observer")
    with ChaosProxy(stage.server.port) as proxy:
        slow = stage.follow("bravo", "charlie", server=proxy)
        stage.settle()
        before = lags(stage, others, times)
        memory = psutil.Process(stage.server.pid).memory_info().rss
        proxy.slow_down(bits_s=TRICKLE_BITS_S)
        meanwhile = lags(stage, others, times)
        grown = psutil.Process(stage.server.pid).memory_info().rss - memory
        proxy.slow_down()
        proxy.reset()
        caught_up = stage.settle()
        verdict = stage.judge()
        for it in slow:
            it.close()
    prove(
        "FLT-8",
        "two clients read one kilobyte a second together while posts go out, then as fast as "
        "they can, on new connections",
        verdict,
        posts=2 * times,
        others_had_it_before=spread(before),
        others_had_it_meanwhile=spread(meanwhile),
        memory_of_the_portal_grew=f"{grown / 1e6:.1f} MB",
        caught_up_after=f"{caught_up:.1f} s",
    )
    assert grown < 16e6


def _apart(how: str) -> Any:
    """Let it wait for its ten minutes beside all others."""
    return pytest.param(how, marks=pytest.mark.xdist_group(how))


@pytest.mark.parametrize("how", [_apart("silent"), _apart("reset")])
@pytest.mark.sampled(2)
def test_who_was_cut_off_for_long_misses_nothing(stage: Stage, prove, how):
    away_s, posts = scaled(3, 600), scaled(20, 600)
    stage.follow("alpha", "moderator")
    with ChaosProxy(stage.server.port) as proxy:
        cut_off = stage.follow("bravo", "observer", server=proxy)
        stage.settle()
        if how == "silent":
            proxy.blackhole()
        else:
            proxy.refuse()
        writers = stage.writers(liaisons=scaled(2, 20), desk=scaled(2, 20))
        writers.write(times=posts // len(writers.writers), pause_s=scaled(0.0, 20))
        time.sleep(away_s)
        writers.wait()
        proxy.slow_down(bits_s=400_000, latency_s=0.2)
        proxy.heal()
        if how == "silent":  # whoever lives through it is not asked to wait for the next ping
            proxy.reset()
        caught_up = stage.settle(120)
        verdict = stage.judge()
        for it in cut_off:
            it.close()
    prove(
        "FLT-9",
        f"two clients cut off, the line {how}, then back on 400 kbit/s and 400 ms",
        verdict,
        cut_off_for=f"{away_s} s",
        posts_meanwhile=verdict.written,
        caught_up_after=f"{caught_up:.1f} s",
    )
