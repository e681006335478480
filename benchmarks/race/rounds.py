"""The race: every server, round by round, and what came out side by side."""

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import world
from benchmarks.race import build, leg, portal
from benchmarks.race.build import HERE, LackingError
from benchmarks.race.leg import DISTURBED, Figures, Plan
from benchmarks.report import Bar, Report, say, scaled
from benchmarks.server import bare, instance
from benchmarks.world import opened

#: The servers, and how they are called in the table.
LOOP, NODE, PLAIN, OURS, OFFERED, PORTAL = "loop", "node", "plain", "ours", "offered", "portal"

#: With fewer sockets what must be reached stands in the name, but does not count.
COUNTING = 5_000

Results = Mapping[str, Sequence[Figures]]
Pick = Callable[[Figures], float]


def run(report: Report, plan: Plan, rounds: int) -> None:
    """Race all servers, in so many rounds, and print what must be reached."""
    with TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        try:
            client = build.compiled("client.c", folder)
        except LackingError as lack:
            say(f"Skipped the race: {lack}.")
            report.add("the race", "", None)
            return
        runners = _bare_runners(client, folder, plan)
        runners[PORTAL] = _portal_runner(client, plan, stack)
        results: dict[str, list[Figures]] = {name: [] for name in runners}
        for number in range(1, rounds + 1):
            for name, runner in runners.items():
                say(f"{plan.sockets:,} sockets, round {number} of {rounds}: {name} …")
                _take(name, runner, results[name], report)
    _print(report, _kept(results), plan.sockets)


def _take(
    name: str, runner: Callable[[], Figures], results: list[Figures], report: Report
) -> None:
    """Keep what a round found; one that fails says so, and spoils no other."""
    try:
        results.append(runner())
    except (RuntimeError, OSError) as error:
        say(f"{name}: {error}")
        report.fail(f"{name}: a round did not finish")


def _bare_runners(client: Path, folder: Path, plan: Plan) -> dict[str, Callable[[], Figures]]:
    """Return how each bare server is measured that this machine can run."""
    script = str(HERE / "servers" / "bare.py")
    commands: dict[str, Callable[[], list[str]]] = {
        LOOP: lambda: [str(build.compiled("servers/loop.c", folder))],
        NODE: build.node_server,
        PLAIN: lambda: [sys.executable, script],
        OURS: lambda: [sys.executable, script],
    }
    library = "gevent-websocket" if find_spec("geventwebsocket") else "simple-websocket"
    say(f"Plain Flask-SocketIO takes {library}, as it does by itself here.")
    runners = {}
    for name, command in commands.items():
        try:
            words = [*command(), "{port}", name]
        except LackingError as lack:
            say(f"Skipped {name}: {lack}.")
            continue
        runners[name] = _runner(client, folder, words, plan)
    runners[OFFERED] = _runner(
        client, folder, [sys.executable, script, "{port}", OURS], plan, offers_deflate=True
    )
    return runners


def _runner(
    client: Path, folder: Path, words: list[str], plan: Plan, *, offers_deflate: bool = False
) -> Callable[[], Figures]:
    def run_once() -> Figures:
        with bare(words, folder) as server:
            return leg.run(client, server, plan, offers_deflate=offers_deflate)

    return run_once


