"""What it costs to learn of the last 200 posts, in a journal short and long."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from benchmarks import world
from benchmarks.archive import batches, connected
from benchmarks.race import build
from benchmarks.race.build import LackingError
from benchmarks.race.leg import Meter, crowd
from benchmarks.race.portal import SESSIONS_EACH, write_tickets
from benchmarks.report import Bar, Report, say
from benchmarks.server import Instance, instance, serving
from benchmarks.world import AUTHOR, Visa, actor_named, incident_of, opened
from portal.core import clock
from portal.journal.audience import DESK, PARTNERS, org
from portal.journal.models import Entry, EntryRoom, Head, RoomHead

MISSED = 200
_PEOPLE, _TURNS = 10, 3
#: A post makes two entries: handed in, let out.
_OF_POSTS = 2 * MISSED

ENTRY: Any = Entry.__table__
ROOM: Any = EntryRoom.__table__


def run(report: Report, sizes: Sequence[int]) -> None:
    """Measure with each size of the journal, one after the other in the same one."""
    with TemporaryDirectory() as folder, instance() as at:
        try:
            client = build.compiled("client.c", Path(folder))
        except LackingError as lack:
            say(f"Skipped catching up: {lack}.")
            report.add("catching up", "", None)
            return
        with opened(at.url) as session:
            people = world.add_people(session, _PEOPLE)
            visas = world.sign_in(session, people, at.secret_key, each=SESSIONS_EACH)
        first: tuple[float, float] | None = None
        for place, size in enumerate(sizes):
            with opened(at.url) as session:
                entries = _fill(session, size - _OF_POSTS) + _OF_POSTS
                world.add_posts(session, range(place * MISSED, (place + 1) * MISSED))
            took, cpu, bad = _measure(client, Path(folder), at, visas)
            _print(report, entries, (took, cpu), first, bad)
            first = first or (took, cpu)


def _measure(
    client: Path, folder: Path, at: Instance, visas: Sequence[Visa]
) -> tuple[float, float, int]:
    """Return seconds to the answer, and of server CPU, of the best turn; and what was wrong."""
    took, cpu, bad = [], [], 0
    with opened(at.url) as session:
        tickets = write_tickets(session, visas, folder / "tickets", behind=MISSED)
    with serving(at) as server:
        for _ in range(_TURNS):
            with crowd(client, server, len(visas), tickets=tickets) as it:
                meter = Meter(server)
                with meter.running():
                    answer = it.dial(len(visas), at_once=1)
                took.append(answer["follow"]["p50"] / 1e9)
                cpu.append(meter.cpu_s / len(visas))
                bad += it.bad + (answer["caught"] != len(visas) * MISSED)
            server.rest()
    return min(took), min(cpu), bad


def _print(
    report: Report,
    entries: int,
    figures: tuple[float, float],
    first: tuple[float, float] | None,
    bad: int,
) -> None:
    what = f"catching up with {MISSED} posts, {entries:,} entries in the journal"
    bar = Bar(times=1.2) if first else None
    took, cpu = first or (None, None)
    report.add(
        f"{what} (reference: the shortest)",
        "ms",
        figures[0] * 1e3,
        reference=took and took * 1e3,
        bar=bar,
    )
    report.add(f"{what}: server CPU", "ms", figures[1] * 1e3, reference=cpu and cpu * 1e3)
    report.add(f"{what}: wrong or missing", "", bad, bar=0)


def _fill(session: Session, size: int) -> int:
    """Write entries until the journal has so many; return how many it has then.

    They say what other partners did long ago, in the rooms in which a post is told of.
    """
    incident, author = incident_of(session), actor_named(session, AUTHOR)
    rooms = (PARTNERS, DESK, org(author.organization_id or 0))
    seq = session.scalars(select(Head.seq).where(Head.incident_id == incident.id)).one()
    found = select(RoomHead.room, RoomHead.n).where(RoomHead.incident_id == incident.id)
    heads = {room: n for room, n in session.execute(found) if room in rooms}
    began, more = clock.now() - timedelta(days=2), range(1, max(0, size - seq) + 1)
    with connected(session) as connection:
        for batch in batches(more):
            entries = [
                {
                    "incident_id": incident.id,
                    "seq": seq + it,
                    "at": began + timedelta(milliseconds=it),
                    "subject": "post",
                    "move": "publish",
                    "subject_id": 1,
                    "person_id": author.person_id,
                    "organization_id": author.organization_id,
                    "digest": "0" * 64,
                    "hash": "0" * 64,
                }
                for it in batch
            ]
            connection.execute(insert(ENTRY), entries)
            told = [
                {
                    "incident_id": incident.id,
                    "room": room,
                    "n": heads[room] + it,
                    "seq": seq + it,
                }
                for it in batch
                for room in rooms
            ]
            connection.execute(insert(ROOM), told)
        head = update(Head).where(Head.incident_id == incident.id)
        connection.execute(head.values(seq=Head.seq + len(more)))
        ours = update(RoomHead).where(
            RoomHead.incident_id == incident.id, RoomHead.room.in_(rooms)
        )
        connection.execute(ours.values(n=RoomHead.n + len(more)))
    return seq + len(more)
