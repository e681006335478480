"""One round with one server: all come in, hear one event, hear many, go, come back at once."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.race.client import Answer, Crowd
from benchmarks.server import Server

#: Clients that come first, so that what is made once is not counted as the others'.
FIRST = 20
#: Filler of an event of 600 bytes, in all.
FILLER = 532
_WARM = 200
_PAUSE_S = 0.05
_SETTLE_S = 0.3
#: From here on the figures say more about the neighbours than about the server.
DISTURBED = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """How much one round measures. many : deliveries of a burst, all in all."""

    sockets: int = 5_000
    events: int = 9
    many: int = 100_000


@dataclass(slots=True)
class Figures:
    """What one round found; times in seconds, memory in bytes.

    last, p50    : from sending one event until the last, and half, of the sockets heard it.
    per_s        : deliveries of a burst in a second, each event in a turn of its own.
    same_turn    : the same, all events in one turn.
    cpu, own_cpu : of the server and of the load client, for 1,000 deliveries of single events.
    cpu_burst    : of the server, for 1,000 deliveries of a burst.
    memory       : for each socket that came in.
    back         : until all were back that came in the same instant.
    turned_away  : how often a socket was, of those that came in the same instant.
    disturbed    : which part of the time the server could have run, others had its core.
    bad          : deliveries that were not the right one, once, in order.
    """

    last: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    per_s: float = 0.0
    same_turn: float = 0.0
    cpu: float = 0.0
    own_cpu: float = 0.0
    cpu_burst: float = 0.0
    memory: float = 0.0
    back: float = 0.0
    back_cpu: float = 0.0
    turned_away: int = 0
    disturbed: float = 0.0
    deliveries: int = 0
    negotiated: int = 0
    bad: int = 0


@dataclass(slots=True)
class Meter:
    """What a server's process spends while something is measured."""

    server: Server
    cpu_s: float = 0.0
    waited_s: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what is spent meanwhile."""
        cpu, waited = self.server.cpu_s, self.server.kept_waiting_s
        yield
        self.cpu_s += self.server.cpu_s - cpu
        self.waited_s += self.server.kept_waiting_s - waited

    @property
    def disturbed(self) -> float:
        """Return which part of the time it could have run, others had its core."""
        return self.waited_s / ((self.waited_s + self.cpu_s) or 1)


class Teller:
    """Tells a bare server what to say; events count from 1."""

    def __init__(self, server: Server, crowd: Crowd) -> None:
        """Begin with nothing said."""
        self._port, self._crowd = server.port, crowd
        self.said = 0

    def tell(self, count: int = 1, *, size: int = FILLER, pause_us: int = 0) -> Answer:
        """Have so many events sent one behind the other; return how they were heard.

        Each is sent in a turn of the server's loop of its own, as events come; with a pause of
        less than nothing all are sent in the same turn.
        """
        patience_s = 60 + count * max(pause_us, 0) / 1e6
        self._crowd.expect(self.said + 1, count, patience_s=patience_s)
        path = f"/tell?first={self.said + 1}&count={count}&size={size}&pause={pause_us}"
        self.said += count
        connection = HTTPConnection("127.0.0.1", self._port, timeout=patience_s)
        connection.request("POST", path)
        connection.getresponse().read()
        connection.close()
        return self._crowd.heard()


@contextmanager
def crowd(program: Path, server: Server, seats: int, **options: object) -> Iterator[Crowd]:
    """Lend the sockets of a server; they are gone afterwards."""
    gc.collect()
    made = Crowd(program, server.port, seats, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.end()


def run(program: Path, server: Server, plan: Plan, *, offers_deflate: bool = False) -> Figures:
    """Measure a bare server."""
    figures = Figures()
    with crowd(program, server, plan.sockets, offers_deflate=offers_deflate) as it:
        teller = Teller(server, it)
        it.dial(FIRST)
        for _ in range(3):
            teller.tell(_WARM)
        server.rest()
        before = server.rss
        rest = plan.sockets - FIRST
        figures.negotiated = int(it.dial(rest)["negotiated"])
        it.listen(_SETTLE_S)
        figures.memory = (server.rss - before) / rest
        _single(figures, Meter(server), teller, plan)
        _burst(figures, Meter(server), teller, plan)
        it.hang_up()
        server.rest()
        _return(figures, Meter(server), it, plan)
        figures.bad = it.bad
    return figures


def _single(figures: Figures, meter: Meter, teller: Teller, plan: Plan) -> None:
    teller.tell()
    own = 0
    for _ in range(plan.events):
        time.sleep(_PAUSE_S)
        with meter.running():
            heard = teller.tell()
        own += heard["cpu_ns"]
        figures.last.append(heard["late"]["last"] / 1e9)
        figures.p50.append(heard["late"]["p50"] / 1e9)
        figures.deliveries += heard["delivered"]
    thousands = plan.events * plan.sockets / 1_000
    figures.cpu, figures.own_cpu = meter.cpu_s / thousands, own / 1e9 / thousands
    figures.disturbed = max(figures.disturbed, meter.disturbed)


def _burst(figures: Figures, meter: Meter, teller: Teller, plan: Plan) -> None:
    with meter.running():
        heard = teller.tell(max(1, plan.many // plan.sockets))
    figures.per_s = heard["delivered"] * 1e9 / (heard["last"] - heard["first_t"])
    figures.cpu_burst = meter.cpu_s / (heard["delivered"] / 1_000)
    figures.deliveries += heard["delivered"]
    figures.disturbed = max(figures.disturbed, meter.disturbed)
    heard = teller.tell(max(1, plan.many // plan.sockets), pause_us=-1)
    figures.same_turn = heard["delivered"] * 1e9 / (heard["last"] - heard["first_t"])
    figures.deliveries += heard["delivered"]


def _return(figures: Figures, meter: Meter, it: Crowd, plan: Plan) -> None:
    with meter.running():
        back = it.dial(plan.sockets, at_once=plan.sockets)
    figures.back, figures.back_cpu = back["in"]["last"] / 1e9, meter.cpu_s
    figures.turned_away = back["refused"]
    figures.disturbed = max(figures.disturbed, meter.disturbed)