def _portal_runner(
    client: Path, plan: Plan, stack: ExitStack, url: str = ""
) -> Callable[[], Figures]:
    at = stack.enter_context(instance(url))
    say(f"Signing in {plan.sockets:,} …")
    with opened(at.url) as session:
        people = world.add_people(session, -(-plan.sockets // portal.SESSIONS_EACH))
        visas = world.sign_in(session, people, at.secret_key, each=portal.SESSIONS_EACH)
    return lambda: portal.run(client, at, visas[: plan.sockets], plan)


def run_postgres(report: Report, plan: Plan, url: str) -> None:
    """Measure the portal alone, once, on another database."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        client = build.compiled("client.c", Path(folder))
        figures = _portal_runner(client, plan, stack, url)()
    who = f"{plan.sockets:,} sockets, the portal on PostgreSQL (fsync off)"
    right = not figures.bad
    report.add(f"{who}: COMMIT to the last", "ms", _last(figures) * 1e3, right=right)
    report.add(f"{who}: all come at once, caught up", "s", figures.back, right=right)


def _kept(results: Results) -> Results:
    """Leave out the rounds that others disturbed; all of them stay where none was quiet."""
    kept = {}
    for name, every in results.items():
        quiet = [it for it in every if it.disturbed <= DISTURBED]
        kept[name] = quiet or every
        if len(quiet) < len(every):
            worst = max(it.disturbed for it in every)
            what = "are left out" if quiet else "count all the same: none was quiet"
            loud = f"{len(every) - len(quiet)} of {len(every)} rounds"
            say(
                f"{name}: others had the server's core for more than a quarter of the time in "
                f"{loud}, up to {worst:.0%}; they {what}."
            )
    return kept


# ---------------------------------------------------------------- what is printed


class _Table:
    """Puts our medians beside the others'."""

    def __init__(self, report: Report, results: Results, sockets: int) -> None:
        self._report, self._results = report, results
        self._who = f"{sockets:,} sockets"
        self._counts = sockets >= COUNTING

    def middle(self, name: str, pick: Pick) -> float | None:
        """Return the median over the rounds; None for a server that did not run."""
        figures = [pick(it) for it in self._results.get(name, ())]
        return statistics.median(figures) if figures else None

    def add(
        self,
        what: str,
        unit: str,
        pick: Pick,
        scale: float,
        *bars: tuple[str, Bar],
        ours: str = OURS,
        theirs: Pick | None = None,
    ) -> None:
        """Print a figure of ours beside each reference, with what it must reach."""
        figure = scaled(self.middle(ours, pick), scale)
        for name, bar in bars:
            beside = self.middle(name, theirs or pick) if name else None
            factor = f", {bar.times:g} × {name}" if bar.times else f", {name}" if name else ""
            measure = f"{self._who}, {what}{factor}"
            counts = self._counts or bar.number == 0
            self._report.add(
                measure,
                unit,
                figure,
                reference=scaled(beside, scale),
                bar=bar if counts else None,
            )


def _last(figures: Figures) -> float:
    return statistics.median(figures.last)


def _print(report: Report, results: Results, sockets: int) -> None:
    table = _Table(report, results, sockets)
    _print_driver(table)
    _print_portal(table)
    for name, every in results.items():
        wrong, deliveries = sum(it.bad for it in every), sum(it.deliveries for it in every)
        measure = f"{name}: wrong of {deliveries:,} deliveries in {len(every)} rounds"
        report.add(measure, "", wrong, bar=0)
    for name in results:
        report.add(
            f"{name}: load client CPU, 1,000 deliveries (reference: its server's)",
            "ms",
            scaled(table.middle(name, lambda it: it.own_cpu), 1e3),
            reference=scaled(table.middle(name, lambda it: it.cpu), 1e3),
        )


def _print_driver(table: _Table) -> None:
    add, plain = table.add, (PLAIN, Bar())
    add(
        "one event, last client",
        "ms",
        _last,
        1e3,
        (NODE, Bar(times=0.8)),
        (LOOP, Bar(times=1.4)),
    )
    add("one event, last client", "ms", _last, 1e3, plain)
    most = (NODE, Bar(times=6, least=True)), (LOOP, Bar(times=2.5, least=True)), plain
    add("burst, an event a turn", "1/s", lambda it: it.per_s, 1, *most)
    rest = (NODE, Bar()), (LOOP, Bar()), plain
    add("burst, all in one turn", "1/s", lambda it: it.same_turn, 1, *rest)
    quarter = (PLAIN, Bar(times=0.25)), (NODE, Bar()), (LOOP, Bar())
    add("server CPU, 1,000 single deliveries", "ms", lambda it: it.cpu, 1e3, *quarter)
    small = (NODE, Bar(times=1)), ("", Bar(16)), plain
    add("memory of a socket", "KB", lambda it: it.memory, 1e-3, *small)
    soon = (NODE, Bar(times=1)), plain
    add("all come in the same instant, last ready", "s", lambda it: it.back, 1, *soon)
    add("of those turned away at first", "", lambda it: it.turned_away, 1, (NODE, Bar()))
    add(
        "deflate offered: negotiated",
        "",
        lambda it: it.negotiated,
        1,
        ("", Bar(0)),
        ours=OFFERED,
    )
    as_ever = ((OURS, Bar(times=1.1)),)
    add("deflate offered: one event", "ms", _last, 1e3, *as_ever, ours=OFFERED)
    add("deflate offered: memory", "KB", lambda it: it.memory, 1e-3, *as_ever, ours=OFFERED)


def _print_portal(table: _Table) -> None:
    same, half_more = (NODE, Bar(times=1)), (NODE, Bar(times=1.5))

    def add(what: str, unit: str, pick: Pick, scale: float, bar: tuple[str, Bar]) -> None:
        table.add(f"the portal: {what}", unit, pick, scale, bar, ours=PORTAL)

    add("COMMIT of a post to the last client", "ms", _last, 1e3, same)
    add("memory of a seated socket", "KB", lambda it: it.memory, 1e-3, ("", Bar(20)))
    back = "all come in the same instant, last caught up"
    add(back, "s", lambda it: it.back, 1, half_more)
    add("of those turned away at first", "", lambda it: it.turned_away, 1, (NODE, Bar()))
    add("server CPU, 1,000 deliveries", "ms", lambda it: it.cpu, 1e3, (NODE, Bar()))
