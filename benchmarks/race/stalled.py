"""Twenty of a hundred stop reading and come back: what the others notice, what it costs."""

import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.race import build
from benchmarks.race.build import HERE, LackingError
from benchmarks.race.leg import DISTURBED, Meter, Teller, crowd
from benchmarks.report import Bar, Report, say
from benchmarks.server import Server, bare

SOCKETS, STALLED = 100, 20
#: Events of 2 KB, 2 ms apart: five seconds of them.
_EVENTS, _SIZE, _PAUSE_US = 2_500, 2_000, 2_000
#: A small receive buffer for all, so that who stops reading is soon felt.
_BUFFER = 4_096
_PATIENCE_S = 20.0
#: What a stalled socket may cost, in bytes.
_MOST = 1_000_000


@dataclass(slots=True)
class Found:
    """What the rounds found; times in seconds, memory in bytes.

    calm, p95 : of deliveries to those who read, before others stop and while they do not read.
    grown     : how much the server's memory grew meanwhile, at its most.
    cut_off   : how many of those who stopped the server had let go.
    behind    : how many were still there, but did not get what they had missed.
    bad       : wrong deliveries, streams that were no frames any more.
    """

    calm: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    grown: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)
    cut_off: int = 0
    behind: int = 0
    lost: int = 0
    bad: int = 0


def run(report: Report, rounds: int, events: int = _EVENTS) -> None:
    """Let some stop reading in so many rounds, and print what must hold."""
    found = Found()
    with TemporaryDirectory() as place:
        folder = Path(place)
        try:
            client = build.compiled("client.c", folder)
        except LackingError as lack:
            say(f"Skipped who stops reading: {lack}.")
            report.add("who stops reading", "", None)
            return
        command = [sys.executable, str(HERE / "servers" / "bare.py"), "{port}", "ours"]
        for number in range(1, rounds + 1):
            say(f"{STALLED} of {SOCKETS} stop reading, round {number} of {rounds} …")
            with bare(command, folder) as server:
                _round(client, server, found, events)
    _print(report, found, rounds)


def _round(client: Path, server: Server, found: Found, events: int) -> None:
    meter = Meter(server)
    with crowd(client, server, SOCKETS, buffer=_BUFFER) as it, meter.running():
        teller = Teller(server, it)
        it.dial(SOCKETS)
        teller.tell(100)
        calm = teller.tell(events, size=_SIZE, pause_us=_PAUSE_US)
        before = server.rss
        server.forget_peak()
        it.stop_reading(STALLED)
        stirred = teller.tell(events, size=_SIZE, pause_us=_PAUSE_US)
        found.grown.append(server.peak - before)
        found.calm.append(calm["late"]["p95"] / 1e9)
        found.p95.append(stirred["late"]["p95"] / 1e9)
        found.lost += stirred["lost"]
        after = it.read_again(_PATIENCE_S)
        found.cut_off += after["lost"]
        found.behind += after["behind"]
        time.sleep(0.2)
        it.dial(SOCKETS - int(it.look()["ready"]))
        teller.tell(10)
        found.bad += it.bad
    found.disturbed.append(meter.disturbed)


def _print(report: Report, found: Found, rounds: int) -> None:
    who = f"{STALLED} of {SOCKETS} stop reading"
    if max(found.disturbed) > DISTURBED:
        say(
            f"{who}: others had the server's core up to {max(found.disturbed):.0%} of the time."
        )
    report.add(
        f"{who}: p95 of the others' deliveries, 1.1 × before",
        "ms",
        statistics.median(found.p95) * 1e3,
        reference=statistics.median(found.calm) * 1e3,
        bar=Bar(times=1.1),
    )
    report.add(f"{who}: others cut off", "", found.lost, bar=0)
    grown, most = statistics.median(found.grown) / 1e6, STALLED * _MOST / 1e6
    report.add(f"{who}: the server's memory grows by", "MB", grown, bar=most)
    report.add(f"{who}: let go by the server, in {rounds} rounds", "", found.cut_off)
    report.add(f"{who}: neither let go nor caught up", "", found.behind, bar=0)
    report.add(f"{who}: wrong deliveries or corrupted streams", "", found.bad, bar=0)
