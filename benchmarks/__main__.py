"""`python -m benchmarks`: measures the portal as it is deployed, on the machine at hand.

Progress goes to stderr; stdout gets a JSON object a line, and at the end the same as a table.
"""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import accepting, first_run, losing, pages, reading, writes
from benchmarks.race import catch_up, leg, rounds, stalled, storm
from benchmarks.report import Report, say
from benchmarks.server import CORES, take_all_files
from tests.servers import Postgres, find_binaries

#: Files that the client or the server needs beside one a socket.
_SPARE_FILES = 250


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    race: leg.Plan = field(default_factory=leg.Plan)
    rounds: int = 3
    storm: int = storm.SOCKETS
    journal: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    seconds: float = 10
    posts: tuple[int, ...] = (1_000, 100_000)
    views: int = 200


QUICK = Scale(
    race=leg.Plan(sockets=200, many=20_000),
    rounds=1,
    storm=200,
    journal=(1_000, 10_000),
    seconds=3,
    posts=(100, 1_000),
    views=20,
)


def _race(report: Report, scale: Scale) -> None:
    if _has_files(report, scale.race.sockets):
        rounds.run(report, scale.race, scale.rounds)


def _postgres(report: Report, _scale: Scale) -> None:
    try:
        find_binaries()
    except RuntimeError as error:
        say(f"Skipped PostgreSQL: {error}.")
        report.add("the portal on PostgreSQL", "ms", None)
        return
    with TemporaryDirectory() as folder, Postgres.shared(Path(folder)) as server:
        rounds.run_postgres(report, QUICK.race, server.create_database())


def _storm(report: Report, scale: Scale) -> None:
    if _has_files(report, scale.storm):
        storm.run(report, scale.storm)


def _has_files(report: Report, sockets: int) -> bool:
    """Return whether so many sockets may be open at once; say so if not."""
    most = take_all_files() - _SPARE_FILES
    if sockets > most:
        say(f"Skipped {sockets:,} sockets: this machine allows {most:,} open files.")
        report.add(f"{sockets:,} sockets", "", None)
    return sockets <= most


def _reading(report: Report, scale: Scale, subject: reading.Subject, url: str = "") -> None:
    reading.measure(report, subject, scale.posts, scale.views, scale.seconds, url)


def _reading_postgres(report: Report, scale: Scale, subject: reading.Subject) -> None:
    try:
        find_binaries()
    except RuntimeError as error:
        say(f"Skipped PostgreSQL: {error}.")
        report.add(f"{subject.noun} on PostgreSQL", "ms", None)
        return
    with TemporaryDirectory() as folder, Postgres.shared(Path(folder)) as server:
        _reading(report, scale, subject, server.create_database())


PARTS: Mapping[str, Callable[[Report, Scale], None]] = {
    "race": _race,
    "stalled": lambda report, scale: stalled.run(report, scale.rounds),
    "storm": _storm,
    "catch-up": lambda report, scale: catch_up.run(report, scale.journal),
    "signins": lambda report, scale: writes.measure_sign_ins(report, scale.seconds),
    "reports": lambda report, scale: writes.measure_reports(report, scale.seconds),
    "accepting": lambda report, scale: accepting.measure_sqlite(report, scale.seconds),
    "accepting-postgres": lambda report, scale: accepting.measure_postgres(
        report, scale.seconds
    ),
    "first-run": lambda report, _scale: first_run.measure(report),
    "losing": lambda report, _scale: losing.measure(report),
    "sizes": lambda report, _scale: pages.measure_sizes(report),
    "postgres": _postgres,
    "reading": lambda report, scale: _reading(report, scale, reading.POSTS),
    "offers": lambda report, scale: _reading(report, scale, reading.OFFERS),
    "reading-postgres": lambda report, scale: _reading_postgres(report, scale, reading.POSTS),
    "offers-postgres": lambda report, scale: _reading_postgres(report, scale, reading.OFFERS),
}

#: What `--quick` leaves out unless it is named.
UNHURRIED = {"postgres", "accepting-postgres", "reading-postgres", "offers-postgres"}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 sockets, one round")
    parser.add_argument("--rounds", type=int, help="rounds of the race, 3 unless given")
    parser.add_argument("--sockets", type=int, help="sockets of the race, 5,000 unless given")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure just this")
    return parser.parse_args()


def _scale(arguments: argparse.Namespace) -> Scale:
    scale = QUICK if arguments.quick else Scale()
    race = replace(scale.race, sockets=arguments.sockets or scale.race.sockets)
    return replace(scale, race=race, rounds=arguments.rounds or scale.rounds)


def _measure(name: str, report: Report, scale: Scale) -> None:
    """Measure one part; if it fails, say so and let the others go on."""
    try:
        PARTS[name](report, scale)
    except Exception:  # noqa: BLE001 - whatever it is, the other figures are still wanted
        say(traceback.format_exc())
        report.fail(f"{name}: did not finish")


def main() -> None:
    """Measure, print, and exit with 1 if something was wrong or over its bar."""
    arguments = _arguments()
    scale = _scale(arguments)
    report, started = Report(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the servers, too
    if len(CORES) < 2:
        say("One core only: server and load client share it, and the figures show it.")
    for name in arguments.only or [
        it for it in PARTS if not (arguments.quick and it in UNHURRIED)
    ]:
        _measure(name, report, scale)
    report.print_table()
    say(f"Measured in {time.monotonic() - started:.0f} s.")
    sys.exit(0 if report.is_ok else 1)


if __name__ == "__main__":
    main()
